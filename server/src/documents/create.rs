//! Making a document.
//!
//! The client may name the id, so that a request that is sent again makes nothing twice.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use crdt_store::{
    DocumentId,
    documents::{Made, NewDocument, Sharing},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    read::{find, show},
    tell_list, title,
    view::Document,
};
use crate::{
    access::Access,
    auth::Who,
    http::{
        Problem,
        extract::Json,
        problem::{BAD_FIELD, Body, CONFLICT},
    },
};

/// A document to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDocument)]
pub(super) struct Wanted {
    /// A UUID of version 7 (or 4) made by the client; without it the server makes one.
    id: Option<Uuid>,
    /// 1 to 200 characters.
    title: String,
    /// The slug of the community it belongs to; without it the document is one's own.
    community: Option<String>,
}

/// Makes a document. The same id again, by the same person, answers what is there.
#[utoipa::path(
    post, path = "/api/v1/documents", tag = "documents", operation_id = "create_document", request_body = Wanted,
    responses(
        (status = 201, body = Document, description = "Made"),
        (status = 200, body = Document, description = "Made before, by this person"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "This person only reads in the community"),
        (status = 404, body = Body, description = "No such community, or none for this person"),
        (status = 409, body = Body, description = "The id is taken"),
        (status = 422, body = Body, description = "The title or the id is not acceptable")
    )
)]
pub(super) async fn create(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let community_id = match &wanted.community {
        None => None,
        Some(slug) => Some(state.guard().community(&who, slug, Access::Write).await?.0.community.id),
    };
    let title = title::check(&wanted.title)?;
    let id = match wanted.id {
        None => DocumentId::fresh(),
        Some(id) if matches!(id.get_version_num(), 4 | 7) => DocumentId(id),
        Some(_) => return Err(Problem::with_detail(&BAD_FIELD, "id: a UUID of version 7 or 4")),
    };
    let new = NewDocument {
        id,
        name: None,
        title,
        community_id,
        visibility: Sharing::Inherit,
        created_by: who.id,
        seed: None,
    };
    match state.db().documents().create(new).await? {
        Made::New(document) => {
            tracing::info!(document.id = %document.id, "a document was made");
            tell_list(&state, &find(&state, &who, id).await?);
            Ok((StatusCode::CREATED, show(&state, &who, id).await?).into_response())
        }
        Made::There(document) if document.created_by == who.id && document.deleted_at.is_none() => {
            Ok(show(&state, &who, id).await?.into_response())
        }
        Made::There(_) => Err(Problem::new(&CONFLICT)),
    }
}
