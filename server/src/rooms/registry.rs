//! All rooms of a node: opened once each, found by document and lineage, closed when idle, drained at the end.
//!
//! A room's task is started by whoever asks first; who asks meanwhile waits in the same queue. So a document is
//! read once, however many come at the same moment.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use crdt_store::{Db, DocumentId, Engine, Epoch, Log, log::Head};
use dashmap::DashMap;
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    compactor::{self, Compactor},
    room::{self, Command, Compacted, Event, Figures, JoinError, Tools},
    saver,
    seats::{self, Seats},
    session::{Newcomer, SessionId},
    settings::Settings,
    sockets::Sockets,
};
use crate::{
    access::SharedJudge,
    bus::{Bus, Ear, Envelope, News, Topic},
    shutdown::Shutdown,
    workers::Pool,
};

type Key = (DocumentId, Epoch);

/// Commands that wait in a room. Whoever sends more waits, and doesn't read its socket meanwhile.
const COMMANDS_MAX: usize = 1_024;

#[derive(Clone, Debug)]
struct Handle {
    number: u64,
    commands: mpsc::Sender<Command>,
    /// How much of the log the room has.
    known: Arc<AtomicI64>,
}

struct Inner {
    rooms: DashMap<Key, Handle>,
    tools: Tools,
    sockets: Sockets,
    seats: Seats,
    shutdown: Shutdown,
    next: AtomicU64,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

/// A room that a session has joined.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    commands: mpsc::Sender<Command>,
}

impl Joined {
    /// False: the room has gone.
    pub async fn send(&self, command: Command) -> bool {
        self.commands.send(command).await.is_ok()
    }

    /// A place in the room's queue, when there is one. `None`: the room has gone.
    pub async fn place(&self) -> Option<mpsc::Permit<'_, Command>> {
        self.commands.reserve().await.ok()
    }

    /// For the end of a socket, which waits for nobody. A full room gets the word by another task.
    pub fn leave(&self, session: SessionId) {
        if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(Command::Leave { session }) {
            let commands = self.commands.clone();
            // Without a runtime the process ends, and the room with it.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { commands.send(command).await });
            }
        }
    }

    /// Resolves when all that the room holds now is in the database and its acknowledgements are queued.
    pub async fn settled(&self) {
        let (done, settled) = oneshot::channel();
        if self.send(Command::Settled { done }).await {
            let _ = settled.await;
        }
    }
}

impl Registry {
    /// Starts the saver and the compactor, and opens rooms when asked.
    pub fn start(settings: Settings, db: &Db, workers: Pool, bus: Arc<dyn Bus>, shutdown: Shutdown) -> Self {
        let log = db.log();
        let (saver, saving) = saver::saver(log.clone(), settings.commit_interval, shutdown.end_token());
        shutdown.spawn(saving);
        let (compactor, due) = Compactor::new();
        let min_rows = settings.compact_rows;
        let tools = Tools {
            settings: Arc::new(settings),
            log: log.clone(),
            saver,
            workers: workers.clone(),
            compactor: compactor.clone(),
            bus,
            figures: Figures::default(),
        };
        let sockets = Sockets::new(tools.settings.sockets_per_person, tools.settings.sockets_per_address);
        let inner = Inner {
            rooms: DashMap::new(),
            tools,
            sockets,
            seats: Seats::default(),
            shutdown: shutdown.clone(),
            next: AtomicU64::new(1),
        };
        let registry = Self { inner: Arc::new(inner) };
        if db.engine() == Engine::Postgres {
            shutdown.spawn(watch_heads(registry.clone(), log.clone(), shutdown.end_token()));
        }
        shutdown.spawn(compactor::run(compactor, due, log, workers, registry.clone(), min_rows, shutdown.end_token()));
        registry
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.tools.settings
    }

    pub fn shutdown(&self) -> &Shutdown {
        &self.inner.shutdown
    }

    /// How this node stands to the others.
    pub fn link(&self) -> crate::bus::Link {
        self.inner.tools.bus.link()
    }

    pub fn sockets(&self) -> &Sockets {
        &self.inner.sockets
    }

    pub(super) fn seats(&self) -> &Seats {
        &self.inner.seats
    }

    /// From now on the rights of all sessions are looked at again and again.
    pub fn watch_rights(&self, judge: SharedJudge) {
        let shutdown = self.shutdown();
        shutdown.spawn(seats::watch(self.clone(), judge, shutdown.end_token()));
    }

    /// A name for a session that no other of this node has.
    pub fn next_session(&self) -> SessionId {
        SessionId(self.inner.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Registry in memory.
    pub fn len(&self) -> usize {
        self.inner.rooms.len()
    }

    pub fn is_empty(&self) -> bool {
        self.inner.rooms.is_empty()
    }

    /// Opens the room if need be and joins it.
    pub(super) async fn join(
        &self,
        document: DocumentId,
        epoch: Epoch,
        make: impl Fn() -> Newcomer,
    ) -> Result<(SessionId, Joined), JoinError> {
        const TRIES: usize = 10;
        for _ in 0..TRIES {
            let handle = self.handle(document, epoch);
            let (joined, answer) = oneshot::channel();
            let newcomer = make();
            let session = newcomer.id;
            let command = Command::Join { newcomer: Box::new(newcomer), joined };
            if handle.commands.send(command).await.is_err() {
                self.forget((document, epoch), handle.number);
                continue;
            }
            match answer.await {
                Ok(Ok(())) => return Ok((session, Joined { commands: handle.commands })),
                Ok(Err(JoinError::Closed)) | Err(_) => self.forget((document, epoch), handle.number),
                Ok(Err(why)) => return Err(why),
            }
        }
        Err(JoinError::Unavailable)
    }

    fn handle(&self, document: DocumentId, epoch: Epoch) -> Handle {
        if let Some(handle) = self.inner.rooms.get(&(document, epoch)) {
            return handle.clone();
        }
        self.inner
            .rooms
            .entry((document, epoch))
            .or_insert_with(|| {
                let number = self.inner.next.fetch_add(1, Ordering::Relaxed);
                let (commands, queue) = mpsc::channel(COMMANDS_MAX);
                let known = Arc::new(AtomicI64::new(i64::MAX));
                let topic = Topic { document, epoch };
                let registry = self.clone();
                let on_idle = move || registry.forget((document, epoch), number);
                let ear = ear(commands.downgrade());
                tokio::spawn(room::run(topic, self.inner.tools.clone(), ear, known.clone(), queue, on_idle));
                Handle { number, commands, known }
            })
            .clone()
    }

    fn forget(&self, key: Key, number: u64) {
        self.inner.rooms.remove_if(&key, |_, handle| handle.number == number);
    }

    /// Words for the clients of a document that know them, on all nodes.
    pub fn notify(&self, document: DocumentId, epoch: Epoch, value: &serde_json::Value) {
        let text: Arc<str> = value.to_string().into();
        // A room whose queue is full has other worries; a client learns the news when it asks next.
        if let Some(room) = self.inner.rooms.get(&(document, epoch)) {
            let _ = room.commands.try_send(Command::Notify { text: text.clone() });
        }
        self.publish(document, epoch, News::Notify(text));
    }

    /// The document has a new snapshot.
    pub(super) fn compacted(&self, document: DocumentId, epoch: Epoch, compacted: Compacted) {
        let Compacted { seq, snapshot_bytes, .. } = compacted;
        self.publish(document, epoch, News::Compacted { seq, bytes: snapshot_bytes as u64 });
        self.hand(document, epoch, Command::Told(Box::new(Event::Compacted(compacted))));
    }

    /// The document is not what it was: its sessions are to come again.
    pub(super) fn reset(&self, document: DocumentId, epoch: Epoch) {
        self.publish(document, epoch, News::Reset);
        self.hand(document, epoch, Command::Reset);
    }

    fn publish(&self, document: DocumentId, epoch: Epoch, news: News) {
        let bus = &self.inner.tools.bus;
        if bus.has_listeners() {
            bus.publish(Topic { document, epoch }, Envelope::encode(bus.node(), &[news]));
        }
    }

    /// A full room gets the command when it has time for it; nobody waits here.
    fn hand(&self, document: DocumentId, epoch: Epoch, command: Command) {
        let room = self.inner.rooms.get(&(document, epoch)).map(|room| room.commands.clone());
        if let Some(commands) = room {
            tokio::spawn(async move { commands.send(command).await });
        }
    }

    /// Waits until the sockets have been closed, which they do by themselves, and all that the rooms hold is in the
    /// database; at most for `patience`. False: some of it is not.
    pub async fn drain(&self, patience: Duration) -> bool {
        let all = async {
            self.inner.sockets.gone().await;
            let rooms: Vec<Joined> =
                self.inner.rooms.iter().map(|room| Joined { commands: room.commands.clone() }).collect();
            for room in rooms {
                room.settled().await;
            }
        };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}

/// Hands what the bus brings to a room. A room that has no time for it reads the log later.
fn ear(commands: mpsc::WeakSender<Command>) -> Ear {
    Arc::new(move |heard| {
        if let Some(commands) = commands.upgrade()
            && commands.try_send(Command::Heard(heard)).is_err()
        {
            metrics::counter!("unisson_bus_missed_total").increment(1);
        }
    })
}

/// Tells rooms of rows that nobody told them of: the bus is a hint, the log is the truth.
async fn watch_heads(registry: Registry, log: Log, end: CancellationToken) {
    /// Documents asked for in one question.
    const QUESTION: usize = 2_000;
    let mut every = interval(registry.settings().heads_interval);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = every.tick() => {}
        }
        let open: Vec<Key> = registry.inner.rooms.iter().map(|room| *room.key()).collect();
        for some in open.chunks(QUESTION) {
            let documents: Vec<DocumentId> = some.iter().map(|(document, _)| *document).collect();
            match log.heads(&documents).await {
                Ok(heads) => registry.compare(some, &heads.into_iter().collect()),
                // Rooms find out by themselves that the database is away.
                Err(error) => tracing::debug!(%error, "log.heads failed"),
            }
        }
    }
}

impl Registry {
    fn compare(&self, open: &[Key], heads: &HashMap<DocumentId, Head>) {
        for key in open {
            let Some(room) = self.inner.rooms.get(key) else { continue };
            let head = heads.get(&key.0);
            let is_known =
                head.is_some_and(|head| head.epoch == key.1 && head.seq <= room.known.load(Ordering::Relaxed));
            if !is_known {
                let _ = room.commands.try_send(Command::Head(head.map(|head| (head.epoch, head.seq))));
            }
        }
    }
}
