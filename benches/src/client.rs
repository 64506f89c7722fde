//! One socket of a client, on the loopback only.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async_with_config, tungstenite::Message};

use crate::{
    dialect::{Dialect, Heard},
    relay::socket_config,
};

/// A document that takes longer to open is taken for one that doesn't.
const SYNC_TIMEOUT: Duration = Duration::from_secs(60);

/// Where a room is, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Door {
    pub address: SocketAddr,
    pub path: String,
    pub name: String,
    pub dialect: Dialect,
    /// Something answers a step 1 there. The bare relay only passes it on.
    pub answers: bool,
}

pub struct Client {
    pub ws: WebSocketStream<TcpStream>,
    door: Door,
}

/// What came with the first answer.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// From before the TCP connection to the whole of the step 2.
    pub took: Duration,
    /// Of the document, in updates and step 2.
    pub bytes: usize,
}

impl Client {
    pub async fn connect(door: &Door) -> Result<Self> {
        ensure!(door.address.ip().is_loopback(), "{} is not on this machine", door.address);
        let stream = TcpStream::connect(door.address).await.context("can't connect")?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}{}", door.address, door.path);
        let (ws, _) = client_async_with_config(url, stream, Some(socket_config())).await.context("no WebSocket")?;
        Ok(Self { ws, door: door.clone() })
    }

    /// Connects, says that it has nothing, and takes what there is.
    pub async fn open(door: &Door) -> Result<(Self, Opened)> {
        let started = Instant::now();
        let mut client = Self::connect(door).await?;
        let bytes = client.sync().await?;
        Ok((client, Opened { took: started.elapsed(), bytes }))
    }

    async fn sync(&mut self) -> Result<usize> {
        for frame in self.door.dialect.greetings(&self.door.name) {
            self.ws.feed(Message::Binary(frame)).await?;
        }
        self.ws.flush().await?;
        if !self.door.answers {
            return Ok(0);
        }
        let mut bytes = 0;
        let mut asked = false;
        let synced = tokio::time::timeout(SYNC_TIMEOUT, async {
            loop {
                match self.hear().await? {
                    Heard::Step2(size) => {
                        bytes += size;
                        break Ok(());
                    }
                    Heard::Update(update) => bytes += update.len(),
                    Heard::Step1 => asked = true,
                    Heard::Denied => bail!("the document is denied"),
                    _ => {}
                }
            }
        });
        synced.await.context("no step 2 in time")??;
        if asked {
            self.send(self.door.dialect.nothing(&self.door.name)).await?;
        }
        Ok(bytes)
    }

    /// The next message. A step 1 that comes after the opening is the caller's to answer.
    pub async fn hear(&mut self) -> Result<Heard> {
        loop {
            let frame = match self.ws.next().await.context("the server closed the socket")?? {
                Message::Binary(frame) => frame,
                Message::Close(frame) => bail!("the server closed the socket: {frame:?}"),
                _ => continue,
            };
            match self.door.dialect.read(&frame)? {
                Heard::Ping => self.send(Bytes::from_static(&[10])).await?,
                heard => return Ok(heard),
            }
        }
    }

    pub async fn send(&mut self, frame: Bytes) -> Result<()> {
        Ok(self.ws.send(Message::Binary(frame)).await?)
    }
}
