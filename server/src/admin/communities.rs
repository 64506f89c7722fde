//! Communities for administrators: the list, and looking into one for a reason.

use std::collections::HashMap;

use axum::{extract::State, http::StatusCode};
use crdt_store::{
    CommunityId, EntryId,
    communities::{KeptAfter, KeptCommunity, Part, Visibility},
    entries::NewAdminEntry,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{Person, account};
use crate::{
    access::words::CommunityVisibility,
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path, Query},
        fields::lines,
        page::{self, Limit},
        problem::{Body, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
    mail::{Letter, To},
    state,
};

const LEADERS_SHOWN: u32 = 5;
const LEADERS_TOLD: u32 = 50;
const REASON_CHARS: usize = 500;
const REASON_LEAST: usize = 10;
const ENTRY_HOURS: i64 = 8;

/// A part of the list.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Which {
    #[default]
    All,
    Archived,
    Leaderless,
    Living,
    Sleeping,
}

/// Which communities, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words that a name has, or their beginnings.
    #[serde(default)]
    q: String,
    /// `all`, `archived`, those without a leader (`leaderless`), those in which something was written
    /// within 90 days (`living`, the latest first) or not (`sleeping`, the longest first).
    #[serde(default)]
    #[param(inline)]
    filter: Which,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// A community as administrators see it: its cover, also of a secret one.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminCommunity {
    id: Uuid,
    slug: String,
    name: String,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    archived: bool,
    members_count: i64,
    leaders: Vec<Person>,
    /// About when something was last written there.
    #[serde(with = "time::serde::rfc3339::option")]
    active_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// A page of communities.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminCommunities {
    items: Vec<AdminCommunity>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// All communities, by name.
#[utoipa::path(
    get, path = "/api/v1/admin/communities", tag = "administration", operation_id = "list_all_communities",
    params(Filter),
    responses(
        (status = 200, body = AdminCommunities),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(super) async fn list(
    State(state): State<state::State>,
    Who(who): Who,
    Query(filter): Query<Filter>,
) -> Result<Json<AdminCommunities>, Problem> {
    state.guard().instance(&who)?;
    let limit = Limit::new(filter.limit)?;
    let after: Option<KeptAfter> = page::read_cursor(filter.cursor.as_deref())?;
    let part = match filter.filter {
        Which::All => Part::All,
        Which::Archived => Part::Archived,
        Which::Leaderless => Part::Leaderless,
        Which::Living => Part::Living,
        Which::Sleeping => Part::Sleeping,
    };
    let communities = state.db().communities();
    let found = communities.kept(part, &filter.q, after.as_ref(), limit.and_one()).await?;
    let (found, next_cursor) = limit.cut(found, |kept: &KeptCommunity| KeptAfter::from(kept));
    let ids: Vec<CommunityId> = found.iter().map(|kept| kept.id).collect();
    let mut leaders: HashMap<CommunityId, Vec<Person>> = HashMap::with_capacity(ids.len());
    for (community, leader) in communities.leaders_of(&ids, LEADERS_SHOWN).await? {
        leaders.entry(community).or_default().push(Person::from(leader));
    }
    let mut items = Vec::with_capacity(found.len());
    for kept in found {
        let leaders = leaders.remove(&kept.id).unwrap_or_default();
        items.push(AdminCommunity {
            id: kept.id.0,
            slug: kept.slug,
            name: kept.name,
            visibility: kept.visibility,
            archived: kept.archived_at.is_some(),
            members_count: kept.members_count,
            leaders,
            active_at: kept.active_at,
            created_at: kept.created_at,
        });
    }
    Ok(Json(AdminCommunities { items, next_cursor }))
}

/// Why an administrator looks in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryReason {
    /// 10 to 500 characters, shown to the people of the community.
    reason: String,
}

/// An administrator's entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminEntry {
    by: Person,
    reason: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Looks into a community for eight hours, to read: recorded, told to its leaders by mail, and shown on its page.
#[utoipa::path(
    post, path = "/api/v1/admin/communities/{slug}/entry", tag = "administration", operation_id = "enter_community",
    params(("slug" = String, Path)), request_body = EntryReason,
    responses(
        (status = 201, body = AdminEntry),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator"),
        (status = 404, body = Body, description = "No such community"),
        (status = 422, body = Body, description = "The reason is missing, too short or too long")
    )
)]
pub(super) async fn enter(
    State(state): State<state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Json(wanted): Json<EntryReason>,
) -> Result<(StatusCode, Json<AdminEntry>), Problem> {
    state.guard().instance(&who)?;
    let user = account(&who)?;
    let reason = lines("reason", &wanted.reason, REASON_LEAST, REASON_CHARS)?;
    let communities = state.db().communities();
    let met = communities.by_slug(&slug, Some(user)).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    let home = &met.community;
    let at = (state.config().clock)();
    let entry = NewAdminEntry {
        id: EntryId::fresh(),
        community_id: home.id,
        user_id: user,
        reason: reason.clone(),
        expires_at: at + Duration::hours(ENTRY_HOURS),
    };
    let expires_at = entry.expires_at;
    let mail = state.mail();
    let letter = Letter::AdministratorEntry {
        community: &home.name,
        administrator: &who.name,
        reason: &reason,
        hours: ENTRY_HOURS,
        page: &mail.page(&format!("/c/{slug}")),
    };
    let mut letters = Vec::new();
    for leader in communities.leaders(home.id, LEADERS_TOLD).await? {
        if leader.user_id != user
            && let (Some(email), Some(told)) = (&leader.email, state.db().users().get(leader.user_id).await?)
        {
            letters.push(mail.write(&letter, To { email, language: &told.language }));
        }
    }
    communities.enter(entry, &letters).await?;
    mail.nudge();
    tracing::info!(community.id = %home.id, "an administrator entered a community");
    let event = LiveEvent::Community { id: home.id.0, slug };
    state.live().tell(Audience::Community(home.id), event.clone());
    state.live().tell(Audience::Person(user), event);
    let by = Person { id: user.0, name: who.name, service: None, outsider: false };
    Ok((StatusCode::CREATED, Json(AdminEntry { by, reason, at, expires_at })))
}
