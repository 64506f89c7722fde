//! The door to the feed: `GET /live`, a WebSocket for whoever is signed in.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Request, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    access::{Means, Principal},
    auth::ForeignOrigin,
    http::{
        Kind, Problem,
        problem::{FOREIGN_ORIGIN, NOT_SIGNED_IN},
        upgrade::{Allowance, Upgrade},
    },
    live::socket,
    state::State,
};

static TOO_MANY_FEEDS: Kind = Kind::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too-many-sockets",
    "Trop de connexions sont déjà ouvertes pour cette personne ou depuis cette adresse",
    "Too many connections are open already for this person or from this address",
);

pub(super) fn routes() -> Router<State> {
    Router::new().route("/live", get(live))
}

async fn live(Shared(state): Shared<State>, request: Request) -> Result<Response, Problem> {
    let who = match state.auth().socket_login(request.headers()).await? {
        Ok(who) => who,
        Err(ForeignOrigin) => return Err(Problem::new(&FOREIGN_ORIGIN)),
    };
    let Some(Principal { id: Some(person), means: Means::Login(login), role, .. }) = who else {
        return Err(Problem::new(&NOT_SIGNED_IN));
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let upgrade = Upgrade::of(request)?;
    // The node's sockets are counted in one place, and its end waits for all of them.
    let Some(place) = state.rooms().sockets().enter(Some(person), peer) else {
        return Err(Problem::new(&TOO_MANY_FEEDS));
    };
    let allowance = Allowance::new(state.budgets().clone());
    allowance.admit();
    let (response, socket) = upgrade.accept(socket::config(), allowance.clone());
    // From here on nothing is missed: the client asks for what there is when its socket is open.
    let seat = state.live().sit(person, login, role);
    let shutdown = state.shutdown().clone();
    state.shutdown().clone().spawn(async move {
        let _place = place;
        match socket.await {
            Ok((socket, _)) => {
                let live = state.live().clone();
                drop(state);
                socket::serve(socket, live, seat, shutdown, move || allowance.message_read()).await;
            }
            Err(error) => tracing::debug!(%error, "the client went before its socket was open"),
        }
    });
    Ok(response.into_response())
}
