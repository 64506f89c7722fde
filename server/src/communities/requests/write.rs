//! What an author does with a request: begin, change, hand in, follow, throw away; and what is written about it.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use crdt_store::{
    UserId,
    communities::Community,
    instance::WhoMayCreate,
    mails::NewMail,
    requests::{After, Request, Wish, Written},
    users::{Role, User},
};
use serde::{Deserialize, Serialize};
use time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{CommunityRequest, RequestMessage, Wanted, listed, whole};
use crate::{
    access::{Access, Principal},
    auth::Who,
    communities::{
        invitations::TOO_OFTEN,
        models,
        view::{Paging, account},
    },
    http::{
        Kind, Problem,
        extract::{Json, Path, Query},
        fields::{bad, lines},
        page::{self, Limit},
        problem::{Body, CONFLICT, FORBIDDEN, INTERNAL, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
    mail::{Letter, To},
    state,
};

const MESSAGE_CHARS: usize = 2000;
/// Of one person, within an hour: each is a letter to others.
const MESSAGES_MAX: i64 = 30;
/// Communities that one person opens without being asked why, within a day: each has its letters.
const OPENED_MAX: i64 = 50;
const ADMINISTRATORS_TOLD: u32 = 50;
const SIMILAR_COUNTED: u32 = 20;

static MOVED: Kind = Kind::new(
    StatusCode::CONFLICT,
    "changed-meanwhile",
    "Cette demande a changé entre-temps, rechargez-la",
    "This request has changed meanwhile; load it again",
);
static TOO_MANY: Kind = Kind::new(
    StatusCode::CONFLICT,
    "too-many-requests-open",
    "Vous avez déjà beaucoup de demandes en cours : terminez-en une d’abord",
    "You have many requests under way already: finish one first",
);

/// A page of one's own requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunityRequests {
    items: Vec<CommunityRequest>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// One's own requests, the last changed first.
#[utoipa::path(
    get, path = "/api/v1/requests", tag = "requests", operation_id = "list_requests", params(Paging),
    responses((status = 200, body = CommunityRequests), (status = 401, body = Body, description = "Nobody is signed in"))
)]
pub(in crate::communities) async fn list(
    State(state): State<state::State>,
    Who(who): Who,
    Query(paging): Query<Paging>,
) -> Result<Json<CommunityRequests>, Problem> {
    let user = account(&who)?;
    let limit = Limit::new(paging.limit)?;
    let after: Option<After> = page::read_cursor(paging.cursor.as_deref())?;
    let found = state.db().requests().of(user, after, limit.and_one()).await?;
    let (found, next_cursor) = limit.cut(found, |request: &Request| After::from(request));
    let mut items = Vec::with_capacity(found.len());
    for request in found {
        items.push(listed(&state, request).await?);
    }
    Ok(Json(CommunityRequests { items, next_cursor }))
}

/// One of one's own requests; an administrator reads any that was handed in.
#[utoipa::path(
    get, path = "/api/v1/requests/{id}", tag = "requests", operation_id = "read_request", params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = CommunityRequest),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(in crate::communities) async fn read(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<Json<CommunityRequest>, Problem> {
    let request = reached(&state, &who, id, Access::Read).await?;
    Ok(Json(whole(&state, request).await?))
}

/// Begins a request: a draft, or handed in at once. The same id again, by the same person, answers what is there.
#[utoipa::path(
    post, path = "/api/v1/requests", tag = "requests", operation_id = "begin_request", request_body = Wanted,
    responses(
        (status = 201, body = CommunityRequest, description = "Begun"),
        (status = 200, body = CommunityRequest, description = "Begun before, by this person"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody from outside"),
        (status = 409, body = Body, description = "The id is taken, or there are many under way"),
        (status = 422, body = Body, description = "A field is not acceptable"),
        (status = 429, body = Body, description = "Too many communities in a day; what was asked for is a draft")
    )
)]
pub(in crate::communities) async fn begin(
    State(state): State<state::State>,
    Who(who): Who,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    state.guard().may_request(&who)?;
    let user = account(&who)?;
    let id = match wanted.id {
        Some(id) if matches!(id.get_version_num(), 4 | 7) => id,
        _ => return Err(bad("id", "a UUID of version 7 or 4")),
    };
    let wish = wanted.check(user)?;
    match state.db().requests().begin(id, user, &wish).await {
        Ok(Written::Done) => {}
        Ok(Written::TooMany) => return Err(Problem::new(&TOO_MANY)),
        Ok(Written::Moved) => return Err(Problem::new(&MOVED)),
        Err(error) if error.is_conflict() => {
            let there = state.db().requests().one(id).await?.filter(|request| request.requester.id == user);
            let there = there.ok_or_else(|| Problem::new(&CONFLICT))?;
            // Begun, and the node was lost, or is at it, before it was handed in: whoever is second finds it moved.
            if wanted.send && there.number.is_none() && there.wish == wish {
                hand_in(&state, &who, user, id, there.revision, &wish).await.or_else(unless_moved)?;
            }
            let there = reached(&state, &who, id, Access::Read).await?;
            return Ok(Json(whole(&state, there).await?).into_response());
        }
        Err(error) => return Err(error.into()),
    }
    if wanted.send {
        // The same that came again may have been faster.
        hand_in(&state, &who, user, id, 1, &wish).await.or_else(unless_moved)?;
    }
    let request = reached(&state, &who, id, Access::Read).await?;
    Ok((StatusCode::CREATED, Json(whole(&state, request).await?)).into_response())
}

/// Writes a request anew while it is its author's turn, and hands it in if they say so.
#[utoipa::path(
    put, path = "/api/v1/requests/{id}", tag = "requests", operation_id = "change_request",
    params(("id" = Uuid, Path)), request_body = Wanted,
    responses(
        (status = 200, body = CommunityRequest),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "It is not its author's turn, or they are not its author"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 409, body = Body, description = "It has changed since that revision"),
        (status = 422, body = Body, description = "A field is not acceptable"),
        (status = 429, body = Body, description = "Too many communities in a day; what was asked for is a draft")
    )
)]
pub(in crate::communities) async fn change(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<CommunityRequest>, Problem> {
    own_turn(&state, &who, id).await?;
    let user = account(&who)?;
    let revision = wanted.revision.ok_or_else(|| bad("revision", "missing"))?;
    let wish = wanted.check(user)?;
    match state.db().requests().write(id, user, revision, &wish).await? {
        Written::Done => {}
        Written::Moved | Written::TooMany => return Err(Problem::new(&MOVED)),
    }
    if wanted.send {
        hand_in(&state, &who, user, id, revision + 1, &wish).await?;
    }
    let request = reached(&state, &who, id, Access::Read).await?;
    Ok(Json(whole(&state, request).await?))
}

/// Throws a draft away.
#[utoipa::path(
    delete, path = "/api/v1/requests/{id}", tag = "requests", operation_id = "drop_request",
    params(("id" = Uuid, Path)),
    responses(
        (status = 204, description = "Gone"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "It was handed in, or they are not its author"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(in crate::communities) async fn drop_draft(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    own_turn(&state, &who, id).await?;
    match state.db().requests().drop_draft(id, account(&who)?).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::new(&FORBIDDEN)),
    }
}

/// Something to say about a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRequestMessage)]
pub(super) struct Said {
    /// 1 to 2000 characters.
    text: String,
}

/// Writes about a request: its author to those who decide, they to its author.
#[utoipa::path(
    post, path = "/api/v1/requests/{id}/messages", tag = "requests", operation_id = "write_to_request",
    params(("id" = Uuid, Path)), request_body = Said,
    responses(
        (status = 201, body = RequestMessage),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "It was never handed in"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "The text is not acceptable"),
        (status = 429, body = Body, description = "Too many by this person")
    )
)]
pub(in crate::communities) async fn say(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
    Json(said): Json<Said>,
) -> Result<(StatusCode, Json<RequestMessage>), Problem> {
    let request = reached(&state, &who, id, Access::Read).await?;
    let Some(number) = request.number.clone() else { return Err(Problem::new(&FORBIDDEN)) };
    let text = lines("text", &said.text, 1, MESSAGE_CHARS)?;
    let user = account(&who)?;
    let key = state.auth().throttle_key(&["request-message", &user.to_string()]);
    if state.db().throttles().count(&key, Duration::hours(1)).await? > MESSAGES_MAX {
        return Err(Problem::new(&TOO_OFTEN));
    }
    let is_author = request.requester.id == user;
    let mail = state.mail();
    let page = mail.page(&if is_author { queue_page(id) } else { own_page(id) });
    let letter = Letter::RequestMessage {
        number: &number,
        name: &request.wish.name,
        writer: &who.name,
        message: &text,
        page: &page,
    };
    let letters: Vec<NewMail> = match (is_author, &request.requester_email) {
        (true, _) => to_administrators(&state, &letter, user).await?,
        (false, Some(email)) => vec![mail.write(&letter, To { email, language: &request.requester_language })],
        (false, None) => Vec::new(),
    };
    let message = state.db().requests().say(id, user, &text, &letters).await?;
    mail.nudge();
    tell(&state, id, request.requester.id);
    let mut written = state.db().requests().messages(id).await?.into_iter();
    let written = written.find(|said| said.message_id == message).ok_or_else(|| Problem::new(&INTERNAL))?;
    Ok((StatusCode::CREATED, Json(written.into())))
}

fn unless_moved(problem: Problem) -> Result<(), Problem> {
    if problem.kind == &MOVED { Ok(()) } else { Err(problem) }
}

/// Hands a request in; where the instance lets agents create, the community is there at once.
async fn hand_in(
    state: &state::State,
    who: &Principal,
    user: UserId,
    id: Uuid,
    revision: i32,
    wish: &Wish,
) -> Result<(), Problem> {
    let requests = state.db().requests();
    if state.db().instance().policy().await?.who_may_create == WhoMayCreate::Agents {
        let founding = models::founding(wish, &who.language).map_err(|error| {
            tracing::error!(%error, "the first pages of a community can't be written");
            Problem::new(&INTERNAL)
        })?;
        let key = state.auth().throttle_key(&["community-opened", &user.to_string()]);
        if state.db().throttles().count(&key, Duration::days(1)).await? > OPENED_MAX {
            return Err(Problem::new(&TOO_OFTEN));
        }
        let co_leaders = CoLeaders::of(state, &wish.co_leaders, user).await?;
        let letters = |made: &Community| co_leaders.letters(state, made, &who.name);
        let opened = requests.open(id, user, revision, &founding, &letters).await?;
        let community = opened.ok_or_else(|| Problem::new(&MOVED))?;
        state.mail().nudge();
        tracing::info!(community.id = %community.id, "a community was opened");
        tell(state, id, user);
        for leader in wish.co_leaders.iter().chain([&user]) {
            state.live().tell(Audience::Person(*leader), LiveEvent::Me);
        }
        return Ok(());
    }
    let similar = state.db().communities().similar(&wish.name, user, SIMILAR_COUNTED).await?;
    let mail = state.mail();
    let page = mail.page(&queue_page(id));
    let administrators = state.db().instance().administrators(ADMINISTRATORS_TOLD).await?;
    let letters = |number: &str| -> Vec<NewMail> {
        let letter = Letter::RequestReceived { number, name: &wish.name, requester: &who.name, page: &page };
        let told = administrators.iter().filter(|person| person.id != user);
        let with_address = told.filter_map(|person| Some((person.email.as_deref()?, &person.language)));
        with_address.map(|(email, language)| mail.write(&letter, To { email, language })).collect()
    };
    let count = i64::try_from(similar.len()).unwrap_or_default();
    match requests.send(id, user, revision, count, &letters).await? {
        Written::Done => {}
        Written::Moved | Written::TooMany => return Err(Problem::new(&MOVED)),
    }
    mail.nudge();
    tell(state, id, user);
    Ok(())
}

/// Those whom a requester named to lead with them, as far as they may and can be written to.
#[derive(Default)]
pub(super) struct CoLeaders(Vec<User>);

impl CoLeaders {
    /// All but whoever brings the community about.
    pub async fn of(state: &state::State, named: &[UserId], but: UserId) -> Result<Self, Problem> {
        let mut all = Vec::with_capacity(named.len());
        for id in named.iter().filter(|id| **id != but) {
            let found = state.db().users().get(*id).await?;
            all.extend(found.filter(|person| person.role != Role::Outsider && person.suspended_at.is_none()));
        }
        Ok(Self(all))
    }

    pub fn letters(&self, state: &state::State, made: &Community, requester: &str) -> Vec<NewMail> {
        let mail = state.mail();
        let page = mail.page(&format!("/c/{}", made.slug));
        let letter = Letter::CoLeader { community: &made.name, requester, page: &page };
        let with_address = self.0.iter().filter_map(|person| Some((person.email.as_deref()?, &person.language)));
        with_address.map(|(email, language)| mail.write(&letter, To { email, language })).collect()
    }
}

async fn to_administrators(state: &state::State, letter: &Letter<'_>, but: UserId) -> Result<Vec<NewMail>, Problem> {
    let administrators = state.db().instance().administrators(ADMINISTRATORS_TOLD).await?;
    let told = administrators.iter().filter(|person| person.id != but);
    let with_address = told.filter_map(|person| Some((person.email.as_deref()?, &person.language)));
    Ok(with_address.map(|(email, language)| state.mail().write(letter, To { email, language })).collect())
}

/// Its author and those who decide learn that there is something new.
pub(super) fn tell(state: &state::State, id: Uuid, requester: UserId) {
    let live = state.live();
    live.tell(Audience::Person(requester), LiveEvent::Request { id });
    live.tell(Audience::Administrators, LiveEvent::Request { id });
    live.tell(Audience::Administrators, LiveEvent::Requests);
}

pub(super) fn own_page(id: Uuid) -> String {
    format!("/requests/{id}")
}

fn queue_page(id: Uuid) -> String {
    format!("/admin/requests/{id}")
}

/// A request that a person may reach so far.
pub(super) async fn reached(
    state: &state::State,
    who: &Principal,
    id: Uuid,
    needed: Access,
) -> Result<Request, Problem> {
    let request = state.db().requests().one(id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    let is_author = who.id == Some(request.requester.id);
    state.guard().request(who, is_author, request.state.is_open(), request.number.is_some(), needed)?;
    Ok(request)
}

/// A request whose author this is, and whose turn it is: being an administrator is not enough.
async fn own_turn(state: &state::State, who: &Principal, id: Uuid) -> Result<Request, Problem> {
    let request = reached(state, who, id, Access::Write).await?;
    let own = who.id == Some(request.requester.id) && request.state.is_open();
    if own { Ok(request) } else { Err(Problem::new(&FORBIDDEN)) }
}
