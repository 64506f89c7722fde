//! What waits to be sent on one socket: one queue, first in first out, bounded in bytes.
//!
//! Registry push and never wait. A socket whose queue is full has a reader too slow to follow: it is closed with
//! 1013, and its client comes back and asks for what it missed. The first synchronisation of a document is
//! not counted, since its bytes are shared with the room and with whoever joins at the same time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::Bytes;
use tokio::sync::mpsc;

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

#[derive(Debug)]
struct Gauge {
    queued_bytes: AtomicUsize,
    part_bytes: AtomicUsize,
    limit: usize,
    overflown: AtomicBool,
}

/// The rooms' end of the queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox {
    queue: mpsc::UnboundedSender<Outgoing>,
    gauge: Arc<Gauge>,
}

/// The socket's end.
pub struct OutboxReader {
    queue: mpsc::UnboundedReceiver<Outgoing>,
    gauge: Arc<Gauge>,
}

/// A queue that holds at most `limit` bytes.
pub fn outbox(limit: usize) -> (Outbox, OutboxReader) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let gauge = Arc::new(Gauge {
        queued_bytes: AtomicUsize::new(0),
        part_bytes: AtomicUsize::new(0),
        limit,
        overflown: AtomicBool::new(false),
    });
    (Outbox { queue: sender, gauge: gauge.clone() }, OutboxReader { queue: receiver, gauge })
}

impl Outbox {
    /// Queues a frame. A full queue takes nothing more but the word that it is closed.
    pub fn push(&self, frame: Bytes) {
        let queued = self.gauge.queued_bytes.fetch_add(frame.len(), Ordering::Relaxed) + frame.len();
        if queued > self.gauge.limit {
            self.gauge.queued_bytes.fetch_sub(frame.len(), Ordering::Relaxed);
            if !self.gauge.overflown.swap(true, Ordering::Relaxed) {
                metrics::counter!("unisson_sockets_overflown_total").increment(1);
                self.close(Closing::TryAgainLater, "too slow");
            }
            return;
        }
        if !self.gauge.overflown.load(Ordering::Relaxed) {
            let _ = self.queue.send(Outgoing::Frame(frame));
        }
    }

    /// Queues a part of a first synchronisation.
    pub fn push_part(&self, part: Bytes) {
        self.gauge.part_bytes.fetch_add(part.len(), Ordering::Relaxed);
        let _ = self.queue.send(Outgoing::Part(part));
    }

    /// Bytes of first synchronisations that have not been sent yet.
    pub fn part_bytes(&self) -> usize {
        self.gauge.part_bytes.load(Ordering::Relaxed)
    }

    /// Closes the socket once what is queued has been sent.
    pub fn close(&self, closing: Closing, reason: &'static str) {
        let _ = self.queue.send(Outgoing::Close(closing, reason));
    }
}

impl OutboxReader {
    /// Waits for something to send and takes what is there, at most `most` of it. 0: nothing will come any more.
    pub async fn take(&mut self, into: &mut Vec<Outgoing>, most: usize) -> usize {
        let taken = self.queue.recv_many(into, most).await;
        for outgoing in &into[into.len() - taken..] {
            match outgoing {
                Outgoing::Frame(frame) => self.gauge.queued_bytes.fetch_sub(frame.len(), Ordering::Relaxed),
                Outgoing::Part(part) => self.gauge.part_bytes.fetch_sub(part.len(), Ordering::Relaxed),
                Outgoing::Close(..) => 0,
            };
        }
        taken
    }

    /// What waits, parts of first synchronisations included.
    pub fn queued_bytes(&self) -> usize {
        self.gauge.queued_bytes.load(Ordering::Relaxed) + self.gauge.part_bytes.load(Ordering::Relaxed)
    }

    /// Whether nothing waits just now.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn s17_a_full_queue_closes_its_socket_and_takes_nothing_more() {
        let (outbox, mut reader) = outbox(10);
        outbox.push(Bytes::from_static(b"12345678"));
        outbox.push_part(Bytes::from_static(b"a part of any size"));
        outbox.push(Bytes::from_static(b"123"));
        outbox.push(Bytes::from_static(b"1"));
        let mut taken = Vec::new();
        assert_eq!(reader.take(&mut taken, 10).await, 3);
        assert!(matches!(taken[0], Outgoing::Frame(_)));
        assert!(matches!(taken[1], Outgoing::Part(_)));
        assert!(matches!(taken[2], Outgoing::Close(Closing::TryAgainLater, _)));
        assert_eq!(outbox.part_bytes(), 0);
        outbox.push(Bytes::from_static(b"1"));
        assert!(reader.is_empty(), "an overflown socket is sent nothing more");
    }
}
