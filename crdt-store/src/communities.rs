//! Communities and who belongs to them.
//!
//! Lists are paged by what they are sorted by, byte by byte on both engines: names are sorted folded
//! ([`crate::names`]).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::db::at::{At, MaybeAt, cut};
use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::{CommunityId, UserId};

/// The columns of [`Community`], after a text.
macro_rules! community {
    ($before:literal) => {
        concat!($before, "id, slug, name, purpose, visibility, joining, model, created_at, archived_at")
    };
}

mod change;
mod found;
mod list;
mod members;
mod office;

pub use change::{Change, Rest};
pub(crate) use change::{held, ordered_by, run_by};
pub(crate) use found::found;
pub use found::{Founding, Page};
pub use list::{After, Asked, Similar, Which};
pub(crate) use members::bare_member;
pub use members::{Kept, Left, Member, MemberAfter, MemberChange, MembersSought};
pub use office::{Kept as KeptCommunity, KeptAfter, Part};

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
    /// How one comes into a community.
    Joining {
        /// By oneself.
        Open = "open",
        /// Somebody who keeps order there says yes.
        Approval = "approval",
        /// A leader invites.
        Invitation = "invitation",
    }
}

words! {
    /// What a community began as.
    Model {
        /// A network of practice.
        Network = "network",
        /// A project.
        Project = "project",
        /// An event.
        Event = "event",
    }
}

words! {
    /// What a community can be made of: lists of co-edited pages.
    Feature {
        /// Documents.
        Documents = "documents",
        /// A wiki.
        Wiki = "wiki",
        /// Posts.
        Posts = "posts",
        /// Questions that are often asked.
        Faq = "faq",
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
    /// How one comes in.
    pub joining: Joining,
    /// What it began as.
    pub model: Model,
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
    /// They asked to join, and nobody has answered.
    pub asked: bool,
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

/// The communities of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Communities {
    db: Db,
}

impl Communities {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes a community, and its founder its leader, in one transaction: a network with documents, into which one is
    /// let. [`crate::StoreError::Conflict`] where the id or the slug is taken.
    pub async fn create(&self, community: NewCommunity, founder: UserId) -> Result<Community> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let joining = match community.visibility {
            Visibility::Secret => Joining::Invitation,
            Visibility::Public | Visibility::Private => Joining::Approval,
        };
        let made = found::put(&mut tx, now, &community, joining, Model::Network).await?;
        change::put_features(&mut tx, now, made.id, &[Feature::Documents]).await?;
        put_member(&mut tx, made.id, founder, MemberRole::Leader, now, None).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Makes somebody a member, or changes what they are and until when. A leader is one without an end.
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

    /// Lays a community to rest. [`crate::StoreError::NotFound`] where there is none.
    pub async fn archive(&self, community: CommunityId) -> Result<()> {
        let rows = on!(
            self.db.writer(),
            run,
            "update communities set archived_at = coalesce(archived_at, $2) where id = $1",
            community,
            self.db.now()
        )?;
        match rows {
            0 => Err(crate::StoreError::NotFound { what: "community" }),
            _ => Ok(()),
        }
    }
}

/// Makes somebody a member within a use case; who is one already gets the role and the end.
pub(crate) async fn put_member(
    tx: &mut Tx,
    community: CommunityId,
    user: UserId,
    role: MemberRole,
    joined_at: At,
    expires_at: Option<At>,
) -> Result<()> {
    let expires_at = expires_at.filter(|_| role != MemberRole::Leader);
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
