//! Joining: by oneself where a community is open, else by asking those who keep order in it.

use axum::{extract::State, http::StatusCode};
use crdt_store::{
    UserId,
    communities::Met,
    joins::{After, Answer, Came, JoinRequest},
    mails::NewMail,
    users::Role,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    members::{tell, tell_change},
    view::{Paging, Person, account},
};
use crate::{
    access::Access,
    auth::Who,
    http::{
        Kind, Problem,
        extract::{Json, Path, Query},
        fields::lines,
        page::{self, Limit},
        problem::{Body, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
    mail::{Letter, To},
    state,
};

const MESSAGE_CHARS: usize = 1000;
const KEEPERS_TOLD: u32 = 20;
/// Letters about one person and one community within a day.
const LETTERS_MAX: i64 = 3;

static BY_INVITATION: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "by-invitation",
    "On entre dans cette communauté sur invitation",
    "One comes into this community by invitation",
);

/// What one says when one asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Joining {
    /// At most 1000 characters.
    #[serde(default)]
    message: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JoiningState {
    Member,
    Asked,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Joined {
    state: JoiningState,
}

/// Joins a community that is open, or asks to.
#[utoipa::path(
    post, path = "/api/v1/communities/{slug}/join", tag = "members", operation_id = "join_community",
    params(("slug" = String, Path)), request_body = Joining,
    responses(
        (status = 200, body = Joined),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "One comes in by invitation, or the community is archived"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "The message is not acceptable")
    )
)]
pub(super) async fn join(
    State(state): State<state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Json(wanted): Json<Joining>,
) -> Result<Json<Joined>, Problem> {
    let (met, _) = state.guard().community(&who, &slug, Access::None).await?;
    let user = account(&who)?;
    let message = lines("message", &wanted.message, 0, MESSAGE_CHARS)?;
    let letters = letters(&state, &met, user, &who.name, &message).await?;
    let came = state.db().joins().ask(met.community.id, user, &message, &letters).await?;
    let state_now = match came {
        Came::Closed => return Err(Problem::new(&BY_INVITATION)),
        Came::Joined | Came::Member => JoiningState::Member,
        Came::Asked => JoiningState::Asked,
    };
    if came == Came::Asked {
        state.mail().nudge();
    }
    match came {
        Came::Joined => tell_change(&state, &met, user),
        Came::Closed | Came::Member | Came::Asked => tell(&state, &met, user),
    }
    Ok(Json(Joined { state: state_now }))
}

/// To those who keep order: somebody asks.
async fn letters(
    state: &state::State,
    met: &Met,
    who: UserId,
    person: &str,
    message: &str,
) -> Result<Vec<NewMail>, Problem> {
    if met.community.joining != crdt_store::communities::Joining::Approval || met.role.is_some() || met.asked {
        return Ok(Vec::new());
    }
    // Asking, withdrawing and asking again makes no heap of letters.
    let key = state.auth().throttle_key(&["join", &met.community.id.to_string(), &who.to_string()]);
    if state.db().throttles().count(&key, Duration::days(1)).await? > LETTERS_MAX {
        return Ok(Vec::new());
    }
    let mut letters = Vec::new();
    let page = state.mail().page(&format!("/c/{}/members", met.community.slug));
    let letter = Letter::JoinAsked {
        community: &met.community.name,
        person,
        message: Some(message).filter(|message| !message.is_empty()),
        page: &page,
    };
    for keeper in state.db().communities().keepers(met.community.id, KEEPERS_TOLD).await? {
        if let (Some(email), Some(user)) = (&keeper.email, state.db().users().get(keeper.user_id).await?) {
            letters.push(state.mail().write(&letter, To { email, language: &user.language }));
        }
    }
    Ok(letters)
}

/// Asks no more.
#[utoipa::path(
    delete, path = "/api/v1/communities/{slug}/join", tag = "members", operation_id = "withdraw_join",
    params(("slug" = String, Path)),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "Did not ask, or no such community")
    )
)]
pub(super) async fn withdraw(
    State(state): State<state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
) -> Result<StatusCode, Problem> {
    let (met, _) = state.guard().community(&who, &slug, Access::None).await?;
    let user = account(&who)?;
    if !state.db().joins().withdraw(met.community.id, user).await? {
        return Err(Problem::new(&NOT_FOUND));
    }
    tell(&state, &met, user);
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody who asks to join.
#[derive(Debug, Serialize, ToSchema)]
pub struct JoinAsked {
    id: Uuid,
    person: Person,
    message: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<JoinRequest> for JoinAsked {
    fn from(asked: JoinRequest) -> Self {
        Self {
            id: asked.id,
            person: Person {
                id: asked.user_id.0,
                name: asked.name,
                service: asked.service,
                outsider: asked.user_role == Role::Outsider,
            },
            message: asked.message,
            created_at: asked.created_at,
        }
    }
}

/// A page of those who ask.
#[derive(Debug, Serialize, ToSchema)]
pub struct JoinsAsked {
    items: Vec<JoinAsked>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// Who asks to join a community, the longest waiting first.
#[utoipa::path(
    get, path = "/api/v1/communities/{slug}/joins", tag = "members", operation_id = "list_joins",
    params(("slug" = String, Path), Paging),
    responses(
        (status = 200, body = JoinsAsked),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who keeps no order there"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn list(
    State(state): State<state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<JoinsAsked>, Problem> {
    let (met, _) = state.guard().community(&who, &slug, Access::Manage).await?;
    let limit = Limit::new(paging.limit)?;
    let after: Option<After> = page::read_cursor(paging.cursor.as_deref())?;
    let found = state.db().joins().waiting(met.community.id, after, limit.and_one()).await?;
    let (items, next_cursor) = limit.cut(found, |asked: &JoinRequest| After { at: asked.created_at, id: asked.id });
    Ok(Json(JoinsAsked { items: items.into_iter().map(JoinAsked::from).collect(), next_cursor }))
}

/// An answer to somebody who asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinAnswer {
    accept: bool,
    /// A word with it, at most 1000 characters.
    #[serde(default)]
    reason: String,
}

/// Answers somebody who asks to join.
#[utoipa::path(
    post, path = "/api/v1/communities/{slug}/joins/{id}", tag = "members", operation_id = "answer_join",
    params(("slug" = String, Path), ("id" = Uuid, Path)), request_body = JoinAnswer,
    responses(
        (status = 204, description = "Answered"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who keeps no order there"),
        (status = 404, body = Body, description = "Nobody who waits, or no such community for this person"),
        (status = 422, body = Body, description = "The reason is not acceptable")
    )
)]
pub(super) async fn answer(
    State(state): State<state::State>,
    Who(who): Who,
    Path((slug, id)): Path<(String, Uuid)>,
    Json(wanted): Json<JoinAnswer>,
) -> Result<StatusCode, Problem> {
    let (met, _) = state.guard().community(&who, &slug, Access::Manage).await?;
    let reason = lines("reason", &wanted.reason, 0, MESSAGE_CHARS)?;
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let joins = state.db().joins();
    let asked = joins.one(met.community.id, id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    let letter = asked.email.as_deref().map(|email| {
        let letter = Letter::JoinAnswered {
            community: &met.community.name,
            accepted: wanted.accept,
            reason: reason.as_deref(),
            page: &state.mail().page(&format!("/c/{}", met.community.slug)),
        };
        state.mail().write(&letter, To { email, language: &asked.language })
    });
    let given = Answer { accept: wanted.accept, reason: reason.clone() };
    let user = joins.answer(met.community.id, id, account(&who)?, &given, letter.as_ref()).await?;
    let user: UserId = user.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    state.mail().nudge();
    if wanted.accept {
        tell_change(&state, &met, user);
    } else {
        tell(&state, &met, user);
    }
    state.live().tell(Audience::Person(user), LiveEvent::Invitations);
    Ok(StatusCode::NO_CONTENT)
}
