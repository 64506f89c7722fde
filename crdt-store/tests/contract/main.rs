//! What the store promises, asked of both engines: each test runs as `…::sqlite::name` and
//! `…::postgres::name`, on a database of its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../kit/mod.rs"]
mod kit;

/// Makes of each `async fn name(stage)` a test on either engine.
macro_rules! contract {
    ($($(#[$doc:meta])* async fn $name:ident($stage:ident) $body:block)+) => {
        $($(#[$doc])* async fn $name($stage: $crate::kit::Stage) $body)+

        mod sqlite {
            $(#[test] fn $name() { $crate::kit::on_sqlite(super::$name) })+
        }

        mod postgres {
            $(#[test] fn $name() { $crate::kit::on_postgres(super::$name) })+
        }
    };
}

mod about;
mod append;
mod communities;
mod composition;
mod crash;
mod documents;
mod feeds;
mod invitations;
mod log;
mod mails;
mod news;
mod office;
mod people;
mod refusals;
mod requests;
mod schema;
mod sharing;
mod sign_in;
mod snapshots;

use bytes::Bytes;
use crdt_store::communities::{NewCommunity, Visibility};
use crdt_store::documents::{Document, NewDocument, Sharing};
use crdt_store::log::{Batch, Entry, Outcome};
use crdt_store::users::{NewUser, Role, User};
use crdt_store::{CommunityId, Db, DocumentId, UserId};
use uuid::Uuid;

/// An empty document of nobody.
async fn document(db: &Db) -> Document {
    seeded(db, None).await
}

async fn seeded(db: &Db, seed: Option<Bytes>) -> Document {
    db.documents()
        .create(NewDocument {
            id: DocumentId::fresh(),
            name: None,
            title: "Compte rendu".to_owned(),
            community_id: None,
            visibility: Sharing::Inherit,
            created_by: None,
            seed,
        })
        .await
        .unwrap()
        .into_document()
}

async fn person(db: &Db, name: &str, role: Role) -> User {
    db.users()
        .create(NewUser { id: UserId::fresh(), name: name.to_owned(), email: None, role, language: "fr".to_owned() })
        .await
        .unwrap()
}

/// A secret community.
async fn community(db: &Db, slug: &str, founder: UserId) -> CommunityId {
    let new = NewCommunity {
        id: CommunityId::fresh(),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        purpose: String::new(),
        visibility: Visibility::Secret,
    };
    db.communities().create(new, founder).await.unwrap().id
}

/// A document of somebody, in a community or of their own.
async fn written(db: &Db, title: &str, by: UserId, community_id: Option<CommunityId>) -> DocumentId {
    let new = NewDocument {
        id: DocumentId::fresh(),
        name: None,
        title: title.to_owned(),
        community_id,
        visibility: Sharing::Inherit,
        created_by: Some(by),
        seed: None,
    };
    db.documents().create(new).await.unwrap().into_document().id
}

/// An update of that text; to the store it is just bytes.
fn entry(text: &str) -> Entry {
    Entry {
        person: Some(UserId(Uuid::from_u128(7))),
        session: Uuid::from_u128(8),
        bytes: Bytes::copy_from_slice(text.as_bytes()),
        brought: Vec::new(),
        own: Vec::new(),
    }
}

fn batch(document: &Document, texts: &[&str]) -> Batch {
    Batch { document: document.id, epoch: document.epoch, entries: texts.iter().map(|text| entry(text)).collect() }
}

/// Appends one row and says its seq.
async fn append(db: &Db, document: &Document, texts: &[&str]) -> i64 {
    match db.log().append(vec![batch(document, texts)]).await.unwrap()[..] {
        [Outcome::Landed(seq)] => seq,
        ref other => panic!("not landed: {other:?}"),
    }
}
