//! A room's batches on their way to the database, and what is owed when they land.
//!
//! Edits gather in one batch while another flies; when that has landed, the next one goes. An acknowledgement is
//! paid when the newest batch that was pending at its time has landed, and by nothing else.

use std::collections::VecDeque;

use bytes::Bytes;
use crdt_store::{
    Seq,
    log::{Batch, Entry, Outcome},
    update::DeleteSet,
};
use tokio::time::Instant;

use super::{
    receipt::Due,
    room::{JoinError, Room, reason},
    saver::Submission,
};
use crate::bus::Envelope;

/// A batch that gathers.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub entries: Vec<Entry>,
    /// When its first entry came.
    pub since: Option<Instant>,
    pub bytes: usize,
    pub deletes: DeleteSet,
}

/// A batch that is on its way to the database.
#[derive(Debug)]
pub(super) struct Flying {
    pub updates: Vec<Bytes>,
    pub since: Option<Instant>,
    pub bytes: usize,
    pub deletes: DeleteSet,
}

/// The rows after the snapshot, as far as is known here: when to compact, and how large the document is.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub rows: VecDeque<(Seq, usize)>,
    pub bytes: usize,
}

impl Tail {
    pub fn grow(&mut self, seq: Seq, bytes: usize) {
        self.rows.push_back((seq, bytes));
        self.bytes += bytes;
    }

    /// A snapshot holds what was up to `seq`.
    pub fn cut(&mut self, seq: Seq) {
        while let Some((row, bytes)) = self.rows.front()
            && *row <= seq
        {
            self.bytes -= bytes;
            self.rows.pop_front();
        }
    }
}

impl Room {
    /// Sends the next batch on its way, if none is.
    pub(super) fn submit(&mut self) {
        if self.flying.is_none() && !self.gathering.entries.is_empty() {
            let Gathering { entries, since, bytes, deletes } = std::mem::take(&mut self.gathering);
            let updates = entries.iter().map(|entry| entry.bytes.clone()).collect();
            self.flying = Some(Flying { updates, since, bytes, deletes });
            let batch = Batch { document: self.document, epoch: self.epoch, entries };
            self.batch += 1;
            self.tools.saver.submit(Submission { batch, room: self.events.clone() });
        }
    }

    pub(super) fn on_landed(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Landed(seq) => self.landed_at(seq),
            Outcome::WrongEpoch => self.end(JoinError::OldEpoch),
            Outcome::Frozen | Outcome::Gone => self.end(JoinError::Gone),
        }
    }

    fn landed_at(&mut self, seq: Seq) {
        let (document, epoch) = (self.document, self.epoch);
        self.tools.bus.publish(Envelope::Landed { document, epoch, seq });
        let flown = self.flying.take();
        if let Some(since) = flown.as_ref().and_then(|flown| flown.since) {
            self.tools.figures.save.record(since.elapsed());
        }
        self.landed = self.batch - 1;
        self.tail.grow(seq, flown.map_or(0, |flown| flown.bytes));
        while let Some((batch, _)) = self.due.front()
            && *batch <= self.landed
        {
            if let Some((_, due)) = self.due.pop_front() {
                self.pay(due);
            }
        }
        if self.closed_for == Some(reason::DATABASE_AWAY)
            && self.gathering.bytes < self.tools.settings.pending_bytes / 2
        {
            self.open_again();
        }
        let settings = &self.tools.settings;
        // A large document is dear to compact: it waits for more rows.
        let rows_max = settings.compact_rows.max(self.size_bytes as u64 / 2_048);
        if self.tail.rows.len() as u64 >= rows_max || self.tail.bytes >= settings.compact_bytes.max(self.size_bytes / 2)
        {
            self.tools.compactor.due(self.document, self.epoch);
        }
    }

    /// Edits are taken again: what was refused meanwhile is asked for.
    fn open_again(&mut self) {
        self.closed_for = None;
        let state_vector = self.index.state_vector().encode();
        for session in self.sessions.values_mut() {
            if session.owed_count > 0 {
                session.ask(&state_vector);
            }
        }
    }

    /// The batch after whose landing everything accepted so far is in the database; `None`: it is already.
    pub fn newest_pending(&self) -> Option<u64> {
        if !self.gathering.entries.is_empty() {
            Some(self.batch)
        } else if self.flying.is_some() {
            Some(self.batch - 1)
        } else {
            None
        }
    }

    /// Pays `due` when all that is accepted now has landed.
    pub fn when_landed(&mut self, due: Due) {
        match self.newest_pending() {
            Some(batch) => self.due.push_back((batch, due)),
            None => self.pay(due),
        }
    }

    fn pay(&mut self, due: Due) {
        match due {
            Due::Status(id, count) => {
                if let Some(session) = self.sessions.get_mut(&id)
                    && let Some(frame) = session.address.sync_status(true)
                {
                    for _ in 0..count {
                        session.send(frame.clone());
                    }
                }
            }
            Due::Echo(id, update) => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    let frame = session.address.update(&update);
                    session.send(frame);
                }
            }
            Due::Done(done) => drop(done.send(())),
        }
    }
}
