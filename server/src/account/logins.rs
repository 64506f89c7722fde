//! My sign-ins: in which browsers, since when; and an end to any of them.

use axum::{extract::State, http::StatusCode};
use crdt_store::{LoginId, UserId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::{Means, Principal},
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path},
        problem::{Body, NOT_FOUND, NOT_SIGNED_IN},
    },
};

/// A sign-in in one browser.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyLogin {
    id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last used, give or take ten minutes.
    #[serde(with = "time::serde::rfc3339")]
    last_seen_at: OffsetDateTime,
    /// What the browser called itself.
    user_agent: Option<String>,
    /// The one that asks.
    current: bool,
}

/// All of mine, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyLogins {
    items: Vec<MyLogin>,
}

/// How many were ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LoginsEnded {
    ended_count: u64,
}

/// My sign-ins.
#[utoipa::path(
    get, path = "/api/v1/me/logins", tag = "account", operation_id = "my_logins",
    responses((status = 200, body = MyLogins), (status = 401, description = "Nobody is signed in", body = Body))
)]
pub(super) async fn list(State(state): State<crate::state::State>, Who(who): Who) -> Result<Json<MyLogins>, Problem> {
    let (me, current) = mine(&who)?;
    let logins = state.db().logins().list(me).await?;
    let items = logins.into_iter().map(|login| MyLogin {
        id: login.id.0,
        created_at: login.created_at,
        last_seen_at: login.last_seen_at,
        user_agent: login.user_agent,
        current: login.id == current,
    });
    Ok(Json(MyLogins { items: items.collect() }))
}

/// Ends one of my sign-ins. Its sockets close within seconds.
#[utoipa::path(
    delete, path = "/api/v1/me/logins/{id}", tag = "account", operation_id = "end_my_login",
    params(("id" = Uuid, Path, description = "The sign-in")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 401, description = "Nobody is signed in", body = Body),
        (status = 404, description = "None of mine", body = Body)
    )
)]
pub(super) async fn end(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let (me, _) = mine(&who)?;
    match state.db().logins().delete_of(me, LoginId(id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::new(&NOT_FOUND)),
    }
}

/// Ends all my sign-ins but the one that asks.
#[utoipa::path(
    post, path = "/api/v1/me/logins/end-others", tag = "account", operation_id = "end_my_other_logins",
    responses((status = 200, body = LoginsEnded), (status = 401, description = "Nobody is signed in", body = Body))
)]
pub(super) async fn end_others(
    State(state): State<crate::state::State>,
    Who(who): Who,
) -> Result<Json<LoginsEnded>, Problem> {
    let (me, current) = mine(&who)?;
    let ended_count = state.db().logins().delete_others(me, current).await?;
    Ok(Json(LoginsEnded { ended_count }))
}

fn mine(who: &Principal) -> Result<(UserId, LoginId), Problem> {
    match (who.id, who.means) {
        (Some(id), Means::Login(login)) => Ok((id, login)),
        _ => Err(Problem::new(&NOT_SIGNED_IN)),
    }
}
