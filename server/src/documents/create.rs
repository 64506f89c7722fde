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
    communities::Feature,
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
    access::{Access, words::CommunityFeature},
    auth::Who,
    http::{
        Kind, Problem,
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
    /// In which of the community's lists it stands; without it among its documents.
    #[serde(default = "documents")]
    #[schema(value_type = Option<CommunityFeature>)]
    feature: Feature,
}

fn documents() -> Feature {
    Feature::Documents
}

static NOT_COMPOSED: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "not-composed",
    "La communauté n’a pas, ou plus, cette rubrique",
    "The community does not have that section, or no longer",
);

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
        (status = 422, body = Body, description = "The title, the id or the list is not acceptable")
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
    match community_id {
        Some(id) if !state.db().communities().features(id).await?.contains(&wanted.feature) => {
            return Err(Problem::new(&NOT_COMPOSED));
        }
        None if wanted.feature != Feature::Documents => {
            return Err(Problem::with_detail(&BAD_FIELD, "feature: only in a community"));
        }
        _ => {}
    }
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
    match state.db().documents().create_in(wanted.feature, new).await? {
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
