//! The sockets: where a document's text is edited together.
//!
//! `/collab` speaks the Hocuspocus dialect, any number of documents on a socket; `/yjs/{name}` the y-websocket
//! dialect, one document; [`super::posted`] brings the first over plain HTTP. Who asks is known from the login cookie, if the page is ours, or from a token. A page of
//! another site is refused before the upgrade when it would borrow a cookie.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Path, Query, Request, State as Extracted},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::posted;
use crate::{
    access::{Credentials, Principal, SharedJudge},
    auth::ForeignOrigin,
    http::{
        Kind, Problem,
        port::{Begun, Port},
        problem::FOREIGN_ORIGIN,
        upgrade::{Allowance, Upgrade},
    },
    rooms::link::{
        self, Gate, Sent, Visitor,
        websocket::{self, WebSocketLine},
    },
    state::State,
};

pub(super) static TOO_MANY_SOCKETS: Kind = Kind::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too-many-sockets",
    "Trop de connexions sont déjà ouvertes pour cette personne ou depuis cette adresse",
    "Too many connections are open already for this person or from this address",
);

/// `/collab` and `/yjs/{name}`, and the way around for those whom no WebSocket reaches.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/collab", get(collab))
        .route("/collab/", get(collab))
        .route("/yjs/{*name}", get(yjs))
        .merge(posted::routes())
}

#[derive(Debug, Deserialize)]
struct YjsQuery {
    token: Option<String>,
}

async fn collab(Extracted(state): Extracted<State>, request: Request) -> Response {
    match login(&state, request.headers()).await {
        Ok(login) => open(state, request, Credentials { login, token: None }, None),
        Err(problem) => problem.into_response(),
    }
}

/// The name may hold slashes, and arrives decoded once.
async fn yjs(
    Extracted(state): Extracted<State>,
    Path(name): Path<String>,
    Query(query): Query<YjsQuery>,
    request: Request,
) -> Response {
    let token = query.token.filter(|token| !token.is_empty());
    match login(&state, request.headers()).await {
        Ok(login) => open(state, request, Credentials { login, token }, Some(name)),
        Err(problem) => problem.into_response(),
    }
}

/// Whose cookie came along. A foreign page is refused: it would write in its visitor's name.
pub(super) async fn login(state: &State, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    match state.auth().socket_login(headers).await? {
        Ok(login) => Ok(login),
        Err(ForeignOrigin) => Err(Problem::new(&FOREIGN_ORIGIN)),
    }
}

impl Gate for Allowance {
    fn admit(&self) {
        self.admit();
    }

    fn message_read(&self) {
        self.message_read();
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read()
    }
}

impl websocket::Port for Port {
    fn send(&self, bytes: &[u8]) -> Sent {
        match self.begin(bytes) {
            Begun::All => Sent::All,
            Begun::Part => Sent::Begun,
            Begun::Nothing => Sent::Nothing,
        }
    }
}

/// Answers the handshake and lets the socket run as a task of its own.
fn open(state: State, request: Request, credentials: Credentials, name: Option<String>) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let upgrade = match Upgrade::of(request) {
        Ok(upgrade) => upgrade,
        Err(problem) => return problem.into_response(),
    };
    let rooms = state.rooms().clone();
    let person = credentials.login.as_ref().and_then(|login| login.id);
    let Some(place) = rooms.sockets().enter(person, peer) else {
        return Problem::new(&TOO_MANY_SOCKETS).into_response();
    };
    let allowance = Allowance::new(state.budgets().clone());
    let (response, socket) = upgrade.accept(websocket::config(rooms.settings()), allowance.clone());
    let visitor = Visitor { credentials, gate: Arc::new(allowance), place };
    let judge: SharedJudge = Arc::new(state.auth().clone());
    let shutdown = state.shutdown().clone();
    state.shutdown().spawn(async move {
        let (socket, port) = match socket.await {
            Ok(opened) => opened,
            Err(error) => {
                tracing::debug!(%error, "the client went before its socket was open");
                return;
            }
        };
        let port = port.map(|port| port as Arc<dyn websocket::Port>);
        let line = Box::new(WebSocketLine::new(socket, visitor.gate.clone(), port, rooms.settings()));
        // A task of its own: what the opening needed is not carried along for the life of the socket.
        match name {
            Some(name) => shutdown.spawn(link::yjs::serve(line, rooms, judge, visitor, name)),
            None => shutdown.spawn(link::hocuspocus::serve(line, rooms, judge, visitor)),
        };
    });
    response
}
