//! One connection of a client: frames in, frames out, and when it ends.
//!
//! One task a connection hears, hands on and writes; what is queued goes out at once. [`yjs`] and [`hocuspocus`] say
//! what a frame means; a [`Line`] carries frames, as a [`websocket`] or as a [`pair`] of streams over plain HTTP; this
//! file keeps time, empties the queue, and closes with the right code.

mod admission;
pub mod hocuspocus;
mod pace;
pub mod pair;
pub mod websocket;
pub mod yjs;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

pub use super::outbox::Sent;
use super::{
    outbox::{Closing, Direct, OutboxReader, Outgoing},
    registry::Registry,
    settings::Settings,
};

/// What lies between a socket and the network: how much may come in.
pub trait Gate: Send + Sync {
    /// A token was judged good: the socket may send more than a stranger's share.
    fn admit(&self);
    /// A message has been read.
    fn message_read(&self);
    /// All that was ever read.
    fn bytes_read(&self) -> u64;
}

/// Who has come.
pub struct Visitor {
    pub credentials: crate::access::Credentials,
    pub gate: Arc<dyn Gate>,
    /// Its place among the sockets of the node, for as long as it lasts.
    pub place: super::sockets::Place,
}

/// Why a socket is to be closed by us.
pub type Close = (Closing, &'static str);

/// What a dialect does with what it hears.
pub(super) trait Speaker: Send {
    type Verdict: Send;

    fn on_frame(&mut self, frame: Bytes) -> impl Future<Output = Result<(), Close>> + Send;

    /// The next token that has been judged. Never resolves when none is being judged; may be dropped at any time.
    fn next_verdict(&mut self) -> impl Future<Output = Self::Verdict> + Send;

    fn on_verdict(&mut self, verdict: Self::Verdict) -> impl Future<Output = Result<(), Close>> + Send;

    fn on_tick(&mut self) -> Result<(), Close>;

    /// Something harmless to send to a client that waits for a sign of life.
    fn heartbeat(&self) -> Option<Bytes>;

    /// Resolves when all that this socket has sent is in the database and acknowledged.
    fn settled(&self) -> impl Future<Output = ()> + Send;

    fn leave(&mut self);
}

/// What came over a line.
pub enum Heard {
    Frame(Bytes),
    /// Nothing but a sign of life.
    Sign,
    /// What no client may send: it is told so, and closed.
    Offence(Close),
    /// The client takes its leave.
    Farewell,
    /// The client has gone.
    End,
}

/// The client has gone: nothing can be said to it.
pub struct Gone;

/// What carries the frames of one client. Each has a time limit of its own for whatever it waits for.
pub trait Line: Send {
    /// The name in figures.
    const TRANSPORT: &'static str;

    /// The next thing that comes. May be dropped at any time.
    fn hear(&mut self) -> impl Future<Output = Heard> + Send;

    /// Sends what was taken from the queue, and empties it, behind what others have begun to send. Gives back the
    /// word to close, if it was among it.
    fn write(&mut self, batch: &mut Vec<Outgoing>) -> impl Future<Output = Result<Option<Close>, Gone>> + Send;

    /// The way for others to send on it while its task rests, if it has one.
    fn direct(&self) -> Option<Arc<dyn Direct>> {
        None
    }

    /// Called at every tick; `silent_for` is how long nothing was heard.
    fn tend(&mut self, silent_for: Duration) -> impl Future<Output = Result<(), Gone>> + Send;

    /// Answers a farewell.
    fn part(&mut self) -> impl Future<Output = ()> + Send;

    /// Says why it ends. All that is queued was written before.
    fn close(&mut self, close: Close) -> impl Future<Output = ()> + Send;
}

/// A line is large and is handed from one to the next.
impl<L: Line> Line for Box<L> {
    const TRANSPORT: &'static str = L::TRANSPORT;

    fn hear(&mut self) -> impl Future<Output = Heard> + Send {
        (**self).hear()
    }

    fn write(&mut self, batch: &mut Vec<Outgoing>) -> impl Future<Output = Result<Option<Close>, Gone>> + Send {
        (**self).write(batch)
    }

    fn direct(&self) -> Option<Arc<dyn Direct>> {
        (**self).direct()
    }

    fn tend(&mut self, silent_for: Duration) -> impl Future<Output = Result<(), Gone>> + Send {
        (**self).tend(silent_for)
    }

    fn part(&mut self) -> impl Future<Output = ()> + Send {
        (**self).part()
    }

    fn close(&mut self, close: Close) -> impl Future<Output = ()> + Send {
        (**self).close(close)
    }
}

const BATCH_MAX: usize = 64;
const TICK: Duration = Duration::from_secs(5);
const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Sockets are closed in so many slices when the node stops, one after the other.
const DRAIN_SLICES: u64 = 20;
const DRAIN_SLICE: Duration = Duration::from_millis(100);

struct Link<L> {
    line: L,
    outbox: OutboxReader,
    batch: Vec<Outgoing>,
    gate: Arc<dyn Gate>,
    bytes_read: u64,
    sent_at: Instant,
    heard_at: Instant,
    /// What the node's figure holds of this client's queue. Told now and then: a queue changes with each frame.
    told_queued: usize,
}

/// Runs a connection to its end. `number` spreads the ends of many over the drain.
pub(super) async fn run<L: Line, T: Speaker>(
    line: L,
    outbox: OutboxReader,
    gate: Arc<dyn Gate>,
    registry: &Registry,
    number: u64,
    speaker: &mut T,
) {
    if let Some(direct) = line.direct() {
        outbox.open(direct);
    }
    let mut link = Link {
        line,
        outbox,
        batch: Vec::with_capacity(4),
        gate,
        bytes_read: 0,
        sent_at: Instant::now(),
        heard_at: Instant::now(),
        told_queued: 0,
    };
    let open = metrics::gauge!("unisson_sockets", "transport" => L::TRANSPORT);
    open.increment(1);
    let end = link.talk(registry, number, speaker).await;
    if let Some(close) = end {
        link.close(close).await;
    }
    speaker.leave();
    link.tell_queued(0);
    open.decrement(1);
}

impl<L: Line> Link<L> {
    /// Until the client goes (`None`) or is to be closed.
    async fn talk<T: Speaker>(&mut self, registry: &Registry, number: u64, speaker: &mut T) -> Option<Close> {
        let settings = registry.settings();
        let shutdown = registry.shutdown();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut my_turn_to_end = std::pin::pin!(async {
            shutdown.draining().await;
            tokio::time::sleep(DRAIN_SLICE * (number % DRAIN_SLICES) as u32).await;
        });
        loop {
            let spoken = tokio::select! {
                heard = self.line.hear() => {
                    self.heard_at = Instant::now();
                    match heard {
                        Heard::Frame(frame) => speaker.on_frame(frame).await,
                        Heard::Sign => Ok(()),
                        Heard::Offence(close) => Err(close),
                        Heard::Farewell => {
                            self.line.part().await;
                            return None;
                        }
                        Heard::End => return None,
                    }
                }
                () = self.outbox.take(&mut self.batch, BATCH_MAX) => match self.write().await {
                    Ok(None) => Ok(()),
                    Ok(Some(close)) => Err(close),
                    Err(Gone) => return None,
                },
                verdict = speaker.next_verdict() => speaker.on_verdict(verdict).await,
                _ = tick.tick() => match self.on_tick(settings, speaker).await {
                    Ok(spoken) => spoken,
                    Err(Gone) => return None,
                },
                () = &mut my_turn_to_end => {
                    let _ = timeout(SETTLE_TIMEOUT, speaker.settled()).await;
                    Err((Closing::Restart, "restarting"))
                }
            };
            if let Err(close) = spoken {
                return Some(close);
            }
        }
    }

    async fn on_tick<T: Speaker>(&mut self, settings: &Settings, speaker: &mut T) -> Result<Result<(), Close>, Gone> {
        let now = Instant::now();
        self.tell_queued(self.outbox.queued_bytes());
        // A large message on a slow line is a sign of life too.
        let bytes_read = self.gate.bytes_read();
        if bytes_read > std::mem::replace(&mut self.bytes_read, bytes_read) {
            self.heard_at = now;
        }
        if now.duration_since(self.heard_at) > settings.silence_timeout {
            return Err(Gone);
        }
        self.sent_at = self.sent_at.max(self.outbox.sent_at());
        if now.duration_since(self.sent_at) + TICK > settings.heartbeat_after
            && let Some(frame) = speaker.heartbeat()
        {
            self.batch.push(Outgoing::Frame(frame));
        }
        self.line.tend(now.duration_since(self.heard_at)).await?;
        if !self.batch.is_empty() {
            self.write().await?;
        }
        Ok(speaker.on_tick())
    }

    fn tell_queued(&mut self, bytes: usize) {
        let before = std::mem::replace(&mut self.told_queued, bytes);
        if bytes != before {
            metrics::gauge!("unisson_outbox_bytes").increment(bytes as f64 - before as f64);
        }
    }

    /// Writes what was taken from the queue. Gives back the word to close, if it was among it.
    async fn write(&mut self) -> Result<Option<Close>, Gone> {
        let close = self.line.write(&mut self.batch).await?;
        self.sent_at = Instant::now();
        Ok(close)
    }

    /// Sends what is queued, and says why it ends.
    async fn close(&mut self, close: Close) {
        metrics::counter!("unisson_sockets_closed_total", "code" => close.0.code().to_string()).increment(1);
        while !self.outbox.is_empty() {
            self.outbox.take(&mut self.batch, BATCH_MAX).await;
            match self.write().await {
                Ok(None) => {}
                Ok(Some(_)) => break,
                Err(Gone) => return,
            }
        }
        self.line.close(close).await;
    }
}
