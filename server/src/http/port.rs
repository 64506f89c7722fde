//! The network below an upgraded connection, which two may write to.
//!
//! The connection's own task writes as to any stream. Others hand whole frames to its [`Port`], which sends them
//! without waiting. Whoever writes holds the port's lock, and nobody begins while another's frame is half sent: what
//! was begun and did not fit is kept here and leaves first, by the task's next writing or flushing.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// How far a [`Port`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    All,
    /// The port keeps the rest.
    Part,
    Nothing,
}

/// Where others send.
#[derive(Debug)]
pub struct Port {
    out: OwnedWriteHalf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What others have begun to send.
    rest: Bytes,
    /// The task has written a part of something.
    is_half_written: bool,
}

impl Port {
    /// Sends bytes that stand for themselves, without waiting. Where the network is full, or has failed, nothing is
    /// sent: the task will find out.
    pub fn begin(&self, bytes: &[u8]) -> Begun {
        let mut state = self.lock();
        if state.is_half_written || !state.rest.is_empty() {
            return Begun::Nothing;
        }
        match self.out.try_write(bytes) {
            Ok(written) if written == bytes.len() => Begun::All,
            Ok(0) | Err(_) => Begun::Nothing,
            Ok(written) => {
                state.rest = Bytes::copy_from_slice(&bytes[written..]);
                Begun::Part
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_try(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let out: &TcpStream = self.out.as_ref();
        loop {
            match out.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(out.poll_write_ready(context))?,
                Ok(0) if !bytes.is_empty() => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                done => return Poll::Ready(done),
            }
        }
    }

    /// Sends what others have begun.
    fn poll_rest(&self, state: &mut State, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !state.rest.is_empty() {
            let written = ready!(self.poll_try(context, &state.rest))?;
            state.rest.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        ready!(self.poll_rest(&mut state, context))?;
        let written = ready!(self.poll_try(context, bytes))?;
        // The socket library hands over all that it has, which ends with a frame.
        state.is_half_written = written < bytes.len();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_rest(&mut self.lock(), context)
    }
}

/// The stream that the connection's own task reads and writes.
pub enum Wire {
    Tcp {
        /// Came together with the handshake.
        first: Bytes,
        input: OwnedReadHalf,
        port: Arc<Port>,
    },
    /// Not a bare TCP stream: nobody sends past the task.
    Other(TokioIo<Upgraded>),
}

impl Wire {
    pub fn of(upgraded: Upgraded) -> (Self, Option<Arc<Port>>) {
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => {
                let (input, out) = parts.io.into_inner().into_split();
                let port = Arc::new(Port { out, state: Mutex::default() });
                (Self::Tcp { first: own(parts.read_buf), input, port: port.clone() }, Some(port))
            }
            Err(upgraded) => (Self::Other(TokioIo::new(upgraded)), None),
        }
    }
}

/// A copy: even an empty slice keeps the whole buffer alive that the handshake was read into.
fn own(bytes: Bytes) -> Bytes {
    Bytes::copy_from_slice(&bytes)
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp { first, .. } if !first.is_empty() => {
                let taken = first.split_to(first.len().min(buffer.remaining()));
                buffer.put_slice(&taken);
                Poll::Ready(Ok(()))
            }
            Self::Tcp { input, .. } => Pin::new(input).poll_read(context, buffer),
            Self::Other(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp { port, .. } => port.poll_write(context, bytes),
            Self::Other(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp { port, .. } => port.poll_flush(context),
            Self::Other(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    /// The halves are shut when the last who holds them lets go.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp { port, .. } => port.poll_flush(context),
            Self::Other(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn pair() -> (Wire, Arc<Port>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (input, out) = listener.accept().await.unwrap().0.into_split();
        let port = Arc::new(Port { out, state: Mutex::default() });
        let first = Bytes::from_static(b"first");
        (Wire::Tcp { first, input, port: port.clone() }, port, client)
    }

    #[tokio::test]
    async fn what_two_write_arrives_whole_and_in_order() {
        let (mut wire, port, mut client) = pair().await;
        // Until the network is full in the middle of something.
        port.out.writable().await.unwrap();
        let piece = vec![1; 100_000];
        let mut sent = 0;
        let rest = loop {
            match port.begin(&piece) {
                Begun::All => sent += piece.len(),
                Begun::Part => break port.lock().rest.len(),
                Begun::Nothing => break 0,
            }
        };
        sent += if rest > 0 { piece.len() } else { 0 };
        assert_eq!(port.begin(b"later"), Begun::Nothing, "nobody begins while something is half sent");
        let writing = tokio::spawn(async move {
            wire.write_all(&[2; 50_000]).await.unwrap();
            wire.flush().await.unwrap();
            wire
        });
        let mut got = vec![0; sent + 50_000];
        client.read_exact(&mut got).await.unwrap();
        let (ours, theirs) = got.split_at(sent);
        assert!(ours.iter().all(|byte| *byte == 1) && theirs.iter().all(|byte| *byte == 2));
        let mut wire = writing.await.unwrap();
        assert_eq!(port.begin(b"later"), Begun::All);
        client.write_all(b"then").await.unwrap();
        let mut read = [0; 9];
        wire.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"firstthen");
        drop((wire, port));
        let mut end = Vec::new();
        client.read_to_end(&mut end).await.unwrap();
        assert_eq!(end, b"later");
    }
}
