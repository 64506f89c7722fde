//! Who am I.

use axum::extract::State;
use crdt_store::{
    communities::MemberRole,
    users::{Role, UserChange},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::{
        Principal,
        words::{CommunityRole, InstanceRole},
    },
    auth::Who,
    http::{
        Language, Problem,
        extract::Json,
        problem::{BAD_FIELD, Body, NOT_SIGNED_IN},
    },
};

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    id: Uuid,
    name: String,
    #[schema(value_type = InstanceRole)]
    role: Role,
    /// `fr` or `en`.
    language: String,
    communities: Vec<MyCommunity>,
}

/// A community I belong to.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyCommunity {
    id: Uuid,
    slug: String,
    name: String,
    #[schema(value_type = CommunityRole)]
    role: MemberRole,
}

/// What a person may change of themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// `fr` or `en`.
    language: String,
}

/// Who is signed in, and their communities.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "account", operation_id = "me",
    responses((status = 200, body = Me), (status = 401, description = "Nobody is signed in", body = Body))
)]
pub(super) async fn read(State(state): State<crate::state::State>, Who(who): Who) -> Result<Json<Me>, Problem> {
    describe(&state, who).await
}

/// Changes what a person may change of themselves: the language of their pages and mails.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "account", operation_id = "change_me", request_body = MeChange,
    responses(
        (status = 200, body = Me),
        (status = 401, description = "Nobody is signed in", body = Body),
        (status = 422, description = "Not a language of the service", body = Body)
    )
)]
pub(super) async fn change(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Json(change): Json<MeChange>,
) -> Result<Json<Me>, Problem> {
    let language = Language::ALL.into_iter().find(|language| language.tag() == change.language);
    let language = language.ok_or_else(|| Problem::with_detail(&BAD_FIELD, "language: fr or en"))?;
    let id = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let change = UserChange { language: Some(language.tag().to_owned()), ..UserChange::default() };
    let user = state.db().users().change(id, &change).await?;
    describe(&state, Principal { language: user.language, ..who }).await
}

async fn describe(state: &crate::state::State, who: Principal) -> Result<Json<Me>, Problem> {
    let id = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let met = state.db().communities().of(id).await?;
    let communities = met.into_iter().filter_map(|met| {
        let role = met.role?;
        let community = met.community;
        Some(MyCommunity { id: community.id.0, slug: community.slug, name: community.name, role })
    });
    Ok(Json(Me {
        id: id.0,
        name: who.name,
        role: who.role,
        language: who.language,
        communities: communities.collect(),
    }))
}
