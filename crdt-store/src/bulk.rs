//! Many rows at once, for a data set of demonstration: each batch is one statement in one transaction.
//!
//! Nothing here checks what use cases check. Whoever calls it hands rows that are right: ids that are there, words that
//! the tables know, a payload that is an update. A batch travels as JSON, which both engines take apart; times as whole
//! microseconds, ids and bytes in hexadecimal.

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::communities::{Feature, Joining, MemberRole, Model, Visibility};
use crate::db::at::At;
use crate::db::{Db, Tx};
use crate::documents::{Shared, Sharing};
use crate::error::Result;
use crate::ids::{CommunityId, DocumentId, UserId};
use crate::log::{Entry, payload_of};
use crate::names;
use crate::users::Role;

/// A person with an account.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub service: Option<String>,
    pub created_at: OffsetDateTime,
    pub last_seen_at: OffsetDateTime,
    pub suspended_at: Option<OffsetDateTime>,
}

/// A community, with what it is made of in this order.
#[derive(Debug, Clone)]
pub struct Community {
    pub id: CommunityId,
    pub slug: String,
    pub name: String,
    pub purpose: String,
    pub visibility: Visibility,
    pub joining: Joining,
    pub model: Model,
    pub features: Vec<Feature>,
    pub created_at: OffsetDateTime,
    pub archived_at: Option<OffsetDateTime>,
    pub active_at: OffsetDateTime,
}

/// Somebody in a community.
#[derive(Debug, Clone)]
pub struct Membership {
    pub community: CommunityId,
    pub user: UserId,
    pub role: MemberRole,
    pub joined_at: OffsetDateTime,
    pub expires_at: Option<OffsetDateTime>,
}

/// A document with its first row.
#[derive(Debug, Clone)]
pub struct Document {
    pub id: DocumentId,
    pub title: String,
    pub community: Option<CommunityId>,
    pub feature: Feature,
    pub visibility: Sharing,
    pub created_by: UserId,
    pub created_at: OffsetDateTime,
    pub updated_by: UserId,
    pub updated_at: OffsetDateTime,
    /// A V1 update.
    pub seed: Bytes,
}

/// Somebody who is named at a document.
#[derive(Debug, Clone)]
pub struct Share {
    pub document: DocumentId,
    pub user: UserId,
    pub access: Shared,
    pub guest: bool,
    pub created_at: OffsetDateTime,
}

/// Somebody who would like to join.
#[derive(Debug, Clone)]
pub struct Join {
    pub id: Uuid,
    pub community: CommunityId,
    pub user: UserId,
    pub message: String,
    pub created_at: OffsetDateTime,
}

/// An invitation that waits.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: Uuid,
    pub community: CommunityId,
    pub email: String,
    pub role: MemberRole,
    pub secret_hash: Vec<u8>,
    pub invited_by: UserId,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// A request for a community.
#[derive(Debug, Clone)]
pub struct Request {
    pub id: Uuid,
    pub number: String,
    pub requester: UserId,
    /// `received`, `changes`, `accepted`, `refused`.
    pub state: &'static str,
    pub name: String,
    pub purpose: String,
    pub decided_by: Option<UserId>,
    pub community: Option<CommunityId>,
    pub created_at: OffsetDateTime,
    pub decided_at: Option<OffsetDateTime>,
}

/// An act that was recorded.
#[derive(Debug, Clone)]
pub struct Act {
    pub id: Uuid,
    pub at: OffsetDateTime,
    pub actor: UserId,
    pub action: &'static str,
    pub community: Option<CommunityId>,
    pub person: Option<UserId>,
}

/// One insertion in the words of either engine.
struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

/// A column's value in a row of the batch.
macro_rules! value {
    (sqlite, $at:literal, id) => {
        concat!("unhex(value ->> ", $at, ")")
    };
    (sqlite, $at:literal, bytes) => {
        concat!("unhex(value ->> ", $at, ")")
    };
    (sqlite, $at:literal, $kind:ident) => {
        concat!("value ->> ", $at)
    };
    (postgres, $at:literal, id) => {
        concat!("(value ->> ", $at, ")::uuid")
    };
    (postgres, $at:literal, bytes) => {
        concat!("decode(value ->> ", $at, ", 'hex')")
    };
    (postgres, $at:literal, text) => {
        concat!("value ->> ", $at)
    };
    (postgres, $at:literal, int) => {
        concat!("(value ->> ", $at, ")::bigint")
    };
    (postgres, $at:literal, flag) => {
        concat!("(value ->> ", $at, ")::boolean")
    };
    (postgres, $at:literal, time) => {
        concat!("timestamptz 'epoch' + (value ->> ", $at, ")::bigint * interval '1 microsecond'")
    };
}

macro_rules! insert {
    ($into:literal: $first_at:literal $first:ident $(, $at:literal $kind:ident)*) => {
        Sql {
            sqlite: concat!(
                "insert into ", $into, " select ", value!(sqlite, $first_at, $first)
                $(, ", ", value!(sqlite, $at, $kind))*, " from json_each($1) where true on conflict do nothing"
            ),
            postgres: concat!(
                "insert into ", $into, " select ", value!(postgres, $first_at, $first)
                $(, ", ", value!(postgres, $at, $kind))*,
                " from json_array_elements($1::json) as q(value) on conflict do nothing"
            ),
        }
    };
}

const PEOPLE: Sql = insert!(
    "users (id, name, email, role, language, created_at, service, last_seen_at, suspended_at)":
    0 id, 1 text, 2 text, 3 text, 4 text, 5 time, 6 text, 7 time, 8 time
);
const COMMUNITIES: Sql = insert!(
    "communities (id, slug, name, purpose, visibility, joining, model, created_at, archived_at, active_at)":
    0 id, 1 text, 2 text, 3 text, 4 text, 5 text, 6 text, 7 time, 8 time, 9 time
);
const FEATURES: Sql = insert!("community_features (community_id, feature, position)": 0 id, 1 text, 2 int);
const MEMBERSHIPS: Sql = insert!(
    "memberships (community_id, user_id, role, joined_at, expires_at)": 0 id, 1 id, 2 text, 3 time, 4 time
);
const DOCUMENTS: Sql = insert!(
    "documents (id, name, title, community_id, feature, visibility, epoch, head_seq, snapshot_seq, size_bytes,
        created_by, created_at, updated_by, updated_at, updated_hour)":
    0 id, 1 text, 2 text, 3 id, 4 text, 5 text, 6 int, 6 int, 7 int, 8 int, 9 id, 10 time, 11 id, 12 time, 13 int
);
const UPDATES: Sql =
    insert!("updates (document_id, epoch, seq, payload, created_at)": 0 id, 1 int, 1 int, 2 bytes, 3 time);
const TAILS: Sql = insert!("tails (document_id, epoch, rows_count)": 0 id, 1 int, 1 int);
const SHARES: Sql = insert!(
    "document_shares (document_id, user_id, access, guest, created_at)": 0 id, 1 id, 2 text, 3 flag, 4 time
);
const JOINS: Sql = insert!(
    "join_requests (id, community_id, user_id, message, state, created_at)": 0 id, 1 id, 2 id, 3 text, 4 text, 5 time
);
const INVITATIONS: Sql = insert!(
    "invitations (id, community_id, email, role, secret_hash, invited_by, created_at, expires_at, sent_at)":
    0 id, 1 id, 2 text, 3 text, 4 bytes, 5 id, 6 time, 7 time, 6 time
);
const REQUESTS: Sql = insert!(
    "community_requests (id, number, requester_id, state, queue, revision, name, purpose, model, visibility, joining,
        features, co_leaders, decided_by, decided_at, community_id, created_at, updated_at)":
    0 id, 1 text, 2 id, 3 text, 4 text, 5 int, 6 text, 7 text, 8 text, 9 text, 10 text, 11 text, 12 text, 13 id,
    14 time, 15 id, 16 time, 17 time
);
const ACTS: Sql = insert!(
    "audit (id, at, actor_id, action, community_id, subject_kind, subject_id, details)":
    0 id, 1 time, 2 id, 3 text, 4 id, 5 text, 6 id, 7 text
);

/// Puts batches of rows in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bulk {
    db: Db,
}

impl Bulk {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Accounts.
    pub async fn people(&self, rows: &[Person]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            json!([
                hex(row.id.0),
                row.name,
                row.email,
                row.role,
                "fr",
                micros(row.created_at),
                row.service,
                micros(row.last_seen_at),
                row.suspended_at.map(micros)
            ])
        });
        self.put([(PEOPLE, rows.collect())]).await
    }

    /// Communities and their composition.
    pub async fn communities(&self, rows: &[Community]) -> Result<()> {
        let communities = rows.iter().map(|row| {
            json!([
                hex(row.id.0),
                row.slug,
                row.name,
                row.purpose,
                row.visibility,
                row.joining,
                row.model,
                micros(row.created_at),
                row.archived_at.map(micros),
                micros(row.active_at)
            ])
        });
        let features = rows
            .iter()
            .flat_map(|row| row.features.iter().enumerate().map(|(at, feature)| json!([hex(row.id.0), feature, at])));
        self.put([(COMMUNITIES, communities.collect()), (FEATURES, features.collect())]).await
    }

    /// Who belongs where.
    pub async fn memberships(&self, rows: &[Membership]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            json!([hex(row.community.0), hex(row.user.0), row.role, micros(row.joined_at), row.expires_at.map(micros)])
        });
        self.put([(MEMBERSHIPS, rows.collect())]).await
    }

    /// Documents with their first row of the log (S12).
    pub async fn documents(&self, rows: &[Document]) -> Result<()> {
        let documents = rows.iter().map(|row| {
            json!([
                hex(row.id.0),
                row.id.to_string(),
                row.title,
                row.community.map(|id| hex(id.0)),
                row.feature,
                row.visibility,
                1,
                0,
                row.seed.len(),
                hex(row.created_by.0),
                micros(row.created_at),
                hex(row.updated_by.0),
                micros(row.updated_at),
                At(row.updated_at).hour()
            ])
        });
        let updates = rows.iter().map(|row| {
            let mut entry = Entry::by_server(row.seed.clone());
            entry.person = Some(row.created_by);
            json!([hex(row.id.0), 1, hexes(&payload_of(&[entry])), micros(row.created_at)])
        });
        let tails = rows.iter().map(|row| json!([hex(row.id.0), 1]));
        self.put([(DOCUMENTS, documents.collect()), (UPDATES, updates.collect()), (TAILS, tails.collect())]).await
    }

    /// Who is named at documents.
    pub async fn shares(&self, rows: &[Share]) -> Result<()> {
        let rows = rows
            .iter()
            .map(|row| json!([hex(row.document.0), hex(row.user.0), row.access, row.guest, micros(row.created_at)]));
        self.put([(SHARES, rows.collect())]).await
    }

    /// Who would like to join.
    pub async fn joins(&self, rows: &[Join]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            json!([hex(row.id), hex(row.community.0), hex(row.user.0), row.message, "open", micros(row.created_at)])
        });
        self.put([(JOINS, rows.collect())]).await
    }

    /// Invitations that wait.
    pub async fn invitations(&self, rows: &[Invitation]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            json!([
                hex(row.id),
                hex(row.community.0),
                row.email,
                row.role,
                hexes(&row.secret_hash),
                hex(row.invited_by.0),
                micros(row.created_at),
                micros(row.expires_at)
            ])
        });
        self.put([(INVITATIONS, rows.collect())]).await
    }

    /// Requests for communities.
    pub async fn requests(&self, rows: &[Request]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            let queue = match row.state {
                "received" => "open",
                "changes" => "waiting",
                _ => "closed",
            };
            json!([
                hex(row.id),
                row.number,
                hex(row.requester.0),
                row.state,
                queue,
                1,
                row.name,
                row.purpose,
                Model::Network,
                Visibility::Private,
                Joining::Approval,
                "[\"documents\"]",
                "[]",
                row.decided_by.map(|id| hex(id.0)),
                row.decided_at.map(micros),
                row.community.map(|id| hex(id.0)),
                micros(row.created_at),
                micros(row.decided_at.unwrap_or(row.created_at))
            ])
        });
        self.put([(REQUESTS, rows.collect())]).await
    }

    /// What was done.
    pub async fn acts(&self, rows: &[Act]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            json!([
                hex(row.id),
                micros(row.at),
                hex(row.actor.0),
                row.action,
                row.community.map(|id| hex(id.0)),
                row.person.map(|_| "person"),
                row.person.map(|id| hex(id.0)),
                "{}"
            ])
        });
        self.put([(ACTS, rows.collect())]).await
    }

    /// What is derived from rows that were put in: what names are sorted and found by, and on PostgreSQL what its
    /// planner knows of the tables.
    pub async fn settle(&self) -> Result<()> {
        names::catch_up(&self.db).await?;
        on!(self.db.writer(), run, "analyze")?;
        Ok(())
    }

    /// All of it, or nothing.
    async fn put<const N: usize>(&self, batches: [(Sql, Vec<Value>); N]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        for (sql, rows) in batches {
            let rows = Value::Array(rows).to_string();
            match &mut tx {
                Tx::Sqlite(tx) => {
                    sqlx::query(sql.sqlite).bind(rows).execute(&mut **tx).await?;
                }
                Tx::Postgres(tx) => {
                    sqlx::query(sql.postgres).bind(rows).execute(&mut **tx).await?;
                }
            }
        }
        tx.commit().await
    }
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

fn hexes(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn micros(at: OffsetDateTime) -> i64 {
    At(at).micros()
}
