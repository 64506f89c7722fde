//! The floor: a relay that does nothing but hand each binary frame to the others in its room.
//!
//! The same socket library, buffers and allocator as the server, and the same loop: one task a socket, a queue
//! per socket, one flush for what is queued. What the server costs beyond this is what it does beyond this. It runs
//! as a process of its own (`unisson-benches relay`).

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::WebSocketConfig,
    },
};

const BACKLOG: u32 = 4_096;
const BATCH_MAX: usize = 64;

/// 4 KiB each way, as the server has it.
pub fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(4 << 10)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(128 << 20))
        .max_frame_size(Some(128 << 20))
}

#[derive(Default)]
struct Room {
    members: Mutex<Vec<(u64, mpsc::UnboundedSender<Bytes>)>>,
}

#[derive(Clone, Default)]
struct Rooms(Arc<Mutex<HashMap<String, Arc<Room>>>>);

impl Rooms {
    fn room(&self, path: String) -> Arc<Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_default().clone()
    }
}

/// Accepts until the process is ended.
pub async fn run(address: SocketAddr) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address).with_context(|| format!("can't listen on {address}"))?;
    let listener = socket.listen(BACKLOG)?;
    let rooms = Rooms::default();
    let numbers = Arc::new(AtomicU64::new(0));
    loop {
        let (stream, _) = listener.accept().await?;
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(connection(stream, rooms.clone(), number));
    }
}

async fn connection(stream: TcpStream, rooms: Rooms, number: u64) {
    let _ = stream.set_nodelay(true);
    let mut path = String::new();
    #[expect(clippy::result_large_err, reason = "the handshake wants it so")]
    let note_path = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().path().to_owned();
        Ok(response)
    };
    let Ok(mut ws) = accept_hdr_async_with_config(stream, note_path, Some(socket_config())).await else { return };
    let room = rooms.room(path);
    let (sender, mut queue) = mpsc::unbounded_channel();
    room.members.lock().unwrap_or_else(PoisonError::into_inner).push((number, sender));
    let mut batch: Vec<Bytes> = Vec::with_capacity(4);
    'talk: loop {
        tokio::select! {
            heard = ws.next() => match heard {
                Some(Ok(Message::Binary(frame))) => {
                    for (member, queue) in &*room.members.lock().unwrap_or_else(PoisonError::into_inner) {
                        if *member != number {
                            let _ = queue.send(frame.clone());
                        }
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
            _ = queue.recv_many(&mut batch, BATCH_MAX) => {
                for frame in batch.drain(..) {
                    if ws.feed(Message::Binary(frame)).await.is_err() {
                        break 'talk;
                    }
                }
                if ws.flush().await.is_err() {
                    break;
                }
            }
        }
    }
    room.members.lock().unwrap_or_else(PoisonError::into_inner).retain(|(member, _)| *member != number);
}
