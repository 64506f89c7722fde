//! What the instance says of itself, and who may create communities.

use axum::extract::State;
use crdt_store::instance::{Policy, WhoMayCreate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::account;
use crate::{
    auth::Who,
    http::{Problem, extract::Json, fields::line, problem::Body},
    live::{Audience, LiveEvent},
    state,
};

const NAME_CHARS: usize = 80;

/// Who may open a community without being asked why: every agent, or nobody.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "stands for the store's word in the description of the API")]
enum CommunityCreation {
    Agents,
    Approval,
}

/// What is said of an instance.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSettings {
    /// 1 to 80 characters.
    name: String,
    #[schema(value_type = CommunityCreation)]
    who_may_create: WhoMayCreate,
}

impl From<Policy> for InstanceSettings {
    fn from(policy: Policy) -> Self {
        Self { name: policy.name, who_may_create: policy.who_may_create }
    }
}

/// The settings of the instance.
#[utoipa::path(
    get, path = "/api/v1/admin/instance", tag = "administration", operation_id = "read_instance",
    responses(
        (status = 200, body = InstanceSettings),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(super) async fn read(State(state): State<state::State>, Who(who): Who) -> Result<Json<InstanceSettings>, Problem> {
    state.guard().instance(&who)?;
    Ok(Json(state.db().instance().policy().await?.into()))
}

/// Changes the settings of the instance.
#[utoipa::path(
    put, path = "/api/v1/admin/instance", tag = "administration", operation_id = "change_instance",
    request_body = InstanceSettings,
    responses(
        (status = 200, body = InstanceSettings),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator"),
        (status = 422, body = Body, description = "A field is not acceptable")
    )
)]
pub(super) async fn change(
    State(state): State<state::State>,
    Who(who): Who,
    Json(wanted): Json<InstanceSettings>,
) -> Result<Json<InstanceSettings>, Problem> {
    state.guard().instance(&who)?;
    let name = line("name", &wanted.name, NAME_CHARS)?;
    let policy = Policy { name, who_may_create: wanted.who_may_create };
    state.db().instance().set_policy(account(&who)?, &policy).await?;
    state.live().tell(Audience::Administrators, LiveEvent::Me);
    Ok(Json(policy.into()))
}
