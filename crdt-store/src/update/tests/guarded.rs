//! An index, the document that takes what the index takes, and everything that must hold between them.

use bytes::Bytes;

use super::replica::Replica;
use super::{Index, Rule, Update, compose, needs};

pub struct Guarded {
    index: Index,
    replica: Replica,
    held: Vec<Update>,
    taken: Vec<Bytes>,
}

impl Guarded {
    pub fn new() -> Guarded {
        Guarded { index: Index::new(), replica: Replica::new(), held: Vec::new(), taken: Vec::new() }
    }

    pub fn next_clock(&self, client: u64) -> u64 {
        self.index.next_clock(client)
    }

    /// Any bytes, as a message. Being refused is fine; an error is a fault of the guard.
    pub fn message(&mut self, bytes: Bytes, strip: bool, rule: &mut dyn FnMut(u64) -> Rule) -> Result<(), String> {
        let Ok(update) = Update::parse(bytes) else { return Ok(()) };
        let _ = needs(&update);
        self.take(update, strip, rule)?;
        // Whatever was held may be complete now, and may complete what was held.
        let mut before = 0;
        while before != self.taken.len() {
            before = self.taken.len();
            for update in std::mem::take(&mut self.held) {
                self.take(update, strip, &mut |_| Rule::Take)?;
            }
        }
        self.held.truncate(8);
        Ok(())
    }

    fn take(&mut self, update: Update, strip: bool, rule: &mut dyn FnMut(u64) -> Rule) -> Result<(), String> {
        let before = self.index.clone();
        let Ok(admission) = self.index.admit(&update, strip, rule) else {
            return if before == self.index { Ok(()) } else { Err("a refusal changed the index".to_owned()) };
        };
        for part in [&admission.held, &admission.aside, &admission.refused].into_iter().flatten() {
            let again = Update::parse(part.bytes().clone()).map_err(|error| format!("held is malformed: {error}"))?;
            let same = again.clients().eq(part.clients()) && again.deletes() == part.deletes();
            if !same || again.structs_count() != part.structs_count() {
                return Err("held differs from its own bytes".to_owned());
            }
        }
        if let Some(accepted) = admission.accepted {
            self.replica.apply(&accepted.bytes)?;
            self.replica.agrees_with(&self.index)?;
            if !self.index.covers_ranges(&accepted.ranges) || before.covers_ranges(&accepted.ranges) {
                return Err("ranges are not what is new".to_owned());
            }
            self.taken.push(accepted.bytes);
        } else if before != self.index {
            return Err("the index grew by nothing".to_owned());
        }
        self.held.extend(admission.held);
        self.held.extend(admission.aside);
        Ok(())
    }

    /// The document is readable and can be copied; what was taken is a log that gives the same index and, composed
    /// anew for a newcomer or for somebody who was away, the same document.
    pub fn finish(&self) -> Result<(), String> {
        self.replica.read()?.agrees_with(&self.index)?;
        let again = Index::decode(&self.index.encode()).map_err(|error| error.to_string())?;
        if again != self.index {
            return Err("the index does not survive its encoding".to_owned());
        }
        let log = absorbed(&self.taken)?;
        if log != self.index {
            return Err("the log gives another index".to_owned());
        }
        for (known, max) in [(0, 64), (0, 1 << 20), (self.taken.len() / 2, 64)] {
            let known = &self.taken[..known];
            let reader = Replica::new();
            for bytes in known {
                reader.apply(bytes)?;
            }
            let have = absorbed(known)?.state_vector();
            let composed = compose(&self.taken, &have, self.index.deletes(), max);
            for bytes in composed.map_err(|error| format!("not composed: {error}"))? {
                reader.apply(&bytes).map_err(|error| format!("composed {error}"))?;
            }
            reader.agrees_with(&self.index).map_err(|error| format!("composed: {error}"))?;
        }
        Ok(())
    }
}

/// The index of a log.
fn absorbed(log: &[Bytes]) -> Result<Index, String> {
    let mut index = Index::new();
    for bytes in log {
        let update = Update::parse(bytes.clone()).map_err(|error| format!("taken is malformed: {error}"))?;
        index.absorb(&update).map_err(|refusal| format!("the log is incomplete: {refusal}"))?;
    }
    Ok(index)
}
