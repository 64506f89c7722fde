//! How often one client address may try to sign in.

use time::Duration;

use crate::{
    http::{Problem, client::Client},
    state::State,
};

/// What is counted is counted within this.
pub(super) const WINDOW: Duration = Duration::minutes(15);

/// Counts what a client does, and says whether it is more than `most` within [`WINDOW`].
pub(super) async fn is_too_often(state: &State, client: Client, what: &str, most: i64) -> Result<bool, Problem> {
    // This machine itself: a proxy that says nothing, or an operator.
    let Some(network) = client.network() else { return Ok(false) };
    let key = state.auth().throttle_key(&[what, &network.to_string()]);
    Ok(state.db().throttles().count(&key, WINDOW).await? > most)
}
