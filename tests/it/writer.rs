//! Somebody who writes: a Yjs document of their own, and a socket in the y-websocket dialect.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};
use yrs::{
    Doc, GetString, ReadTxn, StateVector, Text, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

const PATIENCE: Duration = Duration::from_secs(30);
const SYNC: u64 = 0;
const STEP_1: u64 = 0;
const STEP_2: u64 = 1;
const UPDATE: u64 = 2;

/// A document that somebody has open.
pub struct Writer {
    doc: Doc,
    socket: WebSocketStream<TcpStream>,
}

impl Writer {
    /// Opens the document, and waits until it is all here.
    pub async fn open(address: SocketAddr, name: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (socket, _) = client_async(format!("ws://{address}/yjs/{name}"), stream).await?;
        let mut writer = Self { doc: Doc::new(), socket };
        writer.say(STEP_1, &StateVector::default().encode_v1()).await?;
        while writer.hear().await?.0 != STEP_2 {}
        Ok(writer)
    }

    pub fn text(&self) -> String {
        let text = self.doc.get_or_insert_text("text");
        text.get_string(&self.doc.transact())
    }

    /// Types at the end, and waits until the server has it in its database: it says so by sending it back.
    pub async fn type_and_save(&mut self, words: &str) -> anyhow::Result<()> {
        let text = self.doc.get_or_insert_text("text");
        let update = {
            let mut txn = self.doc.transact_mut();
            let end = text.len(&txn);
            text.insert(&mut txn, end, words);
            txn.encode_update_v1()
        };
        self.say(UPDATE, &update).await?;
        loop {
            let (kind, bytes) = self.hear().await?;
            if kind == UPDATE && bytes == update {
                return Ok(());
            }
        }
    }

    async fn say(&mut self, kind: u64, bytes: &[u8]) -> anyhow::Result<()> {
        let mut frame = Vec::with_capacity(bytes.len() + 8);
        for number in [SYNC, kind, bytes.len() as u64] {
            put(&mut frame, number);
        }
        frame.extend_from_slice(bytes);
        Ok(self.socket.send(Message::Binary(frame.into())).await?)
    }

    /// The next message of the synchronisation; what it brings is taken in.
    async fn hear(&mut self) -> anyhow::Result<(u64, Bytes)> {
        loop {
            let heard = timeout(PATIENCE, self.socket.next()).await?;
            let Some(Message::Binary(frame)) = heard.transpose()? else { anyhow::bail!("the server has gone") };
            let mut rest = frame.clone();
            let Some(SYNC) = take(&mut rest) else { continue };
            let (Some(kind), Some(length)) = (take(&mut rest), take(&mut rest)) else { continue };
            anyhow::ensure!(length as usize <= rest.len(), "a frame is cut short");
            let bytes = rest.slice(..length as usize);
            match kind {
                STEP_1 => {
                    let missing = self.doc.transact().encode_state_as_update_v1(&StateVector::decode_v1(&bytes)?);
                    self.say(STEP_2, &missing).await?;
                }
                _ => self.doc.transact_mut().apply_update(Update::decode_v1(&bytes)?)?,
            }
            return Ok((kind, bytes));
        }
    }
}

fn put(frame: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        frame.push(number as u8 | 0x80);
        number >>= 7;
    }
    frame.push(number as u8);
}

fn take(bytes: &mut Bytes) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let byte = *bytes.first()?;
        *bytes = bytes.slice(1..);
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}
