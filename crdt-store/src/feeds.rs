//! What a node asks about those who sit at its feed: whether their sign-ins still hold, who of them
//! belongs to which community, and what those who are there are called. Each is one question for all
//! of them, and looks up keys only.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::communities::Visibility;
use crate::db::at::MaybeAt;
use crate::db::{Db, Pool};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, DocumentId, LoginId, UserId};
use crate::users::Role;

/// The person of a sign-in that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct SignedIn {
    /// What they are to the instance.
    pub role: Role,
    /// Since when they may not come in.
    #[sqlx(try_from = "MaybeAt")]
    pub suspended_at: Option<OffsetDateTime>,
}

#[derive(sqlx::FromRow)]
struct Belongs {
    community_id: CommunityId,
    user_id: UserId,
}

/// Somebody who belongs to a community, as its members see them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Face {
    /// The name that others see.
    pub name: String,
    /// What they are to the instance.
    pub role: Role,
}

/// A document that all who belong to its community may read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Titled {
    /// Whose.
    pub community_id: CommunityId,
    /// Its title.
    pub title: String,
}

#[derive(sqlx::FromRow)]
struct At<T> {
    number: i64,
    #[sqlx(flatten)]
    found: T,
}

#[derive(sqlx::FromRow)]
struct Seen {
    visibility: Visibility,
}

/// The feeds of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Feeds {
    db: Db,
}

impl Feeds {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// What has become of sign-ins, in their order; `None` for one that is over.
    pub async fn standings(&self, logins: &[LoginId]) -> Result<Vec<Option<SignedIn>>> {
        let now = self.db.now();
        let found: Vec<At<SignedIn>> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                sqlx::query_as(
                    "select q.key + 1 as number, u.role, u.suspended_at
                     from json_each($1) q
                     join logins l on l.id = unhex(q.value) and l.expires_at > $2
                     join users u on u.id = l.user_id",
                )
                .bind(hexes(logins.iter().map(|login| login.0))?)
                .bind(now)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                let asked: Vec<Uuid> = logins.iter().map(|login| login.0).collect();
                sqlx::query_as(
                    "select q.number, u.role, u.suspended_at
                     from unnest($1::uuid[]) with ordinality as q (login_id, number)
                     join logins l on l.id = q.login_id and l.expires_at > $2
                     join users u on u.id = l.user_id",
                )
                .bind(asked)
                .bind(now)
                .fetch_all(pool)
                .await?
            }
        };
        Ok(in_order(logins.len(), found))
    }

    /// What people are called in communities, in their order; `None` for whoever doesn't belong there today, or may
    /// not come in at all.
    pub async fn faces(&self, members: &[(CommunityId, UserId)]) -> Result<Vec<Option<Face>>> {
        let now = self.db.now();
        let found: Vec<At<Face>> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                sqlx::query_as(
                    "select q.key + 1 as number, u.name, u.role
                     from json_each($1) q
                     join memberships m on m.community_id = unhex(substr(q.value, 1, 32))
                        and m.user_id = unhex(substr(q.value, 33)) and (m.expires_at is null or m.expires_at > $2)
                     join users u on u.id = m.user_id and u.suspended_at is null",
                )
                .bind(json(members.iter().map(|(at, who)| format!("{}{}", at.0.simple(), who.0.simple())))?)
                .bind(now)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                let (communities, people): (Vec<Uuid>, Vec<Uuid>) =
                    members.iter().map(|(at, who)| (at.0, who.0)).unzip();
                sqlx::query_as(
                    "select q.number, u.name, u.role
                     from unnest($1::uuid[], $2::uuid[]) with ordinality as q (community_id, user_id, number)
                     join memberships m on m.community_id = q.community_id and m.user_id = q.user_id
                        and (m.expires_at is null or m.expires_at > $3)
                     join users u on u.id = m.user_id and u.suspended_at is null",
                )
                .bind(communities)
                .bind(people)
                .bind(now)
                .fetch_all(pool)
                .await?
            }
        };
        Ok(in_order(members.len(), found))
    }

    /// What documents are called, in their order; `None` for one that is not there, or not for all of its community.
    pub async fn titles(&self, documents: &[DocumentId]) -> Result<Vec<Option<Titled>>> {
        let found: Vec<At<Titled>> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                sqlx::query_as(
                    "select q.key + 1 as number, d.community_id, d.title
                     from json_each($1) q
                     join documents d on d.id = unhex(q.value)
                     where d.deleted_at is null and d.visibility <> 'restricted' and d.community_id is not null",
                )
                .bind(hexes(documents.iter().map(|id| id.0))?)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                let asked: Vec<Uuid> = documents.iter().map(|id| id.0).collect();
                sqlx::query_as(
                    "select q.number, d.community_id, d.title
                     from unnest($1::uuid[]) with ordinality as q (document_id, number)
                     join documents d on d.id = q.document_id
                     where d.deleted_at is null and d.visibility <> 'restricted' and d.community_id is not null",
                )
                .bind(asked)
                .fetch_all(pool)
                .await?
            }
        };
        Ok(in_order(documents.len(), found))
    }

    /// Who learns of communities, in their order; `None` for one that is not there.
    pub async fn visibilities(&self, communities: &[CommunityId]) -> Result<Vec<Option<Visibility>>> {
        let found: Vec<At<Seen>> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                sqlx::query_as(
                    "select q.key + 1 as number, c.visibility
                     from json_each($1) q join communities c on c.id = unhex(q.value)",
                )
                .bind(hexes(communities.iter().map(|id| id.0))?)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                let asked: Vec<Uuid> = communities.iter().map(|id| id.0).collect();
                sqlx::query_as(
                    "select q.number, c.visibility
                     from unnest($1::uuid[]) with ordinality as q (community_id, number)
                     join communities c on c.id = q.community_id",
                )
                .bind(asked)
                .fetch_all(pool)
                .await?
            }
        };
        let seen = in_order(communities.len(), found);
        Ok(seen.into_iter().map(|one| one.map(|Seen { visibility }| visibility)).collect())
    }

    /// Who of `people` belongs to which of `communities` today.
    pub async fn members_among(
        &self,
        communities: &[CommunityId],
        people: &[UserId],
    ) -> Result<Vec<(CommunityId, UserId)>> {
        let now = self.db.now();
        let found: Vec<Belongs> = match self.db.reader() {
            // The outer loop is the communities, the inner one the people: `cross join` says so to SQLite.
            Pool::Sqlite(pool) => {
                sqlx::query_as(
                    "select m.community_id, m.user_id
                     from json_each($1) c cross join json_each($2) p
                     join memberships m on m.community_id = unhex(c.value) and m.user_id = unhex(p.value)
                     where m.expires_at is null or m.expires_at > $3",
                )
                .bind(hexes(communities.iter().map(|id| id.0))?)
                .bind(hexes(people.iter().map(|id| id.0))?)
                .bind(now)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                let communities: Vec<Uuid> = communities.iter().map(|id| id.0).collect();
                let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
                sqlx::query_as(
                    "select m.community_id, m.user_id
                     from memberships m
                     where m.community_id = any($1) and m.user_id = any($2)
                        and (m.expires_at is null or m.expires_at > $3)",
                )
                .bind(communities)
                .bind(people)
                .bind(now)
                .fetch_all(pool)
                .await?
            }
        };
        Ok(found.into_iter().map(|Belongs { community_id, user_id }| (community_id, user_id)).collect())
    }
}

/// Numbers count from 1.
fn in_order<T>(len: usize, found: Vec<At<T>>) -> Vec<Option<T>> {
    let mut ordered: Vec<Option<T>> = std::iter::repeat_with(|| None).take(len).collect();
    for At { number, found } in found {
        if let Some(place) = usize::try_from(number - 1).ok().and_then(|at| ordered.get_mut(at)) {
            *place = Some(found);
        }
    }
    ordered
}

/// Ids as SQLite reads them out of JSON.
fn hexes(ids: impl Iterator<Item = Uuid>) -> Result<String> {
    json(ids.map(|id| id.simple().to_string()))
}

fn json(texts: impl Iterator<Item = String>) -> Result<String> {
    let texts: Vec<String> = texts.collect();
    serde_json::to_string(&texts).map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))
}
