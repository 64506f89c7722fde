//! Where somebody is: what a page says of itself over its socket, and what nodes say to one another of their people.

use crdt_store::{CommunityId, DocumentId, UserId};
use serde::{Deserialize, Serialize};

/// What a page shows of a community.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "&'static str")]
pub enum View {
    Overview,
    Documents,
    Wiki,
    Posts,
    Faq,
    Members,
    Settings,
    /// A document, of any list.
    Document,
    /// Something that this release does not know.
    #[default]
    Other,
}

impl From<View> for &'static str {
    fn from(view: View) -> Self {
        match view {
            View::Overview => "overview",
            View::Documents => "documents",
            View::Wiki => "wiki",
            View::Posts => "posts",
            View::Faq => "faq",
            View::Members => "members",
            View::Settings => "settings",
            View::Document => "document",
            View::Other => "other",
        }
    }
}

impl From<String> for View {
    fn from(word: String) -> Self {
        match word.as_str() {
            "overview" => Self::Overview,
            "documents" => Self::Documents,
            "wiki" => Self::Wiki,
            "posts" => Self::Posts,
            "faq" => Self::Faq,
            "members" => Self::Members,
            "settings" => Self::Settings,
            "document" => Self::Document,
            _ => Self::Other,
        }
    }
}

/// Where in a community, and doing what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub view: View,
    /// Only with [`View::Document`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub writing: bool,
}

impl Place {
    pub fn new(view: View, document: Option<DocumentId>, writing: bool) -> Self {
        match (view, document) {
            (View::Document, Some(document)) => Self { view, document: Some(document), writing },
            // It is not said which.
            (View::Document, None) => Self::of(View::Documents),
            (view, _) => Self::of(view),
        }
    }

    pub fn of(view: View) -> Self {
        Self { view, document: None, writing: false }
    }

    /// Of several places of a person the one that is shown, and of several people those who are: writing before reading
    /// before looking around.
    pub fn rank(self) -> u8 {
        match (self.writing, self.document) {
            (true, _) => 0,
            (false, Some(_)) => 1,
            (false, None) => 2,
        }
    }
}

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Words {
    At {
        community: String,
        #[serde(default)]
        view: View,
        #[serde(default)]
        document: Option<DocumentId>,
        #[serde(default)]
        writing: bool,
    },
    Away,
    #[serde(other)]
    Unknown,
}

/// What is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    At {
        community: String,
        place: Place,
    },
    Away,
    /// Of a later release.
    Unknown,
}

/// `None` for what is no word at all.
pub(super) fn read_said(text: &str) -> Option<Said> {
    Some(match serde_json::from_str(text).ok()? {
        Words::At { community, view, document, writing } => {
            Said::At { community, place: Place::new(view, document, writing) }
        }
        Words::Away => Said::Away,
        Words::Unknown => Said::Unknown,
    })
}

/// What nodes say to one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Told {
    /// Say who is with you.
    Hello,
    /// People at the speaking node, and where; without a place they have gone. Who is not named is as before.
    People { community: CommunityId, people: Vec<(UserId, Option<Place>)> },
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_pages_say_is_read_and_what_they_do_not_say_is_not() {
        let id = Uuid::from_u128(7);
        let at = |place| Some(Said::At { community: "c".to_owned(), place });
        let writes = Place { view: View::Document, document: Some(DocumentId(id)), writing: true };
        let table = [
            (r#"{"kind":"at","community":"c","view":"overview"}"#.to_owned(), at(Place::of(View::Overview))),
            (
                format!(r#"{{"kind":"at","community":"c","view":"document","document":"{id}","writing":true}}"#),
                at(writes),
            ),
            (format!(r#"{{"kind":"at","community":"c","view":"faq","document":"{id}"}}"#), at(Place::of(View::Faq))),
            (
                r#"{"kind":"at","community":"c","view":"document","writing":true}"#.to_owned(),
                at(Place::of(View::Documents)),
            ),
            (r#"{"kind":"at","community":"c","view":"of a later release"}"#.to_owned(), at(Place::of(View::Other))),
            (r#"{"kind":"away"}"#.to_owned(), Some(Said::Away)),
            (r#"{"kind":"of a later release","x":[1]}"#.to_owned(), Some(Said::Unknown)),
        ];
        for (text, said) in table {
            assert_eq!(read_said(&text), said, "{text}");
        }
        for text in ["hello", "", "[]", r#"{"kind":"at"}"#, r#"{"kind":"at","community":7}"#, r#"{"community":"c"}"#] {
            assert_eq!(read_said(text), None, "{text}");
        }
    }

    #[test]
    fn nodes_understand_one_another() {
        let community = CommunityId(Uuid::from_u128(1));
        let place = Place { view: View::Document, document: Some(DocumentId(Uuid::from_u128(3))), writing: true };
        let people = vec![(UserId(Uuid::from_u128(2)), Some(place)), (UserId(Uuid::from_u128(4)), None)];
        for told in [Told::Hello, Told::People { community, people }] {
            let text = serde_json::to_string(&told).unwrap();
            assert_eq!(serde_json::from_str::<Told>(&text).unwrap(), told);
        }
    }
}
