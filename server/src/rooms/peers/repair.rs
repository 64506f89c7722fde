//! What is missing is read from the log, and what nobody has written is written.

use std::time::Duration;

use bytes::Bytes;
use crdt_store::{
    DocumentId, Epoch, Log, Seq, StoreError,
    log::{Row, Since},
    update::{Ranges, Update, needs},
};
use tokio::time::{Instant, timeout};
use tracing::Instrument;

use super::{
    super::{
        intake::whole,
        receipt::Due,
        room::{Event, JoinError, Room},
    },
    Caught, REPAIR_AGAIN, REPAIR_IN, RESCUE_AFTER, RESCUE_TURN, RESCUE_TURNS_MAX, Unlanded,
};

/// Reads what the room lacks of the log.
async fn catch_up(log: Log, document: DocumentId, epoch: Epoch, after: Seq) -> crdt_store::Result<Caught> {
    Ok(match log.since(document, epoch, after).await? {
        Since::Rows(rows) => Caught::Rows(rows),
        Since::Swept => Caught::Whole(log.load(document, epoch).await?),
    })
}

impl Room {
    /// How far the log has come, by the database's own word. `None`: the document has gone.
    pub(in crate::rooms) fn on_head(&mut self, head: Option<(Epoch, Seq)>) {
        match head {
            None => self.end(JoinError::Gone),
            Some((epoch, _)) if epoch != self.epoch => self.end(JoinError::OldEpoch),
            Some((_, seq)) => self.peers.head_at(seq),
        }
    }

    /// Reads the log when it is time to.
    pub(in crate::rooms) fn repair(&mut self) {
        let due = self.peers.repair_at().is_some_and(|at| at <= Instant::now());
        if !due {
            return;
        }
        (self.peers.gap_at, self.peers.look_at) = (None, None);
        self.peers.repairing = true;
        self.peers.looked_up = std::mem::take(&mut self.peers.answered);
        metrics::counter!("unisson_bus_repairs_total").increment(1);
        let (log, events, after) = (self.tools.log.clone(), self.events.clone(), self.peers.known);
        let (document, epoch) = (self.document, self.epoch);
        let work = async move {
            // A connection that has died silently is not waited for.
            let caught = match timeout(REPAIR_IN, catch_up(log, document, epoch, after)).await {
                Ok(caught) => caught,
                Err(_) => Err(StoreError::TimedOut),
            };
            let _ = events.send(Event::Caught(Box::new(caught)));
        };
        tokio::spawn(work.instrument(tracing::info_span!("bus.repair", document.id = %document)));
    }

    pub(in crate::rooms) fn on_caught(&mut self, caught: crdt_store::Result<Caught>) {
        self.peers.repairing = false;
        match caught {
            Ok(Caught::Rows(rows)) => {
                for row in rows {
                    let seq = row.seq;
                    self.take_row(row);
                    self.peers.caught_up_to(seq);
                }
            }
            Ok(Caught::Whole(stored)) => {
                let seq = stored.head_seq;
                if let Some(snapshot) = stored.snapshot {
                    let bytes = snapshot.parts.iter().map(Bytes::len).sum();
                    for part in snapshot.parts {
                        self.take_logged(part);
                    }
                    self.compacted(snapshot.seq, bytes);
                }
                for row in stored.rows {
                    self.take_row(row);
                }
                self.peers.caught_up_to(seq);
            }
            Err(error) => {
                tracing::warn!(%error, document.id = %self.document, "bus.repair failed");
                self.peers.look_at = Some(Instant::now() + REPAIR_AGAIN);
                let again = std::mem::take(&mut self.peers.looked_up);
                self.peers.answered.extend(again);
                return;
            }
        }
        if self.peers.known < self.peers.told {
            self.peers.look_at = Some(Instant::now() + REPAIR_AGAIN);
        }
        self.retry_early();
        self.after_growth();
        for (owner, client) in std::mem::take(&mut self.peers.looked_up) {
            self.owner_elsewhere_has_answered(owner, client);
        }
        self.rescue();
    }

    fn take_row(&mut self, row: Row) {
        self.tail.grow(row.seq, row.entries.iter().map(|entry| entry.bytes.len()).sum());
        for entry in row.entries {
            self.take_logged(entry.bytes);
        }
    }

    /// Takes what the log holds, as far as it is news.
    pub(super) fn take_logged(&mut self, bytes: Bytes) {
        let Ok(update) = Update::parse(bytes) else {
            tracing::error!(document.id = %self.document, "bus.repair met an update that can't be read");
            return;
        };
        self.landed_elsewhere(&whole(&update));
        if self.index.covers(&update) {
            return;
        }
        match self.index.admit_again(&update) {
            Ok(admission) => {
                if let Some(accepted) = admission.accepted {
                    metrics::counter!("unisson_bus_repaired_updates_total").increment(1);
                    self.spread(None, &accepted);
                }
                if admission.held.is_some() {
                    tracing::error!(document.id = %self.document, "bus.repair met an update without what it builds on");
                }
            }
            Err(refusal) => {
                tracing::error!(reason = refusal.code(), document.id = %self.document, "bus.repair met an update that can't be taken");
            }
        }
    }

    /// Holders take their turns, so that the second finds in the log what the first has written.
    pub(super) fn rescue_after(&self) -> Duration {
        let own = self.tools.bus.node();
        let before = self.peers.nodes.keys().filter(|node| **node < own).count().min(RESCUE_TURNS_MAX);
        RESCUE_AFTER + RESCUE_TURN * before as u32
    }

    /// Writes what was heard long ago and is not in the log: its node has died, or can't write.
    fn rescue(&mut self) {
        let now = Instant::now();
        let after = self.rescue_after();
        let old = self.peers.take_where(|heard| now.duration_since(heard.since) >= after);
        if old.is_empty() {
            return;
        }
        metrics::counter!("unisson_bus_rescued_total").increment(old.len() as u64);
        tracing::info!(document.id = %self.document, updates = old.len(), "bus.rescue writes for another node");
        self.adopt(old);
    }

    /// Puts into the gathering batch what it needs of what was only heard.
    pub(in crate::rooms) fn bring_along(&mut self) {
        if self.peers.unlanded.is_empty() {
            return;
        }
        let mut wanted = Ranges::default();
        for (_, bytes) in self.gathering.updates() {
            if let Ok(update) = Update::parse(bytes.clone()) {
                wanted.merge(&needs(&update));
            }
        }
        let needed = self.peers.take_needed(wanted);
        self.adopt(needed);
    }

    /// From now on it is for this node to write these.
    fn adopt(&mut self, heard: Vec<Unlanded>) {
        if heard.is_empty() {
            return;
        }
        for Unlanded { place, entry, left, .. } in heard {
            self.gathering.put(place, entry, &left);
        }
        self.gathering.sort();
        self.pay_who_waited();
    }

    pub(super) fn landed_elsewhere(&mut self, ranges: &Ranges) {
        if !self.peers.unlanded.is_empty() {
            self.peers.landed(ranges);
            self.pay_who_waited();
        }
    }

    /// Pays `due` when all that is accepted now has landed, and what was heard up to a place.
    pub(in crate::rooms) fn when_all_landed(&mut self, due: Due, after: Option<u64>) {
        match after {
            Some(place) if self.peers.unlanded.front().is_some_and(|oldest| oldest.place <= place) => {
                self.peers.waiting.push((place, due));
            }
            _ => self.when_landed(due),
        }
    }

    /// What this node has taken over to write is pending here like its own.
    fn pay_who_waited(&mut self) {
        let oldest = self.peers.unlanded.front().map_or(u64::MAX, |heard| heard.place);
        let ready: Vec<_> = self.peers.waiting.extract_if(.., |(place, _)| *place < oldest).collect();
        for (_, due) in ready {
            self.when_landed(due);
        }
    }
}
