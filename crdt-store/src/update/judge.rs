//! Whether the structures of a section may be taken, one after the other.

use std::ops::Range;

use super::admit::{Cut, Refusal};
use super::content::Kind;
use super::index::MAX_DEPTH;
use super::known::{Known, Stand};
use super::parse::{Id, Record, Section};
use super::place::Place;
use super::{DeleteSet, Update};

/// What the structures of one section are judged by.
pub(super) struct Judge<'a, Others> {
    update: &'a Update,
    records: &'a [Record],
    ids: &'a [Id],
    section: &'a Section,
    /// What is known of a client by its place in the update, but of the section's own.
    others: Others,
    /// Whether deletes must stand beside what they delete; in a log whose parts were cut anew they don't.
    strict: bool,
}

/// Where a structure stands, if all that it needs is known.
enum Verdict {
    Stands(Stand),
    Lacks(Id),
}

impl<'a, Others: Fn(u32) -> Option<&'a Known>> Judge<'a, Others> {
    pub(super) fn new(update: &'a Update, section: &'a Section, others: Others, strict: bool) -> Self {
        Judge { update, records: &update.records, ids: &update.ids, section, others, strict }
    }

    /// Takes structures until one lacks something, and notes what that is.
    pub(super) fn advance(&self, cut: &mut Cut, own: &mut Known) -> Result<(), Refusal> {
        while cut.to < self.section.records.end {
            let Some(record) = self.records.get(cut.to) else { break };
            let next = own.next;
            let kind = record.shape.kind();
            if record.clock > next || kind == Kind::Skip {
                cut.waits_for = Some((self.section.client, next));
                break;
            }
            let count = record.shape.ids();
            let ids = self.ids.get(cut.ids_to..cut.ids_to + count).unwrap_or_default();
            let verdict = if record.clock < next {
                self.after_known(own, *record, ids)
            } else if record.shape.names_parent() {
                self.under_parent(own, cut.to, ids)
            } else {
                self.beside(own, ids)
            };
            let stand = match verdict? {
                Verdict::Stands(stand) => stand,
                Verdict::Lacks(id) => {
                    cut.waits_for = Some((id.client, id.clock));
                    break;
                }
            };
            let end = self.end_clock(cut.to);
            if self.strict && kind == Kind::Plain && self.holds_too_much(next..end, stand) {
                let client = self.update.client(self.section.client);
                return Err(Refusal::LongKey { client, clock: u64::from(next) });
            }
            // What stands nowhere is collected when it is integrated.
            own.grow(end, stand, if stand.place.is_none() { Kind::Gone } else { kind });
            cut.next = end;
            cut.to += 1;
            cut.ids_to += count;
        }
        Ok(())
    }

    /// The clock after a record of the section.
    #[inline]
    fn end_clock(&self, record: usize) -> u32 {
        let next = record + 1;
        let next = if next < self.section.records.end { self.records.get(next) } else { None };
        next.map_or(self.section.end, |next| next.clock)
    }

    /// Of a structure that names its parent.
    fn under_parent(&self, own: &Known, at: usize, ids: &[Id]) -> Result<Verdict, Refusal> {
        let mut depth = 0;
        if let Some(parent) = ids.first() {
            let Some(known) = self.known(own, *parent) else { return Ok(Verdict::Lacks(*parent)) };
            if !known.may_hold(parent.clock) {
                let client = self.update.client(parent.client);
                return Err(Refusal::InvalidParent { client, clock: u64::from(parent.clock) });
            }
            depth = known.stand(parent.clock).depth + 1;
            if depth > MAX_DEPTH {
                return Err(Refusal::TooDeep);
            }
        }
        Ok(Verdict::Stands(Stand { depth, place: self.update.named_place(at) }))
    }

    /// Of the rest of a structure that is known in part: it stands after what is known, whatever the structure
    /// says of its left or its parent.
    fn after_known(&self, own: &Known, record: Record, ids: &[Id]) -> Result<Verdict, Refusal> {
        if record.shape.is_collected() {
            return Ok(Verdict::Stands(Stand::NOWHERE));
        }
        let left = Id { client: self.section.client, clock: own.next.saturating_sub(1) };
        match ids.last() {
            Some(right) if record.shape.has_right() => self.beside(own, &[left, *right]),
            _ => self.beside(own, &[left]),
        }
    }

    /// Of a structure that names neighbours, which must stand in one place. Beside what was collected nothing
    /// stands; a structure that knows nothing else is collected as well.
    #[inline]
    fn beside(&self, own: &Known, neighbours: &[Id]) -> Result<Verdict, Refusal> {
        let mut found = Stand::NOWHERE;
        for id in neighbours {
            let Some(known) = self.known(own, *id) else { return Ok(Verdict::Lacks(*id)) };
            let stand = known.stand(id.clock);
            if found.place.is_none() {
                found = stand;
            } else if stand.place.is_some() && stand.place != found.place {
                let client = self.update.client(id.client);
                return Err(Refusal::MixedPlaces { client, clock: u64::from(id.clock) });
            }
        }
        Ok(Verdict::Stands(found))
    }

    /// What is known of an id's client, if the id is known.
    #[inline]
    fn known<'k>(&'k self, own: &'k Known, id: Id) -> Option<&'k Known> {
        let known = if id.client == self.section.client { own } else { (self.others)(id.client)? };
        (id.clock < known.next).then_some(known)
    }

    /// Whether a structure puts several values at one key and leaves more than the last of them undeleted. A
    /// key shows its last value only: deleting a map doesn't reach the others, and they outlive it in yrs.
    #[inline]
    fn holds_too_much(&self, clocks: Range<u32>, stand: Stand) -> bool {
        clocks.len() > 1 && stand.place.is_some_and(Place::is_keyed) && !self.deletes_before_last(clocks)
    }

    fn deletes_before_last(&self, clocks: Range<u32>) -> bool {
        let mut before_last = DeleteSet::new();
        let client = self.update.client(self.section.client);
        before_last.insert(client, u64::from(clocks.start)..u64::from(clocks.end) - 1);
        self.update.deletes.covers(&before_last)
    }
}
