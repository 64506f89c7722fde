//! Composing what somebody lacks from stored updates, by cutting and joining bytes.
//!
//! Runs of one client that adjoin are written one behind the other; nothing of their content is read. So a
//! newcomer gets a handful of updates instead of one for each keystroke, and nobody needs a merged document.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{ClientId, DeleteSet, Malformed, StateVector, Update, content::Kind, lib0};

/// Structures of one client, adjoining.
struct Run {
    start: u64,
    next: u64,
    count: u64,
    body: Vec<u8>,
}

/// What gathers for the next update.
#[derive(Default)]
struct Gathering {
    runs: BTreeMap<ClientId, Run>,
    bytes: usize,
}

/// The structures of `parts` that `have` lacks, as updates of about `max` bytes each that apply one after the
/// other; `deletes` go with the last. At least one update, which may bring nothing.
///
/// `parts` are updates in an order in which each applies after those before it. A structure that is known in
/// part is kept whole, and so is one larger than `max`.
///
/// # Errors
/// If one of `parts` is no update.
pub fn compose(parts: &[Bytes], have: &StateVector, deletes: &DeleteSet, max: usize) -> Result<Vec<Bytes>, Malformed> {
    let mut out = Vec::new();
    let mut gathering = Gathering::default();
    for part in parts {
        let update = Update::parse(part.clone())?;
        for section in &update.sections {
            let client = update.client(section.client);
            let known = have.get(client);
            let mut at = section.records.start;
            while at < section.records.end {
                if u64::from(update.end_clock(section, at)) <= known || is_skip(&update, at) {
                    at += 1;
                    continue;
                }
                // As many structures as follow one another, and fit.
                let first = at;
                let begin = update.offset(section, first);
                while at < section.records.end && !is_skip(&update, at) {
                    let end = update.offset(section, at + 1);
                    if at > first && end - begin > max {
                        break;
                    }
                    at += 1;
                }
                let end = update.offset(section, at);
                let start = update.records.get(first).map_or(0, |record| u64::from(record.clock));
                let next = u64::from(update.end_clock(section, at - 1));
                let body = update.bytes.get(begin..end).unwrap_or_default();
                if gathering.bytes + body.len() > max || !gathering.adjoins(client, start) {
                    gathering.flush(&mut out);
                }
                gathering.add(client, start..next, (at - first) as u64, body);
            }
        }
    }
    out.push(gathering.frame(deletes));
    Ok(out)
}

/// An update that brings these deletes and nothing else.
pub fn deletes_only(deletes: &DeleteSet) -> Bytes {
    Gathering::default().frame(deletes)
}

fn is_skip(update: &Update, record: usize) -> bool {
    update.records.get(record).is_some_and(|record| matches!(record.shape.kind(), Kind::Skip))
}

impl Gathering {
    fn adjoins(&self, client: ClientId, start: u64) -> bool {
        self.runs.get(&client).is_none_or(|run| run.next == start)
    }

    fn add(&mut self, client: ClientId, clocks: std::ops::Range<u64>, count: u64, body: &[u8]) {
        let run = self.runs.entry(client).or_insert(Run {
            start: clocks.start,
            next: clocks.start,
            count: 0,
            body: Vec::new(),
        });
        run.next = clocks.end;
        run.count += count;
        run.body.extend_from_slice(body);
        self.bytes += body.len();
    }

    fn flush(&mut self, out: &mut Vec<Bytes>) {
        if !self.runs.is_empty() {
            out.push(std::mem::take(self).frame(&DeleteSet::new()));
        }
    }

    fn frame(&self, deletes: &DeleteSet) -> Bytes {
        let mut out = Vec::with_capacity(self.bytes + self.runs.len() * 24 + deletes.ranges_count() * 8 + 8);
        lib0::write_var_uint(&mut out, self.runs.len() as u64);
        for (client, run) in &self.runs {
            lib0::write_var_uint(&mut out, run.count);
            lib0::write_var_uint(&mut out, *client);
            lib0::write_var_uint(&mut out, run.start);
            out.extend_from_slice(&run.body);
        }
        deletes.encode(&mut out);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use yrs::{Doc, GetString, ReadTxn, Text, Transact, updates::decoder::Decode};

    use super::super::{Index, Rule};
    use super::*;

    /// Two people who type in turn, each letter an update.
    fn typed() -> (Vec<Bytes>, Doc) {
        let docs = [Doc::with_client_id(1), Doc::with_client_id(2)];
        let mut log = Vec::new();
        for step in 0_u32..200 {
            let doc = &docs[(step % 2) as usize];
            let text = doc.get_or_insert_text("t");
            let before = doc.transact().state_vector();
            let len = text.len(&doc.transact());
            text.insert(&mut doc.transact_mut(), len / 2, &step.to_string());
            if step % 7 == 0 && len > 5 {
                text.remove_range(&mut doc.transact_mut(), 1, 2);
            }
            let update = doc.transact().encode_state_as_update_v1(&before);
            let other = &docs[(1 - step % 2) as usize];
            other.transact_mut().apply_update(yrs::Update::decode_v1(&update).unwrap()).unwrap();
            log.push(Bytes::from(update));
        }
        let [first, _] = docs;
        (log, first)
    }

    fn indexed(parts: &[Bytes]) -> Index {
        let mut index = Index::new();
        for part in parts {
            let update = Update::parse(part.clone()).unwrap();
            let admission = index.admit(&update, false, &mut |_| Rule::Take).unwrap();
            assert!(admission.held.is_none());
        }
        index
    }

    #[test]
    fn a_newcomer_gets_the_document_in_a_few_updates() {
        let (log, doc) = typed();
        let index = indexed(&log);
        for max in [60, 1_000, 1 << 20] {
            let parts = compose(&log, &StateVector::default(), index.deletes(), max).unwrap();
            assert!(parts.len() < log.len());
            assert_eq!(indexed(&parts).state_vector(), index.state_vector());
            let copy = Doc::new();
            let text = copy.get_or_insert_text("t");
            for part in &parts {
                copy.transact_mut().apply_update(yrs::Update::decode_v1(part).unwrap()).unwrap();
            }
            let expected = doc.get_or_insert_text("t").get_string(&doc.transact());
            assert_eq!(text.get_string(&copy.transact()), expected, "parts of {max}");
        }
    }

    #[test]
    fn somebody_who_was_away_gets_what_came_since() {
        let (log, doc) = typed();
        let index = indexed(&log);
        for away in [0, 1, 57, 150, log.len()] {
            let copy = Doc::new();
            let text = copy.get_or_insert_text("t");
            for update in &log[..away] {
                copy.transact_mut().apply_update(yrs::Update::decode_v1(update).unwrap()).unwrap();
            }
            let have = indexed(&log[..away]).state_vector();
            for part in compose(&log, &have, index.deletes(), 500).unwrap() {
                copy.transact_mut().apply_update(yrs::Update::decode_v1(&part).unwrap()).unwrap();
            }
            let expected = doc.get_or_insert_text("t").get_string(&doc.transact());
            assert_eq!(text.get_string(&copy.transact()), expected, "away since {away}");
        }
    }

    #[test]
    fn what_everybody_has_is_an_update_that_brings_nothing() {
        let (log, _) = typed();
        let have = indexed(&log).state_vector();
        let parts = compose(&log, &have, &DeleteSet::new(), 500).unwrap();
        assert_eq!(parts, [Bytes::from_static(&[0, 0])]);
        assert_eq!(deletes_only(&DeleteSet::new()), Bytes::from_static(&[0, 0]));
    }
}
