//! Communities as administrators see them, and their looking into one: recorded, announced, for a while.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Communities, Visibility};
use crate::audit::{self, Act};
use crate::db::Engine;
use crate::db::at::{At, MaybeAt};
use crate::entries::NewAdminEntry;
use crate::error::Result;
use crate::ids::CommunityId;
use crate::instance::SLEEPS_AFTER;
use crate::mails::{self, NewMail};
use crate::names::{self, Sought};

/// Which communities an administrator looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All, archived or not.
    All,
    /// Those that rest.
    Archived,
    /// Those that nobody leads.
    Leaderless,
    /// Those in which something was written lately.
    Living,
    /// Those in which nothing was written for long.
    Sleeping,
}

/// A community as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// Its id.
    pub id: CommunityId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its name, folded.
    pub name_key: String,
    /// Who learns of it.
    pub visibility: Visibility,
    /// Since when it rests.
    #[sqlx(try_from = "MaybeAt")]
    pub archived_at: Option<OffsetDateTime>,
    /// How many belong to it.
    pub members_count: i64,
    /// About when something was last written there.
    #[sqlx(try_from = "MaybeAt")]
    pub active_at: Option<OffsetDateTime>,
    /// When it came into being.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
}

/// Where a list goes on: the last one shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAfter {
    /// Its name, folded.
    pub key: String,
    /// About when something was last written there.
    #[serde(with = "time::serde::rfc3339::option")]
    pub active_at: Option<OffsetDateTime>,
    /// Its id.
    pub id: CommunityId,
}

impl From<&Kept> for KeptAfter {
    fn from(kept: &Kept) -> Self {
        Self { key: kept.name_key.clone(), active_at: kept.active_at, id: kept.id }
    }
}

/// `$1` now.
macro_rules! kept {
    ($from:literal, $($rest:literal),+) => {
        concat!(
            "select c.id, c.slug, c.name, c.name_key, c.visibility, c.archived_at,
                    (select count(*) from memberships n where n.community_id = c.id
                        and (n.expires_at is null or n.expires_at > $1)) as members_count,
                    c.active_at, c.created_at
             from ",
            $from,
            $($rest),+
        )
    };
}

/// `$2`, `$3` where the list goes on, `$4` how many.
macro_rules! by_name {
    ($more:literal) => {
        kept!("communities c", " where (c.name_key, c.id) > ($2, $3) ", $more, " order by c.name_key, c.id limit $4")
    };
}

/// Those that `$found` names as `q`; `$7` to `$10` more words, `$11` to `$15` which part.
macro_rules! by_words {
    ($found:literal) => {
        kept!(
            $found,
            " join communities c on c.id = q.community_id
              where (c.name_key, c.id) > ($2, $3)
                and ($7 = '' or exists (select 1 from community_words w where w.community_id = c.id
                    and w.word >= $7 and w.word < $8))
                and ($9 = '' or exists (select 1 from community_words w where w.community_id = c.id
                    and w.word >= $9 and w.word < $10))
                and (not $11 or c.archived_at is not null)
                and (not $12 or (c.leaders_count = 0 and c.archived_at is null))
                and (not $13 or (c.active_at < $14 and c.archived_at is null))
                and (not $15 or (c.active_at >= $14 and c.archived_at is null))
              order by c.name_key, c.id limit $4"
        )
    };
}

impl Communities {
    /// Communities for administrators: by name; those that live or sleep by when something was written, from the one after `after`.
    pub async fn kept(&self, part: Part, q: &str, after: Option<&KeptAfter>, limit: u32) -> Result<Vec<Kept>> {
        names::catch_up(&self.db).await?;
        let (key, id) = after.map_or(("", Uuid::nil()), |after| (after.key.as_str(), after.id.0));
        let (now, limit) = (self.db.now(), i64::from(limit));
        let reader = self.db.reader();
        let asleep = At(now.0 - SLEEPS_AFTER);
        match (Sought::read(q), part) {
            (None, _) if !q.trim().is_empty() => Ok(Vec::new()),
            (None, Part::All) => on!(reader, all Kept, by_name!(""), now, key, id, limit),
            (None, Part::Archived) => {
                on!(reader, all Kept, by_name!("and c.archived_at is not null"), now, key, id, limit)
            }
            (None, Part::Leaderless) => {
                let sql = by_name!("and c.leaders_count = 0 and c.archived_at is null");
                on!(reader, all Kept, sql, now, key, id, limit)
            }
            (None, Part::Sleeping) => {
                let from = after.and_then(|after| after.active_at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
                let sql = kept!(
                    "communities c",
                    " where (c.active_at, c.id) > ($2, $3) and c.active_at < $5 and c.archived_at is null
                      order by c.active_at, c.id limit $4"
                );
                on!(reader, all Kept, sql, now, At(from), id, limit, asleep)
            }
            (None, Part::Living) => {
                let far = time::macros::datetime!(9999-12-31 23:59:59 UTC);
                let from = after.and_then(|after| after.active_at).unwrap_or(far);
                let id = after.map_or(Uuid::max(), |after| after.id.0);
                let sql = kept!(
                    "communities c",
                    " where (c.active_at, c.id) < ($2, $3) and c.active_at >= $5 and c.archived_at is null
                      order by c.active_at desc, c.id desc limit $4"
                );
                on!(reader, all Kept, sql, now, At(from), id, limit, asleep)
            }
            (Some(sought), part) => on!(
                reader,
                all Kept,
                match self.db.engine() {
                    Engine::Sqlite => by_words!("(select distinct community_id from community_words where word >= $5 and word < $6) q"),
                    // As an array, so that the words lead to the rows and not all rows to the words.
                    Engine::Postgres => by_words!(
                        "unnest(array(select distinct community_id from community_words where word >= $5 and word < $6))
                         as q (community_id)"
                    ),
                },
                now,
                key,
                id,
                limit,
                &sought.first.from,
                &sought.first.to,
                &sought.more[0].from,
                &sought.more[0].to,
                &sought.more[1].from,
                &sought.more[1].to,
                part == Part::Archived,
                part == Part::Leaderless,
                part == Part::Sleeping,
                asleep,
                part == Part::Living
            ),
        }
    }

    /// An administrator looks into a community: recorded, and told to those whom `letters` are for.
    pub async fn enter(&self, entry: NewAdminEntry, letters: &[NewMail]) -> Result<()> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let details = json!({ "reason": entry.reason });
        let (by, community) = (entry.user_id, entry.community_id);
        self.db.entries().enter_in(&mut tx, entry).await?;
        let act = Act { by, action: "community.entered", community: Some(community), subject: None, details };
        audit::record(&mut tx, now, act).await?;
        for letter in letters {
            mails::enqueue(&mut tx, now, letter).await?;
        }
        tx.commit().await
    }
}
