//! Lists of documents, and one of them.

use axum::extract::State;
use crdt_store::{
    DocumentId,
    communities::Feature,
    documents::{Cursor, Listed, Scope},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::{self, Document, Documents};
use crate::{
    access::{Access, words::CommunityFeature},
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path, Query},
        page::{self, Limit},
        problem::{Body, NOT_FOUND, NOT_SIGNED_IN},
    },
};

/// Which documents, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The slug of a community; without it, one's own and those of one's communities.
    community: Option<String>,
    /// Of a community, one of its lists; without it all of them.
    #[param(value_type = Option<CommunityFeature>)]
    feature: Option<Feature>,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// Documents, the last written in first.
#[utoipa::path(
    get, path = "/api/v1/documents", tag = "documents", operation_id = "list_documents", params(Which),
    responses(
        (status = 200, body = Documents),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "The community is private"),
        (status = 404, body = Body, description = "No such community, or none for this person")
    )
)]
pub(super) async fn list(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Query(which): Query<Which>,
) -> Result<Json<Documents>, Problem> {
    let id = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let scope = match &which.community {
        None => Scope::Mine,
        Some(slug) => {
            let (met, _) = state.guard().community(&who, slug, Access::Read).await?;
            which.feature.map_or(Scope::Community(met.community.id), |feature| Scope::List(met.community.id, feature))
        }
    };
    let limit = Limit::new(which.limit)?;
    let after: Option<Cursor> = page::read_cursor(which.cursor.as_deref())?;
    let found = state.db().documents().list(scope, id, after, limit.and_one()).await?;
    let (found, next_cursor) =
        limit.cut(found, |listed: &Listed| Cursor { updated_at: listed.document.updated_at, id: listed.document.id });
    let items = found.into_iter().filter_map(|listed| view::of(&who, listed)).collect();
    Ok(Json(Documents { items, next_cursor }))
}

/// One document, without its text.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}", tag = "documents", operation_id = "read_document",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = Document),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn read(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<Json<Document>, Problem> {
    state.guard().document(&who, DocumentId(id), Access::Read).await?;
    show(&state, &who, DocumentId(id)).await
}

/// A document as it is now, for a person whose right was looked up.
pub(super) async fn show(
    state: &crate::state::State,
    who: &crate::access::Principal,
    id: DocumentId,
) -> Result<Json<Document>, Problem> {
    let document = view::of(who, find(state, who, id).await?);
    document.map(Json).ok_or_else(|| Problem::new(&NOT_FOUND))
}

/// A document with the names that belong to it.
pub(super) async fn find(
    state: &crate::state::State,
    who: &crate::access::Principal,
    id: DocumentId,
) -> Result<Listed, Problem> {
    let person = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let listed = state.db().documents().listed(id, person).await?;
    listed.ok_or_else(|| Problem::new(&NOT_FOUND))
}
