//! Answers to a step 1: what the client lacks, from the stored bytes, and our own step 1 before it.
//!
//! No document is needed for that: the stored updates are cut at what the client says it has. A state vector says
//! nothing of deletes, so all that are known go along: with what they delete, or else with the last part.

use std::sync::Arc;

use bytes::Bytes;
use crdt_store::{
    log::Stored,
    update::{Ranges, StateVector, deletes_only},
};

use super::{
    contents::{Contents, Need, Parts},
    outbox::Closing,
    receipt::{Due, SharedReceipt},
    room::{Event, Room, reason},
    session::{Asked, SessionId},
    wire::{Address, Dialect},
};
use crate::workers::{Answer, Job};

/// An answer in the words of one address: our step 1, and the parts.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub frames: Arc<[Bytes]>,
}

impl Made {
    fn new(address: &Address, state_vector: &[u8], parts: &[Bytes]) -> Self {
        let mut frames = Vec::with_capacity(parts.len() + 1);
        frames.push(address.step1(state_vector));
        for (at, part) in parts.iter().enumerate() {
            frames.push(if at + 1 == parts.len() { address.step2(part) } else { address.update(part) });
        }
        Self { frames: frames.into() }
    }
}

/// Answers made a moment ago: a thousand who come at once with the same question cost one.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// The state of the index for which they hold.
    generation: u64,
    made: Vec<(StateVector, Address, Made)>,
}

const ANSWERS_MAX: usize = 16;

impl Answered {
    fn get(&self, generation: u64, have: &StateVector, address: &Address) -> Option<Made> {
        let made = self.made.iter().filter(|_| self.generation == generation);
        made.into_iter().find(|(to, at, _)| to == have && at == address).map(|(_, _, made)| made.clone())
    }

    fn keep(&mut self, generation: u64, have: &StateVector, address: &Address, made: Made) {
        if self.generation != generation || self.made.len() >= ANSWERS_MAX {
            self.made.clear();
            self.generation = generation;
        }
        self.made.push((have.clone(), address.clone(), made));
    }

    pub fn forget(&mut self) {
        self.made = Vec::new();
    }
}

/// Answers that a client has not answered in turn, before it is taken for a broken one.
const UNANSWERED_MAX: usize = 256;

impl Room {
    pub(super) fn on_step1(&mut self, id: SessionId, state_vector: &[u8]) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Ok(state_vector) = StateVector::decode(state_vector) else {
            return self.refuse(id, reason::MALFORMED, None, None);
        };
        let unanswered = session.asked.iter().filter(|asked| **asked == Asked::WithAnswer).count();
        let unsent = session.outbox.part_bytes();
        if unanswered > UNANSWERED_MAX || unsent > self.tools.settings.outbox_bytes + 2 * self.size_bytes {
            session.outbox.close(Closing::TryAgainLater, "too many questions");
            return;
        }
        session.begin_answer();
        self.need(Need::Answer { session: id, state_vector });
    }

    /// Serves now if the bytes are here, or has them read.
    pub(super) fn need(&mut self, need: Need) {
        match &mut self.contents {
            Contents::Present(_) => self.serve(need),
            Contents::Loading { needs, .. } => needs.push(need),
            Contents::Absent => {
                // A client that is current needs none of the stored bytes.
                if let Need::Answer { state_vector, .. } = &need
                    && state_vector.covers(&self.index.state_vector())
                {
                    return self.serve(need);
                }
                // What is on its way to the database may not be in what is read.
                let flying = self.flying.iter().flat_map(|batch| &batch.updates);
                let flying = flying.map(|(place, bytes)| (*place, bytes));
                let mut since: Vec<_> = flying.chain(self.gathering.updates()).chain(self.peers.unlanded()).collect();
                since.sort_by_key(|(place, _)| *place);
                let since = since.into_iter().map(|(_, bytes)| bytes.clone()).collect();
                self.contents = Contents::Loading { since, needs: vec![need] };
                let (log, events) = (self.tools.log.clone(), self.events.clone());
                let (document, epoch) = (self.document, self.epoch);
                tokio::spawn(async move {
                    let _ = events.send(Event::Loaded(Box::new(log.load(document, epoch).await)));
                });
            }
        }
    }

    pub(super) fn on_loaded(&mut self, stored: crdt_store::Result<Stored>) {
        let Contents::Loading { since, needs } = std::mem::replace(&mut self.contents, Contents::Absent) else {
            return;
        };
        match stored {
            Ok(stored) => {
                self.contents = Contents::Present(Parts::new(&stored, since));
                for need in needs {
                    self.serve(need);
                }
            }
            Err(error) => {
                tracing::warn!(%error, document.id = %self.document, "room.load failed");
                for need in needs {
                    if let Need::Answer { session, .. } | Need::Covers { session, .. } = need
                        && let Some(session) = self.sessions.get(&session)
                    {
                        session.outbox.close(Closing::TryAgainLater, "the document can't be read");
                    }
                }
            }
        }
    }

    fn serve(&mut self, need: Need) {
        match need {
            Need::Answer { session, state_vector } => self.answer(session, &state_vector),
            Need::Covers { session, update, receipt } => {
                let ranges = Ranges { structs: update.clients().collect(), deletes: update.deletes().clone() };
                self.ask_worker(session, update.bytes().clone(), ranges, receipt);
            }
        }
    }

    fn answer(&mut self, id: SessionId, have: &StateVector) {
        let Some(session) = self.sessions.get(&id) else { return };
        let mut deletes = self.index.deletes().clone();
        // A y-websocket client may take what it finds in an answer for the acknowledgement of its own edits:
        // deletes that are not in the database yet follow when they are.
        let address = session.address.clone();
        let withheld = address.dialect() == Dialect::Yjs && !have.is_empty();
        let mut later = None;
        if withheld {
            let mut pending = self.gathering.ranges.deletes.clone();
            if let Some(flying) = &self.flying {
                pending.merge(&flying.ranges.deletes);
            }
            pending.merge(&self.peers.unlanded_deletes());
            if !pending.is_empty() {
                deletes = deletes.subtract(&pending);
                later = Some(Due::Echo(id, deletes_only(&pending)));
            }
        }
        let made = match later {
            None => self.answered.get(self.generation, have, &address),
            Some(_) => None,
        };
        let answer = match made {
            Some(answer) => answer,
            None => {
                let ours = self.index.state_vector();
                let parts = match &mut self.contents {
                    _ if have.covers(&ours) => Ok(vec![deletes_only(&deletes)]),
                    Contents::Present(parts) => parts.answer(have, &deletes),
                    Contents::Absent | Contents::Loading { .. } => return,
                };
                match parts {
                    Ok(parts) => {
                        let answer = Made::new(&address, &ours.encode(), &parts);
                        if later.is_none() {
                            self.answered.keep(self.generation, have, &address, answer.clone());
                        }
                        answer
                    }
                    Err(error) => {
                        tracing::error!(%error, document.id = %self.document, "stored bytes can't be composed");
                        if let Some(session) = self.sessions.get(&id) {
                            session.outbox.close(Closing::TryAgainLater, "the document can't be read");
                        }
                        return;
                    }
                }
            }
        };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.answer(&answer);
        }
        metrics::counter!("unisson_answers_total").increment(1);
        if let Some(later) = later {
            self.when_all_landed(later, self.peers.newest_unlanded());
        }
    }

    /// The index knows a lower bound of the deletes; the merged document knows them all.
    fn ask_worker(&mut self, id: SessionId, update: Bytes, ranges: Ranges, receipt: Option<SharedReceipt>) {
        let Contents::Present(parts) = &mut self.contents else { return };
        let job = Job::Covers { parts: parts.all(), update };
        let (workers, events) = (self.tools.workers.clone(), self.events.clone());
        tokio::spawn(async move {
            let covered = match workers.run(job).await {
                Ok(Answer::Verdict(covered)) => covered,
                Ok(_) => false,
                Err(error) => {
                    tracing::warn!(%error, "room.judge failed");
                    false
                }
            };
            let _ = events.send(Event::Judged { session: id, ranges, receipt, covered });
        });
    }
}
