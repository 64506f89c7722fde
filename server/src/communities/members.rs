//! Who belongs to a community: the list, roles, ends, removal, leaving.

use axum::{body::Bytes, extract::State, http::StatusCode};
use crdt_store::{
    UserId,
    communities::{Kept, Left, Member, MemberAfter, MemberChange, MemberRole, MembersSought, Met},
    users::Role,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{account, keeps_order};
use crate::{
    access::{Access, words::CommunityRole},
    auth::Who,
    http::{
        Kind, Problem,
        extract::{Json, Path, Query},
        fields::{When, bad, given},
        page::{self, Limit},
        problem::{BAD_FIELD, Body, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
};

static LAST_LEADER: Kind = Kind::new(
    StatusCode::CONFLICT,
    "last-leader",
    "C’est la dernière personne qui anime la communauté : nommez d’abord quelqu’un pour lui succéder",
    "This is the last person who leads the community: name somebody to come after them first",
);

/// Somebody who belongs to a community.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunityMember {
    id: Uuid,
    name: String,
    /// Where they work.
    service: Option<String>,
    /// Their address; for those who keep order.
    email: Option<String>,
    #[schema(value_type = CommunityRole)]
    role: MemberRole,
    /// From outside, to be marked as such.
    outsider: bool,
    #[serde(with = "time::serde::rfc3339")]
    joined_at: OffsetDateTime,
    /// Until when they belong to it, if not for good.
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    /// When they were last here.
    #[serde(with = "time::serde::rfc3339::option")]
    last_seen_at: Option<OffsetDateTime>,
}

impl CommunityMember {
    fn of(member: Member, access: Access) -> Self {
        Self {
            id: member.user_id.0,
            name: member.name,
            service: member.service,
            email: member.email.filter(|_| keeps_order(access)),
            role: member.role,
            outsider: member.user_role == Role::Outsider,
            joined_at: member.joined_at,
            expires_at: member.expires_at,
            last_seen_at: member.last_seen_at,
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

/// Which members, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words that a name has, or their beginnings.
    #[serde(default)]
    q: String,
    /// Of this role.
    #[param(value_type = Option<CommunityRole>)]
    role: Option<MemberRole>,
    /// Those from outside alone.
    #[serde(default)]
    outsiders: bool,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// Who belongs to a community, by name.
#[utoipa::path(
    get, path = "/api/v1/communities/{slug}/members", tag = "members", operation_id = "list_members",
    params(("slug" = String, Path), Filter),
    responses(
        (status = 200, body = CommunityMembers),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "The community is private"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn list(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<CommunityMembers>, Problem> {
    let (met, access) = state.guard().community(&who, &slug, Access::Read).await?;
    let limit = Limit::new(filter.limit)?;
    let after: Option<MemberAfter> = page::read_cursor(filter.cursor.as_deref())?;
    let sought = MembersSought { q: &filter.q, role: filter.role, outsiders: filter.outsiders };
    let found = state.db().communities().members(met.community.id, sought, after.as_ref(), limit.and_one()).await?;
    let (items, next_cursor) = limit.cut(found, MemberAfter::of);
    let items = items.into_iter().map(|member| CommunityMember::of(member, access)).collect();
    Ok(Json(CommunityMembers { items, next_cursor }))
}

/// What is changed of a member; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommunityMemberChange {
    #[schema(value_type = Option<CommunityRole>)]
    role: Option<MemberRole>,
    /// A day (until its end, UTC) or a moment in the future; `null`: for good. A leader is one for good.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Option<When>>,
}

/// Changes what a member is, and until when.
#[utoipa::path(
    patch, path = "/api/v1/communities/{slug}/members/{id}", tag = "members", operation_id = "change_member",
    params(("slug" = String, Path), ("id" = Uuid, Path)), request_body = CommunityMemberChange,
    responses(
        (status = 200, body = CommunityMember),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "No such community or member, or none for this person"),
        (status = 409, body = Body, description = "The last leader stays one"),
        (status = 422, body = Body, description = "A role or an end that can't be")
    )
)]
pub(super) async fn change(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path((slug, id)): Path<(String, Uuid)>,
    Json(wanted): Json<CommunityMemberChange>,
) -> Result<Json<CommunityMember>, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    let user = UserId(id);
    let now = (state.config().clock)();
    if wanted.expires_at.flatten().is_some_and(|end| end.0 <= now) {
        return Err(bad("expires_at", "in the future"));
    }
    let change = MemberChange { role: wanted.role, expires_at: wanted.expires_at.map(|end| end.map(|end| end.0)) };
    let communities = state.db().communities();
    match communities.change_member(met.community.id, user, account(&who)?, change).await? {
        Kept::Done(()) => {}
        Kept::LastLeader => return Err(Problem::new(&LAST_LEADER)),
    }
    tell_change(&state, &met, user);
    let member = communities.member(met.community.id, user).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    Ok(Json(CommunityMember::of(member, Access::Manage)))
}

/// Takes somebody out of a community.
#[utoipa::path(
    delete, path = "/api/v1/communities/{slug}/members/{id}", tag = "members", operation_id = "remove_member",
    params(("slug" = String, Path), ("id" = Uuid, Path)),
    responses(
        (status = 204, description = "Out"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "No such community or member, or none for this person"),
        (status = 409, body = Body, description = "The last leader stays one")
    )
)]
pub(super) async fn remove(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Result<StatusCode, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    match state.db().communities().dismiss(met.community.id, UserId(id), account(&who)?).await? {
        Kept::Done(()) => {}
        Kept::LastLeader => return Err(Problem::new(&LAST_LEADER)),
    }
    tell_change(&state, &met, UserId(id));
    Ok(StatusCode::NO_CONTENT)
}

/// Who comes after the last leader.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// A member who leads from then on.
    successor: Option<Uuid>,
}

/// A person leaves a community. The last who leads names somebody who leads from then on.
#[utoipa::path(
    delete, path = "/api/v1/communities/{slug}/members/me", tag = "members", operation_id = "leave_community",
    params(("slug" = String, Path)), request_body = Leaving,
    responses(
        (status = 204, description = "Left"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "Not a member, or no such community"),
        (status = 409, body = Body, description = "The last leader names a successor"),
        (status = 422, body = Body, description = "The successor is no member who may lead")
    )
)]
pub(super) async fn leave(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let (met, _) = state.guard().community(&who, &slug, Access::None).await?;
    let leaving: Leaving = match body.is_empty() {
        true => Leaving::default(),
        false => serde_json::from_slice(&body).map_err(|_| Problem::with_detail(&BAD_FIELD, "successor: an id"))?,
    };
    let user = account(&who)?;
    match state.db().communities().leave(met.community.id, user, leaving.successor.map(UserId)).await? {
        Left::Left => {}
        Left::LastLeader => return Err(Problem::new(&LAST_LEADER)),
        Left::NoSuccessor => return Err(bad("successor", "a member who may lead")),
    }
    tell_change(&state, &met, user);
    if let Some(next) = leaving.successor {
        state.live().tell(Audience::Person(UserId(next)), LiveEvent::Me);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The people of a community have changed, so its page has as well: for members, and for those who look at it.
pub(super) fn tell_change(state: &crate::state::State, met: &Met, person: UserId) {
    tell(state, met, person);
    let event = LiveEvent::Community { id: met.community.id.0, slug: met.community.slug.clone() };
    state.live().tell(Audience::Community(met.community.id), event);
}

/// Members learn that somebody comes or asks to, and the person that something of theirs has changed.
pub(super) fn tell(state: &crate::state::State, met: &Met, person: UserId) {
    let (id, slug) = (met.community.id, met.community.slug.clone());
    let live = state.live();
    live.tell(Audience::Community(id), LiveEvent::Members { slug: slug.clone() });
    live.tell(Audience::Person(person), LiveEvent::Me);
    live.tell(Audience::Person(person), LiveEvent::Community { id: id.0, slug });
}
