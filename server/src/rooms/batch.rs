//! A room's batches on their way to the database, and what is owed when they land.
//!
//! Edits gather in one batch while another flies; when that has landed, the next one goes. A batch that the saver
//! has not taken yet still takes more. An
//! acknowledgement is paid when the newest batch that was pending at its time has landed, and by nothing else. What
//! a batch needs of what was only heard from other nodes goes with it ([`super::peers`]).

use std::collections::VecDeque;

use bytes::Bytes;
use crdt_store::{
    Seq,
    log::{Batch, Entry, Outcome},
    update::Ranges,
};
use tokio::time::Instant;

use super::{
    receipt::Due,
    room::{JoinError, Room, reason},
    saver::{OpenBatch, Submission},
    session::SessionId,
};
use crate::bus::News;

/// A batch that waits for its commit is added to up to here.
const BOARDING_BYTES_MAX: usize = 64 << 10;

/// A batch that gathers.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub entries: Vec<Entry>,
    /// Of each entry, its place among all that the room took.
    places: Vec<u64>,
    /// When its first entry came.
    pub since: Option<Instant>,
    pub bytes: usize,
    /// What it brings.
    pub ranges: Ranges,
}

impl Gathering {
    pub fn put(&mut self, place: u64, entry: Entry, ranges: &Ranges) {
        self.since.get_or_insert_with(Instant::now);
        self.bytes += entry.bytes.len();
        self.ranges.merge(ranges);
        self.places.push(place);
        self.entries.push(entry);
    }

    /// In the order in which the room took them.
    pub fn sort(&mut self) {
        if !self.places.is_sorted() {
            let mut placed: Vec<(u64, Entry)> = self.places.drain(..).zip(self.entries.drain(..)).collect();
            placed.sort_by_key(|(place, _)| *place);
            (self.places, self.entries) = placed.into_iter().unzip();
        }
    }

    pub fn updates(&self) -> impl Iterator<Item = (u64, &Bytes)> {
        self.places.iter().copied().zip(self.entries.iter().map(|entry| &entry.bytes))
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A batch that is on its way to the database.
#[derive(Debug)]
pub(super) struct Flying {
    /// Takes more for as long as the saver has not taken it.
    pub open: OpenBatch,
    pub updates: Vec<(u64, Bytes)>,
    pub since: Option<Instant>,
    pub bytes: usize,
    pub ranges: Ranges,
}

/// The rows after the snapshot, as far as is known here: when to compact, and how large the document is.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub rows: VecDeque<(Seq, usize)>,
    pub bytes: usize,
}

impl Tail {
    /// Rows may be told of twice, and in any order.
    pub fn grow(&mut self, seq: Seq, bytes: usize) {
        let at = self.rows.partition_point(|(row, _)| *row < seq);
        if self.rows.get(at).is_none_or(|(row, _)| *row != seq) {
            self.rows.insert(at, (seq, bytes));
            self.bytes += bytes;
        }
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
    /// Sends what gathers on its way: with the batch that waits for its commit, or as the next one.
    pub(super) fn submit(&mut self) {
        if self.gathering.is_empty() || self.flying.as_ref().is_some_and(|flying| !flying.open.is_open()) {
            return;
        }
        self.bring_along();
        if self.flying.is_some() {
            return self.board();
        }
        let gathered = std::mem::take(&mut self.gathering);
        let updates = gathered.updates().map(|(place, bytes)| (place, bytes.clone())).collect();
        let Gathering { entries, since, bytes, ranges, .. } = gathered;
        let open = OpenBatch::new(Batch { document: self.document, epoch: self.epoch, entries });
        self.flying = Some(Flying { open: open.clone(), updates, since, bytes, ranges });
        self.batch += 1;
        self.tools.saver.submit(Submission { batch: open, room: self.events.clone() });
    }

    /// Adds what gathers to the batch before it, as long as the saver has not taken that.
    fn board(&mut self) {
        let Some(flying) = &mut self.flying else { return };
        if flying.bytes + self.gathering.bytes > BOARDING_BYTES_MAX {
            return;
        }
        let boarding: Vec<_> = self.gathering.updates().map(|(place, bytes)| (place, bytes.clone())).collect();
        if !flying.open.add(&mut self.gathering.entries) {
            return;
        }
        let gathered = std::mem::take(&mut self.gathering);
        flying.updates.extend(boarding);
        flying.bytes += gathered.bytes;
        flying.ranges.merge(&gathered.ranges);
        // What was promised for the next batch is due with this one.
        for (batch, _) in self.due.iter_mut().rev().take_while(|(batch, _)| *batch == self.batch) {
            *batch -= 1;
        }
    }

    pub(super) fn on_landed(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Landed(seq) => self.landed_at(seq),
            Outcome::WrongEpoch => self.end(JoinError::OldEpoch),
            // It can still be read, but not by this room, which has taken what will not be written.
            Outcome::Frozen => self.end(JoinError::Closed),
            Outcome::Gone => self.end(JoinError::Gone),
        }
    }

    fn landed_at(&mut self, seq: Seq) {
        let Some(Flying { since, bytes, ranges, .. }) = self.flying.take() else { return };
        if let Some(since) = since {
            self.tools.figures.save.record(since.elapsed());
        }
        self.landed = self.batch - 1;
        self.tail.grow(seq, bytes);
        self.peers.saw(seq);
        self.tell(News::Landed { seq, bytes: bytes as u64, ranges });
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
        let owing = self.sessions.values().filter(|session| !session.owed.is_empty());
        let owing: Vec<SessionId> = owing.map(|session| session.id).collect();
        self.ask_all(&owing);
    }

    /// The batch after whose landing everything accepted so far is in the database; `None`: it is already.
    pub fn newest_pending(&self) -> Option<u64> {
        if !self.gathering.is_empty() {
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
            Due::Answered(client) => self.tell(News::Answered(client)),
            Due::Done(done) => drop(done.send(())),
        }
    }
}
