//! What waits to be sent on one connection: one queue, first in first out, bounded in bytes.
//!
//! Rooms put and never wait. A connection whose queue is full has a reader too slow to follow: it is closed with
//! 1013, and its client comes back and asks for what it missed. The first synchronisation of a document is
//! not counted, since its bytes are shared with the room and with whoever joins at the same time.
//!
//! **Who sends.** Waking a connection's task for each letter costs more than the letter. While that task is at
//! rest, with nothing half sent, whoever empties the queue at the end of a turn sends itself, without waiting
//! ([`Direct`]). What the network does not take at once, and what is large, is left to the task. So the order on the
//! line is that of the queue, whoever sends.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use bytes::Bytes;
use tokio::time::Instant;

/// Why a socket is closed by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The node restarts; another one answers.
    Restart,
    /// Too slow, too silent, or too much at once: come back later.
    TryAgainLater,
    /// A frame larger than any may be.
    TooBig,
    /// Bytes that are no WebSocket message of these dialects.
    Protocol,
    /// The login or the token is over. The client is not to come back with it.
    Unauthorised,
    /// The right is over. The client is not to come back.
    Forbidden,
}

impl Closing {
    pub fn code(self) -> u16 {
        match self {
            Self::Restart => 1012,
            Self::TryAgainLater => 1013,
            Self::TooBig => 1009,
            Self::Protocol => 1002,
            Self::Unauthorised => 4401,
            Self::Forbidden => 4403,
        }
    }
}

/// One thing to send.
#[derive(Debug)]
pub enum Outgoing {
    Frame(Bytes),
    /// A part of a first synchronisation.
    Part(Bytes),
    Close(Closing, &'static str),
}

/// What became of frames that were sent without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The network has them all.
    All,
    /// They have begun to leave; the line keeps the rest, and its task has to see it off.
    Begun,
    /// None has left.
    Nothing,
}

/// A line that takes frames from anybody's hand.
pub trait Direct: Send + Sync {
    /// Sends without waiting.
    fn send(&self, frames: &VecDeque<Outgoing>) -> Sent;
}

/// More than this at once is left to the connection's task.
const DIRECT_BYTES_MAX: usize = 4 << 10;
/// Room that a queue keeps when it is empty.
const KEPT_PLACES: usize = 32;

struct Queue {
    waiting: VecDeque<Outgoing>,
    queued_bytes: usize,
    part_bytes: usize,
    limit: usize,
    overflown: bool,
    /// Words to close, and parts: what only the task can send.
    for_the_task: usize,
    /// The task has nothing to do and waits for this queue.
    at_rest: bool,
    /// The line keeps something that has begun to leave.
    begun: bool,
    /// Nothing is sent any more.
    over: bool,
    waker: Option<Waker>,
    line: Option<Arc<dyn Direct>>,
    sent_at: Instant,
}

impl Queue {
    fn push(&mut self, outgoing: Outgoing) {
        if self.over {
            return;
        }
        match &outgoing {
            Outgoing::Frame(frame) => self.queued_bytes += frame.len(),
            Outgoing::Part(part) => {
                self.part_bytes += part.len();
                self.for_the_task += 1;
            }
            Outgoing::Close(..) => self.for_the_task += 1,
        }
        self.waiting.push_back(outgoing);
    }

    fn put(&mut self, frame: Bytes) {
        if self.overflown {
            return;
        }
        if self.queued_bytes + frame.len() > self.limit {
            self.overflown = true;
            metrics::counter!("unisson_sockets_overflown_total").increment(1);
            return self.push(Outgoing::Close(Closing::TryAgainLater, "too slow"));
        }
        self.push(Outgoing::Frame(frame));
    }

    fn send(&mut self) -> Sent {
        match &self.line {
            Some(line) if self.for_the_task == 0 && self.queued_bytes <= DIRECT_BYTES_MAX => line.send(&self.waiting),
            _ => Sent::Nothing,
        }
    }

    fn wake(&mut self) {
        self.at_rest = false;
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Has what waits sent, by the task or, where it can be, here and now.
    fn flush(&mut self, here: bool) {
        // A task that is not at rest looks again before it rests.
        if self.waiting.is_empty() || !self.at_rest {
            return;
        }
        let sent = if here { self.send() } else { Sent::Nothing };
        if sent != Sent::Nothing {
            self.waiting.clear();
            self.queued_bytes = 0;
            self.sent_at = Instant::now();
            self.begun = sent == Sent::Begun;
        }
        if sent != Sent::All {
            self.wake();
        }
    }

    fn take(&mut self, into: &mut Vec<Outgoing>, most: usize) {
        self.at_rest = false;
        self.begun = false;
        for outgoing in self.waiting.drain(..most.min(self.waiting.len())) {
            match &outgoing {
                Outgoing::Frame(frame) => self.queued_bytes -= frame.len(),
                Outgoing::Part(part) => {
                    self.part_bytes -= part.len();
                    self.for_the_task -= 1;
                }
                Outgoing::Close(..) => self.for_the_task -= 1,
            }
            into.push(outgoing);
        }
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT_PLACES {
            self.waiting.shrink_to(KEPT_PLACES);
        }
    }
}

type Shared = Arc<Mutex<Queue>>;

fn lock(queue: &Shared) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rooms' end of the queue. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Shared);

/// The connection's end.
pub struct OutboxReader(Shared);

/// A queue that holds at most `limit` bytes.
pub fn outbox(limit: usize) -> (Outbox, OutboxReader) {
    let queue = Arc::new(Mutex::new(Queue {
        waiting: VecDeque::new(),
        queued_bytes: 0,
        part_bytes: 0,
        limit,
        overflown: false,
        for_the_task: 0,
        at_rest: false,
        begun: false,
        over: false,
        waker: None,
        line: None,
        sent_at: Instant::now(),
    }));
    (Outbox(queue.clone()), OutboxReader(queue))
}

impl Outbox {
    /// Queues a frame and has it sent. A full queue takes nothing more but the word that it is closed.
    pub fn push(&self, frame: Bytes) {
        let mut queue = lock(&self.0);
        queue.put(frame);
        queue.flush(false);
    }

    /// Queues a frame for the next [`Self::flush`].
    pub fn put(&self, frame: Bytes) {
        lock(&self.0).put(frame);
    }

    /// Queues a part of a first synchronisation for the next [`Self::flush`].
    pub fn put_part(&self, part: Bytes) {
        lock(&self.0).push(Outgoing::Part(part));
    }

    /// Has what waits sent. `here`: by the caller, who then pays for it, where that needs no waiting.
    pub fn flush(&self, here: bool) {
        lock(&self.0).flush(here);
    }

    /// Bytes of first synchronisations that have not been sent yet.
    pub fn part_bytes(&self) -> usize {
        lock(&self.0).part_bytes
    }

    /// Closes the connection once what is queued has been sent.
    pub fn close(&self, closing: Closing, reason: &'static str) {
        let mut queue = lock(&self.0);
        queue.push(Outgoing::Close(closing, reason));
        queue.flush(false);
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("queued_bytes", &lock(&self.0).queued_bytes).finish_non_exhaustive()
    }
}

impl OutboxReader {
    /// From now on others may send on this line while its task rests.
    pub fn open(&self, line: Arc<dyn Direct>) {
        lock(&self.0).line = Some(line);
    }

    /// Waits for something to send and takes what is there, at most `most` of it. Nothing was taken: the line keeps
    /// something that has begun to leave. May be dropped at any time.
    pub async fn take(&mut self, into: &mut Vec<Outgoing>, most: usize) {
        poll_fn(|context| {
            let mut queue = lock(&self.0);
            if queue.waiting.is_empty() && !queue.begun {
                queue.at_rest = true;
                if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                    queue.waker = Some(context.waker().clone());
                }
                return Poll::Pending;
            }
            queue.take(into, most);
            Poll::Ready(())
        })
        .await;
    }

    /// What waits, parts of first synchronisations included.
    pub fn queued_bytes(&self) -> usize {
        let queue = lock(&self.0);
        queue.queued_bytes + queue.part_bytes
    }

    /// When something was last sent by another's hand.
    pub fn sent_at(&self) -> Instant {
        lock(&self.0).sent_at
    }

    /// Whether nothing waits just now.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).waiting.is_empty()
    }
}

impl Drop for OutboxReader {
    fn drop(&mut self) {
        let mut queue = lock(&self.0);
        queue.over = true;
        queue.waiting = VecDeque::new();
        (queue.line, queue.waker) = (None, None);
        (queue.queued_bytes, queue.part_bytes, queue.for_the_task) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn s17_a_full_queue_closes_its_socket_and_takes_nothing_more() {
        let (outbox, mut reader) = outbox(10);
        outbox.push(Bytes::from_static(b"12345678"));
        outbox.put_part(Bytes::from_static(b"a part of any size"));
        outbox.push(Bytes::from_static(b"123"));
        outbox.push(Bytes::from_static(b"1"));
        let mut taken = Vec::new();
        reader.take(&mut taken, 10).await;
        assert_eq!(taken.len(), 3);
        assert!(matches!(taken[0], Outgoing::Frame(_)));
        assert!(matches!(taken[1], Outgoing::Part(_)));
        assert!(matches!(taken[2], Outgoing::Close(Closing::TryAgainLater, _)));
        assert_eq!(outbox.part_bytes(), 0);
        outbox.push(Bytes::from_static(b"1"));
        assert!(reader.is_empty(), "an overflown socket is sent nothing more");
    }

    /// A line that takes so many sendings whole, the next one in part, and then nothing.
    struct Hand {
        left: AtomicUsize,
    }

    impl Direct for Hand {
        fn send(&self, _: &VecDeque<Outgoing>) -> Sent {
            let left = self.left.load(Ordering::Relaxed);
            self.left.store(left.saturating_sub(1), Ordering::Relaxed);
            match left {
                0 => Sent::Nothing,
                1 => Sent::Begun,
                _ => Sent::All,
            }
        }
    }

    fn letter() -> Bytes {
        Bytes::from_static(b"a letter")
    }

    #[tokio::test]
    async fn a_task_at_rest_is_not_woken_for_what_another_can_send() {
        let (outbox, mut reader) = outbox(1_000);
        reader.open(Arc::new(Hand { left: AtomicUsize::new(2) }));
        let mut taken = Vec::new();
        {
            let mut taking = Box::pin(reader.take(&mut taken, 10));
            assert!(poll!(taking.as_mut()).is_pending());
            outbox.put(letter());
            outbox.flush(true);
            assert!(poll!(taking.as_mut()).is_pending(), "it has left by another's hand");
            outbox.put(letter());
            outbox.flush(true);
            taking.await;
        }
        assert!(taken.is_empty(), "the line keeps the rest of what has begun to leave");
        {
            let mut taking = Box::pin(reader.take(&mut taken, 10));
            assert!(poll!(taking.as_mut()).is_pending());
            outbox.put(letter());
            outbox.put(letter());
            outbox.flush(true);
            taking.await;
        }
        assert_eq!(taken.len(), 2, "what could not leave is the task's");
    }

    #[tokio::test]
    async fn nobody_sends_past_a_task_that_is_at_work() {
        let (outbox, mut reader) = outbox(1_000);
        let hand = Arc::new(Hand { left: AtomicUsize::new(10) });
        reader.open(hand.clone());
        let mut taken = Vec::new();
        outbox.put(letter());
        outbox.flush(true);
        reader.take(&mut taken, 10).await;
        // The task has taken a letter and has not come back.
        outbox.put(letter());
        outbox.flush(true);
        reader.take(&mut taken, 10).await;
        assert_eq!((taken.len(), hand.left.load(Ordering::Relaxed)), (2, 10));
        // A word to close goes by the task, and what is behind it as well.
        assert!(poll!(Box::pin(reader.take(&mut taken, 10))).is_pending());
        outbox.close(Closing::Restart, "restarting");
        outbox.put(letter());
        outbox.flush(true);
        reader.take(&mut taken, 10).await;
        assert_eq!((taken.len(), hand.left.load(Ordering::Relaxed)), (4, 10));
        drop(reader);
        outbox.push(letter());
        assert_eq!(lock(&outbox.0).waiting.len(), 0, "nothing is kept for who has gone");
    }
}
