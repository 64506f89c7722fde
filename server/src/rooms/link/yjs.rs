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
        registry::Registry,
        room::Command,
        seats::Seat,
        session::Newcomer,
        wire::{self, Address, Incoming, WireError},
    },
    Close, Line, Speaker, Visitor,
    admission::{NoSeat, seat},
    pace::Pace,
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
        Box::pin(seat(&registry, &judge, &visitor.credentials, &name, |grant, right| Newcomer {
            id: session,
            key,
            address: Address::yjs(),
            outbox: out.clone(),
            access: grant.access,
            right,
            person: grant.footing.person,
            name: grant.name.clone(),
        }))
        .await
    };
    let seat = match seated {
        Ok((_, seat)) => {
            visitor.gate.admit();
            Some(seat)
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
    let pace = Pace::new(registry.settings(), Instant::now());
    let mut speaker = YjsSpeaker { seat, permits, pace, _outbox: out };
    run(line, reader, visitor.gate.clone(), &registry, session.0, &mut speaker).await;
}

struct YjsSpeaker {
    /// `None`: refused. The socket stays, and what it says goes nowhere.
    seat: Option<Seat>,
    permits: std::sync::Arc<tokio::sync::Semaphore>,
    pace: Pace,
    /// Keeps the queue open while the room has gone.
    _outbox: Outbox,
}

impl Speaker for YjsSpeaker {
    type Verdict = ();

    async fn on_frame(&mut self, frame: Bytes) -> Result<(), Close> {
        let read_at = Instant::now();
        let Some(seat) = &self.seat else {
            self.pace.word(read_at).await;
            return Ok(());
        };
        let messages = match wire::yjs::read(frame) {
            Ok(messages) => messages,
            Err(WireError::UnknownType) => {
                self.pace.word(read_at).await;
                return Ok(());
            }
            Err(_) => return Err((Closing::Protocol, "malformed frame")),
        };
        for message in messages {
            self.pace.message(&message, read_at).await;
            if message == Incoming::Ignored {
                continue;
            }
            let permit = self.permits.clone().acquire_owned().await.ok();
            let command = Command::Message { session: seat.session, message, read_at, _permit: permit };
            // Whoever was sent away is closed by what is in the queue for it.
            if !seat.room.send(command).await && !seat.is_over() {
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
        if let Some(seat) = &self.seat {
            seat.room.settled().await;
        }
    }

    fn leave(&mut self) {
        self.seat = None;
    }
}
