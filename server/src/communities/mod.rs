//! Communities as a person meets them: the list of those they may know of, one of them, its members.
//!
//! What a community's page shows to whom is the policy's: a colleague sees the cover of a private one and not its
//! members; a secret one, and to an outsider any that is not theirs, does not exist.

use axum::extract::State;
use crdt_store::{
    UserId,
    communities::{After, Member, MemberRole, Met, Visibility},
    users::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    access::{
        Access,
        words::{CommunityRole, CommunityVisibility},
    },
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path, Query},
        page::{self, Limit},
        problem::{Body, NOT_SIGNED_IN},
    },
};

/// `/api/v1/communities`.
pub fn routes() -> OpenApiRouter<crate::state::State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read)).routes(routes!(members))
}

/// A community's cover.
#[derive(Debug, Serialize, ToSchema)]
pub struct Community {
    id: Uuid,
    slug: String,
    name: String,
    purpose: String,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    members_count: i64,
    /// What the asking person is in it, if anything.
    #[schema(value_type = Option<CommunityRole>)]
    role: Option<MemberRole>,
}

impl From<Met> for Community {
    fn from(met: Met) -> Self {
        let Met { community, members_count, role } = met;
        Self {
            id: community.id.0,
            slug: community.slug,
            name: community.name,
            purpose: community.purpose,
            visibility: community.visibility,
            members_count,
            role,
        }
    }
}

/// A page of communities.
#[derive(Debug, Serialize, ToSchema)]
pub struct Communities {
    items: Vec<Community>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// Somebody who belongs to a community.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunityMember {
    id: Uuid,
    name: String,
    #[schema(value_type = CommunityRole)]
    role: MemberRole,
    /// From outside, to be marked as such.
    outsider: bool,
}

impl From<Member> for CommunityMember {
    fn from(member: Member) -> Self {
        Self {
            id: member.user_id.0,
            name: member.name,
            role: member.role,
            outsider: member.user_role == Role::Outsider,
        }
    }
}

/// A page of members.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunityMembers {
    items: Vec<CommunityMember>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Paging {
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// The communities a person may know of, by name.
#[utoipa::path(
    get, path = "/api/v1/communities", tag = "communities", operation_id = "list_communities", params(Paging),
    responses((status = 200, body = Communities), (status = 401, body = Body, description = "Nobody is signed in"))
)]
async fn list(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Query(paging): Query<Paging>,
) -> Result<Json<Communities>, Problem> {
    let id = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let limit = Limit::new(paging.limit)?;
    let after: Option<After> = page::read_cursor(paging.cursor.as_deref())?;
    let found = state.db().communities().list_for(id, after.as_ref(), limit.and_one()).await?;
    let (items, next_cursor) =
        limit.cut(found, |met: &Met| After { name: met.community.name.clone(), id: met.community.id });
    Ok(Json(Communities { items: items.into_iter().map(Community::from).collect(), next_cursor }))
}

/// One community.
#[utoipa::path(
    get, path = "/api/v1/communities/{slug}", tag = "communities", operation_id = "read_community",
    params(("slug" = String, Path)),
    responses(
        (status = 200, body = Community),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
async fn read(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
) -> Result<Json<Community>, Problem> {
    let (met, _) = state.guard().community(&who, &slug, Access::None).await?;
    Ok(Json(met.into()))
}

/// Who belongs to a community.
#[utoipa::path(
    get, path = "/api/v1/communities/{slug}/members", tag = "communities", operation_id = "list_members",
    params(("slug" = String, Path), Paging),
    responses(
        (status = 200, body = CommunityMembers),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "The community is private"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
async fn members(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<CommunityMembers>, Problem> {
    let (met, _) = state.guard().community(&who, &slug, Access::Read).await?;
    let limit = Limit::new(paging.limit)?;
    let after: Option<UserId> = page::read_cursor(paging.cursor.as_deref())?;
    let found = state.db().communities().members(met.community.id, after, limit.and_one()).await?;
    let (items, next_cursor) = limit.cut(found, |member: &Member| member.user_id);
    Ok(Json(CommunityMembers { items: items.into_iter().map(CommunityMember::from).collect(), next_cursor }))
}
