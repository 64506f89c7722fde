//! What waits for one socket. Never more than [`MOST`] different events: beyond that one `resync` stands for all.

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
                    Resync::No if waiting.events.is_empty() => false,
                    Resync::No => return Post::Events(std::mem::take(&mut waiting.events)),
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
        self.events.clear();
        Post::Events(vec![super::LiveEvent::Resync.text()])
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
