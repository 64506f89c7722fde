//! From a name and a token to a seat in a room.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use super::super::{
    registry::Registry,
    room::JoinError,
    seats::{Right, Seat},
    session::Newcomer,
};
use crate::access::{Credentials, Denied, Footing, Grant, SharedJudge};

/// Why somebody has no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// For good, with these credentials.
    Denied(Denied),
    /// The database could not be asked in time. The client is to come again.
    NotNow,
}

const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Judges, trying again while the database is away, until `deadline`.
pub(super) async fn judge(
    judge: &SharedJudge,
    credentials: &Credentials,
    name: &str,
    deadline: Instant,
) -> Result<Grant, NoSeat> {
    loop {
        match timeout_at(deadline, judge.judge(credentials, name)).await {
            Ok(Ok(grant)) => return Ok(grant),
            Ok(Err(denied)) if !denied.is_passing() => return Err(NoSeat::Denied(denied)),
            Ok(Err(_)) if Instant::now() + RETRY_AFTER < deadline => sleep(RETRY_AFTER).await,
            Ok(Err(_)) | Err(_) => return Err(NoSeat::NotNow),
        }
    }
}

/// Judges and joins.
pub(super) async fn seat(
    registry: &Registry,
    by: &SharedJudge,
    credentials: &Credentials,
    name: &str,
    newcomer: impl Fn(&Grant, Arc<Right>) -> Newcomer,
) -> Result<(Grant, Seat), NoSeat> {
    let deadline = Instant::now() + registry.settings().judge_timeout;
    loop {
        let grant = judge(by, credentials, name, deadline).await?;
        let Footing { document, epoch, .. } = grant.footing;
        let right = Right::new(grant.access);
        let joining = registry.join(document, epoch, || newcomer(&grant, right.clone()));
        match timeout_at(deadline, joining).await {
            Ok(Ok((session, room))) => {
                let seat = registry.seats().take(session, grant.footing, room, right);
                return Ok((grant, seat));
            }
            Ok(Err(JoinError::OldEpoch)) => return Err(NoSeat::Denied(Denied::OldEpoch)),
            Ok(Err(JoinError::Gone)) => return Err(NoSeat::Denied(Denied::NotFound)),
            Ok(Err(_)) if Instant::now() + RETRY_AFTER < deadline => sleep(RETRY_AFTER).await,
            Ok(Err(_)) | Err(_) => return Err(NoSeat::NotNow),
        }
    }
}
