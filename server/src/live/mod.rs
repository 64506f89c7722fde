//! The feed: what has changed in what a person's pages show, said to whom it concerns.
//!
//! A feature that has changed something says so once, after its commit: [`Live::tell`], to an [`Audience`]. The words go
//! to the sockets of this node and over the bus to the others'. They hold no content, only what to ask for again, so
//! one that is lost costs a moment and nothing else; and where words may have been lost, everybody is told
//! [`LiveEvent::Resync`]. Who is told is looked up at the moment of telling: members of a community are asked of the
//! database, and a sign-in that has ended takes its sockets along ([`watch`]).
//!
//! A page may say where it is ([`place`]). Those who belong to that community and are there are then told who else is
//! ([`here`], [`gather`]), and those who only look at it when its page changes.
//!
//! Bounds: words that wait here, and for each socket; beyond them one `resync` stands for all. The door is the roof's
//! (`app/feed.rs`).

mod desk;
mod event;
mod gather;
mod here;
mod mailbox;
mod place;
pub mod socket;
mod watch;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use crdt_store::{Db, DocumentId, Engine, LoginId, UserId};
use tokio::{sync::mpsc, time::Instant};

pub use event::{Audience, LiveEvent};
use event::{Word, read_word};
pub use mailbox::End;

use crate::{
    access::{Guard, Role},
    bus::{Bus, Envelope, FEED, HERE, Heard, Link, News},
    shutdown::Shutdown,
};
use desk::{Desk, Seat};
use here::Here;

/// Words that wait for their audience to be looked up.
const WAITING_MAX: usize = 1_024;
/// Words that are looked up in one question.
const HANDFUL: usize = 128;

/// Cheap to clone; one per node.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    db: Db,
    bus: Arc<dyn Bus>,
    /// What it remembers of those who are spoken of is forgotten.
    guard: Guard,
    desk: Desk,
    here: Here,
    /// When another node was last told, because it asked, who is here.
    answered_at: Mutex<Option<Instant>>,
    queue: mpsc::Sender<Word>,
    /// Words were lost while nobody could be asked who they were for.
    owed: AtomicBool,
}

impl Live {
    /// Starts the tasks of the feed, which end with the node.
    pub fn start(db: &Db, bus: Arc<dyn Bus>, guard: &Guard, shutdown: &Shutdown) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let inner = Inner {
            db: db.clone(),
            bus,
            guard: guard.clone(),
            desk: Desk::default(),
            here: Here::default(),
            answered_at: Mutex::new(None),
            queue,
            owed: AtomicBool::new(false),
        };
        let live = Self(Arc::new(inner));
        shutdown.spawn(hand_out(live.clone(), waiting, shutdown.clone()));
        shutdown.spawn(watch::watch(live.clone(), shutdown.clone()));
        let ear = {
            let live = live.clone();
            Arc::new(move |heard| live.hear(heard))
        };
        shutdown.spawn(live.0.bus.subscribe(FEED, ear));
        let ear_for_people = {
            let live = live.clone();
            Arc::new(move |heard| live.hear_of_people(heard))
        };
        let subscribed = live.0.bus.subscribe(HERE, ear_for_people);
        let (gathering, ends) = (live.clone(), shutdown.clone());
        shutdown.spawn(async move {
            subscribed.await;
            gather::gather(gathering, ends).await;
        });
        live
    }

    /// Says to everybody concerned that something has changed. Never waits; called after the commit.
    pub fn tell(&self, audience: Audience, event: LiveEvent) {
        let word = Word { to: audience, event };
        if self.0.bus.has_listeners()
            && let Some(text) = word.text()
        {
            self.0.bus.publish(FEED, Envelope::encode(self.0.bus.node(), &[News::Notify(text)]));
        }
        self.take(word);
    }

    /// A place at the feed for one socket of a person who is signed in.
    pub(crate) fn sit(&self, person: UserId, login: LoginId, role: Role) -> Seat {
        self.0.desk.sit(person, login, role, self.0.here.clone())
    }

    /// What others say is not heard, or there may be others who can't be heard: pages look for themselves.
    fn is_deaf(&self) -> bool {
        match self.0.bus.link() {
            Link::Connected => false,
            Link::Cut => true,
            Link::Alone => self.0.db.engine() == Engine::Postgres,
        }
    }

    fn take(&self, word: Word) {
        match word.to {
            Audience::Person(_) if word.event == LiveEvent::News => {}
            Audience::Person(person) => self.0.guard.forget_person(person),
            Audience::Community(community) => self.0.guard.forget_community(community),
            Audience::Administrators => {}
        }
        if let LiveEvent::Document { id } = word.event {
            self.0.guard.forget_document(DocumentId(id));
        }
        if self.0.queue.try_send(word).is_err() {
            self.0.desk.resync();
        }
    }

    /// Called on the bus's own task.
    fn hear(&self, heard: Heard) {
        match heard {
            Heard::Back => {
                self.0.guard.forget_all();
                self.0.desk.resync();
            }
            Heard::Envelope(envelope) => {
                for news in envelope.news {
                    let News::Notify(text) = news else { continue };
                    match read_word(&text) {
                        Some(word) => self.take(word),
                        // Of a later release.
                        None => self.0.desk.resync(),
                    }
                }
            }
        }
    }

    async fn look_up(&self, words: &mut Vec<Word>) {
        if let Err(error) = self.heed(words).await {
            tracing::debug!(%error, "live.look_up can't ask who may look at a community");
            self.0.owed.store(true, Ordering::Release);
        }
        let mut of_communities = Vec::new();
        for word in words.drain(..) {
            match word.to {
                Audience::Person(person) => self.0.desk.tell_person(person, &word.event),
                Audience::Administrators => self.0.desk.tell_administrators(&word.event),
                Audience::Community(community) => of_communities.push((community, word.event)),
            }
        }
        let people = self.0.desk.people();
        if of_communities.is_empty() || people.is_empty() {
            return;
        }
        of_communities.sort_by_key(|(community, _)| *community);
        of_communities.dedup();
        let mut communities: Vec<_> = of_communities.iter().map(|(community, _)| *community).collect();
        communities.dedup();
        match self.0.db.feeds().members_among(&communities, &people).await {
            Ok(members) => {
                for (community, person) in members {
                    let begin = of_communities.partition_point(|(of, _)| *of < community);
                    let concerned = of_communities.iter().skip(begin).take_while(|(of, _)| *of == community);
                    for (_, event) in concerned {
                        self.0.desk.tell_person(person, event);
                    }
                }
            }
            Err(error) => {
                tracing::debug!(%error, "live.look_up can't ask who belongs to a community");
                self.0.owed.store(true, Ordering::Release);
            }
        }
    }
}

/// Takes words to their audiences until the node ends.
async fn hand_out(live: Live, mut waiting: mpsc::Receiver<Word>, shutdown: Shutdown) {
    let mut words = Vec::with_capacity(HANDFUL);
    loop {
        tokio::select! {
            () = shutdown.ended() => return,
            _ = waiting.recv_many(&mut words, HANDFUL) => live.look_up(&mut words).await,
        }
    }
}
