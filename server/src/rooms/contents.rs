//! The bytes of a document, for those who join: kept while somebody may ask again, dropped soon after.
//!
//! A room needs no document in memory to relay edits; it needs the stored bytes to answer a step 1. They are
//! read when the room opens, grow by what is accepted, and are let go when nobody has asked for a while. The
//! next one who asks has them read again; who asks meanwhile waits for the same reading.

use std::time::Duration;

use bytes::Bytes;
use crdt_store::{
    log::Stored,
    update::{DeleteSet, Malformed, StateVector, Update, compose},
};
use tokio::time::Instant;

use super::{receipt::SharedReceipt, session::SessionId};

/// A part sent to a client should not be larger.
pub const PART_BYTES: usize = 256 << 10;
/// Bytes that nobody has asked for go after so long.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// Edits kept behind the stored parts, and their bytes, before they are rather read again when needed.
const TAIL_MAX: usize = 20_000;
const TAIL_BYTES_MAX: usize = 4 << 20;

/// What waits for the bytes.
#[derive(Debug)]
pub(super) enum Need {
    /// An answer to a step 1.
    Answer { session: SessionId, state_vector: StateVector },
    /// A reader's message that holds deletes only.
    Covers { session: SessionId, update: Update, receipt: Option<SharedReceipt> },
}

#[derive(Debug)]
pub(super) enum Contents {
    Absent,
    Loading { since: Vec<Bytes>, needs: Vec<Need> },
    Present(Parts),
}

/// The document as updates, in an order in which each applies after those before it.
#[derive(Debug)]
pub(super) struct Parts {
    /// Parts of the snapshot, each small enough to be sent as it is.
    snapshot: Vec<Bytes>,
    /// What came after it.
    tail: Vec<Bytes>,
    /// What was pushed since the document was read.
    pushed_bytes: usize,
    used_at: Instant,
}

impl Parts {
    pub fn new(stored: &Stored, since: Vec<Bytes>) -> Self {
        let (snapshot, mut tail) = stored_parts(stored);
        tail.extend(since);
        Self { snapshot, tail, pushed_bytes: 0, used_at: Instant::now() }
    }

    /// Takes an edit in. False: there are so many by now that all had better be read again when needed.
    pub fn push(&mut self, update: &Bytes) -> bool {
        self.pushed_bytes += update.len();
        // A copy: the bytes of a frame keep the whole buffer alive that they were read into.
        self.tail.push(Bytes::copy_from_slice(update));
        self.tail.len() <= TAIL_MAX && self.pushed_bytes <= TAIL_BYTES_MAX
    }

    pub fn all(&mut self) -> Vec<Bytes> {
        self.used_at = Instant::now();
        self.snapshot.iter().chain(&self.tail).cloned().collect()
    }

    /// What somebody with `have` lacks, at least one update; `deletes` go along.
    pub fn answer(&mut self, have: &StateVector, deletes: &DeleteSet) -> Result<Vec<Bytes>, Malformed> {
        self.used_at = Instant::now();
        if !have.is_empty() {
            return compose(&self.all(), have, deletes, PART_BYTES);
        }
        let mut parts = self.snapshot.clone();
        if !self.tail.is_empty() || parts.is_empty() {
            parts.extend(compose(&self.tail, have, deletes, PART_BYTES)?);
        }
        Ok(parts)
    }

    pub fn is_stale(&self, now: Instant) -> bool {
        now.duration_since(self.used_at) > KEPT_FOR
    }
}

/// The updates of a stored document: the snapshot's parts, and the rows after it.
pub(super) fn stored_parts(stored: &Stored) -> (Vec<Bytes>, Vec<Bytes>) {
    let snapshot = stored.snapshot.as_ref().map(|snapshot| snapshot.parts.clone()).unwrap_or_default();
    let tail = stored.rows.iter().flat_map(|row| row.entries.iter().map(|entry| entry.bytes.clone())).collect();
    (snapshot, tail)
}
