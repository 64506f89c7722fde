//! What waits for one socket. Never more than [`MOST`] different events: beyond that one `resync` stands for all. Of who is
//! here only the latest waits.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

const MOST: usize = 64;
/// When all are told at once to ask again, they are told in so many slices, one after the other.
const SLICES: u64 = 20;
const SLICE: Duration = Duration::from_millis(100);

/// Why a socket is closed by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The sign-in is over.
    SignedOut,
    /// The person was suspended.
    Suspended,
}

/// What a socket takes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Post {
    Events(Vec<Arc<str>>),
    End(End),
}

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: Vec<Arc<str>>,
    here: Option<Arc<str>>,
    resync: Resync,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Resync {
    #[default]
    No,
    /// This socket alone.
    Now,
    /// Everybody is told, so not all at the same moment.
    InTurn,
}

impl Mailbox {
    /// The same again, or anything where a `resync` waits, changes nothing.
    pub fn put(&self, event: &Arc<str>) {
        let mut waiting = self.lock();
        if waiting.resync != Resync::No || waiting.events.contains(event) {
            return;
        }
        if waiting.events.len() >= MOST {
            waiting.events.clear();
            waiting.resync = Resync::Now;
        } else {
            waiting.events.push(event.clone());
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// Who is here now, instead of what was said of it before; or that it is not for this socket any more.
    pub fn put_here(&self, text: Option<Arc<str>>) {
        let mut waiting = self.lock();
        let rings = text.is_some();
        waiting.here = text;
        drop(waiting);
        if rings {
            self.bell.notify_one();
        }
    }

    pub fn resync(&self) {
        let mut waiting = self.lock();
        if waiting.resync == Resync::No {
            waiting.events.clear();
            waiting.resync = Resync::InTurn;
            drop(waiting);
            self.bell.notify_one();
        }
    }

    pub fn end(&self, end: End) {
        self.lock().end = Some(end);
        self.bell.notify_one();
    }

    /// What there is, when there is something. May be dropped at any time. `number` is the socket's.
    pub async fn next(&self, number: u64) -> Post {
        loop {
            let in_turn = {
                let mut waiting = self.lock();
                if let Some(end) = waiting.end {
                    return Post::End(end);
                }
                match waiting.resync {
                    Resync::Now => return waiting.take_resync(),
                    Resync::InTurn => true,
                    Resync::No if waiting.events.is_empty() && waiting.here.is_none() => false,
                    Resync::No => return waiting.take(),
                }
            };
            match in_turn {
                true => {
                    tokio::select! {
                        () = sleep(SLICE * (number % SLICES) as u32) => return self.lock().take_resync(),
                        () = self.bell.notified() => {}
                    }
                }
                false => self.bell.notified().await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take_resync(&mut self) -> Post {
        self.resync = Resync::No;
        self.events = vec![super::LiveEvent::Resync.text()];
        self.take()
    }

    fn take(&mut self) -> Post {
        let mut texts = std::mem::take(&mut self.events);
        texts.extend(self.here.take());
        Post::Events(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> Arc<str> {
        Arc::from(number.to_string())
    }

    #[tokio::test]
    async fn the_same_event_waits_once_and_too_many_become_one_resync() {
        let mailbox = Mailbox::default();
        for number in [1, 2, 1, 2] {
            mailbox.put(&text(number));
        }
        assert_eq!(mailbox.next(0).await, Post::Events(vec![text(1), text(2)]));
        for number in 0..=MOST {
            mailbox.put(&text(number));
        }
        mailbox.put(&text(7));
        assert_eq!(mailbox.next(0).await, Post::Events(vec![Arc::from(r#"{"kind":"resync"}"#)]));
        mailbox.put(&text(7));
        assert_eq!(mailbox.next(0).await, Post::Events(vec![text(7)]));
    }

    #[tokio::test]
    async fn of_who_is_here_the_latest_waits_beside_all_else() {
        let mailbox = Mailbox::default();
        mailbox.put_here(Some(text(1)));
        mailbox.put(&text(7));
        mailbox.put_here(Some(text(2)));
        assert_eq!(mailbox.next(0).await, Post::Events(vec![text(7), text(2)]));
        mailbox.put_here(Some(text(3)));
        mailbox.resync();
        assert_eq!(mailbox.next(0).await, Post::Events(vec![Arc::from(r#"{"kind":"resync"}"#), text(3)]));
        mailbox.put_here(Some(text(4)));
        mailbox.put_here(None);
        assert!(futures_util::poll!(std::pin::pin!(mailbox.next(0))).is_pending());
    }

    #[tokio::test]
    async fn all_are_told_to_ask_again_in_slices_and_an_end_does_not_wait() {
        let mailbox = Mailbox::default();
        let began = tokio::time::Instant::now();
        mailbox.resync();
        mailbox.next(3).await;
        assert!(began.elapsed() >= SLICE * 3);
        mailbox.resync();
        mailbox.put(&text(1));
        let mut waiting = std::pin::pin!(mailbox.next(19));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        mailbox.end(End::Suspended);
        assert_eq!(waiting.await, Post::End(End::Suspended));
        assert!(began.elapsed() < SLICE * 19);
    }
}
