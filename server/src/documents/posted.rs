//! The other way to the live text, for networks that let no WebSocket through: requests up, an event stream down.
//!
//! The client names a connection by an id that nobody can guess, so that sending the request again opens nothing twice
//! and a proxy can keep all that belongs to one connection on one node. From then on `POST` carries pieces of a stream of
//! frames up, and `GET …/events` frames down; what both carry is what `/collab` carries. An id counts only for the login,
//! or the network, that opened it.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{ConnectInfo, Request, State as Extracted},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use dashmap::{DashMap, Entry};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::socket::{self, TOO_MANY_SOCKETS};
use crate::{
    access::{Credentials, SharedJudge},
    auth::ForeignOrigin,
    http::{
        Kind, Language, Problem,
        context::Reader as Asker,
        extract::{Json, Path, Query},
        listen::Hangup,
        problem::{BAD_QUERY, BAD_REQUEST, FOREIGN_ORIGIN, TIMED_OUT, TOO_LARGE, UNAVAILABLE},
        upgrade::{Allowance, Metered},
    },
    rooms::link::{
        self, Gate, Visitor,
        pair::{
            PairLine,
            down::{Down, Piece, Reader},
            up::{Refused, Up},
        },
    },
    state::State,
};

/// One piece on its way up. Small enough for the proxies that a network which blocks WebSockets has.
const PIECE_BYTES: usize = 512 << 10;
/// A piece that brings nothing for so long is given up.
const PIECE_PAUSE: Duration = Duration::from_secs(20);
/// A client is to say something at least this often.
const SPEAK_EVERY: Duration = Duration::from_secs(20);
/// A stream that has brought nothing for so long brings a comment.
const COMMENT_AFTER: Duration = Duration::from_secs(10);
/// Frames are written in slices, so that a large one is never there a second time as text. Divisible by three, for the
/// slices are joined again by the reader of base64.
const SLICE_BYTES: usize = 48 << 10;
/// How long a stream may take to notice that its connection is over.
const LET_GO: Duration = Duration::from_secs(2);

static CONNECTION_OVER: Kind = Kind::new(
    StatusCode::NOT_FOUND,
    "connection-over",
    "Cette connexion n’existe pas, ou n’existe plus",
    "There is no such connection, or no longer",
);
static TOO_LATE: Kind = Kind::new(
    StatusCode::GONE,
    "too-late-to-resume",
    "Ce qui manque n’est plus gardé, il faut ouvrir une autre connexion",
    "What is missing is no longer kept; open another connection",
);
static OUT_OF_ORDER: Kind = Kind::new(
    StatusCode::CONFLICT,
    "out-of-order",
    "Il manque ce qui précède",
    "What comes before this has not arrived",
);
static REPLACED: Kind = Kind::new(
    StatusCode::CONFLICT,
    "replaced",
    "La même requête est arrivée une seconde fois",
    "The same request has come a second time",
);

/// `/collab/http/…`.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/collab/http/{id}/open", post(open))
        .route("/collab/http/{id}/events", get(events))
        .route("/collab/http/{id}", post(send).delete(end))
        .layer(Extension(Desk::default()))
}

/// The connections of this node.
#[derive(Clone, Default)]
struct Desk(Arc<DashMap<String, Arc<Connection>>>);

struct Connection {
    owner: Owner,
    up: Up,
    down: Arc<Down>,
    signs: Arc<AtomicU64>,
    /// Cuts what carries the present event stream.
    hangup: Mutex<Option<CancellationToken>>,
}

/// Who may use a connection: the bearers of one login cookie; without one, those who come from the same network.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    Login(Vec<u8>),
    Network(Network),
}

/// Where somebody comes from, as far as that stays the same while they are there.
#[derive(Debug, PartialEq, Eq)]
enum Network {
    /// An address of the machine's surroundings: a proxy, or one of several.
    Near,
    V4([u8; 4]),
    /// The first half: the other is changed at will.
    V6([u16; 4]),
    Unknown,
}

impl Network {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(IpAddr::V4(v4)) if v4.is_loopback() || v4.is_private() || v4.is_link_local() => Self::Near,
            Some(IpAddr::V6(v6)) if v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() => {
                Self::Near
            }
            Some(IpAddr::V4(v4)) => Self::V4(v4.octets()),
            Some(IpAddr::V6(v6)) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

fn owner(state: &State, request: &Request) -> Result<Owner, Problem> {
    match state.auth().socket_mark(request.headers()) {
        Ok(Some(mark)) => Ok(Owner::Login(mark)),
        Ok(None) => Ok(Owner::Network(Network::of(peer(request)))),
        Err(ForeignOrigin) => Err(Problem::new(&FOREIGN_ORIGIN)),
    }
}

impl Desk {
    /// The connection, if whoever asks may use it. Somebody else's is not there.
    fn find(&self, state: &State, id: &str, request: &Request) -> Result<Arc<Connection>, Problem> {
        let owner = owner(state, request)?;
        let found = self.0.get(id).map(|connection| connection.clone());
        found.filter(|connection| connection.owner == owner).ok_or_else(|| Problem::new(&CONNECTION_OVER))
    }
}

/// What a program has to know to use the connection.
#[derive(Debug, Serialize)]
struct Opened {
    /// The most that one request may carry up, in bytes.
    piece_bytes: usize,
    /// So much may be on its way down before the client says what it has, in bytes.
    window_bytes: usize,
    /// The client says something at least this often, in milliseconds.
    speak_every_ms: u64,
    /// Without an event stream the connection is over after so long, in milliseconds.
    resume_within_ms: u64,
}

/// Letters, digits, `-` and `_`, as many as hold 128 bits.
fn is_id(id: &str) -> bool {
    (22..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

async fn open(
    Extracted(state): Extracted<State>,
    Extension(desk): Extension<Desk>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    if !is_id(&id) {
        return Err(Problem::with_detail(&BAD_REQUEST, "the id: 22 to 64 letters, digits, - and _"));
    }
    let login = socket::login(&state, request.headers()).await?;
    if let (Some(login), Some(asker)) = (&login, request.extensions().get::<Asker>())
        && let Some(language) = Language::from_tag(&login.language)
    {
        asker.prefers(language);
    }
    let owner = owner(&state, &request)?;
    if state.shutdown().is_draining() {
        return Err(Problem::new(&UNAVAILABLE));
    }
    let rooms = state.rooms().clone();
    let settings = rooms.settings();
    let opened = Opened {
        piece_bytes: PIECE_BYTES,
        window_bytes: settings.window_bytes,
        speak_every_ms: SPEAK_EVERY.as_millis() as u64,
        resume_within_ms: settings.resume_within.as_millis() as u64,
    };
    let vacant = match desk.0.entry(id.clone()) {
        // The answer was lost: here it is again.
        Entry::Occupied(known) if known.get().owner == owner => return Ok(Json(opened).into_response()),
        Entry::Occupied(_) => return Err(Problem::new(&CONNECTION_OVER)),
        Entry::Vacant(vacant) => vacant,
    };
    let person = login.as_ref().and_then(|login| login.id);
    let Some(place) = rooms.sockets().enter(person, peer(&request)) else {
        return Err(Problem::new(&TOO_MANY_SOCKETS));
    };

    let (up, pipe) = Up::new();
    let down = Down::new(settings.window_bytes);
    let signs = Arc::new(AtomicU64::new(0));
    let allowance = Allowance::new(state.budgets().clone());
    let gate: Arc<dyn Gate> = Arc::new(Carried { allowance: allowance.clone(), signs: signs.clone() });
    let line = PairLine::new(Metered::new(pipe, allowance), down.clone(), gate.clone(), settings);
    let connection = Arc::new(Connection { owner, up, down, signs, hangup: Mutex::default() });
    vacant.insert(connection.clone());

    let visitor = Visitor { credentials: Credentials { login, token: None }, gate, place };
    let judge: SharedJudge = Arc::new(state.auth().clone());
    state.shutdown().spawn(async move {
        link::hocuspocus::serve(line, rooms, judge, visitor).await;
        desk.0.remove(&id);
        connection.let_go().await;
    });
    Ok((StatusCode::CREATED, Json(opened)).into_response())
}

/// What the link sees of what carries its frames.
struct Carried {
    allowance: Allowance,
    /// Requests without a body are signs of life as well.
    signs: Arc<AtomicU64>,
}

impl Gate for Carried {
    fn admit(&self) {
        self.allowance.admit();
    }

    fn message_read(&self) {
        self.allowance.message_read();
    }

    fn bytes_read(&self) -> u64 {
        self.allowance.bytes_read() + self.signs.load(Ordering::Relaxed)
    }
}

impl Connection {
    /// The link has ended: the event stream ends by itself, or is cut when its reader doesn't read.
    async fn let_go(&self) {
        if timeout(LET_GO, self.down.unread()).await.is_err() {
            let hangup = self.hangup.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(hangup) = hangup {
                hangup.cancel();
            }
        }
    }

    fn seen(&self, number: u64) -> Result<(), Problem> {
        match self.down.seen(number) {
            true => Ok(()),
            false => Err(Problem::with_detail(&BAD_QUERY, "seen: no such frame was sent")),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Place {
    /// The last event that the client has.
    after: Option<u64>,
}

async fn events(
    Extracted(state): Extracted<State>,
    Extension(desk): Extension<Desk>,
    Path(id): Path<String>,
    Query(place): Query<Place>,
    request: Request,
) -> Result<Response, Problem> {
    let connection = desk.find(&state, &id, &request)?;
    let after = place.after.or_else(|| last_event(request.headers())).unwrap_or(0);
    let reader = connection.down.read(after).map_err(|missing| match missing {
        link::pair::down::Missing::Past => Problem::new(&TOO_LATE),
        link::pair::down::Missing::Future => Problem::with_detail(&BAD_QUERY, "after: no such frame was sent"),
    })?;
    if let Some(Hangup(hangup)) = request.extensions().get::<Hangup>() {
        *connection.hangup.lock().unwrap_or_else(PoisonError::into_inner) = Some(hangup.clone());
    }
    // At once, so that the client knows that nothing on the way waits for the end of the answer.
    let first = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b": open\n\n")) });
    let body = Body::from_stream(first.chain(stream::unfold(reader, written)));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// What browsers' own event streams send when they come back.
fn last_event(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// What there is, as text; a comment when there is nothing for a while.
async fn written(mut reader: Reader) -> Option<(Result<Bytes, Infallible>, Reader)> {
    let mut text = String::new();
    match timeout(COMMENT_AFTER, reader.next(SLICE_BYTES)).await {
        Ok(Some(piece)) => write(&mut text, &piece),
        Ok(None) => return None,
        Err(_) => text.push_str(":\n\n"),
    }
    while text.len() < SLICE_BYTES
        && let Some(piece) = reader.try_next(SLICE_BYTES)
    {
        write(&mut text, &piece);
    }
    Some((Ok(text.into()), reader))
}

fn write(text: &mut String, piece: &Piece) {
    match piece {
        Piece::Frame { number, bytes, starts, ends } => {
            if *starts {
                text.push_str("id: ");
                text.push_str(&number.to_string());
                text.push_str("\ndata: ");
            }
            STANDARD.encode_string(bytes, text);
            if *ends {
                text.push_str("\n\n");
            }
        }
        Piece::Close((closing, reason)) => {
            let data = serde_json::json!({ "code": closing.code(), "reason": reason });
            text.push_str("event: close\ndata: ");
            text.push_str(&data.to_string());
            text.push_str("\n\n");
        }
    }
}

#[derive(Debug, Deserialize)]
struct Piecemeal {
    /// Where in the stream this piece begins, in bytes.
    at: u64,
    /// The last event that the client has.
    seen: Option<u64>,
    /// Nothing comes behind it: the client takes its leave.
    #[serde(default)]
    end: bool,
}

async fn send(
    Extracted(state): Extracted<State>,
    Extension(desk): Extension<Desk>,
    Path(id): Path<String>,
    Query(Piecemeal { at, seen, end }): Query<Piecemeal>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let connection = desk.find(&state, &id, &request)?;
    connection.signs.fetch_add(1, Ordering::Relaxed);
    if let Some(number) = seen {
        connection.seen(number)?;
    }
    let told = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if told.is_some_and(|bytes: usize| bytes > PIECE_BYTES) {
        return Err(Problem::new(&TOO_LARGE));
    }
    let mut turn = connection.up.turn().await.map_err(refusal)?;
    let mut body = request.into_body().into_data_stream();
    let mut read = 0;
    turn.take(at, &[]).await.map_err(refusal)?;
    loop {
        let chunk = tokio::select! {
            () = turn.replaced() => return Err(Problem::new(&REPLACED)),
            chunk = timeout(PIECE_PAUSE, body.next()) => chunk.map_err(|_| Problem::new(&TIMED_OUT))?,
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|_| Problem::with_detail(&BAD_REQUEST, "the body broke off"))?;
        if read + chunk.len() > PIECE_BYTES {
            return Err(Problem::new(&TOO_LARGE));
        }
        let at = at.checked_add(read as u64).ok_or_else(|| Problem::new(&BAD_QUERY))?;
        turn.take(at, &chunk).await.map_err(refusal)?;
        read += chunk.len();
    }
    if end {
        turn.end().await;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn end(
    Extracted(state): Extracted<State>,
    Extension(desk): Extension<Desk>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let connection = desk.find(&state, &id, &request)?;
    connection.up.turn().await.map_err(refusal)?.end().await;
    Ok(StatusCode::NO_CONTENT)
}

fn refusal(refused: Refused) -> Problem {
    Problem::new(match refused {
        Refused::Replaced => &REPLACED,
        Refused::Ahead => &OUT_OF_ORDER,
        Refused::Over => &CONNECTION_OVER,
    })
}
