//! Administrators who look into a community: for a reason, for a while, seen by its people.

use time::OffsetDateTime;

use crate::db::at::{At, cut};
use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::{CommunityId, EntryId, UserId};

/// An administrator's entry.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AdminEntry {
    /// Its id.
    pub id: EntryId,
    /// Where.
    pub community_id: CommunityId,
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub user_name: String,
    /// Why, in their words.
    pub reason: String,
    /// Since when.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
    /// Until when.
    #[sqlx(try_from = "At")]
    pub expires_at: OffsetDateTime,
}

/// An entry to be made.
#[derive(Debug, Clone)]
pub struct NewAdminEntry {
    /// Its id.
    pub id: EntryId,
    /// Where.
    pub community_id: CommunityId,
    /// Who.
    pub user_id: UserId,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires_at: OffsetDateTime,
}

/// The entries of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Entries {
    db: Db,
}

impl Entries {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes an entry, on its own.
    pub async fn enter(&self, entry: NewAdminEntry) -> Result<()> {
        let mut tx = self.db.begin().await?;
        self.enter_in(&mut tx, entry).await?;
        tx.commit().await
    }

    /// Makes an entry in the transaction of whoever records and announces it.
    pub(crate) async fn enter_in(&self, tx: &mut Tx, entry: NewAdminEntry) -> Result<()> {
        on!(
            in tx,
            run,
            "insert into admin_entries (id, community_id, user_id, reason, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6)",
            entry.id,
            entry.community_id,
            entry.user_id,
            &entry.reason,
            self.db.now(),
            At(cut(entry.expires_at))
        )?;
        Ok(())
    }

    /// Until when `user` is in the community by an entry; `None` where by none that lasts.
    pub async fn lasts_until(&self, community: CommunityId, user: UserId) -> Result<Option<OffsetDateTime>> {
        let found = on!(
            self.db.reader(),
            maybe Until,
            "select expires_at from admin_entries
             where community_id = $1 and user_id = $2 and expires_at > $3
             order by expires_at desc limit 1",
            community,
            user,
            self.db.now()
        )?;
        Ok(found.map(|until| until.expires_at))
    }

    /// The entries into a community that last, the latest first.
    pub async fn lasting(&self, community: CommunityId) -> Result<Vec<AdminEntry>> {
        on!(
            self.db.reader(),
            all AdminEntry,
            "select e.id, e.community_id, e.user_id, u.name as user_name, e.reason, e.created_at, e.expires_at
             from admin_entries e join users u on u.id = e.user_id
             where e.community_id = $1 and e.expires_at > $2
             order by e.created_at desc, e.id desc",
            community,
            self.db.now()
        )
    }

    /// Ends what `user` entered for, before its time; how many.
    pub async fn leave(&self, community: CommunityId, user: UserId) -> Result<u64> {
        on!(
            self.db.writer(),
            run,
            "update admin_entries set expires_at = $3
             where community_id = $1 and user_id = $2 and expires_at > $3",
            community,
            user,
            self.db.now()
        )
    }
}

#[derive(sqlx::FromRow)]
struct Until {
    #[sqlx(try_from = "At")]
    expires_at: OffsetDateTime,
}
