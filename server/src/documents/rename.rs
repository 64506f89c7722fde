//! Giving a document another title, and telling those who have it open.

use axum::extract::State;
use crdt_store::DocumentId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    read::find,
    tell_list, title,
    view::{self, Document},
};
use crate::{
    access::Access,
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path},
        problem::{Body, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
};

/// What may be changed of a document, beside its text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentChange)]
pub(super) struct Change {
    /// 1 to 200 characters.
    title: String,
}

/// Gives a document another title.
#[utoipa::path(
    patch, path = "/api/v1/documents/{id}", tag = "documents", operation_id = "rename_document",
    params(("id" = Uuid, Path)), request_body = Change,
    responses(
        (status = 200, body = Document),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "This person only reads the document"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "The title is not acceptable")
    )
)]
pub(super) async fn rename(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
    Json(change): Json<Change>,
) -> Result<Json<Document>, Problem> {
    let id = DocumentId(id);
    state.guard().document(&who, id, Access::Write).await?;
    let title = title::check(&change.title)?;
    let renamed = state.db().documents().rename(id, &title, who.id).await?;
    state.rooms().notify(id, renamed.epoch, &json!({ "kind": "document", "title": renamed.title }));
    let found = find(&state, &who, id).await?;
    tell_list(&state, &found);
    if let Some(sharing) = state.db().documents().sharing(id).await? {
        for named in sharing.people {
            state.live().tell(Audience::Person(named.user_id), LiveEvent::Document { id: id.0 });
        }
    }
    view::of(&who, found).map(Json).ok_or_else(|| Problem::new(&NOT_FOUND))
}
