//! The seats of a node: who sits in which room, with what right, and whether that still holds.
//!
//! Nobody announces that a right has changed: the database is the truth, and every node looks at the rights of all its
//! sessions again and again, in one question ([`watch`]). What has changed is told to the room. While the database is
//! away nothing changes: a right that can't be looked up is not a refusal. Callers: `link::admission` takes seats,
//! rooms say what has become of them, links ask.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    registry::{Joined, Registry},
    room::Command,
    session::SessionId,
};
use crate::access::{Access, Denied, Footing, Grant, Ground, SharedJudge, Standing};

/// For one look at all rights, and for handing on what it has brought.
const PATIENCE: Duration = Duration::from_secs(5);

/// The right that a session has in its room, as the room has it. Once there is none the seat is free for good.
#[derive(Debug)]
pub(super) struct Right(AtomicU8);

impl Right {
    pub fn new(access: Access) -> Arc<Self> {
        let right = Self(AtomicU8::new(0));
        right.set(access);
        Arc::new(right)
    }

    /// The room's word.
    pub fn set(&self, access: Access) {
        self.0.store(access as u8, Ordering::Release);
    }

    pub fn is(&self, access: Access) -> bool {
        self.0.load(Ordering::Acquire) == access as u8
    }

    /// The room has sent the session away.
    pub fn is_over(&self) -> bool {
        self.is(Access::None)
    }
}

/// What is known of one seat.
#[derive(Clone, Debug)]
struct Taken {
    footing: Footing,
    room: Joined,
    right: Arc<Right>,
    /// Counts what its holder has shown since it came.
    shown: u32,
    /// The bearer was told that its token ends.
    told: bool,
}

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats(Arc<DashMap<SessionId, Taken>>);

/// A seat in a room, in the hands of a link. Dropped, it is given back: the session leaves its room.
#[derive(Debug)]
pub(super) struct Seat {
    pub session: SessionId,
    pub room: Joined,
    right: Arc<Right>,
    seats: Seats,
}

impl Seats {
    /// A seat for a session that has joined with this right.
    pub fn take(&self, session: SessionId, footing: Footing, room: Joined, right: Arc<Right>) -> Seat {
        let taken = Taken { footing, room: room.clone(), right: right.clone(), shown: 0, told: false };
        self.0.insert(session, taken);
        Seat { session, room, right, seats: self.clone() }
    }

    fn all(&self) -> Vec<(SessionId, Taken)> {
        self.0.iter().map(|seat| (*seat.key(), seat.clone())).collect()
    }

    /// Tells the room of one seat, unless its holder has shown something newer meanwhile.
    async fn tell(&self, session: SessionId, before: Taken, standing: Result<Standing, Denied>) {
        let command = match standing {
            Err(denied) => Command::Unseat { session, denied },
            Ok(Standing { access, .. }) if !before.right.is(access) => Command::SetAccess { session, access },
            Ok(_) => Command::Renew { session },
        };
        // A room that has gone has no sessions.
        let Some(place) = before.room.place().await else { return };
        let Some(mut seat) = self.0.get_mut(&session) else { return };
        if seat.shown != before.shown {
            return;
        }
        seat.told |= matches!(command, Command::Renew { .. });
        if let Command::SetAccess { access, .. } = command {
            let to = if access.may_write() { "write" } else { "read" };
            metrics::counter!("unisson_rights_changed_total", "to" => to).increment(1);
        }
        if let Command::Unseat { denied, .. } = command {
            tracing::info!(reason = denied.reason(), document.id = %before.footing.document, "a session's right has ended");
            metrics::counter!("unisson_rights_changed_total", "to" => "none").increment(1);
        }
        // In the queue before anything else that its holder may show.
        place.send(command);
    }
}

impl Seat {
    /// The room has sent the session away: what the client says goes nowhere.
    pub fn is_over(&self) -> bool {
        self.right.is_over()
    }

    /// A later token was judged.
    pub fn shown(&self, grant: &Grant) {
        if let Some(mut seat) = self.seats.0.get_mut(&self.session) {
            seat.told &= seat.footing.ground == grant.footing.ground;
            seat.footing = grant.footing;
            seat.shown += 1;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.0.remove(&self.session);
        self.room.leave(self.session);
    }
}

/// Whether the room is to be told of this.
fn is_news(seat: &Taken, standing: &Result<Standing, Denied>) -> bool {
    if seat.right.is_over() {
        return false;
    }
    match standing {
        // A judge that can't tell says nothing.
        Err(denied) => !denied.is_passing(),
        Ok(Standing { access, renew }) => {
            let renews = *renew && !seat.told && matches!(seat.footing.ground, Ground::Token { .. });
            !seat.right.is(*access) || renews
        }
    }
}

/// Looks at all rights, every now and then, until the node stops.
pub(super) async fn watch(registry: Registry, judge: SharedJudge, end: CancellationToken) {
    let mut every = interval(registry.settings().rights_interval);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looked = metrics::histogram!("unisson_rights_seconds");
    let failed = metrics::counter!("unisson_rights_failures_total");
    let mut away = false;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = every.tick() => {}
        }
        let began = Instant::now();
        let could = look(registry.seats(), &judge).await;
        match could {
            true => looked.record(began.elapsed()),
            false => failed.increment(1),
        }
        if std::mem::replace(&mut away, !could) == could {
            match could {
                true => tracing::info!("rights of sessions are looked at again"),
                false => tracing::warn!("rights of sessions can't be looked at: they stay as they are"),
            }
        }
    }
}

/// One look at all rights. False: they could not be looked at.
async fn look(seats: &Seats, judge: &SharedJudge) -> bool {
    let seats_now = seats.all();
    if seats_now.is_empty() {
        return true;
    }
    let footings: Vec<Footing> = seats_now.iter().map(|(_, seat)| seat.footing).collect();
    let Ok(Ok(standings)) = timeout(PATIENCE, judge.judge_again(&footings)).await else { return false };
    let news = seats_now.into_iter().zip(standings).filter(|((_, seat), standing)| is_news(seat, standing));
    let telling = news.map(|((session, seat), standing)| seats.tell(session, seat, standing));
    // What a busy room has not taken by then is said again the next time.
    let _ = timeout(PATIENCE, join_all(telling)).await;
    true
}
