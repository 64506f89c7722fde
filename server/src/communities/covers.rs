//! Lists of communities, those like another, and one of them.

use axum::extract::State;
use crdt_store::communities::{After, Asked, Feature, Joining, MemberRole, Met, Model, Similar, Visibility, Which};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{Community, Join, Person, account, keeps_order};
use crate::{
    access::{
        Access, Principal,
        words::{CommunityFeature, CommunityJoining, CommunityModel, CommunityRole, CommunityVisibility},
    },
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path, Query},
        fields::line,
        page::{self, Limit},
        problem::Body,
    },
};

const NAME_CHARS: usize = 120;
const SIMILAR_MAX: u32 = 5;
const LEADERS_SHOWN: u32 = 20;

/// Which communities.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Mine,
    Open,
    #[default]
    All,
}

/// Which communities, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words that a name has, or their beginnings.
    #[serde(default)]
    q: String,
    /// `mine`, those `open` to the person, or `all` they may know of.
    #[serde(default)]
    #[param(inline)]
    scope: Scope,
    /// One comes in so.
    #[param(value_type = Option<CommunityJoining>)]
    joining: Option<Joining>,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// A page of communities.
#[derive(Debug, Serialize, ToSchema)]
pub struct Communities {
    items: Vec<Community>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// The communities a person may know of, by name.
#[utoipa::path(
    get, path = "/api/v1/communities", tag = "communities", operation_id = "list_communities", params(Filter),
    responses((status = 200, body = Communities), (status = 401, body = Body, description = "Nobody is signed in"))
)]
pub(super) async fn list(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Query(filter): Query<Filter>,
) -> Result<Json<Communities>, Problem> {
    let user = account(&who)?;
    let limit = Limit::new(filter.limit)?;
    let after: Option<After> = page::read_cursor(filter.cursor.as_deref())?;
    let which = match filter.scope {
        Scope::Mine => Which::Mine,
        Scope::Open => Which::Open,
        Scope::All => Which::All,
    };
    let asked = Asked { user, role: who.role, which, q: &filter.q, joining: filter.joining };
    let found = state.db().communities().list(asked, after.as_ref(), limit.and_one()).await?;
    let (items, next_cursor) = limit.cut(found, After::of);
    Ok(Json(Communities { items: items.into_iter().map(|met| Community::of(&who, met)).collect(), next_cursor }))
}

/// A name that is being thought of.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Name {
    name: String,
}

/// A community whose name is like another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimilarCommunity {
    id: Uuid,
    slug: String,
    name: String,
    members_count: i64,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    #[schema(value_type = CommunityJoining)]
    joining: Joining,
    #[schema(value_type = Option<CommunityRole>)]
    role: Option<MemberRole>,
}

impl From<Similar> for SimilarCommunity {
    fn from(found: Similar) -> Self {
        Self {
            id: found.id.0,
            slug: found.slug,
            name: found.name,
            members_count: found.members_count,
            visibility: found.visibility,
            joining: found.joining,
            role: found.role,
        }
    }
}

/// Communities of a like name, the most alike first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarCommunities {
    pub(super) items: Vec<SimilarCommunity>,
}

/// Communities whose names are like one that is being typed. Secret ones are never among them.
#[utoipa::path(
    get, path = "/api/v1/communities/similar", tag = "communities", operation_id = "similar_communities",
    params(Name),
    responses(
        (status = 200, body = SimilarCommunities),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody from outside")
    )
)]
pub(super) async fn similar(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Query(asked): Query<Name>,
) -> Result<Json<SimilarCommunities>, Problem> {
    state.guard().may_request(&who)?;
    let user = account(&who)?;
    if asked.name.trim().is_empty() {
        return Ok(Json(SimilarCommunities { items: Vec::new() }));
    }
    let name = line("name", &asked.name, NAME_CHARS)?;
    let found = state.db().communities().similar(&name, user, SIMILAR_MAX).await?;
    Ok(Json(SimilarCommunities { items: found.into_iter().map(SimilarCommunity::from).collect() }))
}

/// An administrator who looks in, for a reason they gave.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunityEntry {
    by: Person,
    reason: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// A community as its own pages show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunityPlace {
    id: Uuid,
    slug: String,
    name: String,
    purpose: String,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    #[schema(value_type = CommunityJoining)]
    joining: Joining,
    #[schema(value_type = CommunityModel)]
    model: Model,
    members_count: i64,
    outsiders_count: i64,
    /// What the asking person is in it, if anything.
    #[schema(value_type = Option<CommunityRole>)]
    role: Option<MemberRole>,
    /// What they may do in it.
    access: Access,
    /// What it is made of, in its order. Empty for who sees its cover only.
    #[schema(value_type = Vec<CommunityFeature>)]
    features: Vec<Feature>,
    leaders: Vec<Person>,
    join: Join,
    archived: bool,
    /// The document that greets whoever comes.
    welcome_document: Option<Uuid>,
    /// How many ask to join; for those who keep order.
    pending_joins_count: Option<i64>,
    /// An administrator who is looking in.
    entry: Option<CommunityEntry>,
}

/// One community.
#[utoipa::path(
    get, path = "/api/v1/communities/{slug}", tag = "communities", operation_id = "read_community",
    params(("slug" = String, Path)),
    responses(
        (status = 200, body = CommunityPlace),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn read(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
) -> Result<Json<CommunityPlace>, Problem> {
    let (met, access) = state.guard().community(&who, &slug, Access::None).await?;
    place(&state, &who, met, access).await
}

/// A community as `who` sees it now.
pub(super) async fn again(
    state: &crate::state::State,
    who: &Principal,
    slug: &str,
) -> Result<Json<CommunityPlace>, Problem> {
    let (met, access) = state.guard().community(who, slug, Access::None).await?;
    place(state, who, met, access).await
}

async fn place(
    state: &crate::state::State,
    who: &Principal,
    met: Met,
    access: Access,
) -> Result<Json<CommunityPlace>, Problem> {
    let communities = state.db().communities();
    let id = met.community.id;
    let reads = access >= Access::Read;
    let features = if reads { communities.features(id).await? } else { Vec::new() };
    let welcome_document = if reads { communities.welcome_document(id).await? } else { None };
    let leaders = communities.leaders(id, LEADERS_SHOWN).await?;
    let pending_joins_count =
        if keeps_order(access) { Some(state.db().joins().waiting_count(id).await?) } else { None };
    let entry = if reads { state.db().entries().lasting(id).await?.into_iter().next() } else { None };
    let join = Join::of(who, &met);
    let Met { community, members_count, role, .. } = met;
    Ok(Json(CommunityPlace {
        id: id.0,
        slug: community.slug,
        name: community.name,
        purpose: community.purpose,
        visibility: community.visibility,
        joining: community.joining,
        model: community.model,
        members_count,
        outsiders_count: communities.outsiders_count(id).await?,
        role,
        access,
        features,
        leaders: leaders.into_iter().map(Person::from).collect(),
        join,
        archived: community.archived_at.is_some(),
        welcome_document: welcome_document.map(|id| id.0),
        pending_joins_count,
        entry: entry.map(|entry| CommunityEntry {
            by: Person { id: entry.user_id.0, name: entry.user_name, service: None, outsider: false },
            reason: entry.reason,
            at: entry.created_at,
            expires_at: entry.expires_at,
        }),
    }))
}
