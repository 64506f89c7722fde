//! Who am I, and what I change of myself.

use axum::extract::State;
use crdt_store::{
    StoreError, UserId,
    communities::MemberRole,
    instance::WhoMayCreate,
    users::{Directory, Role, User, UserChange},
};
use serde::{Deserialize, Deserializer, Serialize};
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
        fields::line,
        problem::{BAD_FIELD, Body, NOT_SIGNED_IN},
    },
    live::{Audience, LiveEvent},
};

const NAME_CHARS: usize = 120;
const SERVICE_CHARS: usize = 160;

/// Who finds a person in the directory. Never made, only described.
#[allow(dead_code, reason = "describes crdt_store's words to readers of the API")]
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum DirectoryWord {
    Agents,
    Communities,
}

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    id: Uuid,
    name: String,
    email: Option<String>,
    /// Where they work.
    service: Option<String>,
    #[schema(value_type = InstanceRole)]
    role: Role,
    is_administrator: bool,
    /// `fr` or `en`.
    language: String,
    /// Who finds them: every agent, or only who shares a community with them.
    #[schema(value_type = DirectoryWord)]
    directory: Directory,
    communities: Vec<MyCommunity>,
    /// They may ask for a community;
    may_request: bool,
    /// and what they ask for exists without a decision.
    may_create: bool,
    /// Invitations that wait for their answer.
    invitations_count: i64,
    /// For administrators: requests that wait for a decision.
    requests_count: i64,
    instance_name: String,
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

/// What a person may change of themselves. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// `fr` or `en`.
    language: Option<String>,
    /// As others see it, up to 120 characters.
    name: Option<String>,
    /// Where they work, up to 160 characters; null takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    service: Option<Option<String>>,
    #[schema(value_type = Option<DirectoryWord>)]
    directory: Option<Directory>,
}

/// Told from what is left out: null is said.
fn said<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

/// Who is signed in, and their communities.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "account", operation_id = "me",
    responses((status = 200, body = Me), (status = 401, description = "Nobody is signed in", body = Body))
)]
pub(super) async fn read(State(state): State<crate::state::State>, Who(who): Who) -> Result<Json<Me>, Problem> {
    let user = state.db().users().get(mine(&who)?).await?;
    let user = user.ok_or(StoreError::NotFound { what: "person" })?;
    describe(&state, &who, user).await
}

/// Changes what a person may change of themselves: name, service, language, and who finds them.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "account", operation_id = "change_me", request_body = MeChange,
    responses(
        (status = 200, body = Me),
        (status = 401, description = "Nobody is signed in", body = Body),
        (status = 422, description = "Not a language of the service, or not a name", body = Body)
    )
)]
pub(super) async fn change(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Json(change): Json<MeChange>,
) -> Result<Json<Me>, Problem> {
    let id = mine(&who)?;
    let language = change.language.as_deref().map(|tag| {
        let known = Language::ALL.into_iter().find(|language| language.tag() == tag);
        known.ok_or_else(|| Problem::with_detail(&BAD_FIELD, "language: fr or en"))
    });
    let change = UserChange {
        language: language.transpose()?.map(|language| language.tag().to_owned()),
        name: change.name.map(|name| line("name", &name, NAME_CHARS)).transpose()?,
        service: match change.service {
            // An empty one is none.
            Some(Some(service)) if !service.trim().is_empty() => Some(Some(line("service", &service, SERVICE_CHARS)?)),
            Some(_) => Some(None),
            None => None,
        },
        directory: change.directory,
    };
    let user = state.db().users().change(id, &change).await?;
    state.live().tell(Audience::Person(id), LiveEvent::Me);
    describe(&state, &who, user).await
}

pub(super) fn mine(who: &Principal) -> Result<UserId, Problem> {
    who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))
}

async fn describe(state: &crate::state::State, who: &Principal, user: User) -> Result<Json<Me>, Problem> {
    let db = state.db();
    let met = db.communities().of(user.id).await?;
    let communities = met.into_iter().filter_map(|met| {
        let role = met.role?;
        let community = met.community;
        Some(MyCommunity { id: community.id.0, slug: community.slug, name: community.name, role })
    });
    let policy = db.instance().policy().await?;
    let is_administrator = user.role == Role::Administrator;
    let may_request = state.guard().may_request(who).is_ok();
    Ok(Json(Me {
        id: user.id.0,
        name: user.name,
        email: user.email,
        service: user.service,
        role: user.role,
        is_administrator,
        language: user.language,
        directory: user.directory,
        communities: communities.collect(),
        may_request,
        may_create: may_request && (is_administrator || policy.who_may_create == WhoMayCreate::Agents),
        invitations_count: db.invitations().mine_count(user.id).await?,
        requests_count: if is_administrator { db.requests().open_count().await? } else { 0 },
        instance_name: policy.name,
    }))
}
