//! A socket in the y-websocket dialect: one document, named in the address.
//!
//! A refusal is told on a socket that stays open: a client whose socket is closed comes back at once and for
//! ever. Nothing is read before the token is judged.

use std::future::{Future, pending};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    super::{
        outbox::{Closing, Outbox, outbox},
        registry::{Joined, Registry},
        room::Command,
        session::{Newcomer, SessionId},
        wire::{self, Address, Incoming, WireError},
    },
    Close, Line, Speaker, Visitor,
    admission::{NoSeat, seat},
    run,
};
use crate::access::{Denied, SharedJudge};

/// Runs the socket to its end. `name` is decoded already.
pub async fn serve(line: impl Line, registry: Registry, judge: SharedJudge, visitor: Visitor, name: String) {
    let session = registry.next_session();
    let key = uuid::Uuid::now_v7();
    let (out, reader) = outbox(registry.settings().outbox_bytes);
    let seated = if name.is_empty() || name.len() > wire::NAME_BYTES_MAX {
        Err(NoSeat::Denied(Denied::NotFound))
    } else {
        // Boxed: what judging needs is not carried along for the life of the socket.
        Box::pin(seat(&registry, &judge, &visitor.credentials, &name, |grant| Newcomer {
            id: session,
            key,
            address: Address::yjs(),
            outbox: out.clone(),
            access: grant.access,
            person: grant.person,
            name: grant.name.clone(),
        }))
        .await
    };
    let room = match seated {
        Ok((_, joined)) => {
            visitor.gate.admit();
            Some(joined)
        }
        Err(NoSeat::Denied(denied)) => {
            metrics::counter!("unisson_refusals_total", "reason" => denied.reason()).increment(1);
            out.push(Address::yjs().denied(denied.reason()));
            None
        }
        Err(NoSeat::NotNow) => {
            out.close(Closing::TryAgainLater, "try again later");
            None
        }
    };
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(registry.settings().messages_in_flight));
    let mut speaker = YjsSpeaker { session, room, permits, _outbox: out };
    run(line, reader, visitor.gate.clone(), &registry, session.0, &mut speaker).await;
}

struct YjsSpeaker {
    session: SessionId,
    /// `None`: refused. The socket stays, and what it says goes nowhere.
    room: Option<Joined>,
    permits: std::sync::Arc<tokio::sync::Semaphore>,
    /// Keeps the queue open while the room has gone.
    _outbox: Outbox,
}

impl Speaker for YjsSpeaker {
    type Verdict = ();

    async fn on_frame(&mut self, frame: Bytes) -> Result<(), Close> {
        let Some(room) = &self.room else { return Ok(()) };
        let read_at = Instant::now();
        let messages = match wire::yjs::read(frame) {
            Ok(messages) => messages,
            Err(WireError::UnknownType) => return Ok(()),
            Err(_) => return Err((Closing::Protocol, "malformed frame")),
        };
        for message in messages {
            if message == Incoming::Ignored {
                continue;
            }
            let permit = self.permits.clone().acquire_owned().await.ok();
            let command = Command::Message { session: self.session, message, read_at, _permit: permit };
            if !room.send(command).await {
                return Err((Closing::TryAgainLater, "the document was closed"));
            }
        }
        Ok(())
    }

    fn next_verdict(&mut self) -> impl Future<Output = ()> + Send {
        pending()
    }

    async fn on_verdict(&mut self, (): ()) -> Result<(), Close> {
        Ok(())
    }

    fn on_tick(&mut self) -> Result<(), Close> {
        Ok(())
    }

    fn heartbeat(&self) -> Option<Bytes> {
        Some(Address::yjs().heartbeat())
    }

    async fn settled(&self) {
        if let Some(room) = &self.room {
            room.settled().await;
        }
    }

    fn leave(&mut self) {
        if let Some(room) = self.room.take() {
            room.leave(self.session);
        }
    }
}
