//! What an update brought, and what it needs.

use std::ops::Range;

use super::{ClientId, Clock, DeleteSet, Update};

/// Ranges of structures and of deletes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges {
    /// Clock ranges by client; a client may be there more than once.
    pub structs: Vec<(ClientId, Range<Clock>)>,
    pub deletes: DeleteSet,
}

impl Ranges {
    pub fn is_empty(&self) -> bool {
        self.structs.is_empty() && self.deletes.is_empty()
    }

    /// Takes another's ranges in, growing those that they touch.
    pub fn merge(&mut self, other: &Ranges) {
        for (client, range) in &other.structs {
            let touching = self
                .structs
                .iter_mut()
                .find(|(own, own_range)| own == client && own_range.start <= range.end && range.start <= own_range.end);
            match touching {
                Some((_, own_range)) => {
                    own_range.start = own_range.start.min(range.start);
                    own_range.end = own_range.end.max(range.end);
                }
                None => self.structs.push((*client, range.clone())),
            }
        }
        self.deletes.merge(&other.deletes);
    }

    /// What is here and not in the other.
    pub fn subtract(&self, other: &Ranges) -> Ranges {
        Ranges {
            structs: set(&self.structs).subtract(&set(&other.structs)).iter().collect(),
            deletes: self.deletes.subtract(&other.deletes),
        }
    }

    /// Whether they have structures or deletes in common.
    pub fn overlaps(&self, other: &Ranges) -> bool {
        self.deletes.overlaps(&other.deletes) || overlap(&self.structs, &other.structs)
    }
}

/// More pairs than this are not compared one by one.
const PAIRS_MAX: usize = 1_024;

fn overlap(some: &[(ClientId, Range<Clock>)], others: &[(ClientId, Range<Clock>)]) -> bool {
    if some.len().saturating_mul(others.len()) > PAIRS_MAX {
        return set(some).overlaps(&set(others));
    }
    let meet = |one: &Range<Clock>, other: &Range<Clock>| one.start < other.end && other.start < one.end;
    some.iter()
        .any(|(client, range)| others.iter().any(|(other, other_range)| client == other && meet(range, other_range)))
}

fn set(structs: &[(ClientId, Range<Clock>)]) -> DeleteSet {
    let mut set = DeleteSet::new();
    for (client, range) in structs {
        set.insert(*client, range.clone());
    }
    set
}

/// What an update needs and does not bring: what its structures refer to, the structures before the first of
/// each section, and those that it deletes. In `structs`; `deletes` is empty.
pub fn needs(update: &Update) -> Ranges {
    let mut needed = DeleteSet::new();
    let mut brought = DeleteSet::new();
    for section in &update.sections {
        let client = update.client(section.client);
        let (start, end) = (u64::from(section.start), u64::from(section.structs_end));
        brought.insert(client, start..end);
        if start > 0 {
            needed.insert(client, start - 1..start);
        }
    }
    for id in &update.ids {
        let clock = u64::from(id.clock);
        let client = update.client(id.client);
        if !brought.contains(client, clock) {
            needed.insert(client, clock..clock + 1);
        }
    }
    needed.merge(&update.deletes);
    let missing = needed.subtract(&brought);
    Ranges { structs: missing.iter().collect(), deletes: DeleteSet::new() }
}
