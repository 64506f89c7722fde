//! What a node asks about those who sit at its feed: whether their sign-ins still hold, and who of
//! them belongs to which community. Each is one question for all of them, and looks up keys only.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::db::at::MaybeAt;
use crate::db::{Db, Pool};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, LoginId, UserId};
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
struct Numbered {
    number: i64,
    #[sqlx(flatten)]
    signed_in: SignedIn,
}

#[derive(sqlx::FromRow)]
struct Belongs {
    community_id: CommunityId,
    user_id: UserId,
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
        let found: Vec<Numbered> = match self.db.reader() {
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
        let mut standings = vec![None; logins.len()];
        for Numbered { number, signed_in } in found {
            // Numbers count from 1.
            if let Some(place) = usize::try_from(number - 1).ok().and_then(|at| standings.get_mut(at)) {
                *place = Some(signed_in);
            }
        }
        Ok(standings)
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

/// Ids as SQLite reads them out of JSON.
fn hexes(ids: impl Iterator<Item = Uuid>) -> Result<String> {
    let hexes: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
    serde_json::to_string(&hexes).map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))
}
