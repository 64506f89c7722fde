//! One socket of the feed: texts down, and up where its page is.
//!
//! A client is expected to say nothing but that ([`super::place`]); what else it sends ends the socket, and from one that
//! says it too often less is read. A socket that can't take what is sent to it within a while ends as well, and its page
//! starts again with everything.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    Live, LiveEvent,
    desk::Seat,
    mailbox::{End, Post},
    place::read_said,
};
use crate::shutdown::Shutdown;

/// More than any client has reason to send.
const HEARD_BYTES: usize = 1 << 10;
const TICK: Duration = Duration::from_secs(5);
/// A quiet socket is sent a sign of life so often: its page knows by its absence that the network has gone.
const SIGN_AFTER: Duration = Duration::from_secs(20);
const SIGN: &str = r#"{"kind":"alive"}"#;
const SILENCE: Duration = Duration::from_secs(60);
/// Where other nodes can't be heard, pages are told to look for themselves so often.
const HINT_EVERY: Duration = Duration::from_secs(15);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Sockets are closed in so many slices when the node stops, one after the other.
const DRAIN_SLICES: u64 = 20;
const DRAIN_SLICE: Duration = Duration::from_millis(100);

/// Small buffers: there is one for each page that is open.
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(512)
        .write_buffer_size(512)
        .max_write_buffer_size(64 << 10)
        .max_message_size(Some(HEARD_BYTES))
        .max_frame_size(Some(HEARD_BYTES))
}

type Closing = (u16, &'static str);

const RESTARTING: Closing = (1012, "restarting");
const NOT_EXPECTED: Closing = (1003, "not expected here");

fn closing(end: End) -> Closing {
    match end {
        End::SignedOut => (4401, "signed-out"),
        End::Suspended => (4403, "suspended"),
    }
}

/// How often a page says where it is: a few times at once, then every half second. Beyond that nothing is read.
struct Pace {
    left: u32,
    since: Instant,
}

impl Pace {
    const RESERVE: u32 = 10;
    const ONE_IN: Duration = Duration::from_millis(500);

    fn new(now: Instant) -> Self {
        Self { left: Self::RESERVE, since: now }
    }

    /// When the next may be read after one that was read now.
    fn spend(&mut self, now: Instant) -> Instant {
        let gained = now.duration_since(self.since).as_millis() / Self::ONE_IN.as_millis();
        let gained = u32::try_from(gained).unwrap_or(u32::MAX);
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(Self::RESERVE);
            self.since = now;
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { now + Self::ONE_IN } else { now }
    }
}

/// The client has gone, or does not read.
struct Gone;

impl From<Error> for Gone {
    fn from(_: Error) -> Self {
        Self
    }
}

/// Runs a socket to its end. `heard` is called with each message that was read.
pub async fn serve<S>(mut ws: WebSocketStream<S>, live: Live, seat: Seat, shutdown: Shutdown, heard: impl Fn() + Send)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let open = metrics::gauge!("unisson_sockets", "transport" => "live");
    open.increment(1);
    if let Ok(Some((code, reason))) = talk(&mut ws, &live, &seat, &shutdown, heard).await {
        metrics::counter!("unisson_sockets_closed_total", "code" => code.to_string()).increment(1);
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        let _ = timeout(CLOSE_TIMEOUT, async {
            ws.close(Some(frame)).await?;
            while let Some(Ok(_)) = ws.next().await {}
            Ok::<(), Error>(())
        })
        .await;
    }
    open.decrement(1);
}

/// Until the client goes (`None`) or is to be closed.
async fn talk<S>(
    ws: &mut WebSocketStream<S>,
    live: &Live,
    seat: &Seat,
    shutdown: &Shutdown,
    heard: impl Fn() + Send,
) -> Result<Option<Closing>, Gone>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    let (mut heard_at, mut sent_at, mut hinted_at) = (began, began, began);
    let mut pace = Pace::new(began);
    let mut read_from = began;
    let mut my_turn_to_end = std::pin::pin!(async {
        shutdown.draining().await;
        tokio::time::sleep(DRAIN_SLICE * (seat.number() % DRAIN_SLICES) as u32).await;
    });
    loop {
        tokio::select! {
            post = seat.next() => match post {
                Post::End(end) => return Ok(Some(closing(end))),
                Post::Events(texts) => {
                    in_time(async {
                        for text in texts {
                            ws.feed(Message::text(&*text)).await?;
                        }
                        ws.flush().await
                    })
                    .await?;
                    sent_at = Instant::now();
                }
            },
            () = sleep_until(read_from), if read_from > Instant::now() => {}
            message = ws.next(), if read_from <= Instant::now() => {
                heard_at = Instant::now();
                heard();
                match message {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Text(text))) => match read_said(&text) {
                        Some(said) => {
                            read_from = pace.spend(heard_at);
                            live.said(seat, said).await;
                        }
                        None => return Ok(Some(NOT_EXPECTED)),
                    },
                    Some(Ok(Message::Binary(_)) | Err(Error::Capacity(_))) => return Ok(Some(NOT_EXPECTED)),
                    // The answer is written already; it only has to leave.
                    Some(Ok(Message::Close(_))) => {
                        let _ = timeout(CLOSE_TIMEOUT, ws.flush()).await;
                        return Ok(None);
                    }
                    Some(Ok(Message::Frame(_)) | Err(_)) | None => return Ok(None),
                }
            }
            _ = tick.tick() => {
                let now = Instant::now();
                if now.duration_since(heard_at) > SILENCE {
                    return Err(Gone);
                }
                if live.is_deaf() && now.duration_since(hinted_at) >= HINT_EVERY {
                    in_time(ws.send(Message::text(&*LiveEvent::Resync.text()))).await?;
                    (hinted_at, sent_at) = (now, now);
                }
                if now.duration_since(sent_at) >= SIGN_AFTER {
                    // The first is for the page, the second for us: it is answered.
                    in_time(async {
                        ws.feed(Message::text(SIGN)).await?;
                        ws.send(Message::Ping(Bytes::new())).await
                    })
                    .await?;
                    sent_at = now;
                } else if now.duration_since(heard_at) >= SIGN_AFTER {
                    in_time(ws.send(Message::Ping(Bytes::new()))).await?;
                }
            }
            () = &mut my_turn_to_end => return Ok(Some(RESTARTING)),
        }
    }
}

async fn in_time(writing: impl Future<Output = Result<(), Error>>) -> Result<(), Gone> {
    match timeout(WRITE_TIMEOUT, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_moves_fast_for_a_while_and_then_at_its_pace() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for _ in 1..Pace::RESERVE {
            assert_eq!(pace.spend(start), start);
        }
        assert_eq!(pace.spend(start), start + Pace::ONE_IN);
        assert_eq!(pace.spend(start), start + Pace::ONE_IN, "it can't be outrun");
        let later = start + Duration::from_secs(3600);
        assert_eq!((1..).take_while(|_| pace.spend(later) == later).count(), Pace::RESERVE as usize - 1);
    }
}
