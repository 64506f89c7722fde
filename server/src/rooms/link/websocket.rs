//! A line that is a WebSocket.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    super::{
        outbox::{Closing, Direct, Outgoing, Sent},
        settings::Settings,
    },
    Close, Gate, Gone, Heard, Line,
};

/// The network below the socket: takes whole frames from others while nothing else is half sent.
pub trait Port: Send + Sync {
    /// Sends without waiting.
    fn send(&self, bytes: &[u8]) -> Sent;
}

/// Frames on their way past the socket's task.
struct Shortcut(Arc<dyn Port>);

impl Direct for Shortcut {
    fn send(&self, frames: &VecDeque<Outgoing>) -> Sent {
        let mut bytes = Vec::with_capacity(256);
        for outgoing in frames {
            let Outgoing::Frame(frame) = outgoing else { return Sent::Nothing };
            write_frame(frame, &mut bytes);
        }
        self.0.send(&bytes)
    }
}

/// A binary message of a server in one frame.
fn write_frame(payload: &[u8], out: &mut Vec<u8>) {
    write_head(payload.len(), out);
    out.extend_from_slice(payload);
}

/// What stands before the payload: a whole message, binary, without a mask (RFC 6455, 5.2).
fn write_head(len: usize, out: &mut Vec<u8>) {
    out.push(0x82);
    match len {
        len @ 0..126 => out.push(len as u8),
        len @ 126..0x1_0000 => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

const PING_AFTER: Duration = Duration::from_secs(20);
/// What is larger is not copied: the library's buffer stays as large as its largest frame was.
const COPIED_MAX: usize = 4 << 10;
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Whoever sends so many more after our word to close isn't about to give its own.
const LAST_FRAMES: usize = 1_000;

/// Small buffers: thousands of idle sockets are the rule. The one that is read into is filled with zeros at each
/// reading. A message of any size can be written, since the queue before it is bounded.
pub fn config(settings: &Settings) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(2 << 10)
        .write_buffer_size(COPIED_MAX)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(settings.frame_bytes))
        .max_frame_size(Some(settings.frame_bytes))
}

pub struct WebSocketLine<S> {
    ws: WebSocketStream<S>,
    gate: Arc<dyn Gate>,
    port: Option<Arc<dyn Port>>,
    write_timeout: Duration,
}

impl<S> WebSocketLine<S> {
    pub fn new(ws: WebSocketStream<S>, gate: Arc<dyn Gate>, port: Option<Arc<dyn Port>>, settings: &Settings) -> Self {
        Self { ws, gate, port, write_timeout: settings.write_timeout }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Line for WebSocketLine<S> {
    const TRANSPORT: &'static str = "websocket";

    async fn hear(&mut self) -> Heard {
        match self.ws.next().await {
            Some(Ok(Message::Binary(frame))) => {
                self.gate.message_read();
                Heard::Frame(frame)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Heard::Sign,
            Some(Ok(Message::Text(_))) => Heard::Offence((Closing::Protocol, "binary frames only")),
            Some(Err(Error::Capacity(_))) => Heard::Offence((Closing::TooBig, "frame too big")),
            Some(Ok(Message::Close(_))) => Heard::Farewell,
            Some(Ok(Message::Frame(_)) | Err(_)) | None => Heard::End,
        }
    }

    async fn write(&mut self, batch: &mut Vec<Outgoing>) -> Result<Option<Close>, Gone> {
        let mut close = None;
        let written = timeout(self.write_timeout, async {
            for outgoing in batch.drain(..) {
                match outgoing {
                    Outgoing::Frame(frame) | Outgoing::Part(frame) if frame.len() > COPIED_MAX => {
                        self.ws.flush().await?;
                        let mut head = Vec::with_capacity(10);
                        write_head(frame.len(), &mut head);
                        let below = self.ws.get_mut();
                        below.write_all(&head).await?;
                        below.write_all(&frame).await?;
                    }
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
        match written {
            Ok(Ok(())) => Ok(close),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    fn direct(&self) -> Option<Arc<dyn Direct>> {
        let port = self.port.clone()?;
        Some(Arc::new(Shortcut(port)))
    }

    async fn tend(&mut self, silent_for: Duration) -> Result<(), Gone> {
        if silent_for <= PING_AFTER {
            return Ok(());
        }
        match timeout(self.write_timeout, self.ws.send(Message::Ping(Bytes::new()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// The answer to the client's own word is written already; it only has to leave.
    async fn part(&mut self) {
        let _ = timeout(CLOSE_TIMEOUT, self.ws.flush()).await;
    }

    /// Waits a little for the client's own word.
    async fn close(&mut self, (closing, reason): Close) {
        let frame = CloseFrame { code: CloseCode::from(closing.code()), reason: reason.into() };
        let _ = timeout(CLOSE_TIMEOUT, async {
            self.ws.close(Some(frame)).await?;
            let mut last = (&mut self.ws).take(LAST_FRAMES);
            while let Some(Ok(_)) = last.next().await {}
            Ok::<(), Error>(())
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::io::ReadBuf;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::rooms::Settings;

    /// A client that sends without end, and takes whatever is sent.
    struct Endless {
        frames: usize,
    }

    impl AsyncRead for Endless {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            // A binary message of one byte, masked.
            let frame = [0x82, 0x81, 0, 0, 0, 0, 7];
            while buffer.remaining() >= frame.len() {
                buffer.put_slice(&frame);
                self.frames += 1;
            }
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    struct NoGate;

    impl Gate for NoGate {
        fn admit(&self) {}
        fn message_read(&self) {}
        fn bytes_read(&self) -> u64 {
            0
        }
    }

    /// There is always more, so that no timer gets its turn: nothing but the count ends it.
    #[tokio::test]
    async fn a_client_that_floods_is_not_listened_to_for_long_after_the_word_to_close() {
        let settings = Settings::default();
        let stream = Endless { frames: 0 };
        let ws = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config(&settings))).await;
        let mut line = WebSocketLine::new(ws, Arc::new(NoGate), None, &settings);
        line.close((Closing::Protocol, "malformed frame")).await;
        assert!(line.ws.get_ref().frames < 2 * LAST_FRAMES, "{}", line.ws.get_ref().frames);
    }

    #[tokio::test]
    async fn frames_of_any_size_are_written_as_the_library_reads_them() {
        let sizes = [0, 1, 125, 126, 127, 0xffff, 0x1_0000, 200_000];
        let mut bytes = Vec::new();
        for size in sizes {
            write_frame(&vec![7; size], &mut bytes);
        }
        let mut ws = WebSocketStream::from_raw_socket(std::io::Cursor::new(bytes), Role::Client, None).await;
        for size in sizes {
            let Some(Ok(Message::Binary(payload))) = ws.next().await else { panic!("no frame of {size} bytes") };
            assert!(payload.len() == size && payload.iter().all(|byte| *byte == 7));
        }
    }
}
