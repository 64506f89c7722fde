//! Communities and who belongs to them.
//!
//! Lists are paged by what they are sorted by, byte by byte on both engines.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::db::at::{At, MaybeAt, cut};
use crate::db::{Db, Tx};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, UserId};
use crate::users::Role;

words! {
    /// Who learns that a community exists, and what it holds.
    Visibility {
        /// Its documents are read by every agent.
        Public = "public",
        /// Its name is seen by every agent, its documents by members.
        Private = "private",
        /// Only members know of it.
        Secret = "secret",
    }
}

words! {
    /// What a member may do in a community.
    MemberRole {
        /// Runs it.
        Leader = "leader",
        /// Keeps order in it.
        Moderator = "moderator",
        /// Takes part.
        Member = "member",
        /// Looks on.
        Reader = "reader",
    }
}

/// A community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Community {
    /// Its id.
    pub id: CommunityId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Who learns of it.
    pub visibility: Visibility,
    /// When it came into being.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when it rests.
    #[sqlx(try_from = "MaybeAt")]
    #[serde(with = "time::serde::rfc3339::option")]
    pub archived_at: Option<OffsetDateTime>,
}

/// A community as one person meets it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Met {
    /// The community.
    #[sqlx(flatten)]
    pub community: Community,
    /// How many belong to it today.
    pub members_count: i64,
    /// What the person is in it; `None` for who doesn't belong, or no longer.
    pub role: Option<MemberRole>,
}

/// A community to be made.
#[derive(Debug, Clone)]
pub struct NewCommunity {
    /// Its id.
    pub id: CommunityId,
    /// Its name in addresses; of several only one may have it.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Who learns of it.
    pub visibility: Visibility,
}

/// Somebody who belongs to a community.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// The name that others see.
    pub name: String,
    /// What they are to the instance.
    pub user_role: Role,
    /// What they are in the community.
    pub role: MemberRole,
    /// Since when.
    #[sqlx(try_from = "At")]
    pub joined_at: OffsetDateTime,
    /// Until when, for who was invited for a time.
    #[sqlx(try_from = "MaybeAt")]
    pub expires_at: Option<OffsetDateTime>,
}

/// Where a list of communities goes on: the last one shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: CommunityId,
}

/// The communities of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Communities {
    db: Db,
}

impl Communities {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes a community, and its founder its leader, in one transaction.
    /// [`StoreError::Conflict`] where the id or the slug is taken.
    pub async fn create(&self, community: NewCommunity, founder: UserId) -> Result<Community> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let made = on!(
            in &mut tx,
            one Community,
            "insert into communities (id, slug, name, purpose, visibility, created_at)
             values ($1, $2, $3, $4, $5, $6)
             returning id, slug, name, purpose, visibility, created_at, archived_at",
            community.id,
            &community.slug,
            &community.name,
            &community.purpose,
            community.visibility,
            now
        )?;
        put_member(&mut tx, made.id, founder, MemberRole::Leader, now, None).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Makes somebody a member, or changes what they are and until when.
    pub async fn add_member(
        &self,
        community: CommunityId,
        user: UserId,
        role: MemberRole,
        expires_at: Option<OffsetDateTime>,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let expires_at = expires_at.map(|at| At(cut(at)));
        put_member(&mut tx, community, user, role, self.db.now(), expires_at).await?;
        tx.commit().await
    }

    /// Ends a membership; true where there was one.
    pub async fn remove_member(&self, community: CommunityId, user: UserId) -> Result<bool> {
        let rows = on!(
            self.db.writer(),
            run,
            "delete from memberships where community_id = $1 and user_id = $2",
            community,
            user
        )?;
        Ok(rows > 0)
    }

    /// The community of that slug as `user` meets it, visible to them or not: the caller judges.
    pub async fn by_slug(&self, slug: &str, user: Option<UserId>) -> Result<Option<Met>> {
        on!(
            self.db.reader(),
            maybe Met,
            "select c.id, c.slug, c.name, c.purpose, c.visibility, c.created_at, c.archived_at,
                    (select count(*) from memberships n where n.community_id = c.id
                        and (n.expires_at is null or n.expires_at > $3)) as members_count,
                    m.role
             from communities c
             left join memberships m on m.community_id = c.id and m.user_id = $2
                and (m.expires_at is null or m.expires_at > $3)
             where c.slug = $1",
            slug,
            user,
            self.db.now()
        )
    }

    /// What `user` may know of, by name: their own, and for all but outsiders those that
    /// are not secret. Archived ones are left out.
    pub async fn list_for(&self, user: UserId, after: Option<&After>, limit: u32) -> Result<Vec<Met>> {
        let (name, id) = match after {
            Some(after) => (after.name.as_str(), after.id.0),
            None => ("", uuid::Uuid::nil()),
        };
        on!(
            self.db.reader(),
            all Met,
            "select c.id, c.slug, c.name, c.purpose, c.visibility, c.created_at, c.archived_at,
                    (select count(*) from memberships n where n.community_id = c.id
                        and (n.expires_at is null or n.expires_at > $2)) as members_count,
                    m.role
             from communities c
             join users u on u.id = $1
             left join memberships m on m.community_id = c.id and m.user_id = $1
                and (m.expires_at is null or m.expires_at > $2)
             where c.archived_at is null
                and (m.role is not null or (c.visibility <> 'secret' and u.role <> 'outsider'))
                and (c.name, c.id) > ($3, $4)
             order by c.name, c.id
             limit $5",
            user,
            self.db.now(),
            name,
            id,
            i64::from(limit)
        )
    }

    /// The communities that `user` belongs to today, by name.
    pub async fn of(&self, user: UserId) -> Result<Vec<Met>> {
        on!(
            self.db.reader(),
            all Met,
            "select c.id, c.slug, c.name, c.purpose, c.visibility, c.created_at, c.archived_at,
                    (select count(*) from memberships n where n.community_id = c.id
                        and (n.expires_at is null or n.expires_at > $2)) as members_count,
                    m.role
             from memberships m
             join communities c on c.id = m.community_id
             where m.user_id = $1 and (m.expires_at is null or m.expires_at > $2)
                and c.archived_at is null
             order by c.name, c.id",
            user,
            self.db.now()
        )
    }

    /// Who belongs to a community today, in the order of their ids, from the one after `after`.
    pub async fn members(&self, community: CommunityId, after: Option<UserId>, limit: u32) -> Result<Vec<Member>> {
        on!(
            self.db.reader(),
            all Member,
            "select m.user_id, u.name, u.role as user_role, m.role, m.joined_at, m.expires_at
             from memberships m join users u on u.id = m.user_id
             where m.community_id = $1 and m.user_id > $2
                and (m.expires_at is null or m.expires_at > $3)
             order by m.user_id
             limit $4",
            community,
            after.map_or(uuid::Uuid::nil(), |id| id.0),
            self.db.now(),
            i64::from(limit)
        )
    }

    /// Lays a community to rest. [`StoreError::NotFound`] where there is none.
    pub async fn archive(&self, community: CommunityId) -> Result<()> {
        let rows = on!(
            self.db.writer(),
            run,
            "update communities set archived_at = coalesce(archived_at, $2) where id = $1",
            community,
            self.db.now()
        )?;
        match rows {
            0 => Err(StoreError::NotFound { what: "community" }),
            _ => Ok(()),
        }
    }
}

async fn put_member(
    tx: &mut Tx,
    community: CommunityId,
    user: UserId,
    role: MemberRole,
    joined_at: At,
    expires_at: Option<At>,
) -> Result<()> {
    on!(
        in tx,
        run,
        "insert into memberships (community_id, user_id, role, joined_at, expires_at)
         values ($1, $2, $3, $4, $5)
         on conflict (community_id, user_id)
         do update set role = excluded.role, expires_at = excluded.expires_at",
        community,
        user,
        role,
        joined_at,
        expires_at
    )?;
    Ok(())
}
