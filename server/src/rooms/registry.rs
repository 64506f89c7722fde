//! All rooms of a node: opened once each, found by document and lineage, closed when idle, drained at the end.
//!
//! A room's task is started by whoever asks first; who asks meanwhile waits in the same queue. So a document is
//! read once, however many come at the same moment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crdt_store::{Db, DocumentId, Epoch};
use dashmap::DashMap;
use tokio::sync::{mpsc, oneshot};

use super::{
    compactor::{self, Compactor},
    room::{self, Command, Event, Figures, JoinError, Tools},
    saver,
    session::{Newcomer, SessionId},
    settings::Settings,
    sockets::Sockets,
};
use crate::{bus::local::Local, shutdown::Shutdown, workers::Pool};

type Key = (DocumentId, Epoch);

/// Commands that wait in a room. Whoever sends more waits, and doesn't read its socket meanwhile.
const COMMANDS_MAX: usize = 1_024;

#[derive(Clone, Debug)]
struct Handle {
    number: u64,
    commands: mpsc::Sender<Command>,
}

struct Inner {
    rooms: DashMap<Key, Handle>,
    tools: Tools,
    sockets: Sockets,
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

    /// For the end of a socket, which waits for nobody. A full room gets the word by another task.
    pub fn leave(&self, session: SessionId) {
        if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(Command::Leave { session }) {
            let commands = self.commands.clone();
            tokio::spawn(async move { commands.send(command).await });
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
    pub fn start(settings: Settings, db: &Db, workers: Pool, shutdown: Shutdown) -> Self {
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
            bus: Arc::new(Local),
            figures: Figures::default(),
        };
        let sockets = Sockets::new(tools.settings.sockets_per_person, tools.settings.sockets_per_address);
        let inner =
            Inner { rooms: DashMap::new(), tools, sockets, shutdown: shutdown.clone(), next: AtomicU64::new(1) };
        let registry = Self { inner: Arc::new(inner) };
        shutdown.spawn(compactor::run(compactor, due, log, workers, registry.clone(), min_rows, shutdown.end_token()));
        registry
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.tools.settings
    }

    pub fn shutdown(&self) -> &Shutdown {
        &self.inner.shutdown
    }

    pub fn sockets(&self) -> &Sockets {
        &self.inner.sockets
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
    ) -> Result<Joined, JoinError> {
        const TRIES: usize = 10;
        for _ in 0..TRIES {
            let handle = self.handle(document, epoch);
            let (joined, answer) = oneshot::channel();
            let command = Command::Join { newcomer: Box::new(make()), joined };
            if handle.commands.send(command).await.is_err() {
                self.forget((document, epoch), handle.number);
                continue;
            }
            match answer.await {
                Ok(Ok(())) => return Ok(Joined { commands: handle.commands }),
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
                let registry = self.clone();
                let on_idle = move || registry.forget((document, epoch), number);
                tokio::spawn(room::run(document, epoch, self.inner.tools.clone(), queue, on_idle));
                Handle { number, commands }
            })
            .clone()
    }

    fn forget(&self, key: Key, number: u64) {
        self.inner.rooms.remove_if(&key, |_, handle| handle.number == number);
    }

    /// Words for the clients of a document that know them, whatever lineage they have open.
    pub fn notify(&self, document: DocumentId, value: &serde_json::Value) {
        let text: Arc<str> = value.to_string().into();
        for room in self.inner.rooms.iter().filter(|room| room.key().0 == document) {
            // A room whose queue is full has other worries; a client learns the news when it asks next.
            let _ = room.commands.try_send(Command::Notify { text: text.clone() });
        }
    }

    /// News for the room, if it is open.
    pub(super) fn tell(&self, document: DocumentId, epoch: Epoch, event: Event) {
        self.hand(document, epoch, Command::Told(Box::new(event)));
    }

    /// The document is not what it was: its sessions are to come again.
    pub(super) fn reset(&self, document: DocumentId, epoch: Epoch) {
        self.hand(document, epoch, Command::Reset);
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
