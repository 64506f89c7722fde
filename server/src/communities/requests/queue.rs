//! The queue of requests, for those who decide.

use axum::{extract::State, http::StatusCode};
use crdt_store::{
    communities::{Community, Visibility},
    mails::NewMail,
    requests::{After, Decided, Decision, Queue, Request, RequestState, Verdict},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    view::{CommunityRequest, CommunityRequestState, whole},
    write::{CoLeaders, own_page, reached, tell},
};
use crate::{
    access::{Access, words::CommunityVisibility},
    auth::Who,
    communities::{
        covers::SimilarCommunity,
        models,
        view::{Person, account},
    },
    http::{
        Kind, Problem,
        extract::{Json, Path, Query},
        fields::{bad, lines},
        page::{self, Limit},
        problem::{Body, INTERNAL},
    },
    live::{Audience, LiveEvent},
    mail::{self, Letter, To},
    state,
};

const REASON_CHARS: usize = 2000;
const SIMILAR_MAX: u32 = 5;

static DECIDED_ALREADY: Kind = Kind::new(
    StatusCode::CONFLICT,
    "decided-already",
    "Cette demande a déjà été traitée, ou a changé entre-temps",
    "This request was decided already, or has changed meanwhile",
);

/// A part of the queue.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Part {
    #[default]
    Open,
    Waiting,
    Closed,
}

/// Which part of the queue, and which page of it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::communities) struct Filter {
    /// Those to be decided (`open`), those `waiting` for their author, or `closed`.
    #[serde(default)]
    #[param(inline)]
    state: Part,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// A request in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueuedRequest {
    id: Uuid,
    number: Option<String>,
    name: String,
    #[schema(value_type = CommunityRequestState)]
    state: RequestState,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    requester: Person,
    /// Communities of a like name when it was handed in.
    similar_count: i64,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<Request> for QueuedRequest {
    fn from(request: Request) -> Self {
        Self {
            id: request.id,
            number: request.number,
            name: request.wish.name,
            state: request.state,
            visibility: request.wish.visibility,
            requester: request.requester.into(),
            similar_count: request.similar_count,
            updated_at: request.updated_at,
            created_at: request.created_at,
        }
    }
}

/// A page of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestQueue {
    items: Vec<QueuedRequest>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// The queue of requests, the last changed first.
#[utoipa::path(
    get, path = "/api/v1/admin/requests", tag = "administration", operation_id = "list_request_queue", params(Filter),
    responses(
        (status = 200, body = RequestQueue),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(in crate::communities) async fn list(
    State(state): State<state::State>,
    Who(who): Who,
    Query(filter): Query<Filter>,
) -> Result<Json<RequestQueue>, Problem> {
    state.guard().instance(&who)?;
    let limit = Limit::new(filter.limit)?;
    let after: Option<After> = page::read_cursor(filter.cursor.as_deref())?;
    let queue = match filter.state {
        Part::Open => Queue::Open,
        Part::Waiting => Queue::Waiting,
        Part::Closed => Queue::Closed,
    };
    let found = state.db().requests().queue(queue, after, limit.and_one()).await?;
    let (found, next_cursor) = limit.cut(found, |request: &Request| After::from(request));
    Ok(Json(RequestQueue { items: found.into_iter().map(QueuedRequest::from).collect(), next_cursor }))
}

/// A request as those see it who decide.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestToDecide {
    #[serde(flatten)]
    request: CommunityRequest,
    /// Communities of a like name, today.
    similar: Vec<SimilarCommunity>,
}

/// One request of the queue.
#[utoipa::path(
    get, path = "/api/v1/admin/requests/{id}", tag = "administration", operation_id = "read_request_to_decide",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = RequestToDecide),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator"),
        (status = 404, body = Body, description = "None, or a draft")
    )
)]
pub(in crate::communities) async fn read(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<Json<RequestToDecide>, Problem> {
    state.guard().instance(&who)?;
    shown(&state, &who, id).await
}

async fn shown(
    state: &state::State,
    who: &crate::access::Principal,
    id: Uuid,
) -> Result<Json<RequestToDecide>, Problem> {
    let request = reached(state, who, id, Access::Manage).await?;
    let own = request.community.as_ref().map(|(slug, _)| slug.clone());
    let similar = state.db().communities().similar(&request.wish.name, account(who)?, SIMILAR_MAX).await?;
    let similar = similar.into_iter().filter(|found| Some(&found.slug) != own.as_ref());
    let similar = similar.map(SimilarCommunity::from).collect();
    Ok(Json(RequestToDecide { request: whole(state, request).await?, similar }))
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    Accept,
    Changes,
    Refuse,
}

/// A decision about a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RequestDecision)]
pub(in crate::communities) struct Decisive {
    /// The one that was read.
    revision: i32,
    #[schema(inline)]
    decision: Word,
    /// A word to its author; asking for changes and refusing need one. At most 2000 characters.
    #[serde(default)]
    reason: String,
}

/// Decides about a request, once: whoever comes second is told who decided what, and when.
#[utoipa::path(
    post, path = "/api/v1/admin/requests/{id}/decision", tag = "administration", operation_id = "decide_request",
    params(("id" = Uuid, Path)), request_body = Decisive,
    responses(
        (status = 200, body = RequestToDecide),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator"),
        (status = 404, body = Body, description = "None, or a draft"),
        (status = 409, body = Body, description = "Decided already, or changed: `by`, `at` and `state` say by whom, when, how"),
        (status = 422, body = Body, description = "A reason is missing")
    )
)]
pub(in crate::communities) async fn decide(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
    Json(wanted): Json<Decisive>,
) -> Result<Json<RequestToDecide>, Problem> {
    state.guard().instance(&who)?;
    let request = reached(&state, &who, id, Access::Manage).await?;
    let user = account(&who)?;
    let least = usize::from(wanted.decision != Word::Accept);
    let reason = lines("reason", &wanted.reason, least, REASON_CHARS)?;
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    if !models::goes_together(request.wish.visibility, request.wish.joining) {
        return Err(bad("joining", "a secret community is by invitation"));
    }
    let (verdict, said) = match wanted.decision {
        Word::Accept => {
            let founding = models::founding(&request.wish, &request.requester_language).map_err(|error| {
                tracing::error!(%error, "the first pages of a community can't be written");
                Problem::new(&INTERNAL)
            })?;
            (Verdict::Accept(Box::new(founding)), mail::Decision::Accepted)
        }
        Word::Changes => (Verdict::Changes, mail::Decision::Changes),
        Word::Refuse => (Verdict::Refuse, mail::Decision::Refused),
    };
    let decision = Decision { by: user, revision: wanted.revision, verdict, reason: reason.clone() };
    let co_leaders = match wanted.decision {
        Word::Accept => CoLeaders::of(&state, &request.wish.co_leaders, user).await?,
        Word::Changes | Word::Refuse => CoLeaders::default(),
    };
    let letters = |community: Option<&Community>| -> Vec<NewMail> {
        let mut all = community.map_or_else(Vec::new, |made| co_leaders.letters(&state, made, &request.requester.name));
        let Some(email) = request.requester_email.as_deref() else { return all };
        let path = community.map_or_else(|| own_page(id), |community| format!("/c/{}", community.slug));
        let letter = Letter::RequestDecided {
            number: request.number.as_deref().unwrap_or_default(),
            name: &request.wish.name,
            decision: said,
            reason: reason.as_deref(),
            page: &state.mail().page(&path),
        };
        all.push(state.mail().write(&letter, To { email, language: &request.requester_language }));
        all
    };
    match state.db().requests().decide(id, &decision, &letters).await? {
        Decided::Done(community) => {
            state.mail().nudge();
            if let Some(community) = community {
                tracing::info!(community.id = %community.id, "a community was accepted");
                for leader in request.wish.co_leaders.iter().chain([&request.requester.id]) {
                    state.live().tell(Audience::Person(*leader), LiveEvent::Me);
                }
            }
        }
        Decided::Already { by, at, state } => {
            let by = by.map(Person::from);
            let at = at.and_then(|at| at.format(&Rfc3339).ok());
            let facts = json!({ "by": by, "at": at, "state": state });
            return Err(Problem::new(&DECIDED_ALREADY).with_facts(facts));
        }
    }
    tell(&state, id, request.requester.id);
    shown(&state, &who, id).await
}
