//! Looks again and again whether those who sit at the feed still may, and are still what they were to the community they
//! are in, in one question for all.
//!
//! As with the seats of rooms: nobody announces an end, the database is the truth, and while it is away nothing changes.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use crdt_store::{LoginId, StoreError};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Live, mailbox::End};
use crate::{access::Role, bus::Link, shutdown::Shutdown};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// For one look.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sign-ins asked about in one question.
const QUESTION: usize = 2_000;

pub(super) async fn watch(live: Live, shutdown: Shutdown) {
    let mut every = interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard_before = false;
    loop {
        tokio::select! {
            () = shutdown.ended() => return,
            _ = every.tick() => {}
        }
        // What was said before the bus was there for the first time is lost as well.
        if !heard_before && live.0.bus.link() == Link::Connected {
            heard_before = true;
            live.0.desk.resync();
        }
        match timeout(PATIENCE, look(&live)).await {
            Ok(Ok(())) => {
                if live.0.owed.swap(false, Ordering::AcqRel) {
                    live.0.desk.resync();
                }
            }
            Ok(Err(error)) => tracing::debug!(%error, "live.watch can't look at sign-ins"),
            Err(_) => tracing::debug!("live.watch waits too long for the database"),
        }
    }
}

async fn look(live: &Live) -> Result<(), StoreError> {
    let logins = live.0.desk.logins();
    let mut found: HashMap<LoginId, Result<Role, End>> = HashMap::with_capacity(logins.len());
    for some in logins.chunks(QUESTION) {
        let standings = live.0.db.feeds().standings(some).await?;
        for (login, standing) in some.iter().zip(standings) {
            let come_to = match standing {
                None => Err(End::SignedOut),
                Some(standing) if standing.suspended_at.is_some() => Err(End::Suspended),
                Some(standing) => Ok(standing.role),
            };
            found.insert(*login, come_to);
        }
    }
    live.0.desk.found(|login| found.get(&login).copied());
    live.look_at_places().await
}
