//! A document as one person sees it.

use crdt_store::{
    UserId,
    communities::Feature,
    documents::{Listed, Sharing},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::{
        Access, Principal, knows_community, listed,
        words::{CommunityFeature, DocumentVisibility},
    },
    auth::room,
};

/// A document, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct Document {
    id: Uuid,
    title: String,
    /// Where it belongs; `null` for a document of one's own.
    community: Option<DocumentCommunity>,
    /// In which of its community's lists it stands.
    #[schema(value_type = CommunityFeature)]
    feature: Feature,
    /// What the asking person may do with it.
    access: Access,
    /// By which rule others reach it.
    #[schema(value_type = DocumentVisibility)]
    visibility: Sharing,
    /// The name under which its text is opened on the sockets.
    room: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Moves with each letter.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    created_by: Option<DocumentPerson>,
    updated_by: Option<DocumentPerson>,
}

/// The community of a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentCommunity {
    id: Uuid,
    slug: String,
    name: String,
}

/// Somebody who had a hand in a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentPerson {
    id: Uuid,
    name: String,
}

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
pub struct Documents {
    pub(super) items: Vec<Document>,
    /// Where the next page begins; absent after the last.
    pub(super) next_cursor: Option<String>,
}

impl Document {
    /// The slug of its community, where the person knows of it.
    pub(super) fn community_slug(&self) -> Option<&str> {
        self.community.as_ref().map(|community| community.slug.as_str())
    }
}

/// The view of a person, unless the document does not exist for them.
pub(super) fn of(who: &Principal, found: Listed) -> Option<Document> {
    let access = listed(who, &found);
    if access == Access::None {
        return None;
    }
    // Whoever has only the address of a document, or was named there, learns nothing of a community that is not theirs
    // to know.
    let known = knows_community(who, &found);
    let Listed { document, community_slug, community_name, .. } = found;
    let community = match (document.community_id, community_slug, community_name) {
        (Some(id), Some(slug), Some(name)) if known => Some(DocumentCommunity { id: id.0, slug, name }),
        _ => None,
    };
    Some(Document {
        id: document.id.0,
        room: room::name(&document.name, document.epoch),
        title: document.title,
        feature: document.feature,
        community,
        access,
        visibility: document.visibility,
        created_at: document.created_at,
        updated_at: document.updated_at,
        created_by: person(document.created_by, found.created_by_name),
        updated_by: person(document.updated_by, found.updated_by_name),
    })
}

fn person(id: Option<UserId>, name: Option<String>) -> Option<DocumentPerson> {
    id.zip(name).map(|(id, name)| DocumentPerson { id: id.0, name })
}
