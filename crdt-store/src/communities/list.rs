//! Lists of communities: those a person may know of, those they belong to, those like another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Communities, Joining, MemberRole, Met, Visibility};
use crate::db::{Engine, Pool};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, UserId};
use crate::names::{self, Sought};
use crate::users::Role;

/// Which communities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those the person belongs to.
    Mine,
    /// Those they may join by themselves, or ask to.
    Open,
    /// Those they may know of.
    All,
}

/// What is asked of a list of communities.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// By whom.
    pub user: UserId,
    /// What they are to the instance.
    pub role: Role,
    /// Which ones.
    pub which: Which,
    /// With words that begin so.
    pub q: &'a str,
    /// One comes in so.
    pub joining: Option<Joining>,
}

/// Where a list of communities goes on: the last one shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// Its name, folded.
    pub key: String,
    /// Its id.
    pub id: CommunityId,
}

impl After {
    /// The one after this.
    pub fn of(met: &Met) -> Self {
        Self { key: names::key(&met.community.name), id: met.community.id }
    }
}

/// A community whose name is like another.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Similar {
    /// Its id.
    pub id: CommunityId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// How many belong to it.
    pub members_count: i64,
    /// Who learns of it.
    pub visibility: Visibility,
    /// How one comes in.
    pub joining: Joining,
    /// What the asking person is in it.
    pub role: Option<MemberRole>,
    /// How many of the words they share.
    pub shared_count: i64,
}

/// What [`Met`] is made of: `$1` is the person, `$2` now.
macro_rules! met {
    ($from:expr, $($rest:literal),+) => {
        concat!(
            "select c.id, c.slug, c.name, c.purpose, c.visibility, c.joining, c.model, c.created_at, c.archived_at,
                    (select count(*) from memberships n where n.community_id = c.id
                        and (n.expires_at is null or n.expires_at > $2)) as members_count,
                    m.role, (j.id is not null) as asked
             from ",
            $from,
            " left join memberships m on m.community_id = c.id and m.user_id = $1
                and (m.expires_at is null or m.expires_at > $2)
              left join join_requests j on j.community_id = c.id and j.user_id = $1 and j.state = 'open' ",
            $($rest),+
        )
    };
}

/// `$3`, `$4` where the list goes on, `$5` how many, `$6` whether those alone that one may join, `$7` how one comes in.
macro_rules! known {
    ($from:literal, $more:literal) => {
        met!(
            $from,
            "where c.archived_at is null and (m.role is not null or c.visibility <> 'secret')
                and (not $6 or (m.role is null and c.joining <> 'invitation'))
                and ($7 is null or c.joining = $7)
                and (c.name_key, c.id) > ($3, $4) ",
            $more,
            " order by c.name_key, c.id limit $5"
        )
    };
}

/// A page of what `$parts` find. Each of them is read in the order of an index and ends with a page, so that a page
/// costs the same however many communities there are.
macro_rules! directory {
    ($($parts:expr),+) => {
        met!(
            concat!("(", $($parts),+, ") c"),
            "order by c.name_key, c.id limit $5"
        )
    };
}

/// A part of the directory: those that everybody may know of.
macro_rules! shown {
    ($more:expr) => {
        concat!(
            "select * from (select c.* from communities c
                where c.archived_at is null and c.visibility <> 'secret' and (c.name_key, c.id) > ($3, $4) ",
            $more,
            " order by c.name_key, c.id limit $5) s"
        )
    };
}

/// A part of the directory: the secret ones that the person belongs to.
macro_rules! confided {
    ($more:literal) => {
        concat!(
            "select c.* from memberships n join communities c on c.id = n.community_id
             where n.user_id = $1 and (n.expires_at is null or n.expires_at > $2)
                and c.archived_at is null and c.visibility = 'secret' and (c.name_key, c.id) > ($3, $4) ",
            $more
        )
    };
}

/// A part of the directory: those that the person may join, or ask to, in the way that is `$way`.
macro_rules! joinable {
    ($way:literal) => {
        shown!(concat!(
            "and c.joining = ",
            $way,
            " and not exists (select 1 from memberships n where n.community_id = c.id and n.user_id = $1
                and (n.expires_at is null or n.expires_at > $2))"
        ))
    };
}

/// Those that `$from` finds; `$10` to `$13` more words, `$14` whether one's own alone.
macro_rules! by_words {
    ($from:literal) => {
        known!(
            $from,
            "and ($10 = '' or exists (select 1 from community_words w where w.community_id = c.id
                and w.word >= $10 and w.word < $11))
             and ($12 = '' or exists (select 1 from community_words w where w.community_id = c.id
                and w.word >= $12 and w.word < $13))
             and (not $14 or m.role is not null)"
        )
    };
}

/// `$1` now, `$2` the person, `$3` how many, `$5` how many words are enough.
macro_rules! similar {
    ($ranges:literal) => {
        concat!(
            "select c.id, c.slug, c.name,
                    (select count(*) from memberships n where n.community_id = c.id
                        and (n.expires_at is null or n.expires_at > $1)) as members_count,
                    c.visibility, c.joining, m.role, q.shared_count
             from (select w.community_id, count(distinct r.number) as shared_count
                   from (",
            $ranges,
            ") r join community_words w on w.word >= r.low and w.word < r.high
                   group by w.community_id having count(distinct r.number) >= $5) q
             join communities c on c.id = q.community_id
             left join memberships m on m.community_id = c.id and m.user_id = $2
                and (m.expires_at is null or m.expires_at > $1)
             where c.visibility <> 'secret' and c.archived_at is null
             order by q.shared_count desc, c.leaders_count = 0, length(c.name), c.id
             limit $3"
        )
    };
}

impl Communities {
    /// The community of that slug as `user` meets it, visible to them or not: the caller judges.
    pub async fn by_slug(&self, slug: &str, user: Option<UserId>) -> Result<Option<Met>> {
        on!(
            self.db.reader(),
            maybe Met,
            met!("communities c", "where c.slug = $3"),
            user,
            self.db.now(),
            slug
        )
    }

    /// What a person may know of, by name, from the one after `after`: their own, and for all but outsiders those that
    /// are not secret. Archived ones are left out.
    pub async fn list(&self, asked: Asked<'_>, after: Option<&After>, limit: u32) -> Result<Vec<Met>> {
        names::catch_up(&self.db).await?;
        let (key, id) = match after {
            Some(after) => (after.key.as_str(), after.id.0),
            None => ("", Uuid::nil()),
        };
        let Asked { user, role, which, q, joining } = asked;
        let (now, limit) = (self.db.now(), i64::from(limit));
        let sought = Sought::read(q);
        if sought.is_none() && !q.trim().is_empty() {
            return Ok(Vec::new());
        }
        if which == Which::Open && role == Role::Outsider {
            return Ok(Vec::new());
        }
        let open = which == Which::Open;
        let mine = which == Which::Mine || role == Role::Outsider;
        match sought {
            None if mine => on!(
                self.db.reader(),
                all Met,
                known!(
                    "memberships mine join communities c on c.id = mine.community_id and mine.user_id = $1",
                    "and m.role is not null"
                ),
                user,
                now,
                key,
                id,
                limit,
                open,
                joining
            ),
            None => self.directory(asked, key, id, limit).await,
            Some(sought) => on!(
                self.db.reader(),
                all Met,
                match self.db.engine() {
                    Engine::Sqlite => by_words!(
                        "(select distinct community_id from community_words where word >= $8 and word < $9) q
                         join communities c on c.id = q.community_id"
                    ),
                    // As an array, so that the words lead to the rows and not all rows to the words.
                    Engine::Postgres => by_words!(
                        "unnest(array(select distinct community_id from community_words where word >= $8 and word < $9))
                         as q (community_id) join communities c on c.id = q.community_id"
                    ),
                },
                user,
                now,
                key,
                id,
                limit,
                open,
                joining,
                &sought.first.from,
                &sought.first.to,
                &sought.more[0].from,
                &sought.more[0].to,
                &sought.more[1].from,
                &sought.more[1].to,
                mine
            ),
        }
    }

    /// A page of all communities that a person may know of, or join.
    async fn directory(&self, asked: Asked<'_>, key: &str, id: Uuid, limit: i64) -> Result<Vec<Met>> {
        let Asked { user, which, joining, .. } = asked;
        let now = self.db.now();
        if which == Which::Open {
            let way = |joined| Some(joined).filter(|way| joining.is_none_or(|asked| asked == *way));
            return on!(
                self.db.reader(),
                all Met,
                directory!(joinable!("$6"), " union all ", joinable!("$7")),
                user,
                now,
                key,
                id,
                limit,
                way(Joining::Open),
                way(Joining::Approval)
            );
        }
        match joining {
            None => {
                on!(self.db.reader(), all Met, directory!(shown!(""), " union all ", confided!("")), user, now, key, id, limit)
            }
            Some(joining) => on!(
                self.db.reader(),
                all Met,
                directory!(shown!("and c.joining = $6"), " union all ", confided!("and c.joining = $6")),
                user,
                now,
                key,
                id,
                limit,
                joining
            ),
        }
    }

    /// The communities that `user` belongs to today, by name.
    pub async fn of(&self, user: UserId) -> Result<Vec<Met>> {
        names::catch_up(&self.db).await?;
        on!(
            self.db.reader(),
            all Met,
            met!(
                "memberships mine join communities c on c.id = mine.community_id and mine.user_id = $1",
                "where m.role is not null and c.archived_at is null order by c.name_key, c.id"
            ),
            user,
            self.db.now()
        )
    }

    /// Communities whose names share telling words with `name`, the most alike first, as `user` sees them. Secret ones
    /// are never among them.
    pub async fn similar(&self, name: &str, user: UserId, limit: u32) -> Result<Vec<Similar>> {
        names::catch_up(&self.db).await?;
        let ranges = names::telling(name);
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        let (from, to): (Vec<_>, Vec<_>) = ranges.into_iter().map(|range| (range.from, range.to)).unzip();
        // One word of several is not alike.
        let enough = i64::try_from(from.len().div_ceil(2)).unwrap_or(1);
        let (now, limit) = (self.db.now(), i64::from(limit));
        let found: Vec<Similar> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                let pairs: Vec<_> = from.into_iter().zip(to).collect();
                let json = serde_json::to_string(&pairs)
                    .map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))?;
                sqlx::query_as(similar!(
                    "select key as number, value ->> 0 as low, value ->> 1 as high from json_each($4)
                     where $6 is null"
                ))
                .bind(now)
                .bind(user)
                .bind(limit)
                .bind(json)
                .bind(enough)
                .bind(None::<String>)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                sqlx::query_as(similar!(
                    "select number, low, high
                     from unnest($4::text[], $6::text[]) with ordinality as r (low, high, number)"
                ))
                .bind(now)
                .bind(user)
                .bind(limit)
                .bind(from)
                .bind(enough)
                .bind(to)
                .fetch_all(pool)
                .await?
            }
        };
        Ok(found)
    }
}
