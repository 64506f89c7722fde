//! A listener and its serving loop.
//!
//! One task a connection. Nagle's delay is off, since a letter is a small packet; headers have a time limit; a
//! WebSocket leaves this loop by hyper's upgrade and is its own task's from then on. At the end the listener
//! closes first, then every connection finishes the request it is at.

use std::{
    io,
    net::{Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::shutdown::Shutdown;

/// Thousands reconnect in the same second after a restart.
const BACKLOG: u32 = 4096;
const HEADER_TIMEOUT: Duration = Duration::from_secs(20);
/// Room for a head; sockets that were upgraded give it back.
const HEAD_BYTES: usize = 16 * 1024;
/// Out of descriptors: wait for some to be closed.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(100);
/// A request that takes longer than this at the end is cut off.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Among the extensions of a request: cuts its connection. For an answer without end that nobody reads any more, since
/// nothing else ends it while the kernel's buffer is full.
#[derive(Clone, Debug)]
pub struct Hangup(pub CancellationToken);

/// Binds an address. Call within the runtime.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // On Linux this takes over a port in TIME_WAIT, never one that another process listens on.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where a listener can be reached by the same machine.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(at) if at.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], at.port())),
        SocketAddr::V6(at) if at.ip().is_unspecified() => SocketAddr::from((Ipv6Addr::LOCALHOST, at.port())),
        at => at,
    }
}

/// Serves until the node drains, then until the last request is answered.
pub async fn serve(listener: TcpListener, app: Router, shutdown: Shutdown) {
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            biased;
            () = shutdown.draining() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, app.clone(), shutdown.clone()));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                }
            },
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(LAST_REQUESTS, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off at the end");
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, shutdown: Shutdown) {
    // Fails only on a socket that is gone already.
    let _ = stream.set_nodelay(true);
    let counted = Counted::new();
    let hangup = Hangup(CancellationToken::new());
    let cut = hangup.0.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(hangup.clone());
        app.clone().oneshot(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    tokio::select! {
        // An error here is a client that went away or spoke no HTTP: its own affair.
        _ = serving.as_mut() => {}
        () = shutdown.draining() => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                _ = serving => {}
                () = cut.cancelled() => {}
            }
        }
        () = cut.cancelled() => {}
    }
    drop(counted);
}

/// One connection in the figures, for as long as it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("unisson_connections").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("unisson_connections").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_request_under_way_is_answered_after_the_drain_has_begun() {
        let shutdown = Shutdown::new();
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let inner = shutdown.clone();
        let app = Router::new().route(
            "/",
            get(move || {
                let shutdown = inner.clone();
                async move {
                    shutdown.start();
                    "answered"
                }
            }),
        );
        let serving = tokio::spawn(serve(listener, app, shutdown.clone()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("answered"), "{answer}");
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn s17_an_answer_without_end_can_be_cut() {
        let shutdown = Shutdown::new();
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (told, mut hangups) = tokio::sync::mpsc::unbounded_channel();
        let endless = move |axum::Extension(Hangup(hangup)): axum::Extension<Hangup>| {
            let _ = told.send(hangup);
            let body =
                Body::from_stream(futures_util::stream::repeat(Ok::<_, std::convert::Infallible>("x".repeat(1 << 16))));
            async move { body }
        };
        let serving = tokio::spawn(serve(listener, Router::new().route("/", get(endless)), shutdown.clone()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        hangups.recv().await.unwrap().cancel();
        // Whatever lies in the buffers comes, and then the end, in one way or the other.
        let mut bytes = vec![0; 1 << 16];
        while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
        shutdown.start();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_port_that_is_listened_on_is_busy() {
        let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let error = bind(first.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
