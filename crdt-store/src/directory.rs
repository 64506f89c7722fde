//! People in lists: those a person finds, and all of them for administrators.
//!
//! Colleagues find those who let themselves be found by every agent, and whom they share a community with; somebody from
//! outside finds the latter only. Without words a list walks the names; with words, those that begin so. Neither reads
//! everybody.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{self, Act, Subject};
use crate::db::at::{At, MaybeAt, cut};
use crate::db::on::One;
use crate::db::{Db, Engine};
use crate::error::Result;
use crate::ids::{CommunityId, UserId};
use crate::names::{self, Sought};
use crate::users::{self, Role, Suspension};

/// Somebody, as others find them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Found {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Where they work.
    pub service: Option<String>,
    /// What they are to the instance.
    pub role: Role,
    /// By what they were found: where a list goes on.
    pub found_by: String,
}

/// Somebody, as administrators see them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Where they work.
    pub service: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// What they are to the instance.
    pub role: Role,
    /// When the account came into being.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
    /// When they were last here.
    #[sqlx(try_from = "MaybeAt")]
    pub last_seen_at: Option<OffsetDateTime>,
    /// Since when they may not come in.
    #[sqlx(try_from = "MaybeAt")]
    pub suspended_at: Option<OffsetDateTime>,
    /// How many communities they belong to today.
    pub communities_count: i64,
    /// When they stop belonging to one of these next, where an end is set.
    #[sqlx(try_from = "MaybeAt")]
    pub next_end_at: Option<OffsetDateTime>,
    /// By what they were found: where a list goes on.
    pub found_by: String,
}

/// Where a list goes on: the last one shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// By what they were found.
    pub key: String,
    /// Their id.
    pub id: UserId,
    /// When they were last here, in a list by that.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub at: Option<OffsetDateTime>,
}

/// Which people somebody looks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who looks.
    pub user: UserId,
    /// What they are to the instance.
    pub role: Role,
    /// Words that names begin with.
    pub q: &'a str,
    /// Of one community, which they may read.
    pub community: Option<CommunityId>,
}

/// Which accounts an administrator looks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountsAsked<'a> {
    /// Words that names begin with, or the beginning of an address.
    pub q: &'a str,
    /// Of this role.
    pub role: Option<Role>,
    /// Those alone who may not come in.
    pub suspended: bool,
    /// Those alone who were here since then, the latest first.
    pub since: Option<OffsetDateTime>,
    /// Those from outside alone who stop belonging to a community before then.
    pub ending_before: Option<OffsetDateTime>,
}

/// What an administrator changes of an account; `None` leaves a thing as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountChange {
    /// What they are to the instance.
    pub role: Option<Role>,
    /// Whether they may come in.
    pub suspension: Option<Suspension>,
}

/// What became of changing an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is so.
    Done,
    /// Nobody would run the instance: nothing was done.
    LastAdministrator,
}

/// The people of an instance, in lists. Cheap to clone.
#[derive(Debug, Clone)]
pub struct People {
    db: Db,
}

/// Who may be found: `$1` the one who looks, `$2` now, `$3`, `$4` where the list goes on, `$5` how many.
macro_rules! found {
    ($key:literal, $from:literal, $($rest:literal),+) => {
        concat!(
            "select u.id, u.name, u.service, u.role, ", $key, " as found_by from ", $from,
            " where u.suspended_at is null and (", $key, ", u.id) > ($3, $4) ",
            $($rest,)+
            " order by ", $key, ", u.id limit $5"
        )
    };
}

/// Of the people around somebody: `$6` the community, or all of theirs; `$7` to `$12` words.
macro_rules! around {
    ($before:literal, $after:literal) => {
        concat!(
            "select u.id, u.name, u.service, u.role, u.name_key as found_by from ",
            $before,
            "select distinct b.user_id from memberships a
             join memberships b on b.community_id = a.community_id
             where a.user_id = $1 and $6 is null and (a.expires_at is null or a.expires_at > $2)
                and (b.expires_at is null or b.expires_at > $2)
             union
             select b.user_id from memberships b where b.community_id = $6
                and (b.expires_at is null or b.expires_at > $2)",
            $after,
            " join users u on u.id = q.user_id
             where u.suspended_at is null and (u.name_key, u.id) > ($3, $4)
                and ($7 = '' or exists (select 1 from person_words w where w.user_id = u.id
                    and w.word >= $7 and w.word < $8))
                and ($9 = '' or exists (select 1 from person_words w where w.user_id = u.id
                    and w.word >= $9 and w.word < $10))
                and ($11 = '' or exists (select 1 from person_words w where w.user_id = u.id
                    and w.word >= $11 and w.word < $12))
             order by u.name_key, u.id limit $5"
        )
    };
}

macro_rules! account {
    ($key:literal, $from:literal, $where:literal) => {
        concat!(
            "select u.id, u.name, u.service, u.email, u.role, u.created_at, u.last_seen_at, u.suspended_at,
                    (select count(*) from memberships m where m.user_id = u.id
                        and (m.expires_at is null or m.expires_at > $1)) as communities_count,
                    (select min(e.expires_at) from memberships e where e.user_id = u.id and e.expires_at > $1) as next_end_at, ",
            $key,
            " as found_by from ",
            $from,
            " where (",
            $key,
            ", u.id) > ($2, $3) and ",
            $where,
            " order by ",
            $key,
            ", u.id limit $4"
        )
    };
}

impl People {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Whom somebody finds, by name, from the one after `after`.
    pub async fn find(&self, asked: Asked<'_>, after: Option<&After>, limit: u32) -> Result<Vec<Found>> {
        names::catch_up(&self.db).await?;
        let (key, id) = after.map_or(("", Uuid::nil()), |after| (after.key.as_str(), after.id.0));
        let (now, limit) = (self.db.now(), i64::from(limit));
        let Asked { user, role, q, community } = asked;
        let sought = Sought::read(q);
        if sought.is_none() && !q.trim().is_empty() {
            return Ok(Vec::new());
        }
        let nothing = String::new();
        let [first, second, third] = match &sought {
            Some(sought) => [&sought.first, &sought.more[0], &sought.more[1]].map(|range| (&range.from, &range.to)),
            None => [(&nothing, &nothing); 3],
        };
        match (community, role, sought.is_some()) {
            // Of one community, and all for somebody from outside: their communities are walked.
            (Some(_), _, _) | (None, Role::Outsider, _) => on!(
                self.db.reader(),
                all Found,
                match self.db.engine() {
                    Engine::Sqlite => around!("(", ") q"),
                    // As an array, so that memberships lead to people and not all people to memberships.
                    Engine::Postgres => around!("unnest(array(", ")) as q (user_id)"),
                },
                user,
                now,
                key,
                id,
                limit,
                community,
                first.0,
                first.1,
                second.0,
                second.1,
                third.0,
                third.1
            ),
            (None, _, false) => on!(
                self.db.reader(),
                all Found,
                found!(
                    "u.name_key",
                    "users u",
                    "and ((u.role <> 'outsider' and u.directory = 'agents') or u.id = $1 or exists (
                        select 1 from memberships a join memberships b on b.community_id = a.community_id
                        where a.user_id = $1 and b.user_id = u.id and (a.expires_at is null or a.expires_at > $2)
                            and (b.expires_at is null or b.expires_at > $2)))"
                ),
                user,
                now,
                key,
                id,
                limit
            ),
            // The first of a person's words that begins so stands for them.
            (None, _, true) => on!(
                self.db.reader(),
                all Found,
                found!(
                    "f.word",
                    "person_words f join users u on u.id = f.user_id",
                    "and f.word >= $6 and f.word < $7
                     and not exists (select 1 from person_words w where w.user_id = u.id and w.word >= $6
                        and w.word < f.word)
                     and ($8 = '' or exists (select 1 from person_words w where w.user_id = u.id
                        and w.word >= $8 and w.word < $9))
                     and ($10 = '' or exists (select 1 from person_words w where w.user_id = u.id
                        and w.word >= $10 and w.word < $11)) ",
                    "and ((u.role <> 'outsider' and u.directory = 'agents') or u.id = $1 or exists (
                        select 1 from memberships a join memberships b on b.community_id = a.community_id
                        where a.user_id = $1 and b.user_id = u.id and (a.expires_at is null or a.expires_at > $2)
                            and (b.expires_at is null or b.expires_at > $2)))"
                ),
                user,
                now,
                key,
                id,
                limit,
                first.0,
                first.1,
                second.0,
                second.1,
                third.0,
                third.1
            ),
        }
    }

    /// Accounts, by name, from the one after `after`: for administrators.
    pub async fn accounts(&self, asked: AccountsAsked<'_>, after: Option<&After>, limit: u32) -> Result<Vec<Account>> {
        names::catch_up(&self.db).await?;
        let (key, id) = after.map_or(("", Uuid::nil()), |after| (after.key.as_str(), after.id.0));
        let (now, limit) = (self.db.now(), i64::from(limit));
        let AccountsAsked { q, role, suspended, since, ending_before } = asked;
        if let Some(since) = since {
            let far = time::macros::datetime!(9999-12-31 23:59:59 UTC);
            let (at, id) = after.map_or((far, Uuid::max()), |after| (after.at.map_or(far, cut), after.id.0));
            return on!(
                self.db.reader(),
                all Account,
                "select u.id, u.name, u.service, u.email, u.role, u.created_at, u.last_seen_at, u.suspended_at,
                        (select count(*) from memberships m where m.user_id = u.id
                            and (m.expires_at is null or m.expires_at > $1)) as communities_count,
                        (select min(e.expires_at) from memberships e where e.user_id = u.id and e.expires_at > $1) as next_end_at,
                        '' as found_by
                 from users u
                 where u.last_seen_at > $5 and (u.last_seen_at, u.id) < ($2, $3) and ($6 is null or u.role = $6)
                    and (not $7 or u.suspended_at is not null)
                 order by u.last_seen_at desc, u.id desc limit $4",
                now,
                At(at),
                id,
                limit,
                At(cut(since)),
                role,
                suspended
            );
        }
        if let Some(before) = ending_before {
            let sql = match self.db.engine() {
                Engine::Sqlite => account!(
                    "u.name_key",
                    "(select distinct user_id from memberships where outsider = 1 and expires_at > $1
                        and expires_at <= $5) q join users u on u.id = q.user_id",
                    "1 = 1"
                ),
                Engine::Postgres => account!(
                    "u.name_key",
                    "(select distinct user_id from memberships where outsider and expires_at > $1
                        and expires_at <= $5) q join users u on u.id = q.user_id",
                    "1 = 1"
                ),
            };
            return on!(self.db.reader(), all Account, sql, now, key, id, limit, At(cut(before)));
        }
        match (Sought::read_with_addresses(q), role, suspended) {
            (None, _, _) if !q.trim().is_empty() => Ok(Vec::new()),
            (None, None, false) => {
                let sql = account!("u.name_key", "users u", "1 = 1");
                on!(self.db.reader(), all Account, sql, now, key, id, limit)
            }
            (None, Some(role), false) => {
                let sql = account!("u.name_key", "users u", "u.role = $5");
                on!(self.db.reader(), all Account, sql, now, key, id, limit, role)
            }
            (None, role, true) => {
                let sql =
                    account!("u.name_key", "users u", "u.suspended_at is not null and ($5 is null or u.role = $5)");
                on!(self.db.reader(), all Account, sql, now, key, id, limit, role)
            }
            (Some(sought), role, suspended) => on!(
                self.db.reader(),
                all Account,
                account!(
                    "f.word",
                    "person_words f join users u on u.id = f.user_id",
                    "f.word >= $5 and f.word < $6
                     and not exists (select 1 from person_words w where w.user_id = u.id and w.word >= $5
                        and w.word < f.word)
                     and ($7 = '' or exists (select 1 from person_words w where w.user_id = u.id
                        and w.word >= $7 and w.word < $8))
                     and ($9 = '' or exists (select 1 from person_words w where w.user_id = u.id
                        and w.word >= $9 and w.word < $10))
                     and ($11 is null or u.role = $11) and (not $12 or u.suspended_at is not null)"
                ),
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
                role,
                suspended
            ),
        }
    }

    /// One account.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>> {
        on!(
            self.db.reader(),
            maybe Account,
            "select u.id, u.name, u.service, u.email, u.role, u.created_at, u.last_seen_at, u.suspended_at,
                    (select count(*) from memberships m where m.user_id = u.id
                        and (m.expires_at is null or m.expires_at > $1)) as communities_count,
                        (select min(e.expires_at) from memberships e where e.user_id = u.id and e.expires_at > $1) as next_end_at,
                        '' as found_by
             from users u where u.id = $2",
            self.db.now(),
            id
        )
    }

    /// Changes what somebody is to the instance, and whether they may come in. Somebody who runs it stays.
    pub async fn change(&self, id: UserId, by: UserId, change: AccountChange) -> Result<Changed> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        // All who would take away an administrator wait here for one another.
        on!(
            in &mut tx,
            run,
            "insert into counters (name, value) values ('administrators', 1)
             on conflict (name) do update set value = counters.value + 1"
        )?;
        let before = users::get(&mut tx, id).await?;
        let role = change.role.unwrap_or(before.role);
        let suspended_at = match change.suspension {
            Some(Suspension::Suspended) => Some(before.suspended_at.map_or(now, At)),
            Some(Suspension::Lifted) => None,
            None => before.suspended_at.map(At),
        };
        let runs = |role, suspended: bool| role == Role::Administrator && !suspended;
        if runs(before.role, before.suspended_at.is_some()) && !runs(role, suspended_at.is_some()) {
            let other = on!(
                in &mut tx,
                maybe One<UserId>,
                "select id from users where role = 'administrator' and suspended_at is null and id <> $1 limit 1",
                id
            )?;
            if other.is_none() {
                return Ok(Changed::LastAdministrator);
            }
        }
        if role == Role::Outsider && before.role != Role::Outsider {
            users::step_down(&mut tx, now, Some(by), id).await?;
        }
        on!(in &mut tx, run, "update users set role = $2, suspended_at = $3 where id = $1", id, role, suspended_at)?;
        if suspended_at.is_some() && before.suspended_at.is_none() {
            on!(in &mut tx, run, "delete from logins where user_id = $1", id)?;
        }
        let mut acts = Vec::new();
        if role != before.role {
            acts.push(("person.role", json!({ "role": [before.role, role] })));
        }
        match (before.suspended_at.is_some(), suspended_at.is_some()) {
            (false, true) => acts.push(("person.suspended", json!({}))),
            (true, false) => acts.push(("person.restored", json!({}))),
            _ => {}
        }
        for (action, details) in acts {
            let act = Act { by, action, community: None, subject: Some(Subject::Person(id)), details };
            audit::record(&mut tx, now, act).await?;
        }
        tx.commit().await?;
        Ok(Changed::Done)
    }
}
