//! A connection in the Hocuspocus dialect: any number of documents, each with its own token.
//!
//! A document's messages wait, bounded, until its token is judged. A refusal is that document's alone, at the door and
//! later: the socket stays, and the document may be asked for again.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    super::{
        outbox::{Closing, Outbox, outbox},
        registry::{Joined, Registry},
        room::Command,
        seats::Seat,
        session::Newcomer,
        wire::{
            Address, Incoming, NAME_BYTES_MAX, Sync, WireError,
            hocuspocus::{Frame, PING, PONG, document_name, read},
        },
    },
    Close, Line, Speaker, Visitor,
    admission::{NoSeat, judge, seat},
    pace::Pace,
    run,
};
use crate::access::{Credentials, Denied, Grant, SharedJudge};

/// Runs the connection to its end.
pub async fn serve(line: impl Line, registry: Registry, judge: SharedJudge, visitor: Visitor) {
    let (out, reader) = outbox(registry.settings().outbox_bytes);
    let number = registry.next_session().0;
    let permits = Arc::new(Semaphore::new(registry.settings().messages_in_flight));
    let gate = visitor.gate.clone();
    let stranger_until = visitor.credentials.login.is_none().then(|| Instant::now() + registry.settings().auth_timeout);
    let pace = Pace::new(registry.settings(), Instant::now());
    let mut speaker = HocuspocusSpeaker {
        registry: registry.clone(),
        judge,
        visitor,
        outbox: out,
        documents: HashMap::new(),
        verdicts: FuturesUnordered::new(),
        permits,
        pace,
        versioned: false,
        stranger_until,
    };
    run(line, reader, gate, &registry, number, &mut speaker).await;
}

const TOO_MANY: &str = "too-many-documents";

/// One document on this socket, by the address that the client writes.
enum Document {
    Waiting(Waiting),
    Open { seat: Seat, grant: Grant },
    Refused,
}

/// What has come before the token was judged.
struct Waiting {
    since: Instant,
    judging: bool,
    messages: Vec<Incoming>,
    bytes: usize,
    /// Updates that were thrown away: the client's step 2 brings them.
    dropped: u32,
}

enum Verdict {
    Seated {
        address: Bytes,
        seat: Result<(Grant, Seat), NoSeat>,
    },
    /// A later token for a document that is open.
    Judged {
        address: Bytes,
        token: String,
        grant: Result<Grant, NoSeat>,
    },
}

type Judging = Pin<Box<dyn Future<Output = Verdict> + Send>>;

struct HocuspocusSpeaker {
    registry: Registry,
    judge: SharedJudge,
    visitor: Visitor,
    outbox: Outbox,
    documents: HashMap<Bytes, Document>,
    verdicts: FuturesUnordered<Judging>,
    permits: Arc<Semaphore>,
    pace: Pace,
    /// The client knows the one-byte ping.
    versioned: bool,
    /// Until when somebody nobody knows may say nothing. `None`: known by a cookie or a token.
    stranger_until: Option<Instant>,
}

impl HocuspocusSpeaker {
    async fn on_message(&mut self, address: Bytes, message: Incoming) -> Result<(), Close> {
        let read_at = Instant::now();
        self.pace.message(&message, read_at).await;
        match message {
            Incoming::Ignored => return Ok(()),
            Incoming::Auth { token, versioned } => {
                self.versioned |= versioned;
                self.on_token(address, token);
                return Ok(());
            }
            Incoming::Leave => {
                self.documents.remove(&address);
                return Ok(());
            }
            _ => {}
        }
        match self.documents.get_mut(&address) {
            Some(Document::Open { seat, .. }) => {
                let permit = self.permits.clone().acquire_owned().await.ok();
                let command = Command::Message { session: seat.session, message, read_at, _permit: permit };
                // What comes from somebody who was sent away goes nowhere.
                if !seat.is_over() && !seat.room.send(command).await && !seat.is_over() {
                    return Err((Closing::TryAgainLater, "the document was closed"));
                }
            }
            Some(Document::Waiting(waiting)) => keep(waiting, message, self.registry.settings()),
            Some(Document::Refused) => {}
            None => {
                let registry = self.registry.clone();
                if let Some(waiting) = self.new_document(&address) {
                    keep(waiting, message, registry.settings());
                }
            }
        }
        Ok(())
    }

    /// A place for what waits, if there may be one more document. The refusal answers the token, of which there is one;
    /// what comes before and behind it goes nowhere.
    fn new_document(&mut self, address: &Bytes) -> Option<&mut Waiting> {
        let full = self.documents.len() >= self.registry.settings().documents_per_socket;
        if full && !self.documents.contains_key(address) {
            return None;
        }
        // A copy: a slice would keep the whole frame in memory.
        let key = Bytes::copy_from_slice(address);
        let waiting = Waiting { since: Instant::now(), judging: false, messages: Vec::new(), bytes: 0, dropped: 0 };
        let document = self.documents.entry(key).insert_entry(Document::Waiting(waiting)).into_mut();
        match document {
            Document::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }

    fn on_token(&mut self, address: Bytes, token: String) {
        let credentials = Credentials {
            login: self.visitor.credentials.login.clone(),
            token: Some(token.clone()).filter(|token| !token.is_empty()),
        };
        let name = String::from_utf8_lossy(document_name(&address)).into_owned();
        match self.documents.get_mut(&address) {
            Some(Document::Open { seat, .. }) if !seat.is_over() => {
                let (by, deadline) = (self.judge.clone(), Instant::now() + self.registry.settings().judge_timeout);
                self.verdicts.push(Box::pin(async move {
                    let grant = judge(&by, &credentials, &name, deadline).await;
                    Verdict::Judged { address, token, grant }
                }));
                return;
            }
            Some(Document::Waiting(waiting)) if waiting.judging => return,
            Some(Document::Waiting(waiting)) => waiting.judging = true,
            Some(Document::Open { .. } | Document::Refused) | None => match self.new_document(&address) {
                Some(waiting) => waiting.judging = true,
                None => {
                    metrics::counter!("unisson_refusals_total", "reason" => TOO_MANY).increment(1);
                    self.outbox.push(Address::hocuspocus(&address).denied(TOO_MANY));
                    return;
                }
            },
        }
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            self.refuse(address, Denied::NotFound);
            return;
        }
        let (registry, by, outbox) = (self.registry.clone(), self.judge.clone(), self.outbox.clone());
        let session = registry.next_session();
        let key = uuid::Uuid::now_v7();
        self.verdicts.push(Box::pin(async move {
            let to = Address::hocuspocus(&address);
            let seat = seat(&registry, &by, &credentials, &name, |grant, right| Newcomer {
                id: session,
                key,
                address: to.clone(),
                outbox: outbox.clone(),
                access: grant.access,
                right,
                person: grant.footing.person,
                name: grant.name.clone(),
            })
            .await;
            Verdict::Seated { address, seat }
        }));
    }

    fn refuse(&mut self, address: Bytes, denied: Denied) {
        metrics::counter!("unisson_refusals_total", "reason" => denied.reason()).increment(1);
        self.outbox.push(Address::hocuspocus(&address).denied(denied.reason()));
        self.documents.insert(Bytes::copy_from_slice(&address), Document::Refused);
    }

    /// The document is open: what has waited goes in, in its order.
    async fn on_seated(&mut self, address: Bytes, grant: Grant, seat: Seat) -> Result<(), Close> {
        self.visitor.gate.admit();
        self.stranger_until = None;
        let key = Bytes::copy_from_slice(&address);
        let (session, room) = (seat.session, seat.room.clone());
        let before = self.documents.insert(key, Document::Open { seat, grant });
        let Some(Document::Waiting(waiting)) = before else {
            // The client has left this document meanwhile.
            self.documents.remove(&address);
            return Ok(());
        };
        // What waited for the token was not slow because of the room.
        let read_at = Instant::now();
        for message in waiting.messages {
            if !room.send(Command::Message { session, message, read_at, _permit: None }).await {
                return Err((Closing::TryAgainLater, "the document was closed"));
            }
        }
        if waiting.dropped > 0 {
            room.send(Command::Dropped { session, count: waiting.dropped }).await;
        }
        Ok(())
    }

    async fn on_judged(&mut self, address: Bytes, token: String, judged: Result<Grant, NoSeat>) -> Result<(), Close> {
        let Some(Document::Open { seat, grant }) = self.documents.get_mut(&address) else {
            return Ok(());
        };
        match judged {
            // It was sent away meanwhile, and comes in again.
            Ok(_) if seat.is_over() => {
                self.on_token(address, token);
                Ok(())
            }
            Ok(new) if is_same_place(&new, grant) => {
                let command = Command::SetAccess { session: seat.session, access: new.access };
                seat.shown(&new);
                *grant = new;
                if !seat.room.send(command).await && !seat.is_over() {
                    return Err((Closing::TryAgainLater, "the document was closed"));
                }
                Ok(())
            }
            Err(NoSeat::NotNow) => Err((Closing::TryAgainLater, "try again later")),
            Ok(_) | Err(NoSeat::Denied(_)) => {
                let denied = match judged {
                    Err(NoSeat::Denied(denied)) => denied,
                    _ => Denied::Forbidden,
                };
                self.refuse(address, denied);
                Ok(())
            }
        }
    }
}

/// Whether a later grant is for the same person at the same text.
fn is_same_place(new: &Grant, old: &Grant) -> bool {
    let (new, old) = (&new.footing, &old.footing);
    (new.document, new.epoch, new.person) == (old.document, old.epoch, old.person)
}

/// Keeps a message until the token is judged, or throws away what the client sends again anyhow.
fn keep(waiting: &mut Waiting, message: Incoming, settings: &super::super::settings::Settings) {
    let size = match &message {
        Incoming::Sync(Sync::Step1(bytes) | Sync::Step2(bytes) | Sync::Update(bytes)) | Incoming::Awareness(bytes) => {
            bytes.len()
        }
        _ => 1,
    };
    let fits = waiting.bytes + size <= settings.waiting_bytes && waiting.messages.len() < settings.waiting_frames;
    if fits {
        waiting.bytes += size;
        waiting.messages.push(message);
    } else if matches!(message, Incoming::Sync(Sync::Update(_))) {
        waiting.dropped = waiting.dropped.saturating_add(1);
    }
}

impl Speaker for HocuspocusSpeaker {
    type Verdict = Verdict;

    async fn on_frame(&mut self, frame: Bytes) -> Result<(), Close> {
        match read(frame) {
            Ok(Frame::Message { address, message }) => self.on_message(address, message).await,
            Ok(Frame::Ping) => {
                self.pace.word(Instant::now()).await;
                self.outbox.push(Bytes::from_static(&[PONG]));
                Ok(())
            }
            Ok(Frame::Pong) | Err(WireError::UnknownType) => {
                self.pace.word(Instant::now()).await;
                Ok(())
            }
            Err(_) => Err((Closing::Protocol, "malformed frame")),
        }
    }

    async fn next_verdict(&mut self) -> Verdict {
        match self.verdicts.next().await {
            Some(verdict) => verdict,
            None => std::future::pending().await,
        }
    }

    async fn on_verdict(&mut self, verdict: Verdict) -> Result<(), Close> {
        match verdict {
            Verdict::Judged { address, token, grant } => self.on_judged(address, token, grant).await,
            Verdict::Seated { address, seat: Ok((grant, seat)) } => self.on_seated(address, grant, seat).await,
            Verdict::Seated { address, seat: Err(NoSeat::Denied(denied)) } => {
                if self.documents.contains_key(&address) {
                    self.refuse(address, denied);
                }
                Ok(())
            }
            Verdict::Seated { seat: Err(NoSeat::NotNow), .. } => Err((Closing::TryAgainLater, "try again later")),
        }
    }

    fn on_tick(&mut self) -> Result<(), Close> {
        let patience = self.registry.settings().auth_timeout;
        let before = self.documents.len();
        self.documents.retain(|_, document| match document {
            Document::Waiting(waiting) => waiting.judging || waiting.since.elapsed() < patience,
            Document::Open { .. } | Document::Refused => true,
        });
        // Nobody has said who they are, and nothing else is going on here.
        let silent = self.stranger_until.is_some_and(|until| Instant::now() > until);
        if self.documents.is_empty() && (before > 0 || silent) {
            return Err((Closing::TryAgainLater, "no token came"));
        }
        Ok(())
    }

    fn heartbeat(&self) -> Option<Bytes> {
        if self.versioned {
            return Some(Bytes::from_static(&[PING]));
        }
        self.documents.keys().next().map(|address| Address::hocuspocus(address).heartbeat())
    }

    fn settled(&self) -> impl Future<Output = ()> + Send {
        let rooms: Vec<Joined> = self
            .documents
            .values()
            .filter_map(|document| match document {
                Document::Open { seat, .. } => Some(seat.room.clone()),
                Document::Waiting(_) | Document::Refused => None,
            })
            .collect();
        async move {
            for room in rooms {
                room.settled().await;
            }
        }
    }

    fn leave(&mut self) {
        self.documents.clear();
    }
}
