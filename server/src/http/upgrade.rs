//! From a request to a WebSocket, over a stream that can be told how much to read.
//!
//! axum's own WebSocket can't be told how much to read, and a message may be as large as a document. So the upgrade
//! is done here, with the same parts, and what tungstenite reads from is a [`Metered`] stream: beyond a small share
//! of its own it draws on a budget of the node, one for strangers and one for those whose token was judged, and waits
//! while that is spent. Below it is the bare TCP stream, where it is one, with a [`Port`] for those who send past the
//! socket's task.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header},
    response::{IntoResponse, Response},
};
use futures_util::task::AtomicWaker;
use hyper::upgrade::OnUpgrade;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::sync::PollSemaphore;

use super::{
    port::{Port, Wire},
    problem::{BAD_REQUEST, Problem},
};

/// A socket as the live engine gets it.
pub type Socket = WebSocketStream<Metered<Wire>>;

/// What may be read of one message before the node is asked.
const FREE_BYTES: u64 = 64 << 10;
/// What the node is asked for at a time.
const CHUNK_BYTES: u64 = 64 << 10;

/// How much all sockets of a node together may hold of messages that are still coming in.
#[derive(Clone, Debug)]
pub struct Budgets {
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
}

impl Budgets {
    pub fn new(strangers_bytes: u64, known_bytes: u64) -> Self {
        let chunks = |bytes: u64| usize::try_from(bytes / CHUNK_BYTES).unwrap_or(usize::MAX).max(1);
        Self {
            strangers: Arc::new(Semaphore::new(chunks(strangers_bytes).min(Semaphore::MAX_PERMITS))),
            known: Arc::new(Semaphore::new(chunks(known_bytes).min(Semaphore::MAX_PERMITS))),
        }
    }
}

/// How much may still be read from a stream. Shared with the stream.
///
/// 64 KiB of a message come in free; more is taken from the node's budget, and given back when the message has been
/// read. Where the budget is spent the stream waits, and its client with it.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Meter>);

#[derive(Debug)]
struct Meter {
    budgets: Budgets,
    known: AtomicBool,
    left: AtomicU64,
    read: AtomicU64,
    taken: Mutex<Vec<OwnedSemaphorePermit>>,
    waker: AtomicWaker,
}

impl Allowance {
    /// A stranger's.
    pub fn new(budgets: Budgets) -> Self {
        Self(Arc::new(Meter {
            budgets,
            known: AtomicBool::new(false),
            left: AtomicU64::new(FREE_BYTES),
            read: AtomicU64::new(0),
            taken: Mutex::default(),
            waker: AtomicWaker::new(),
        }))
    }

    /// Its token was judged good: from now on it draws on the budget of those who are known.
    pub fn admit(&self) {
        self.0.known.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// A message has been read: what it took is given back.
    pub fn message_read(&self) {
        self.0.left.store(FREE_BYTES, Ordering::Release);
        if let Ok(mut taken) = self.0.taken.lock() {
            taken.clear();
        }
    }

    /// All that was ever read, to tell a slow client from a silent one.
    pub fn bytes_read(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }

    fn spend(&self, bytes: u64) {
        self.0.read.fetch_add(bytes, Ordering::Relaxed);
        let left = self.0.left.load(Ordering::Acquire);
        self.0.left.store(left.saturating_sub(bytes), Ordering::Release);
    }
}

/// A stream that reads no more than its allowance.
pub struct Metered<S> {
    inner: S,
    allowance: Allowance,
    strangers: PollSemaphore,
    known: PollSemaphore,
}

impl<S> Metered<S> {
    pub fn new(inner: S, allowance: Allowance) -> Self {
        let Budgets { strangers, known } = allowance.0.budgets.clone();
        Self { inner, allowance, strangers: PollSemaphore::new(strangers), known: PollSemaphore::new(known) }
    }

    /// Whether anything may be read; if not, the task is woken when it may.
    fn poll_allowance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let meter = &self.allowance.0;
        if meter.left.load(Ordering::Acquire) > 0 {
            return Poll::Ready(());
        }
        meter.waker.register(cx.waker());
        let budget = if meter.known.load(Ordering::Acquire) { &mut self.known } else { &mut self.strangers };
        // The budgets are never closed.
        if let Some(permit) = ready!(budget.poll_acquire(cx))
            && let Ok(mut taken) = meter.taken.lock()
        {
            taken.push(permit);
        }
        meter.left.store(CHUNK_BYTES, Ordering::Release);
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_allowance(cx));
        let left = usize::try_from(self.allowance.0.left.load(Ordering::Acquire)).unwrap_or(usize::MAX);
        let most = buf.remaining().min(left);
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buf.advance(read);
        self.allowance.spend(read as u64);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A request that asked for a WebSocket, as it should.
pub struct Upgrade {
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
}

impl Upgrade {
    /// # Errors
    /// With a problem if the request asks for something else.
    pub fn of(mut request: Request) -> Result<Self, Problem> {
        let headers = request.headers();
        let asked = request.method() == Method::GET
            && request.version() >= Version::HTTP_11
            && says(headers, &header::CONNECTION, "upgrade")
            && says(headers, &header::UPGRADE, "websocket")
            && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asked);
        let Some(accept) = key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()) else {
            return Err(Problem::with_detail(&BAD_REQUEST, "a WebSocket handshake was expected here"));
        };
        let Some(on_upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
            return Err(Problem::with_detail(&BAD_REQUEST, "this connection can't become a WebSocket"));
        };
        Ok(Self { accept, on_upgrade })
    }

    /// The answer that opens the socket, and the socket once the client has it.
    pub fn accept(
        self,
        config: WebSocketConfig,
        allowance: Allowance,
    ) -> (Response, impl Future<Output = Result<(Socket, Option<Arc<Port>>), hyper::Error>> + Send) {
        let response = (
            StatusCode::SWITCHING_PROTOCOLS,
            [
                (header::CONNECTION, HeaderValue::from_static("upgrade")),
                (header::UPGRADE, HeaderValue::from_static("websocket")),
                (header::SEC_WEBSOCKET_ACCEPT, self.accept),
            ],
        )
            .into_response();
        let on_upgrade = self.on_upgrade;
        let socket = async move {
            let (wire, port) = Wire::of(on_upgrade.await?);
            let stream = Metered::new(wire, allowance);
            Ok((WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await, port))
        };
        (response, socket)
    }
}

/// Whether a header that lists words has this one.
fn says(headers: &HeaderMap, name: &header::HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|said| said.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn s18_a_stream_waits_for_the_nodes_budget_and_goes_on_when_there_is_some() {
        let budgets = Budgets::new(CHUNK_BYTES, 8 * CHUNK_BYTES);
        let open = || {
            let (client, server) = duplex(1 << 20);
            let allowance = Allowance::new(budgets.clone());
            (client, Metered::new(server, allowance.clone()), allowance)
        };
        let (mut first, mut first_stream, first_allowance) = open();
        let (mut second, mut second_stream, second_allowance) = open();
        let message = vec![7; (FREE_BYTES + 10) as usize];
        first.write_all(&message).await.unwrap();
        second.write_all(&message).await.unwrap();
        let mut read = vec![0; message.len()];
        first_stream.read_exact(&mut read).await.unwrap();
        // The first one holds all there is for strangers.
        let mut other = vec![0; message.len()];
        let mut reading = Box::pin(second_stream.read_exact(&mut other));
        assert!(futures_util::poll!(reading.as_mut()).is_pending());
        first_allowance.message_read();
        reading.await.unwrap();
        assert_eq!(second_allowance.bytes_read(), message.len() as u64);
        // Spent again; whoever is known draws on another budget.
        first.write_all(&message).await.unwrap();
        let mut reading = Box::pin(first_stream.read_exact(&mut read));
        assert!(futures_util::poll!(reading.as_mut()).is_pending());
        first_allowance.admit();
        reading.await.unwrap();
    }

    #[test]
    fn a_header_may_list_several_words() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        assert!(says(&headers, &header::CONNECTION, "upgrade"));
        assert!(!says(&headers, &header::UPGRADE, "websocket"));
    }
}
