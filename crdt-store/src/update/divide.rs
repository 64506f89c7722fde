//! Dividing an update where it was cut: into what was taken, and what goes to whom of the rest.

use std::collections::BTreeMap;

use super::admit::{Accepted, Admission, Cut, Rule};
use super::content::Kind;
use super::delete_set::{Span, Spans, subtract_spans};
use super::frame::{Frame, Head};
use super::parse::Section;
use super::{ClientId, Clock, Index, Ranges, Update, cut};

/// How many of the things that a held part waits for are told.
const MISSING_TOLD: usize = 16;

/// Where the sections of an update are to be cut.
pub(super) struct Cuts {
    pub(super) cuts: Vec<Cut>,
    pub(super) missing: Vec<(ClientId, Clock)>,
}

impl Cuts {
    /// Divides the update at its cuts, its deletes by what the index knows now; the index takes the new ones.
    pub(super) fn divide(self, index: &mut Index, update: &Update, strip_known_deletes: bool) -> Admission {
        let mut accepted = Frame::new(update);
        let mut held = Frame::new(update);
        let mut aside = Frame::new(update);
        let mut refused = Frame::new(update);
        let mut ranges = Ranges::default();
        let mut whole = true;

        for (section, cut) in update.sections.iter().zip(&self.cuts) {
            let head = head(update, section, cut);
            whole &= cut.from == section.records.start && cut.to == section.records.end && head.is_none();
            accepted.push(section, cut.from..cut.to, cut.ids_from, head);
            if cut.next > cut.next_before {
                ranges.structs.push((update.client(section.client), u64::from(cut.next_before)..u64::from(cut.next)));
            }
            let rest = match cut.rule {
                Rule::Take => &mut held,
                Rule::Aside => &mut aside,
                Rule::Refuse => &mut refused,
            };
            // A Skip stands for nothing: what is left begins with a structure or is not there.
            let skips = update.records.get(cut.to..section.records.end).unwrap_or_default();
            let skips = skips.iter().take_while(|record| record.shape.kind() == Kind::Skip).count();
            rest.push(section, cut.to + skips..section.records.end, cut.ids_to, None);
        }

        let rules: BTreeMap<_, _> = update
            .sections
            .iter()
            .zip(&self.cuts)
            .filter(|(_, cut)| cut.rule != Rule::Take)
            .map(|(section, cut)| (update.client(section.client), cut.rule))
            .collect();
        let mut missing = self.missing;
        let mut known_deletes = false;
        for (client, spans) in update.deletes.clients() {
            let (below, above) = split(spans, index.next(client));
            let new = subtract_spans(&below, index.deletes.spans(client));
            known_deletes |= new != below;
            if !above.is_empty() {
                whole = false;
                let rest = match rules.get(&client) {
                    Some(Rule::Aside) => &mut aside,
                    Some(Rule::Refuse) => &mut refused,
                    Some(Rule::Take) | None => {
                        above.iter().take(1).for_each(|first| tell(&mut missing, (client, u64::from(first.0))));
                        &mut held
                    }
                };
                rest.deletes_mut().set_spans(client, above);
            }
            ranges.deletes.set_spans(client, new);
        }
        index.deletes.merge(&ranges.deletes);

        whole &= update.canonical && !(strip_known_deletes && known_deletes);
        let accepted = if ranges.is_empty() {
            None
        } else if whole {
            Some(Accepted { bytes: update.bytes.clone(), whole, ranges })
        } else {
            accepted.set_deletes(ranges.deletes.clone());
            Some(Accepted { bytes: accepted.bytes(), whole, ranges })
        };
        Admission {
            accepted,
            held: held.into_update(),
            aside: aside.into_update(),
            refused: refused.into_update(),
            missing,
        }
    }
}

/// Adds to what is missing, once and within bounds.
pub(super) fn tell(missing: &mut Vec<(ClientId, Clock)>, id: (ClientId, Clock)) {
    if missing.len() < MISSING_TOLD && !missing.contains(&id) {
        missing.push(id);
    }
}

/// What stands for the first record that was taken of a section, where that was known in part.
fn head(update: &Update, section: &Section, cut: &Cut) -> Option<Head> {
    let record = update.records.get(cut.from).filter(|record| record.clock < cut.next_before)?;
    if cut.from == cut.to {
        return None;
    }
    let bytes = update.bytes.get(update.offset(section, cut.from)..update.offset(section, cut.from + 1))?;
    let client = update.client(section.client);
    let bytes = cut::from_offset(bytes, client, cut.next_before, cut.next_before - record.clock).ok()?;
    Some(Head { clock: cut.next_before, bytes })
}

/// What is below a clock, and what is not.
fn split(spans: &[Span], next: u32) -> (Spans, Spans) {
    let below = spans.iter().filter(|span| span.0 < next).map(|span| (span.0, span.1.min(next))).collect();
    let above = spans.iter().filter(|span| span.1 > next).map(|span| (span.0.max(next), span.1)).collect();
    (below, above)
}
