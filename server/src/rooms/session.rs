//! One subscriber of one room: what it may do, what it is owed, and how things are sent to it.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use crdt_store::{
    ClientId, UserId,
    update::{Ranges, Update},
};
use uuid::Uuid;

use super::{
    answers::Made,
    outbox::{Closing, Outbox},
    receipt::SharedReceipt,
    seats::Right,
    wire::Address,
};
use crate::access::Access;

/// Counts the sessions of a node. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// A session that has been let in and wants to join.
#[derive(Debug)]
pub struct Newcomer {
    pub id: SessionId,
    /// The session's name in the log.
    pub key: Uuid,
    pub address: Address,
    pub outbox: Outbox,
    pub access: Access,
    /// The same, for those who look from outside.
    pub right: Arc<Right>,
    pub person: Option<UserId>,
    /// Shown in presence instead of what the client says.
    pub name: Option<String>,
}

/// How far the exchange of states has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// It has not said what it has: nothing of the document is sent.
    Silent,
    /// The answer is being made; what happens meanwhile follows it.
    Opening {
        behind: Vec<Bytes>,
        behind_bytes: usize,
    },
    Live,
}

/// A step 1 of ours that has not been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It went with our answer to the client's own: its answer is acknowledged.
    WithAnswer,
    /// For a gap, or for a copy that wins over another's.
    OfOurOwn,
}

/// What lacks something it builds on.
#[derive(Debug)]
pub(super) struct Held {
    pub update: Update,
    pub missing: Vec<(ClientId, u64)>,
    pub receipt: Option<SharedReceipt>,
    pub strip: bool,
}

#[derive(Debug)]
pub(super) struct Session {
    pub id: SessionId,
    pub key: Uuid,
    pub address: Address,
    pub outbox: Outbox,
    pub outbox_limit: usize,
    pub access: Access,
    pub right: Arc<Right>,
    pub person: Option<UserId>,
    pub name: Option<String>,
    pub phase: Phase,
    pub asked: VecDeque<Asked>,
    /// The state of the index at which a gap was last asked for.
    pub gap_asked_at: Option<u64>,
    pub held: Vec<Held>,
    pub held_bytes: usize,
    /// What was refused and is acknowledged when it has come after all.
    pub owed: Ranges,
    pub owed_count: u32,
    pub owed_echoes: Vec<Bytes>,
    /// It was asked for the deletes among them, whose letters are here by now.
    pub owed_asked: bool,
    /// Updates that were thrown away before it was let in: its next step 2 brings them.
    pub dropped: u32,
    /// The id of its presence, and the clock last received for it.
    pub presence: Option<(ClientId, u64)>,
    /// Something was queued in this turn.
    has_unsent: bool,
}

impl Session {
    pub fn new(newcomer: Newcomer, outbox_limit: usize) -> Self {
        Self {
            id: newcomer.id,
            key: newcomer.key,
            address: newcomer.address,
            outbox: newcomer.outbox,
            outbox_limit,
            access: newcomer.access,
            right: newcomer.right,
            person: newcomer.person,
            name: newcomer.name,
            phase: Phase::Silent,
            asked: VecDeque::new(),
            gap_asked_at: None,
            held: Vec::new(),
            held_bytes: 0,
            owed: Ranges::default(),
            owed_count: 0,
            owed_echoes: Vec::new(),
            owed_asked: false,
            dropped: 0,
            presence: None,
            has_unsent: false,
        }
    }

    /// Sends something about the document, at the end of the turn: behind the answer that is being made, if one is.
    pub fn send(&mut self, frame: Bytes) {
        match &mut self.phase {
            Phase::Opening { behind, behind_bytes } => {
                *behind_bytes += frame.len();
                if *behind_bytes > self.outbox_limit {
                    behind.clear();
                    self.outbox.close(Closing::TryAgainLater, "too slow");
                } else {
                    behind.push(frame);
                }
            }
            Phase::Silent | Phase::Live => {
                self.outbox.put(frame);
                self.has_unsent = true;
            }
        }
    }

    /// An edit of somebody else. One who has not said what it has could do nothing with it.
    pub fn relay(&mut self, frame: Bytes) {
        if !matches!(self.phase, Phase::Silent) {
            self.send(frame);
        }
    }

    pub fn begin_answer(&mut self) {
        if !matches!(self.phase, Phase::Opening { .. }) {
            self.phase = Phase::Opening { behind: Vec::new(), behind_bytes: 0 };
        }
    }

    /// Sends our step 1, the parts and what has happened meanwhile, in one go.
    pub fn answer(&mut self, made: &Made) {
        self.asked.push_back(Asked::WithAnswer);
        self.has_unsent = true;
        for frame in made.frames.iter() {
            self.outbox.put_part(frame.clone());
        }
        if let Phase::Opening { behind, .. } = std::mem::replace(&mut self.phase, Phase::Live) {
            for frame in behind {
                self.outbox.put(frame);
            }
        }
    }

    /// The turn is over: what was queued leaves. `here`: by the room's own hand where that needs no waiting.
    pub fn flush(&mut self, here: bool) {
        if std::mem::take(&mut self.has_unsent) {
            self.outbox.flush(here);
        }
    }

    /// Asks for what the client has, of our own accord, unless an answer to that is under way.
    pub fn ask(&mut self, state_vector: &[u8]) {
        if !self.asked.contains(&Asked::OfOurOwn) && !matches!(self.phase, Phase::Silent) {
            self.asked.push_back(Asked::OfOurOwn);
            let frame = self.address.step1(state_vector);
            self.send(frame);
        }
    }
}
