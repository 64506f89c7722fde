//! The figures of the instance.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Who,
    http::{Problem, extract::Json, problem::Body},
    state,
};

/// Figures of the instance. Each is the length of a list that can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstanceFigures {
    /// Requests that wait for a decision.
    requests_open: i64,
    /// Communities in which something was written within 90 days.
    communities_living: i64,
    /// Others in use.
    communities_sleeping: i64,
    /// Communities that nobody leads who may come in.
    communities_leaderless: i64,
    /// People who were here within a day,
    people_active_1: i64,
    /// a week,
    people_active_7: i64,
    /// thirty days.
    people_active_30: i64,
    /// Memberships from outside that end within thirty days.
    outsiders_expiring: i64,
    /// Bytes of the database.
    storage_bytes: i64,
}

/// The figures of the instance.
#[utoipa::path(
    get, path = "/api/v1/admin/overview", tag = "administration", operation_id = "read_figures",
    responses(
        (status = 200, body = InstanceFigures),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(super) async fn read(State(state): State<state::State>, Who(who): Who) -> Result<Json<InstanceFigures>, Problem> {
    state.guard().instance(&who)?;
    let figures = state.db().instance().figures().await?;
    Ok(Json(InstanceFigures {
        requests_open: figures.requests_open,
        communities_living: figures.communities_living,
        communities_sleeping: figures.communities_sleeping,
        communities_leaderless: figures.communities_leaderless,
        people_active_1: figures.people_active_1,
        people_active_7: figures.people_active_7,
        people_active_30: figures.people_active_30,
        outsiders_expiring: figures.outsiders_expiring,
        storage_bytes: figures.storage_bytes,
    }))
}
