//! What a document is known to hold, without the document.
//!
//! Per client the next clock, what is deleted, and by runs of clocks how deep its structures are nested, what
//! they are and where they stand. Deletes are a lower bound: integrating can delete silently (a map key set
//! twice, a child under a deleted parent). An index only grows; [`Index::admit`] and [`Index::absorb`] are the
//! only ways in for structures. A run takes 24 bytes; a document of plain text has one for each client.

use std::collections::BTreeMap;
use std::ops::Range;

use super::content::Kind;
use super::place::Place;
use super::{CLOCK_LIMIT, ClientId, Clock, DeleteSet, Malformed, Ranges, StateVector, Update, lib0};

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

/// What is known of one client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) next: u32,
    /// Nature by runs of clocks: where each begins. The first begins at 0.
    pub(super) runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) from: u32,
    pub(super) nature: Nature,
}

/// What a structure is to those that refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nature {
    /// How deep it is nested: 0 right under a root.
    pub(super) depth: u8,
    pub(super) kind: Kind,
    /// Where it stands; unknown of what was collected.
    pub(super) place: Option<Place>,
}

impl Nature {
    /// Of what stands nowhere: it was collected, or all around it was.
    pub(super) const GONE: Nature = Nature { depth: 0, kind: Kind::Gone, place: None };

    /// Whether other structures may name it as their parent: a type, or what may have been one.
    pub(super) fn may_hold(self) -> bool {
        self.kind != Kind::Plain
    }

    fn encode(self, out: &mut Vec<u8>) {
        let kind = match self.kind {
            Kind::Plain => 0,
            Kind::Type => 1,
            Kind::Gone | Kind::Skip => 2,
        };
        let keyed = self.place.is_some_and(|place| place.keyed);
        out.push(kind | u8::from(keyed) << 2 | u8::from(self.place.is_some()) << 3);
        out.push(self.depth);
        if let Some(place) = self.place {
            out.extend_from_slice(&place.number.to_le_bytes());
        }
    }

    fn read(input: &mut &[u8]) -> Result<Nature, Malformed> {
        let flags = lib0::read_u8(input)?;
        let depth = lib0::read_u8(input)?;
        let kind = match flags & 3 {
            0 => Kind::Plain,
            1 => Kind::Type,
            2 => Kind::Gone,
            _ => return Err(Malformed::Inconsistent),
        };
        let place = if flags & 8 != 0 {
            let mut number = [0; 8];
            number.copy_from_slice(lib0::read_bytes(input, 8)?);
            Some(Place { number: u64::from_le_bytes(number), keyed: flags & 4 != 0 })
        } else {
            None
        };
        if flags > 15 || depth > MAX_DEPTH || (place.is_none() && flags & 4 != 0) {
            return Err(Malformed::Inconsistent);
        }
        Ok(Nature { depth, kind, place })
    }
}

impl Known {
    /// Adds what is between the next clock and `end`.
    #[inline]
    pub(super) fn grow(&mut self, end: u32, nature: Nature) {
        if self.runs.last().is_none_or(|run| run.nature != nature) {
            self.runs.push(Run { from: self.next, nature });
        }
        self.next = end;
    }

    #[inline]
    pub(super) fn nature(&self, clock: u32) -> Nature {
        match self.runs.last() {
            Some(last) if last.from <= clock => last.nature,
            _ => {
                let after = self.runs.partition_point(|run| run.from <= clock);
                after.checked_sub(1).and_then(|at| self.runs.get(at)).map_or(Nature::GONE, |run| run.nature)
            }
        }
    }
}

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
        ranges.structs.iter().all(|(client, range)| range.is_empty() || range.end <= self.next_clock(*client))
            && self.deletes.covers(&ranges.deletes)
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
            lib0::write_var_uint(&mut out, u64::from(known.next));
            lib0::write_var_uint(&mut out, known.runs.len() as u64);
            let mut last = 0;
            for run in &known.runs {
                lib0::write_var_uint(&mut out, u64::from(run.from - last));
                run.nature.encode(&mut out);
                last = run.from;
            }
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
        for _ in 0..lib0::read_count(&mut input, 3)? {
            let client = lib0::read_var_uint(&mut input)?;
            let known = read_known(&mut input)?;
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

fn read_known(input: &mut &[u8]) -> Result<Known, Malformed> {
    let next = lib0::read_var_uint(input)?;
    if next == 0 {
        return Err(Malformed::Inconsistent);
    }
    if next >= CLOCK_LIMIT {
        return Err(Malformed::ClockTooLarge);
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut from = 0;
    for place in 0..lib0::read_count(input, 3)? {
        let step = lib0::read_var_uint(input)?;
        let nature = Nature::read(input)?;
        // Both have at most 53 bits: the sum fits.
        from += step;
        if from >= next || (place > 0) != (step > 0) {
            return Err(Malformed::Inconsistent);
        }
        runs.push(Run { from: from as u32, nature });
    }
    if runs.is_empty() {
        return Err(Malformed::Inconsistent);
    }
    Ok(Known { next: next as u32, runs })
}
