//! One socket: frames in, frames out, and when it ends.
//!
//! One task a socket reads, hands on and writes; what is queued goes out with one flush. [`yjs`] and
//! [`hocuspocus`] say what a frame means; this file keeps time, writes, and closes with the right code.

mod admission;
pub mod hocuspocus;
pub mod yjs;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    outbox::{Closing, OutboxReader, Outgoing},
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

/// Buffers of 4 KiB: thousands of idle sockets are the rule. A message of any size can be written, since the
/// queue before it is bounded.
pub fn socket_config(settings: &Settings) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(4 << 10)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(settings.frame_bytes))
        .max_frame_size(Some(settings.frame_bytes))
}

const BATCH_MAX: usize = 64;
const TICK: Duration = Duration::from_secs(5);
const PING_AFTER: Duration = Duration::from_secs(20);
const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Sockets are closed in so many slices when the node stops, one after the other.
const DRAIN_SLICES: u64 = 20;
const DRAIN_SLICE: Duration = Duration::from_millis(100);

struct Socket<S> {
    ws: WebSocketStream<S>,
    outbox: OutboxReader,
    batch: Vec<Outgoing>,
    gate: Arc<dyn Gate>,
    bytes_read: u64,
    sent_at: Instant,
    heard_at: Instant,
    write_timeout: Duration,
    /// What the node's figure holds of this socket's queue. Told now and then: a queue changes with each frame.
    told_queued: usize,
}

/// Runs a socket to its end. `number` spreads the ends of many over the drain.
pub(super) async fn run<S, T>(
    ws: WebSocketStream<S>,
    outbox: OutboxReader,
    gate: Arc<dyn Gate>,
    registry: &Registry,
    number: u64,
    speaker: &mut T,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: Speaker,
{
    let settings = registry.settings();
    let mut socket = Socket {
        ws,
        outbox,
        batch: Vec::with_capacity(4),
        gate,
        bytes_read: 0,
        sent_at: Instant::now(),
        heard_at: Instant::now(),
        write_timeout: settings.write_timeout,
        told_queued: 0,
    };
    metrics::gauge!("unisson_sockets").increment(1);
    let end = socket.talk(registry, number, speaker).await;
    if let Some((closing, reason)) = end {
        socket.close(closing, reason).await;
    }
    speaker.leave();
    socket.tell_queued(0);
    metrics::gauge!("unisson_sockets").decrement(1);
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Socket<S> {
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
                heard = self.ws.next() => {
                    self.heard_at = Instant::now();
                    match heard {
                        Some(Ok(Message::Binary(frame))) => {
                            self.gate.message_read();
                            speaker.on_frame(frame).await
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                        Some(Ok(Message::Text(_))) => Err((Closing::Protocol, "binary frames only")),
                        Some(Err(Error::Capacity(_))) => Err((Closing::TooBig, "frame too big")),
                        Some(Ok(Message::Close(_))) => {
                            // The answer to it is written already; it only has to leave.
                            let _ = timeout(CLOSE_TIMEOUT, self.ws.flush()).await;
                            return None;
                        }
                        Some(Ok(Message::Frame(_)) | Err(_)) | None => return None,
                    }
                }
                taken = self.outbox.take(&mut self.batch, BATCH_MAX) => {
                    if taken == 0 {
                        return None;
                    }
                    match self.write().await {
                        Ok(None) => Ok(()),
                        Ok(Some(close)) => Err(close),
                        Err(Gone) => return None,
                    }
                }
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
        if now.duration_since(self.sent_at) + TICK > settings.heartbeat_after
            && let Some(frame) = speaker.heartbeat()
        {
            self.batch.push(Outgoing::Frame(frame));
        }
        if now.duration_since(self.heard_at) > PING_AFTER {
            self.send(Message::Ping(Bytes::new())).await?;
        }
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

    /// Writes what was taken from the queue with one flush. Gives back the word to close, if it was among it.
    async fn write(&mut self) -> Result<Option<Close>, Gone> {
        let mut batch = std::mem::take(&mut self.batch);
        let mut close = None;
        let written = timeout(self.write_timeout, async {
            for outgoing in batch.drain(..) {
                match outgoing {
                    Outgoing::Frame(frame) | Outgoing::Part(frame) => {
                        self.ws.feed(Message::Binary(frame)).await?;
                    }
                    Outgoing::Close(closing, reason) => {
                        close = Some((closing, reason));
                        break;
                    }
                }
            }
            self.ws.flush().await
        })
        .await;
        batch.clear();
        self.batch = batch;
        match written {
            Ok(Ok(())) => {
                self.sent_at = Instant::now();
                Ok(close)
            }
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(self.write_timeout, self.ws.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Sends what is queued and a close frame, and waits a little for the client's own.
    async fn close(&mut self, closing: Closing, reason: &'static str) {
        metrics::counter!("unisson_sockets_closed_total", "code" => closing.code().to_string()).increment(1);
        while !self.outbox.is_empty() {
            self.outbox.take(&mut self.batch, BATCH_MAX).await;
            match self.write().await {
                Ok(None) => {}
                Ok(Some(_)) => break,
                Err(Gone) => return,
            }
        }
        let frame = CloseFrame { code: CloseCode::from(closing.code()), reason: reason.into() };
        let _ = timeout(CLOSE_TIMEOUT, async {
            self.ws.close(Some(frame)).await?;
            while let Some(Ok(_)) = self.ws.next().await {}
            Ok::<(), Error>(())
        })
        .await;
    }
}

/// The client has gone: nothing can be said to it.
struct Gone;
