//! What a person has not seen yet, and that they have.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode};
use crdt_store::{DocumentId, documents::Why};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{self, Document};
use crate::{
    access::{Access, words::NewsReason},
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path, Query},
        page::Limit,
        problem::{Body, NOT_SIGNED_IN},
    },
    live::{Audience, LiveEvent},
};

/// So many are counted.
const COUNTED: u32 = 100;

/// How many are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most 100.
    limit: Option<u32>,
}

/// What is news for the asking person.
#[derive(Debug, Serialize, ToSchema)]
pub struct News {
    /// When this was so: with everything until then one can be said to have caught up.
    #[serde(with = "time::serde::rfc3339")]
    as_of: OffsetDateTime,
    /// How many documents are news; 100 stands for more.
    count: usize,
    /// The slugs of the communities in which something is.
    communities: BTreeSet<String>,
    /// The latest first.
    items: Vec<NewsItem>,
}

/// A document that is news.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewsItem {
    #[schema(value_type = NewsReason)]
    why: Why,
    document: Document,
}

/// Until when everything was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CatchUp {
    /// `null`: nothing was.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    until: Option<OffsetDateTime>,
}

/// Until when it was said before.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaughtUp {
    #[serde(with = "time::serde::rfc3339::option")]
    before: Option<OffsetDateTime>,
}

/// Documents that others have made, changed or shared with me since I last looked at them, of the last 30 days.
#[utoipa::path(
    get, path = "/api/v1/news", tag = "documents", operation_id = "list_news", params(Wanted),
    responses((status = 200, body = News), (status = 401, body = Body, description = "Nobody is signed in"))
)]
pub(super) async fn list(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Query(wanted): Query<Wanted>,
) -> Result<Json<News>, Problem> {
    let id = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let limit = Limit::new(wanted.limit)?;
    let found = state.db().documents().news(id, COUNTED).await?;
    let mut communities = BTreeSet::new();
    let mut items = Vec::new();
    for fresh in found.documents {
        let Some(document) = view::of(&who, fresh.listed) else { continue };
        communities.extend(document.community_slug().map(str::to_owned));
        items.push(NewsItem { why: fresh.why, document });
    }
    let count = items.len();
    items.truncate(limit.rows());
    Ok(Json(News { as_of: found.as_of, count, communities, items }))
}

/// Says that I have seen everything until a moment.
#[utoipa::path(
    put, path = "/api/v1/news", tag = "documents", operation_id = "catch_up", request_body = CatchUp,
    responses((status = 200, body = CaughtUp), (status = 401, body = Body, description = "Nobody is signed in"))
)]
pub(super) async fn catch_up(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Json(wanted): Json<CatchUp>,
) -> Result<Json<CaughtUp>, Problem> {
    let id = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let before = state.db().documents().catch_up(id, wanted.until).await?;
    state.live().tell(Audience::Person(id), LiveEvent::News);
    Ok(Json(CaughtUp { before }))
}

/// Says that I have seen a document as it is now.
#[utoipa::path(
    put, path = "/api/v1/documents/{id}/seen", tag = "documents", operation_id = "see_document",
    params(("id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn see(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let person = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    state.guard().document(&who, DocumentId(id), Access::Read).await?;
    state.db().documents().see(person, DocumentId(id)).await?;
    state.live().tell(Audience::Person(person), LiveEvent::News);
    Ok(StatusCode::NO_CONTENT)
}
