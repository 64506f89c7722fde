//! Ids are types: a document's id cannot be passed where a person's is meant.
//!
//! All are UUIDs, of version 7 when made here, so that they sort by the time they
//! were made and new rows land at one end of an index.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A Yjs client id: 32 bit in Yjs 13, 53 bit in Yjs 14.
pub type ClientId = u64;
/// A position in what one client wrote; below 2^32.
pub type Clock = u64;
/// A row's place in the log of one document and epoch: 1, 2, 3…, without a gap.
pub type Seq = i64;
/// A document's lineage; the first is 1.
pub type Epoch = i32;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id that sorts after those made before it.
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::from_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// One shared document.
    DocumentId
);
id!(
    /// A person's account.
    UserId
);
id!(
    /// A community.
    CommunityId
);
id!(
    /// A person's sign-in on one browser.
    LoginId
);
id!(
    /// A named state of a document.
    VersionId
);
id!(
    /// A mail in the outbox.
    MailId
);

id!(
    /// An administrator's entry into a community.
    EntryId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_shows() {
        let id = DocumentId::fresh();
        assert_eq!(id.to_string().parse::<DocumentId>().unwrap(), id);
        assert!("not an id".parse::<DocumentId>().is_err());
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let first = DocumentId::fresh();
        let second = DocumentId::fresh();
        assert!(first < second);
    }
}
