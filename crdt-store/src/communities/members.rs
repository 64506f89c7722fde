//! Who belongs to a community: lists, roles, ends, removal, leaving.
//!
//! A community that has a leader keeps one: whoever takes the last one's role away, themselves included, is told
//! ([`Kept::LastLeader`]). Changes hold the community's row, so of two leaders who leave at once one is the last.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Communities, MemberRole,
    change::{held, run_by},
    put_member,
};
use crate::audit::{self, Act, Subject};
use crate::db::at::{At, MaybeAt, cut};
use crate::db::on::One;
use crate::db::{Pool, Tx};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, UserId};
use crate::names::{self, Sought};
use crate::users::Role;

/// Somebody who belongs to a community.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// The name that others see.
    pub name: String,
    /// Where they work.
    pub service: Option<String>,
    /// Their address: not for everybody.
    pub email: Option<String>,
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
    /// When they were last here.
    #[sqlx(try_from = "MaybeAt")]
    pub last_seen_at: Option<OffsetDateTime>,
}

/// Which members.
#[derive(Debug, Clone, Copy, Default)]
pub struct MembersSought<'a> {
    /// With words that begin so.
    pub q: &'a str,
    /// Of this role.
    pub role: Option<MemberRole>,
    /// Those from outside alone.
    pub outsiders: bool,
}

/// Where a list of members goes on: the last one shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAfter {
    /// Their name, folded.
    pub key: String,
    /// Their id.
    pub id: UserId,
}

impl MemberAfter {
    /// The one after this.
    pub fn of(member: &Member) -> Self {
        Self { key: names::key(&member.name), id: member.user_id }
    }
}

/// What is changed of a member; `None` leaves a thing as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberChange {
    /// What they are.
    pub role: Option<MemberRole>,
    /// Until when; `Some(None)` takes the end away.
    pub expires_at: Option<Option<OffsetDateTime>>,
}

/// Whether a community keeps a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<T> {
    /// It does, and this was done.
    Done(T),
    /// It would have none: nothing was done.
    LastLeader,
}

/// What became of leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The person does not belong any more.
    Left,
    /// They are the last who leads: nothing was done.
    LastLeader,
    /// The one they named may not lead: nothing was done.
    NoSuccessor,
}

/// `$1` the community, `$2` now, `$3` and `$4` where the list goes on, `$5` how many.
macro_rules! member {
    ($from:literal, $($rest:literal),+) => {
        concat!(
            "select m.user_id, u.name, u.service, u.email, u.role as user_role, m.role, m.joined_at, m.expires_at,
                    u.last_seen_at
             from ",
            $from,
            " join users u on u.id = m.user_id
             where m.community_id = $1 and (m.expires_at is null or m.expires_at > $2) ",
            $($rest),+
        )
    };
}

macro_rules! page {
    ($from:literal, $more:literal) => {
        member!($from, "and (m.name_key, m.user_id) > ($3, $4) ", $more, " order by m.name_key, m.user_id limit $5")
    };
}

macro_rules! outsiders {
    ($which:literal) => {
        concat!(
            "select count(*) from memberships where community_id = $1 and (expires_at is null or expires_at > $2) and ",
            $which
        )
    };
}

/// `$1` which communities, `$2` now, `$3` how many of each.
macro_rules! leading {
    ($which:literal) => {
        concat!(
            "select q.community_id, q.user_id, q.name, q.service, q.email, q.user_role, q.role, q.joined_at,
                    q.expires_at, q.last_seen_at
             from (select m.community_id, m.user_id, u.name, u.service, u.email, u.role as user_role, m.role,
                    m.joined_at, m.expires_at, u.last_seen_at,
                    row_number() over (partition by m.community_id order by m.name_key, m.user_id) as place
                from memberships m join users u on u.id = m.user_id
                where m.role = 'leader' and u.suspended_at is null and (m.expires_at is null or m.expires_at > $2)
                    and ",
            $which,
            ") q where q.place <= $3 order by q.community_id, q.place"
        )
    };
}

/// Somebody who leads one of several communities.
#[derive(sqlx::FromRow)]
struct Leading {
    community_id: CommunityId,
    #[sqlx(flatten)]
    member: Member,
}

#[derive(sqlx::FromRow)]
struct Bare {
    role: MemberRole,
    #[sqlx(try_from = "MaybeAt")]
    expires_at: Option<OffsetDateTime>,
    outsider: bool,
}

impl Communities {
    /// Who belongs to a community today, by name, from the one after `after`.
    pub async fn members(
        &self,
        community: CommunityId,
        sought: MembersSought<'_>,
        after: Option<&MemberAfter>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        names::catch_up(&self.db).await?;
        let (key, id) = match after {
            Some(after) => (after.key.as_str(), after.id.0),
            None => ("", Uuid::nil()),
        };
        let (now, limit) = (self.db.now(), i64::from(limit));
        let MembersSought { q, role, outsiders } = sought;
        match (Sought::read(q), role, outsiders) {
            (None, _, _) if !q.trim().is_empty() => Ok(Vec::new()),
            (None, None, false) => {
                on!(self.db.reader(), all Member, page!("memberships m", ""), community, now, key, id, limit)
            }
            (None, Some(role), false) => {
                let sql = page!("memberships m", "and m.role = $6");
                on!(self.db.reader(), all Member, sql, community, now, key, id, limit, role)
            }
            (None, role, true) => {
                // The literal, so that both engines see that the index of outsiders will do.
                let sql = match self.db.engine() {
                    crate::Engine::Sqlite => {
                        page!("memberships m", "and m.outsider = 1 and ($6 is null or m.role = $6)")
                    }
                    crate::Engine::Postgres => page!("memberships m", "and m.outsider and ($6 is null or m.role = $6)"),
                };
                on!(self.db.reader(), all Member, sql, community, now, key, id, limit, role)
            }
            (Some(sought), role, outsiders) => on!(
                self.db.reader(),
                all Member,
                page!(
                    "(select distinct user_id from person_words where word >= $6 and word < $7) q
                     join memberships m on m.user_id = q.user_id",
                    "and ($8 = '' or exists (select 1 from person_words w where w.user_id = m.user_id
                        and w.word >= $8 and w.word < $9))
                     and ($10 = '' or exists (select 1 from person_words w where w.user_id = m.user_id
                        and w.word >= $10 and w.word < $11))
                     and ($12 is null or m.role = $12) and (not $13 or m.outsider)"
                ),
                community,
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
                outsiders
            ),
        }
    }

    /// One member, if they belong to the community today.
    pub async fn member(&self, community: CommunityId, user: UserId) -> Result<Option<Member>> {
        on!(
            self.db.reader(),
            maybe Member,
            member!("memberships m", "and m.user_id = $3"),
            community,
            self.db.now(),
            user
        )
    }

    /// Who leads, by name: at most `limit`.
    pub async fn leaders(&self, community: CommunityId, limit: u32) -> Result<Vec<Member>> {
        on!(
            self.db.reader(),
            all Member,
            member!("memberships m", "and m.role = 'leader' and u.suspended_at is null order by m.name_key limit $3"),
            community,
            self.db.now(),
            i64::from(limit)
        )
    }

    /// Who leads each of these communities, by name: at most `limit` of each. One question for all.
    pub async fn leaders_of(&self, communities: &[CommunityId], limit: u32) -> Result<Vec<(CommunityId, Member)>> {
        let (now, limit) = (self.db.now(), i64::from(limit));
        let found: Vec<Leading> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                let asked: Vec<String> = communities.iter().map(|id| id.0.simple().to_string()).collect();
                let asked = Value::from(asked).to_string();
                let sql = leading!("m.community_id in (select unhex(value) from json_each($1))");
                sqlx::query_as(sql).bind(asked).bind(now).bind(limit).fetch_all(pool).await?
            }
            Pool::Postgres(pool) => {
                let asked: Vec<Uuid> = communities.iter().map(|id| id.0).collect();
                let sql = leading!("m.community_id = any($1)");
                sqlx::query_as(sql).bind(asked).bind(now).bind(limit).fetch_all(pool).await?
            }
        };
        Ok(found.into_iter().map(|leading| (leading.community_id, leading.member)).collect())
    }

    /// Who keeps order, leaders included, with an address: at most `limit`.
    pub async fn keepers(&self, community: CommunityId, limit: u32) -> Result<Vec<Member>> {
        on!(
            self.db.reader(),
            all Member,
            member!(
                "memberships m",
                "and m.role in ('leader', 'moderator') and u.suspended_at is null and u.email is not null limit $3"
            ),
            community,
            self.db.now(),
            i64::from(limit)
        )
    }

    /// How many from outside belong to a community today.
    pub async fn outsiders_count(&self, community: CommunityId) -> Result<i64> {
        let sql = match self.db.engine() {
            crate::Engine::Sqlite => outsiders!("outsider = 1"),
            crate::Engine::Postgres => outsiders!("outsider"),
        };
        let One(count) = on!(self.db.reader(), one One<i64>, sql, community, self.db.now())?;
        Ok(count)
    }

    /// Changes what a member is, and until when. [`StoreError::NotFound`] where they don't belong.
    pub async fn change_member(
        &self,
        community: CommunityId,
        user: UserId,
        by: UserId,
        change: MemberChange,
    ) -> Result<Kept<()>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        run_by(&mut tx, community, by, now).await?;
        let before = bare(&mut tx, community, user, now).await?;
        let role = change.role.unwrap_or(before.role);
        let ends = change.expires_at.unwrap_or(before.expires_at).filter(|_| role != MemberRole::Leader).map(cut);
        if before.outsider && matches!(role, MemberRole::Leader | MemberRole::Moderator) {
            return Err(StoreError::Unacceptable { what: "role", reason: "somebody from outside does not keep order" });
        }
        let steps_down = before.role == MemberRole::Leader && role != MemberRole::Leader;
        if steps_down && is_last_leader(&mut tx, community, user).await? {
            return Ok(Kept::LastLeader);
        }
        put_member(&mut tx, community, user, role, now, ends.map(At)).await?;
        if role != before.role {
            let details = json!({ "role": [before.role, role] });
            tell(&mut tx, now, "member.role", community, user, by, details).await?;
        }
        if ends != before.expires_at {
            let day = |end: Option<OffsetDateTime>| end.map(|end| end.date().to_string());
            let details = json!({ "until": [day(before.expires_at), day(ends)] });
            tell(&mut tx, now, "member.end", community, user, by, details).await?;
        }
        tx.commit().await?;
        Ok(Kept::Done(()))
    }

    /// Takes somebody out of a community. [`StoreError::NotFound`] where they don't belong.
    pub async fn dismiss(&self, community: CommunityId, user: UserId, by: UserId) -> Result<Kept<()>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        run_by(&mut tx, community, by, now).await?;
        let before = bare(&mut tx, community, user, now).await?;
        if before.role == MemberRole::Leader && is_last_leader(&mut tx, community, user).await? {
            return Ok(Kept::LastLeader);
        }
        take_out(&mut tx, community, user).await?;
        tell(&mut tx, now, "member.removed", community, user, by, json!({ "role": before.role })).await?;
        tx.commit().await?;
        Ok(Kept::Done(()))
    }

    /// A person leaves. The last who leads names a member who leads from then on.
    pub async fn leave(&self, community: CommunityId, user: UserId, successor: Option<UserId>) -> Result<Left> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        held(&mut tx, community).await?;
        let before = bare(&mut tx, community, user, now).await?;
        if before.role == MemberRole::Leader
            && let Some(next) = successor.filter(|next| *next != user)
        {
            let may = match bare(&mut tx, community, next, now).await {
                Ok(next) => !next.outsider,
                Err(StoreError::NotFound { .. }) => false,
                Err(error) => return Err(error),
            };
            if !may || !comes_in(&mut tx, next).await? {
                return Ok(Left::NoSuccessor);
            }
            put_member(&mut tx, community, next, MemberRole::Leader, now, None).await?;
            tell(&mut tx, now, "member.role", community, next, user, json!({ "role": MemberRole::Leader })).await?;
        }
        if before.role == MemberRole::Leader && is_last_leader(&mut tx, community, user).await? {
            return Ok(Left::LastLeader);
        }
        take_out(&mut tx, community, user).await?;
        tell(&mut tx, now, "member.left", community, user, user, json!({ "role": before.role })).await?;
        tx.commit().await?;
        Ok(Left::Left)
    }
}

/// What somebody is in a community today, within a use case.
pub(crate) async fn bare_member(
    tx: &mut Tx,
    community: CommunityId,
    user: UserId,
    now: At,
) -> Result<Option<MemberRole>> {
    match bare(tx, community, user, now).await {
        Ok(member) => Ok(Some(member.role)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn bare(tx: &mut Tx, community: CommunityId, user: UserId, now: At) -> Result<Bare> {
    on!(
        in tx,
        maybe Bare,
        "select role, expires_at, outsider from memberships
         where community_id = $1 and user_id = $2 and (expires_at is null or expires_at > $3)",
        community,
        user,
        now
    )?
    .ok_or(StoreError::NotFound { what: "member" })
}

async fn comes_in(tx: &mut Tx, user: UserId) -> Result<bool> {
    let found = on!(
        in tx,
        maybe One<UserId>,
        "select id from users where id = $1 and suspended_at is null",
        user
    )?;
    Ok(found.is_some())
}

/// Whether nobody else leads who may come in. The community is held.
async fn is_last_leader(tx: &mut Tx, community: CommunityId, user: UserId) -> Result<bool> {
    let other = on!(
        in tx,
        maybe One<UserId>,
        "select m.user_id from memberships m join users u on u.id = m.user_id
         where m.community_id = $1 and m.role = 'leader' and m.user_id <> $2 and u.suspended_at is null
            and u.role <> 'outsider' limit 1",
        community,
        user
    )?;
    Ok(other.is_none())
}

async fn take_out(tx: &mut Tx, community: CommunityId, user: UserId) -> Result<()> {
    on!(in tx, run, "delete from memberships where community_id = $1 and user_id = $2", community, user)?;
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    now: At,
    action: &str,
    community: CommunityId,
    user: UserId,
    by: UserId,
    details: Value,
) -> Result<()> {
    let act = Act { by, action, community: Some(community), subject: Some(Subject::Person(user)), details };
    audit::record(tx, now, act).await
}
