//! What is said over the feed, and to whom.

use std::sync::Arc;

use crdt_store::{CommunityId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that a page may show has changed. As JSON it is what clients read; a kind that a client doesn't know is
/// for it to pass over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LiveEvent {
    /// The person's own account, role, or memberships.
    Me,
    /// A community's name, purpose, composition, visibility, or end.
    Community { id: Uuid, slug: String },
    /// Who belongs to a community, as what, or would like to.
    Members { slug: String },
    /// One request for a community.
    Request { id: Uuid },
    /// The queue of requests.
    Requests,
    /// The person's own invitations.
    Invitations,
    /// What the person has not seen yet, as they say on one of their devices.
    News,
    /// The list of a community's documents.
    Documents { community: String },
    /// One document: its title, its sharing.
    Document { id: Uuid },
    /// Anything may have changed: what is shown is to be asked for again.
    Resync,
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    Person(UserId),
    /// Who belongs to the community when it is told. Somebody who has just left is told as a person.
    Community(CommunityId),
    Administrators,
}

/// An event on its way to its audience, within a node or between nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Word {
    pub to: Audience,
    pub event: LiveEvent,
}

impl Word {
    pub fn text(&self) -> Option<Arc<str>> {
        serde_json::to_string(self).ok().map(Arc::from)
    }
}

/// `None` for what this release does not know.
pub(super) fn read_word(text: &str) -> Option<Word> {
    serde_json::from_str(text).ok()
}

impl LiveEvent {
    /// As it is sent.
    pub(super) fn text(&self) -> Arc<str> {
        serde_json::to_string(self).map_or_else(|_| Arc::from(r#"{"kind":"resync"}"#), Arc::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_what_clients_are_promised() {
        let id = Uuid::from_u128(7);
        let slug = || "c".to_owned();
        let table = [
            (LiveEvent::Me, r#"{"kind":"me"}"#.to_owned()),
            (LiveEvent::Community { id, slug: slug() }, format!(r#"{{"kind":"community","id":"{id}","slug":"c"}}"#)),
            (LiveEvent::Members { slug: slug() }, r#"{"kind":"members","slug":"c"}"#.to_owned()),
            (LiveEvent::Request { id }, format!(r#"{{"kind":"request","id":"{id}"}}"#)),
            (LiveEvent::Requests, r#"{"kind":"requests"}"#.to_owned()),
            (LiveEvent::Invitations, r#"{"kind":"invitations"}"#.to_owned()),
            (LiveEvent::News, r#"{"kind":"news"}"#.to_owned()),
            (LiveEvent::Documents { community: slug() }, r#"{"kind":"documents","community":"c"}"#.to_owned()),
            (LiveEvent::Document { id }, format!(r#"{{"kind":"document","id":"{id}"}}"#)),
            (LiveEvent::Resync, r#"{"kind":"resync"}"#.to_owned()),
        ];
        for (event, text) in table {
            assert_eq!(&*event.text(), text);
            let word = Word { to: Audience::Community(CommunityId(id)), event };
            assert_eq!(read_word(&word.text().unwrap()), Some(word));
        }
        assert_eq!(read_word(r#"{"to":"administrators","event":{"kind":"of a later release"}}"#), None);
    }
}
