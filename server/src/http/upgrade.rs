//! From a request to a WebSocket, over a stream that can be told how much to read.
//!
//! axum's own WebSocket lets no limit be changed once the socket is open, and a stranger may send much less than
//! somebody whose token was judged. So the upgrade is done here, with the same parts, and what tungstenite reads
//! from is a [`Metered`] stream: it stops when its allowance is spent and goes on when it is granted more.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
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
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use super::problem::{BAD_REQUEST, Problem};

/// A socket as the live engine gets it.
pub type Socket = WebSocketStream<Metered<TokioIo<hyper::upgrade::Upgraded>>>;

/// How much may still be read from a stream. Shared with the stream.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Meter>);

#[derive(Debug)]
struct Meter {
    left: AtomicU64,
    waker: AtomicWaker,
}

impl Allowance {
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(Meter { left: AtomicU64::new(bytes), waker: AtomicWaker::new() }))
    }

    /// From now on as much as comes.
    pub fn lift(&self) {
        self.0.left.store(u64::MAX, Ordering::Release);
        self.0.waker.wake();
    }

    /// Whether anything may be read; if not, the task is woken when it may.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.left.load(Ordering::Acquire) > 0 {
            return Poll::Ready(());
        }
        self.0.waker.register(cx.waker());
        if self.0.left.load(Ordering::Acquire) > 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    fn spend(&self, bytes: u64) {
        let spent = |left: u64| (left != u64::MAX).then(|| left.saturating_sub(bytes));
        let _ = self.0.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, spent);
    }
}

/// A stream that reads no more than its allowance.
#[derive(Debug)]
pub struct Metered<S> {
    inner: S,
    allowance: Allowance,
}

impl<S> Metered<S> {
    pub fn new(inner: S, allowance: Allowance) -> Self {
        Self { inner, allowance }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.allowance.poll(cx));
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let read = buf.filled().len() - before;
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
        let Some(accept) = key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok())
        else {
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
    ) -> (Response, impl Future<Output = Result<Socket, hyper::Error>> + Send) {
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
            let stream = Metered::new(TokioIo::new(on_upgrade.await?), allowance);
            Ok(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await)
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
    async fn s13_a_stream_stops_when_its_allowance_is_spent_and_goes_on_when_it_is_lifted() {
        let (mut client, server) = duplex(1 << 16);
        let allowance = Allowance::new(10);
        let mut metered = Metered::new(server, allowance.clone());
        client.write_all(&[7; 10]).await.unwrap();
        let mut first = [0; 10];
        metered.read_exact(&mut first).await.unwrap();
        client.write_all(&[8; 1_000]).await.unwrap();
        let mut rest = [0; 1_000];
        let mut reading = Box::pin(metered.read_exact(&mut rest));
        assert!(futures_util::poll!(reading.as_mut()).is_pending());
        allowance.lift();
        reading.await.unwrap();
        assert_eq!(rest, [8; 1_000]);
    }

    #[test]
    fn a_header_may_list_several_words() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        assert!(says(&headers, &header::CONNECTION, "upgrade"));
        assert!(!says(&headers, &header::UPGRADE, "websocket"));
    }
}
