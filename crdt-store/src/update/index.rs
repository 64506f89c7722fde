//! What a document is known to hold, without the document.
//!
//! Per client the next clock, what is deleted, and by runs of clocks how deep its structures are nested, what
//! they are and where they stand. Deletes are a lower bound: integrating can delete silently (a map key set
//! twice, a child under a deleted parent). An index only grows; [`Index::admit`] and [`Index::absorb`] are the
//! only ways in for structures. Where they stand takes 24 bytes a run, what they are 8; a plain text has one place.

use std::collections::BTreeMap;
use std::ops::Range;

use super::known::Known;
use super::{ClientId, Clock, DeleteSet, Malformed, Ranges, StateVector, Update, lib0};

/// How deep shared types may be nested in one another. A structure right under a root is at depth 0.
pub const MAX_DEPTH: u8 = 200;

/// What [`Index::admit`] refuses to grow beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Clients with structures in the document. Every page load that edits is one.
    pub clients: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { clients: 10_000 }
    }
}

/// What a document is known to hold.
#[derive(Debug, Clone, Default)]
pub struct Index {
    pub(super) clients: BTreeMap<ClientId, Known>,
    pub(super) deletes: DeleteSet,
    pub(super) limits: Limits,
}

/// Two indexes are equal when they know the same, whatever their limits.
impl PartialEq for Index {
    fn eq(&self, other: &Index) -> bool {
        self.clients == other.clients && self.deletes == other.deletes
    }
}

impl Eq for Index {}

/// First byte of an encoded index.
const VERSION: u8 = 1;

impl Index {
    pub fn new() -> Index {
        Index::default()
    }

    pub fn with_limits(limits: Limits) -> Index {
        Index { limits, ..Index::default() }
    }

    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.deletes.is_empty()
    }

    pub fn next_clock(&self, client: ClientId) -> Clock {
        u64::from(self.next(client))
    }

    pub fn client_count(&self) -> usize {
        self.clients.len()
    }

    pub fn state_vector(&self) -> StateVector {
        StateVector(self.clients.iter().map(|(client, known)| (*client, u64::from(known.next))).collect())
    }

    /// What is known to be deleted: a lower bound of what the document has deleted.
    pub fn deletes(&self) -> &DeleteSet {
        &self.deletes
    }

    /// Whether all structures and deletes of an update are known.
    pub fn covers(&self, update: &Update) -> bool {
        let structs = update.sections.iter().all(|section| {
            section.structs_end == section.start || section.structs_end <= self.next(update.client(section.client))
        });
        structs && self.deletes.covers(&update.deletes)
    }

    pub fn covers_ranges(&self, ranges: &Ranges) -> bool {
        self.covers_structs(ranges) && self.deletes.covers(&ranges.deletes)
    }

    pub fn covers_structs(&self, ranges: &Ranges) -> bool {
        ranges.structs.iter().all(|(client, range)| range.is_empty() || range.end <= self.next_clock(*client))
    }

    /// Whether all that the other knows is known here.
    pub fn covers_index(&self, other: &Index) -> bool {
        other.clients.iter().all(|(client, known)| self.next(*client) >= known.next)
            && self.deletes.covers(&other.deletes)
    }

    /// Adds deletes that were found in the materialised document. Those of structures that are not known
    /// here are left out.
    pub fn adopt_deletes(&mut self, deletes: &DeleteSet) {
        for (client, spans) in deletes.clients() {
            let next = self.next(client);
            let known: Vec<_> =
                spans.iter().filter(|span| span.0 < next).map(|span| (span.0, span.1.min(next))).collect();
            self.deletes.add_spans(client, &known);
        }
    }

    pub(super) fn next(&self, client: ClientId) -> u32 {
        self.clients.get(&client).map_or(0, |known| known.next)
    }

    /// Version byte, clients with their runs, deletes. Limits are not part of it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        lib0::write_var_uint(&mut out, self.clients.len() as u64);
        for (client, known) in &self.clients {
            lib0::write_var_uint(&mut out, *client);
            known.encode(&mut out);
        }
        self.deletes.encode(&mut out);
        out
    }

    /// Reads what [`Index::encode`] wrote, with default limits.
    pub fn decode(bytes: &[u8]) -> Result<Index, Malformed> {
        let mut input = bytes;
        if lib0::read_u8(&mut input)? != VERSION {
            return Err(Malformed::UnknownVersion);
        }
        let mut clients = BTreeMap::new();
        for _ in 0..lib0::read_count(&mut input, 8)? {
            let client = lib0::read_var_uint(&mut input)?;
            let known = Known::read(&mut input)?;
            if clients.insert(client, known).is_some() {
                return Err(Malformed::DuplicateClient);
            }
        }
        let (deletes, _) = DeleteSet::read(&mut input)?;
        lib0::expect_end(input)?;
        let index = Index { clients, deletes, limits: Limits::default() };
        let beyond = |(client, range): (ClientId, Range<Clock>)| range.end > index.next_clock(client);
        if index.deletes.iter().any(beyond) {
            return Err(Malformed::Inconsistent);
        }
        Ok(index)
    }
}
