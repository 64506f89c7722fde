//! Other nodes: what is heard from them, what is missing, and what has to be written for one that has died.
//!
//! What is heard over the bus is taken into the room at once and remembered until a node says that it has
//! landed. The log is the truth: seqs are dense, so a row that nobody told of is noticed, and read; what was
//! heard and has not landed for a while is written by whoever holds it, after a look at the log. A node that
//! commits an edit which builds on something it only heard writes that as well, in the same row, before it. So
//! the log may hold an update twice; to apply it twice is the same as once.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use crdt_store::{
    ClientId, DocumentId, Epoch, Log, Seq, UserId,
    log::{Entry, Row, Since, Stored},
    update::{DeleteSet, Ranges, Update, needs},
};
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    intake::whole,
    owners::Owner,
    receipt::Due,
    room::{Event, JoinError, Room},
    session::SessionId,
    wire::Dialect,
};
use crate::bus::{Envelope, Heard, News, NodeId, Person};

/// A row that was told of, or found, and isn't known after so long is read from the log.
const GRACE: Duration = Duration::from_millis(150);
/// Between two attempts to read the log.
const REPAIR_AGAIN: Duration = Duration::from_millis(500);
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
pub(super) enum Caught {
    Rows(Vec<Row>),
    /// The rows are in a snapshot by now.
    Whole(Stored),
}

/// A room's knowledge of other nodes.
#[derive(Debug)]
pub(super) struct Peers {
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

/// Reads what the room lacks of the log.
async fn catch_up(log: Log, document: DocumentId, epoch: Epoch, after: Seq) -> crdt_store::Result<Caught> {
    Ok(match log.since(document, epoch, after).await? {
        Since::Rows(rows) => Caught::Rows(rows),
        Since::Swept => Caught::Whole(log.load(document, epoch).await?),
    })
}

impl Room {
    pub(super) fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Envelope(Envelope { from, news }) => {
                self.peers.nodes.insert(from, Instant::now());
                for news in news {
                    self.on_news(from, news);
                }
            }
            Heard::Back => {
                self.tell(News::Hello);
                self.tell_who_is_here();
            }
        }
    }

    /// Says something to the other nodes at the end of the turn, if there are any.
    pub(super) fn tell(&mut self, news: News) {
        if self.tools.bus.has_listeners() {
            self.peers.news.push(news);
        }
    }

    pub(super) fn tell_who_is_here(&mut self) {
        if !self.tools.bus.has_listeners() {
            return;
        }
        self.peers.here_at = Instant::now() + HERE_EVERY;
        let people = self.presence.here().into_iter().map(|entry| Person { user: None, entry });
        let mut people: Vec<Person> = people.collect();
        let bound = self.owners.here();
        for person in &mut people {
            person.user = bound.iter().find(|(client, _)| *client == person.entry.client).and_then(|(_, user)| *user);
        }
        let bound = bound.into_iter().filter(|(client, _)| people.iter().all(|person| person.entry.client != *client));
        let bound = bound.collect();
        self.peers.news.push(News::Here { people, bound });
    }

    fn on_news(&mut self, from: NodeId, news: News) {
        let owner = Owner::At(from);
        match news {
            News::Accepted { person, session, live, update } => match Update::parse(update) {
                Ok(update) => self.on_piece(Piece { from, person, session, live, update }),
                Err(malformed) => {
                    tracing::error!(reason = malformed.code(), "bus.hear met an update that can't be read")
                }
            },
            News::Landed { seq, bytes, ranges } => {
                self.landed_elsewhere(&ranges);
                self.tail.grow(seq, usize::try_from(bytes).unwrap_or(usize::MAX));
                if self.index.covers_ranges(&ranges) {
                    self.peers.saw(seq);
                } else {
                    self.peers.head_at(seq);
                }
            }
            News::Compacted { seq, bytes } => self.compacted(seq, usize::try_from(bytes).unwrap_or(usize::MAX)),
            News::Presence(people) => {
                for Person { entry, user } in people {
                    if entry.is_gone() {
                        self.presence.leave_one(owner, entry.client);
                    } else if self.owners.bind(entry.client, user, owner) {
                        self.presence.set(owner, entry.client, entry.clock, entry.state);
                    }
                }
            }
            News::Here { people, bound } => {
                let mut kept: Vec<ClientId> = bound.iter().map(|(client, _)| *client).collect();
                for (client, user) in bound {
                    self.owners.bind_if_free(client, user, owner);
                }
                kept.extend(people.iter().map(|person| person.entry.client));
                for Person { entry, user } in people {
                    if self.owners.bind_if_free(entry.client, user, owner) {
                        self.presence.confirm(owner, entry);
                    }
                }
                self.presence.leave(owner, &kept);
                self.owners.release(owner, &kept);
                self.come_back_to_orphans();
            }
            News::Hello => self.tell_who_is_here(),
            News::Ask(client) => {
                if let Some(Owner::Here(session)) = self.owners.live(client) {
                    let state_vector = self.index.state_vector().encode();
                    if let Some(asked) = self.sessions.get_mut(&session) {
                        asked.ask(&state_vector);
                        self.peers.asked.push((session, client));
                    }
                }
            }
            News::Answered(client) => self.owner_elsewhere_has_answered(owner, client),
            News::Notify(text) => self.notify(&text),
            News::Reset => self.end(JoinError::Closed),
        }
    }

    /// A session that others wanted asked has answered: what it brought was told before this.
    pub(super) fn tell_answered(&mut self, session: SessionId) {
        let answered: Vec<_> = self.peers.asked.extract_if(.., |(asked, _)| *asked == session).collect();
        for (_, client) in answered {
            self.tell(News::Answered(client));
        }
    }

    /// A session has gone: whoever elsewhere waits for its answer learns that nobody will give one.
    pub(super) fn tell_gone(&mut self, session: SessionId) {
        let waited_for = self.peers.asked.iter().any(|(asked, _)| *asked == session);
        self.peers.asked.retain(|(asked, _)| *asked != session);
        if waited_for || self.sessions.is_empty() {
            self.tell_who_is_here();
        }
    }

    fn on_piece(&mut self, piece: Piece) {
        let was_early = !self.peers.early.is_empty();
        if self.take_piece(piece) {
            if was_early {
                self.retry_early();
            }
            self.after_growth();
        }
    }

    /// Takes what another node took. True if the index has grown.
    fn take_piece(&mut self, piece: Piece) -> bool {
        if self.index.covers(&piece.update) {
            return false;
        }
        // What is not remembered can't be rescued: it comes by way of the log.
        if self.peers.unlanded_bytes + piece.update.bytes().len() > self.tools.settings.unlanded_bytes {
            metrics::counter!("unisson_bus_put_off_total").increment(1);
            return false;
        }
        let admission = match self.index.admit_again(&piece.update) {
            Ok(admission) => admission,
            Err(refusal) => {
                tracing::error!(reason = refusal.code(), document.id = %self.document, "bus.hear met what another node should have refused");
                return false;
            }
        };
        let Piece { from, person, session, live, .. } = piece;
        if let Some(update) = admission.held {
            metrics::counter!("unisson_bus_gaps_total").increment(1);
            self.keep_early(Piece { from, person, session, live, update });
        }
        let Some(accepted) = admission.accepted else { return false };
        if live && let [(client, _)] = accepted.ranges.structs[..] {
            self.owners.bind(client, person, Owner::At(from));
        }
        // A y-websocket client may take what comes for the acknowledgement of its own edit.
        let own = self.clients_own(&accepted.ranges);
        self.spread(own, &accepted);
        let echo = own.map(|id| Due::Echo(id, accepted.bytes.clone()));
        let update = match Update::parse(accepted.bytes.clone()) {
            Ok(update) => update,
            Err(_) => return true,
        };
        let (own, brought) = self.own_and_brought(&accepted.ranges, person);
        let entry = Entry { person, session, bytes: accepted.bytes, brought, own };
        self.peers.unlanded_bytes += entry.bytes.len();
        let (place, since) = (self.generation, Instant::now());
        self.peers.unlanded.push_back(Unlanded { place, entry, update, left: accepted.ranges, since });
        if let Some(echo) = echo {
            self.when_all_landed(echo, Some(place));
        }
        true
    }

    /// The y-websocket session here that made these, if it has come over from another node.
    fn clients_own(&self, ranges: &Ranges) -> Option<SessionId> {
        ranges.structs.iter().find_map(|(client, _)| match self.owners.live(*client) {
            Some(Owner::Here(id)) => {
                self.sessions.get(&id).filter(|session| session.address.dialect() == Dialect::Yjs).map(|_| id)
            }
            _ => None,
        })
    }

    fn keep_early(&mut self, piece: Piece) {
        let waiting: usize = self.peers.early.iter().map(|piece| piece.update.bytes().len()).sum();
        if self.peers.early.len() < EARLY_MAX && waiting + piece.update.bytes().len() <= EARLY_BYTES_MAX {
            self.peers.early.push(piece);
        }
        // If it was lost rather than late, the log has it, or will.
        self.peers.look_at.get_or_insert_with(|| Instant::now() + GRACE);
    }

    /// Tries what came too early, as long as something moves.
    fn retry_early(&mut self) {
        loop {
            let pieces = std::mem::take(&mut self.peers.early);
            let before = pieces.len();
            let mut moved = false;
            for piece in pieces {
                moved |= self.take_piece(piece);
            }
            if !moved || self.peers.early.is_empty() || before == 0 {
                return;
            }
        }
    }

    /// How far the log has come, by the database's own word. `None`: the document has gone.
    pub(super) fn on_head(&mut self, head: Option<(Epoch, Seq)>) {
        match head {
            None => self.end(JoinError::Gone),
            Some((epoch, _)) if epoch != self.epoch => self.end(JoinError::OldEpoch),
            Some((_, seq)) => self.peers.head_at(seq),
        }
    }

    /// Reads the log when it is time to.
    pub(super) fn repair(&mut self) {
        let due = self.peers.repair_at().is_some_and(|at| at <= Instant::now());
        if !due {
            return;
        }
        (self.peers.gap_at, self.peers.look_at) = (None, None);
        self.peers.repairing = true;
        metrics::counter!("unisson_bus_repairs_total").increment(1);
        let (log, events, after) = (self.tools.log.clone(), self.events.clone(), self.peers.known);
        let (document, epoch) = (self.document, self.epoch);
        let work = async move {
            let caught = catch_up(log, document, epoch, after).await;
            let _ = events.send(Event::Caught(Box::new(caught)));
        };
        tokio::spawn(work.instrument(tracing::info_span!("bus.repair", document.id = %document)));
    }

    pub(super) fn on_caught(&mut self, caught: crdt_store::Result<Caught>) {
        self.peers.repairing = false;
        match caught {
            Ok(Caught::Rows(rows)) => {
                for row in rows {
                    self.tail.grow(row.seq, row.entries.iter().map(|entry| entry.bytes.len()).sum());
                    for entry in row.entries {
                        self.take_logged(entry.bytes);
                    }
                    self.peers.caught_up_to(row.seq);
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
                    self.tail.grow(row.seq, row.entries.iter().map(|entry| entry.bytes.len()).sum());
                    for entry in row.entries {
                        self.take_logged(entry.bytes);
                    }
                }
                self.peers.caught_up_to(seq);
            }
            Err(error) => {
                tracing::warn!(%error, document.id = %self.document, "bus.repair failed");
                self.peers.look_at = Some(Instant::now() + REPAIR_AGAIN);
                return;
            }
        }
        if self.peers.known < self.peers.told {
            self.peers.look_at = Some(Instant::now() + REPAIR_AGAIN);
        }
        self.retry_early();
        self.after_growth();
        self.rescue();
    }

    /// Takes what the log holds, as far as it is news.
    fn take_logged(&mut self, bytes: Bytes) {
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
    fn rescue_after(&self) -> Duration {
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
    pub(super) fn bring_along(&mut self) {
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

    fn landed_elsewhere(&mut self, ranges: &Ranges) {
        if !self.peers.unlanded.is_empty() {
            self.peers.landed(ranges);
            self.pay_who_waited();
        }
    }

    /// Pays `due` when all that is accepted now has landed, and what was heard up to a place.
    pub(super) fn when_all_landed(&mut self, due: Due, after: Option<u64>) {
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

    /// Every second.
    pub(super) fn tend_peers(&mut self, now: Instant) {
        if let Some(oldest) = self.peers.unlanded.front() {
            let at = oldest.since + self.rescue_after();
            // Not later than the next look.
            if at <= now + Duration::from_secs(1) {
                self.peers.look_at.get_or_insert(at);
            }
        }
        if !self.sessions.is_empty() && now >= self.peers.here_at {
            self.tell_who_is_here();
        }
        let silent = self.peers.nodes.extract_if(|_, heard| now.duration_since(*heard) > NODE_SILENT);
        let silent: Vec<NodeId> = silent.map(|(node, _)| node).collect();
        for node in &silent {
            self.presence.leave(Owner::At(*node), &[]);
            self.owners.release(Owner::At(*node), &[]);
        }
        if !silent.is_empty() {
            self.come_back_to_orphans();
        }
        // A question or its answer may have been lost.
        let questions: Vec<ClientId> = self.asides.iter().filter_map(|aside| aside.asked_elsewhere()).collect();
        for client in questions {
            self.tell(News::Ask(client));
        }
    }

    /// Hands what was said in this turn to the bus.
    pub(super) fn publish(&mut self) {
        if !self.peers.news.is_empty() {
            let envelope = Envelope::encode(self.tools.bus.node(), &self.peers.news);
            self.peers.news.clear();
            self.tools.bus.publish(self.topic(), envelope);
        }
    }
}
