//! A room: one open document, owned by one task.
//!
//! Everything reaches it as a message and nothing in it waits for the database, a worker or a socket. It keeps
//! an index of what was accepted, what is on its way to the database, and its sessions; it has no document.
//! [`super::intake`] takes edits in, [`super::batch`] sees them to the database, [`super::answers`] answers those
//! who join; this file holds the state, the turn, and coming and going.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use bytes::Bytes;
use crdt_store::{
    ClientId, DocumentId, Epoch, Log, Seq,
    log::{Outcome, Stored},
    update::{DeleteSet, Index, Ranges, Update},
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval},
};
use tracing::Instrument;

use super::{
    answers::Answered,
    batch::{Flying, Gathering, Tail},
    compactor::Compactor,
    contents::{Contents, Parts},
    opening::{Opened, open},
    owners::{Owner, Owners},
    peers::{Caught, Peers},
    presence::Presence,
    receipt::{Due, SharedReceipt},
    saver::Saver,
    session::{Newcomer, Session, SessionId},
    settings::Settings,
    wire::{Incoming, Sync},
};
use crate::{
    access::{Access, Denied},
    bus::{Bus, Ear, Heard, News, Topic},
    workers::Pool,
};

/// What sockets and the rest of the server ask of a room.
#[derive(Debug)]
pub(super) enum Command {
    Join {
        newcomer: Box<Newcomer>,
        joined: oneshot::Sender<Result<(), JoinError>>,
    },
    Message {
        session: SessionId,
        message: Incoming,
        /// When it came off its connection.
        read_at: Instant,
        _permit: Option<OwnedSemaphorePermit>,
    },
    /// An Update that was thrown away before its session was let in. Its client's step 2 brings it.
    Dropped {
        session: SessionId,
        count: u32,
    },
    Leave {
        session: SessionId,
    },
    SetAccess {
        session: SessionId,
        access: Access,
    },
    /// The session may not be here any more.
    Unseat {
        session: SessionId,
        denied: Denied,
    },
    /// The session's token is about to end.
    Renew {
        session: SessionId,
    },
    /// Answered once all that is pending now has landed and its acknowledgements are queued.
    Settled {
        done: oneshot::Sender<()>,
    },
    /// Words for the clients that know them.
    Notify {
        text: Arc<str>,
    },
    /// News from outside the room.
    Told(Box<Event>),
    /// What the bus brings.
    Heard(Heard),
    /// How far the log has come, and in which lineage; nothing for a document that has gone.
    Head(Option<(Epoch, Seq)>),
    /// The document is not what it was: everybody is to come again.
    Reset,
}

/// What the room's own errands bring back. Bounded by what the room has asked for.
#[derive(Debug)]
pub(super) enum Event {
    Landed(Outcome),
    /// What was missing of the log.
    Caught(Box<crdt_store::Result<Caught>>),
    Loaded(Box<crdt_store::Result<Stored>>),
    /// Whether a reader's deletes were known already.
    Judged {
        session: SessionId,
        ranges: Ranges,
        receipt: Option<SharedReceipt>,
        covered: bool,
    },
    Compacted(Compacted),
}

/// The rows up to `seq` are in a snapshot.
#[derive(Debug)]
pub(super) struct Compacted {
    pub seq: Seq,
    pub snapshot_bytes: usize,
    /// All that the document has deleted, which is more than an index can know.
    pub deletes: DeleteSet,
}

/// Why a session could not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    #[error("the document can't be read just now")]
    Unavailable,
    #[error("the document has a newer lineage")]
    OldEpoch,
    #[error("the document has gone")]
    Gone,
    /// The room was just leaving memory: ask the registry again.
    #[error("the room has closed")]
    Closed,
}

/// What a room works with. Shared by all rooms of a node.
#[derive(Clone)]
pub(super) struct Tools {
    pub settings: Arc<Settings>,
    pub log: Log,
    pub saver: Saver,
    pub workers: Pool,
    pub compactor: Compactor,
    pub bus: Arc<dyn Bus>,
    pub figures: Figures,
}

/// Figures of the hot path, looked up once.
#[derive(Clone)]
pub(super) struct Figures {
    pub received: metrics::Counter,
    pub relayed: metrics::Counter,
    pub relay: metrics::Histogram,
    pub save: metrics::Histogram,
    pub pending: metrics::Gauge,
    pub heard: metrics::Gauge,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            received: metrics::counter!("unisson_updates_received_total"),
            relayed: metrics::counter!("unisson_updates_relayed_total"),
            relay: metrics::histogram!("unisson_relay_seconds"),
            save: metrics::histogram!("unisson_save_seconds"),
            pending: metrics::gauge!("unisson_pending_bytes"),
            heard: metrics::gauge!("unisson_bus_heard_bytes"),
        }
    }
}

/// What is kept aside until the session that writes under its id has been asked.
#[derive(Debug)]
pub(super) struct Aside {
    pub by: SessionId,
    pub owner: Owner,
    /// The id under which the owner writes.
    pub client: ClientId,
    pub update: Update,
    pub strip: bool,
    pub receipt: Option<SharedReceipt>,
}

impl Aside {
    /// The id that another node was asked about.
    pub fn asked_elsewhere(&self) -> Option<ClientId> {
        matches!(self.owner, Owner::At(_)).then_some(self.client)
    }
}

pub(super) struct Room {
    pub document: DocumentId,
    pub epoch: Epoch,
    pub tools: Tools,
    pub events: mpsc::UnboundedSender<Event>,
    pub index: Index,
    /// Counts the changes of the index.
    pub generation: u64,
    pub size_bytes: usize,
    pub contents: Contents,
    pub answered: Answered,
    pub owners: Owners,
    pub sessions: HashMap<SessionId, Session>,
    pub asides: Vec<Aside>,
    pub presence: Presence,
    pub peers: Peers,
    /// How much of the log is in the index, for those who look from outside.
    known: Arc<AtomicI64>,
    pub gathering: Gathering,
    pub flying: Option<Flying>,
    /// The number of the gathering batch. The flying one is the number before.
    pub batch: u64,
    pub landed: u64,
    pub due: VecDeque<(u64, Due)>,
    pub tail: Tail,
    /// Why nothing is taken just now.
    pub closed_for: Option<&'static str>,
    presence_at: Instant,
    pub idle_since: Option<Instant>,
    pub over: Option<JoinError>,
    /// What the node's figures hold of this room's bytes: on their way to the database, heard from other nodes.
    told_pending: usize,
    told_heard: usize,
}

/// Reasons that clients are told. They stay the same: programs act on them.
pub mod reason {
    pub const READ_ONLY: &str = "read-only";
    pub const DATABASE_AWAY: &str = "database-away";
    pub const DOCUMENT_TOO_LARGE: &str = "document-too-large";
    pub const UPDATE_TOO_LARGE: &str = "update-too-large";
    pub const TOO_MUCH_HELD: &str = "too-much-held";
    pub const NOT_YOURS: &str = "not-yours";
    pub const MALFORMED: &str = "malformed";
}

const TICK: std::time::Duration = std::time::Duration::from_millis(1_000);
const TURN_MAX: usize = 64;
/// A room of up to so many sends to them itself; a larger one wakes their tasks, which share the processors.
const SENDS_ITSELF_MAX: usize = 128;
/// An idle document with a longer tail is compacted when it leaves memory, so that it opens quickly next time.
const IDLE_TAIL_BYTES: usize = 32 << 10;

/// Runs a room until it has been empty for long enough, or its document is over.
pub(super) async fn run(
    topic: Topic,
    tools: Tools,
    ear: Ear,
    known: Arc<AtomicI64>,
    mut commands: mpsc::Receiver<Command>,
    on_idle: impl Fn() + Send + std::marker::Sync,
) {
    let Topic { document, epoch } = topic;
    let (events, mut incoming) = mpsc::unbounded_channel();
    let began = Instant::now();
    let bus = tools.bus.clone();
    // The next to open the document subscribes anew: this one has to have let go before.
    let on_idle = || {
        bus.unsubscribe(topic);
        on_idle();
    };
    // What is said while the log is read waits in the queue, and follows.
    bus.subscribe(topic, ear).await;
    // Boxed: what reading needs is not carried along for the life of the room.
    let opening = Box::pin(open(&tools.log, document, epoch));
    let mut room = match opening.instrument(tracing::info_span!("room.open", document.id = %document)).await {
        Ok(opened) if opened.stored.epoch == epoch => Room::new(topic, tools, events, known, opened),
        Ok(_) => return refuse_all(&mut commands, JoinError::OldEpoch, &on_idle).await,
        Err(error) => {
            let why = match error {
                crdt_store::StoreError::NotFound { .. } => JoinError::Gone,
                _ => JoinError::Unavailable,
            };
            tracing::warn!(%error, document.id = %document, "room.open failed");
            metrics::counter!("unisson_room_open_failures_total").increment(1);
            return refuse_all(&mut commands, why, &on_idle).await;
        }
    };
    metrics::histogram!("unisson_room_open_seconds").record(began.elapsed());
    metrics::gauge!("unisson_rooms").increment(1);
    room.tell(News::Hello);
    room.publish();
    room.work(&mut commands, &mut incoming, &on_idle).await;
    metrics::gauge!("unisson_rooms").decrement(1);
    room.tell_bytes(0, 0);
}

/// The room can't be opened: everybody who waits is told so, and the next one may try again.
async fn refuse_all(commands: &mut mpsc::Receiver<Command>, why: JoinError, on_idle: &(impl Fn() + Send)) {
    on_idle();
    commands.close();
    while let Some(command) = commands.recv().await {
        if let Command::Join { joined, .. } = command {
            let _ = joined.send(Err(why));
        }
    }
}

impl Room {
    fn new(
        topic: Topic,
        tools: Tools,
        events: mpsc::UnboundedSender<Event>,
        known: Arc<AtomicI64>,
        opened: Opened,
    ) -> Self {
        let Topic { document, epoch } = topic;
        let Opened { stored, index, attributions } = opened;
        let mut owners = Owners::default();
        for attribution in attributions.iter().filter(|attribution| !attribution.brought) {
            owners.recall(attribution.client, attribution.person);
        }
        let presence = Presence::new(tools.settings.presence_entries);
        let parts = Parts::new(&stored, Vec::new());
        let peers = Peers::new(stored.head_seq);
        known.store(stored.head_seq, Ordering::Relaxed);
        let snapshot_bytes: usize =
            stored.snapshot.iter().flat_map(|snapshot| snapshot.parts.iter().map(Bytes::len)).sum();
        let mut tail = Tail::default();
        for row in &stored.rows {
            tail.grow(row.seq, row.entries.iter().map(|entry| entry.bytes.len()).sum());
        }
        Self {
            document,
            epoch,
            tools,
            events,
            index,
            generation: 0,
            size_bytes: snapshot_bytes + tail.bytes,
            contents: Contents::Present(parts),
            answered: Answered::default(),
            owners,
            sessions: HashMap::new(),
            asides: Vec::new(),
            presence,
            peers,
            known,
            gathering: Gathering::default(),
            flying: None,
            batch: 1,
            landed: 0,
            due: VecDeque::new(),
            tail,
            closed_for: None,
            presence_at: Instant::now(),
            idle_since: Some(Instant::now()),
            over: None,
            told_pending: 0,
            told_heard: 0,
        }
    }

    async fn work(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        events: &mut mpsc::UnboundedReceiver<Event>,
        on_idle: &(impl Fn() + Send),
    ) {
        let mut turn = Vec::new();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let presence_at = self.presence_at;
            let repair_at = self.peers.repair_at();
            tokio::select! {
                biased;
                Some(event) = events.recv() => self.on_event(event),
                taken = commands.recv_many(&mut turn, TURN_MAX) => {
                    if taken == 0 {
                        return;
                    }
                    for command in turn.drain(..) {
                        self.on_command(command);
                    }
                }
                () = tokio::time::sleep_until(presence_at), if self.presence.has_news() => {}
                () = tokio::time::sleep_until(repair_at.unwrap_or(presence_at)), if repair_at.is_some() => {}
                _ = tick.tick() => self.on_tick(),
            }
            self.end_turn();
            if self.over.is_some() || self.is_idle() {
                if self.over.is_none() && self.tail.bytes >= IDLE_TAIL_BYTES {
                    self.tools.compactor.due(self.document, self.epoch);
                }
                on_idle();
                break;
            }
        }
        // Whoever was on the way in finds the door closed and asks the registry again.
        let why = self.over.unwrap_or(JoinError::Closed);
        commands.close();
        while let Some(command) = commands.recv().await {
            match command {
                Command::Join { joined, .. } => drop(joined.send(Err(why))),
                Command::Settled { done } => drop(done.send(())),
                _ => {}
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Message { session, message, read_at, .. } => {
                let is_live = matches!(message, Incoming::Sync(Sync::Update(_)));
                self.on_message(session, message);
                if is_live {
                    self.tools.figures.relay.record(read_at.elapsed());
                }
            }
            Command::Join { newcomer, joined } => {
                let session = newcomer.id;
                let answer = match self.over {
                    Some(why) => Err(why),
                    None => {
                        self.join(*newcomer);
                        Ok(())
                    }
                };
                if joined.send(answer).is_err() {
                    // Nobody waits for it any more, so nobody would ever say that it leaves.
                    self.leave(session);
                }
            }
            Command::Dropped { session, count } => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.dropped = session.dropped.saturating_add(count);
                }
            }
            Command::Leave { session } => self.leave(session),
            Command::SetAccess { session, access } => self.set_access(session, access),
            Command::Unseat { session, denied } => self.unseat(session, denied),
            Command::Renew { session } => self.renew(session),
            Command::Settled { done } => self.when_landed(Due::Done(done)),
            Command::Notify { text } => self.notify(&text),
            Command::Told(event) => self.on_event(*event),
            Command::Heard(heard) => self.on_heard(heard),
            Command::Head(head) => self.on_head(head),
            Command::Reset => self.end(JoinError::Closed),
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Landed(outcome) => self.on_landed(outcome),
            Event::Caught(caught) => self.on_caught(*caught),
            Event::Loaded(stored) => self.on_loaded(*stored),
            Event::Judged { session, ranges, receipt, covered } => {
                if covered {
                    self.settle(receipt);
                } else {
                    self.refuse(session, reason::READ_ONLY, Some(ranges), receipt);
                }
            }
            Event::Compacted(Compacted { seq, snapshot_bytes, deletes }) => {
                self.index.adopt_deletes(&deletes);
                self.compacted(seq, snapshot_bytes);
                self.pay_what_was_owed();
            }
        }
    }

    /// The rows up to `seq` are in a snapshot.
    pub(super) fn compacted(&mut self, seq: Seq, snapshot_bytes: usize) {
        self.tail.cut(seq);
        self.size_bytes = snapshot_bytes + self.tail.bytes + self.pending_bytes();
        self.answered.forget();
    }

    fn pending_bytes(&self) -> usize {
        self.gathering.bytes + self.flying.as_ref().map_or(0, |flying| flying.bytes)
    }

    /// Words for the clients that know them.
    pub(super) fn notify(&mut self, text: &str) {
        for session in self.sessions.values_mut() {
            if let Some(frame) = session.address.stateless(text) {
                session.send(frame);
            }
        }
    }

    pub(super) fn topic(&self) -> Topic {
        Topic { document: self.document, epoch: self.epoch }
    }

    fn on_message(&mut self, id: SessionId, message: Incoming) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match message {
            Incoming::Sync(Sync::Step1(state_vector)) => self.on_step1(id, &state_vector),
            Incoming::Sync(Sync::Step2(update)) => self.on_step2(id, update),
            Incoming::Sync(Sync::Update(update)) => self.on_update(id, update),
            Incoming::Awareness(bytes) => self.on_awareness(id, &bytes),
            Incoming::QueryAwareness => {
                if let Some(all) = self.presence.all_but(id) {
                    let frame = session.address.awareness(&all);
                    session.send(frame);
                }
            }
            Incoming::Auth { .. } | Incoming::Leave | Incoming::Ignored => {}
        }
    }

    /// What is done once, after all that has come together.
    fn end_turn(&mut self) {
        self.submit();
        self.tell_bytes(self.pending_bytes(), self.peers.unlanded_bytes());
        if self.presence.has_news() && Instant::now() >= self.presence_at {
            self.presence_at = Instant::now() + self.tools.settings.presence_interval;
            self.tell_presence();
        }
        self.repair();
        self.publish();
        self.known.store(self.peers.known(), Ordering::Relaxed);
        let here = self.sessions.len() <= SENDS_ITSELF_MAX;
        for session in self.sessions.values_mut() {
            session.flush(here);
        }
    }

    fn tell_bytes(&mut self, pending: usize, heard: usize) {
        let figures = &self.tools.figures;
        if pending != self.told_pending {
            figures.pending.increment(pending as f64 - self.told_pending as f64);
            self.told_pending = pending;
        }
        if heard != self.told_heard {
            figures.heard.increment(heard as f64 - self.told_heard as f64);
            self.told_heard = heard;
        }
    }

    fn on_tick(&mut self) {
        let now = Instant::now();
        if let Contents::Present(parts) = &self.contents
            && parts.is_stale(now)
        {
            self.contents = Contents::Absent;
        }
        self.answered.forget();
        self.tend_peers(now);
    }

    fn is_idle(&self) -> bool {
        self.idle_since.is_some_and(|since| since.elapsed() >= self.tools.settings.idle_after)
            && self.newest_pending().is_none()
            && self.peers.is_quiet()
            && !matches!(self.contents, Contents::Loading { .. })
    }
}

/// Frames of one message, encoded once for each way of addressing it.
#[derive(Default)]
pub(super) struct Frames {
    made: Vec<(super::wire::Address, Bytes)>,
}

impl Frames {
    pub fn get(&mut self, address: &super::wire::Address, make: impl FnOnce(&super::wire::Address) -> Bytes) -> Bytes {
        if let Some((_, frame)) = self.made.iter().find(|(made, _)| made == address) {
            return frame.clone();
        }
        let frame = make(address);
        self.made.push((address.clone(), frame.clone()));
        frame
    }
}
