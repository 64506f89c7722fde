//! Looks now and then when something was last written in each community, so that nobody who writes has to note it down,
//! and how many lead it. Every node does; twice does no harm.

use std::time::Duration;

use crate::state::State;

const EVERY: Duration = Duration::from_secs(3600);
const HANDFUL: u32 = 100;

/// Until the node ends.
pub async fn watch(state: State) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = state.shutdown().draining() => return,
            _ = every.tick() => {
                if let Err(error) = look(&state).await {
                    tracing::warn!(%error, "when communities were last active could not be looked up");
                }
            }
        }
    }
}

async fn look(state: &State) -> Result<(), crdt_store::StoreError> {
    let mut after = None;
    loop {
        match state.db().communities().look_at_activity(after, HANDFUL).await? {
            Some(last) if !state.shutdown().is_draining() => after = Some(last),
            _ => return Ok(()),
        }
    }
}
