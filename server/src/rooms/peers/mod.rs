//! Other nodes: what is heard from them, what is missing, and what has to be written for one that has died.
//!
//! What is heard over the bus is taken into the room at once and remembered until a node says that it has
//! landed. The log is the truth: seqs are dense, so a row that nobody told of is noticed, and read; what was
//! heard and has not landed for a while is written by whoever holds it, after a look at the log. A node that
//! commits an edit which builds on something it only heard writes that as well, in the same row, before it. So
//! the log may hold an update twice; to apply it twice is the same as once.
//!
//! This file keeps the books; [`hearing`] is what is said and heard, [`repair`] what is read from the log and
//! written for others.

mod hearing;
mod repair;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use crdt_store::{
    ClientId, Seq, UserId,
    log::{Entry, Row, Stored},
    update::{DeleteSet, Ranges, Update, needs},
};
use tokio::time::Instant;
use uuid::Uuid;

use super::{intake::whole, owners::Owner, receipt::Due, session::SessionId};
use crate::bus::{News, NodeId};

/// A row that was told of, or found, and isn't known after so long is read from the log.
const GRACE: Duration = Duration::from_millis(150);
/// Between two attempts to read the log, and for one of them.
const REPAIR_AGAIN: Duration = Duration::from_millis(500);
const REPAIR_IN: Duration = Duration::from_secs(10);
/// What was heard and has not landed after so long is written here.
const RESCUE_AFTER: Duration = Duration::from_secs(2);
/// Between the turns of two nodes that could write it.
const RESCUE_TURN: Duration = Duration::from_millis(400);
const RESCUE_TURNS_MAX: usize = 5;
/// A node says so often who is there, and is forgotten when it hasn't for so long.
const HERE_EVERY: Duration = Duration::from_secs(8);
const NODE_SILENT: Duration = Duration::from_secs(22);
/// Heard updates that lack what they build on. Beyond that the log brings them.
const EARLY_MAX: usize = 256;
const EARLY_BYTES_MAX: usize = 4 << 20;
/// Rows that were told of out of order.
const AHEAD_MAX: usize = 4_096;

/// An update as another node took it.
#[derive(Debug)]
struct Piece {
    from: NodeId,
    person: Option<UserId>,
    session: Uuid,
    live: bool,
    update: Update,
}

/// An update that was heard and taken, and has not landed as far as is known.
#[derive(Debug)]
struct Unlanded {
    /// Its place among all that the room took.
    place: u64,
    entry: Entry,
    update: Update,
    /// What of it has not landed.
    left: Ranges,
    since: Instant,
}

/// What a look at the log has brought.
#[derive(Debug)]
pub(in crate::rooms) enum Caught {
    Rows(Vec<Row>),
    /// The rows are in a snapshot by now.
    Whole(Stored),
}

/// A room's knowledge of other nodes.
#[derive(Debug)]
pub(in crate::rooms) struct Peers {
    /// All rows up to this one are in the index.
    known: Seq,
    /// The highest row that was told of or found.
    told: Seq,
    /// Known rows beyond a gap.
    ahead: BTreeSet<Seq>,
    unlanded: VecDeque<Unlanded>,
    unlanded_bytes: usize,
    early: Vec<Piece>,
    /// What is owed when all up to that place has landed.
    waiting: Vec<(u64, Due)>,
    /// When the log is to be read, for a row that is missing, and for what else it may tell.
    gap_at: Option<Instant>,
    look_at: Option<Instant>,
    repairing: bool,
    nodes: HashMap<NodeId, Instant>,
    /// Sessions that another node wants asked, and under which id.
    asked: Vec<(SessionId, ClientId)>,
    /// Owners elsewhere who have answered: what they did not bring is refused after a look at the log.
    answered: Vec<(Owner, ClientId)>,
    /// Those for whom the log is being read.
    looked_up: Vec<(Owner, ClientId)>,
    here_at: Instant,
    /// What this node will tell the others at the end of the turn.
    pub news: Vec<News>,
}

impl Peers {
    pub fn new(head: Seq) -> Self {
        Self {
            known: head,
            told: head,
            ahead: BTreeSet::new(),
            unlanded: VecDeque::new(),
            unlanded_bytes: 0,
            early: Vec::new(),
            waiting: Vec::new(),
            gap_at: None,
            look_at: None,
            repairing: false,
            nodes: HashMap::new(),
            asked: Vec::new(),
            answered: Vec::new(),
            looked_up: Vec::new(),
            here_at: Instant::now(),
            news: Vec::new(),
        }
    }

    pub fn known(&self) -> Seq {
        self.known
    }

    /// When the log is to be read, if it is.
    pub fn repair_at(&self) -> Option<Instant> {
        self.gap_at.into_iter().chain(self.look_at).min().filter(|_| !self.repairing)
    }

    /// Whether the room still owes something to those who are elsewhere.
    pub fn is_quiet(&self) -> bool {
        self.unlanded.is_empty() && self.waiting.is_empty() && !self.repairing && self.repair_at().is_none()
    }

    /// Bytes that are known and not seen in the log.
    pub fn unlanded_bytes(&self) -> usize {
        self.unlanded_bytes
    }

    /// The place of the newest that has not landed.
    pub fn newest_unlanded(&self) -> Option<u64> {
        self.unlanded.back().map(|heard| heard.place)
    }

    /// The same, of what an update tells of as well.
    pub fn newest_unlanded_of(&self, update: &Update) -> Option<u64> {
        if self.unlanded.is_empty() {
            return None;
        }
        let ranges = whole(update);
        self.unlanded.iter().rev().find(|heard| heard.left.overlaps(&ranges)).map(|heard| heard.place)
    }

    /// What has not landed, by its place among all that was taken.
    pub fn unlanded(&self) -> impl Iterator<Item = (u64, &Bytes)> {
        self.unlanded.iter().map(|heard| (heard.place, &heard.entry.bytes))
    }

    pub fn unlanded_deletes(&self) -> DeleteSet {
        let mut all = DeleteSet::new();
        for heard in &self.unlanded {
            all.merge(&heard.left.deletes);
        }
        all
    }

    /// A row whose content is in the index.
    pub fn saw(&mut self, seq: Seq) {
        self.told = self.told.max(seq);
        if seq > self.known {
            self.ahead.insert(seq);
        }
        self.close_up();
        if self.ahead.len() > AHEAD_MAX {
            self.ahead.pop_last();
        }
    }

    fn caught_up_to(&mut self, seq: Seq) {
        self.known = self.known.max(seq);
        self.told = self.told.max(seq);
        self.ahead = self.ahead.split_off(&(self.known + 1));
        self.close_up();
    }

    fn close_up(&mut self) {
        while self.ahead.remove(&(self.known + 1)) {
            self.known += 1;
        }
        if self.known >= self.told {
            self.gap_at = None;
        } else if self.gap_at.is_none() {
            self.gap_at = Some(Instant::now() + GRACE);
        }
    }

    /// The log has come so far, whatever was told.
    fn head_at(&mut self, seq: Seq) {
        self.told = self.told.max(seq);
        self.close_up();
    }

    /// These have landed, in whatever row.
    fn landed(&mut self, ranges: &Ranges) {
        for heard in &mut self.unlanded {
            if heard.left.overlaps(ranges) {
                heard.left = heard.left.subtract(ranges);
            }
        }
        drop(self.take_where(|heard| heard.left.is_empty()));
    }

    fn take_where(&mut self, goes: impl Fn(&Unlanded) -> bool) -> Vec<Unlanded> {
        if !self.unlanded.iter().any(&goes) {
            return Vec::new();
        }
        let (taken, left): (Vec<_>, Vec<_>) = self.unlanded.drain(..).partition(|heard| goes(heard));
        self.unlanded = left.into();
        self.unlanded_bytes -= taken.iter().map(|heard| heard.entry.bytes.len()).sum::<usize>();
        taken
    }

    /// Takes out what `wanted` touches and what that builds on, in the order in which it was heard.
    fn take_needed(&mut self, mut wanted: Ranges) -> Vec<Unlanded> {
        let mut places = BTreeSet::new();
        // What something builds on was heard before it.
        for heard in self.unlanded.iter().rev() {
            if heard.left.overlaps(&wanted) {
                places.insert(heard.place);
                wanted.merge(&needs(&heard.update));
            }
        }
        self.take_where(|heard| places.contains(&heard.place))
    }
}
