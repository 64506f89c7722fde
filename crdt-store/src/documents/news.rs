//! What a person has not seen yet: documents that others have made, changed or shared with them since they last looked.
//!
//! News are read from what is there: the last change of each document, and when the person saw it. Nothing is written for
//! each reader when somebody types. What is older than [`KEPT`], or than a person's membership, is no news.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Documents, Listed, far};
use crate::db::Engine;
use crate::db::at::{At, MaybeAt};
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, UserId};

/// Nothing is news for longer.
const KEPT: Duration = Duration::days(30);
/// What somebody is looking at may be committed a moment later.
const UNDER_ONES_EYES: Duration = Duration::seconds(2);

words! {
    /// Why a document is news.
    Why {
        /// Somebody has made it.
        Created = "created",
        /// Somebody has written in it, or renamed it.
        Changed = "changed",
        /// Somebody has named the person there.
        Shared = "shared",
    }
}

/// A document that is news.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Fresh {
    /// The document, as the person sees it.
    #[sqlx(flatten)]
    pub listed: Listed,
    /// Why.
    pub why: Why,
}

/// What is news for somebody at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The last changed first.
    pub documents: Vec<Fresh>,
    /// That moment.
    pub as_of: OffsetDateTime,
}

#[derive(sqlx::FromRow)]
struct Since {
    #[sqlx(try_from = "MaybeAt")]
    caught_up_at: Option<OffsetDateTime>,
    #[sqlx(try_from = "At")]
    created_at: OffsetDateTime,
}

/// `$6` is how many are looked at in each community, `$7` since when, `$8` the hour of that.
macro_rules! news {
    (plain) => {
        news!(
            @ "join documents theirs on theirs.community_id = k.community_id
                and theirs.visibility <> 'restricted' and theirs.deleted_at is null
                and theirs.updated_hour >= $8 and theirs.updated_at > $7"
        )
    };
    (lateral) => {
        news!(
            @ "cross join lateral (
                select t.id, t.updated_at from documents t
                where t.community_id = k.community_id and t.visibility <> 'restricted' and t.deleted_at is null
                    and t.updated_hour >= $8 and t.updated_at > $7
                order by t.updated_hour desc, t.updated_at desc, t.id desc limit $6) theirs"
        )
    };
    (@ $theirs:literal) => {
        concat!(
            listed!(
                concat!(
                    "with lately as (
                        select theirs.id from memberships k ",
                    $theirs,
                    " where k.user_id = $1 and (k.expires_at is null or k.expires_at > $2)
                            and theirs.updated_at > k.joined_at
                        union
                        select own.id from documents own
                        where own.created_by = $1 and own.deleted_at is null
                            and own.updated_hour >= $8 and own.updated_at > $7
                            and (own.community_id is null or exists (
                                select 1 from memberships k
                                where k.community_id = own.community_id and k.user_id = $1
                                    and (k.expires_at is null or k.expires_at > $2)))
                        union
                        select named.id from document_shares k join documents named on named.id = k.document_id
                        where k.user_id = $1 and named.deleted_at is null
                            and (k.created_at > $7 or named.updated_at > $7)
                            and (k.guest or exists (
                                select 1 from memberships n
                                where n.community_id = named.community_id and n.user_id = $1
                                    and (n.expires_at is null or n.expires_at > $2)))
                    ) "
                ),
                ", case when v.seen_at is null and s.created_at > $7 then 'shared'
                        when v.seen_at is null and d.created_at > $7 and (d.created_by is null or d.created_by <> $1)
                            and (m.joined_at is null or d.created_at > m.joined_at) then 'created'
                        else 'changed' end as why",
                "from lately join documents d on d.id = lately.id
                 left join document_visits v on v.document_id = d.id and v.user_id = $1"
            ),
            " and ((d.updated_at > $7 and (d.updated_by is null or d.updated_by <> $1)
                    and (v.seen_at is null or v.seen_at < d.updated_at))
                or (v.seen_at is null and s.created_at > $7))
             order by d.updated_hour desc, d.updated_at desc, d.id desc limit $6"
        )
    };
}

impl Documents {
    /// What is news for `user`: at most `limit`, of each community's latest so many.
    pub async fn news(&self, user: UserId, limit: u32) -> Result<News> {
        let now = self.db.now();
        let Since { caught_up_at, created_at } = self.since(user).await?;
        let since = At(caught_up_at.unwrap_or(created_at).max(now.0 - KEPT));
        let (limit, most) = (i64::from(limit), far());
        let documents = match self.db.engine() {
            Engine::Sqlite => on!(
                self.db.reader(), all Fresh, news!(plain), user, now, most.hour(), most, Uuid::max(), limit, since,
                since.hour()
            ),
            Engine::Postgres => on!(
                self.db.reader(), all Fresh, news!(lateral), user, now, most.hour(), most, Uuid::max(), limit, since,
                since.hour()
            ),
        }?;
        Ok(News { documents, as_of: now.0 })
    }

    /// `user` has seen the document as it is now. Nothing happens where there is none.
    pub async fn see(&self, user: UserId, document: DocumentId) -> Result<()> {
        let seen = At(self.db.now().0 + UNDER_ONES_EYES);
        on!(
            self.db.writer(),
            run,
            "insert into document_visits (user_id, document_id, seen_at)
             select $1, d.id, $3 from documents d where d.id = $2
             on conflict (user_id, document_id) do update set seen_at = excluded.seen_at
             where document_visits.seen_at < excluded.seen_at",
            user,
            document,
            seen
        )?;
        Ok(())
    }

    /// Nothing until then is news any more for `user`; `None` for as at the beginning. What held before.
    pub async fn catch_up(&self, user: UserId, until: Option<OffsetDateTime>) -> Result<Option<OffsetDateTime>> {
        let now = self.db.now().0;
        let mut tx = self.db.begin().await?;
        let One(MaybeAt(before)) =
            on!(in &mut tx, maybe One<MaybeAt>, "select caught_up_at from users where id = $1", user)?
                .ok_or(StoreError::NotFound { what: "user" })?;
        on!(
            in &mut tx,
            run,
            "update users set caught_up_at = $2 where id = $1",
            user,
            until.map(|until| At(until.min(now)))
        )?;
        tx.commit().await?;
        Ok(before)
    }

    /// Forgets what people saw so long ago that it tells nothing; how many.
    pub async fn forget_visits(&self) -> Result<u64> {
        let old = At(self.db.now().0 - KEPT);
        on!(self.db.writer(), run, "delete from document_visits where seen_at < $1", old)
    }

    async fn since(&self, user: UserId) -> Result<Since> {
        on!(self.db.reader(), maybe Since, "select caught_up_at, created_at from users where id = $1", user)?
            .ok_or(StoreError::NotFound { what: "user" })
    }
}
