//! Invitations into communities: one waits at a time for an address, by a link whose secret is nowhere but in its mail.
//!
//! What somebody is invited for as an outsider ends; a colleague who takes the invitation stays for good.

mod accept;

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{self, Act, Subject};
use crate::communities::{MemberRole, Visibility, run_by};
use crate::db::at::{At, MaybeAt, cut};
use crate::db::on::One;
use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::{CommunityId, UserId};
use crate::mails::{self, NewMail};
use crate::users::{Directory, Role};
pub use accept::{Accepted, Redeemed};

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Its id.
    pub id: Uuid,
    /// The address, in lower case.
    pub email: String,
    /// As what.
    pub role: MemberRole,
    /// SHA-256 of its secret.
    pub secret_hash: Vec<u8>,
    /// When the link ends.
    pub expires_at: OffsetDateTime,
    /// Until when somebody from outside belongs to the community.
    pub member_until: Option<OffsetDateTime>,
    /// What tells of it.
    pub letter: NewMail,
}

/// What became of inviting an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invited {
    /// The letter is on its way.
    Sent,
    /// Whoever has it belongs to the community already.
    Member,
    /// An invitation waits already.
    Waiting,
}

/// What is known of an address, seen from a community. What of it is told is for the caller to say.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Known {
    /// Whose it is, if anybody's.
    pub user_id: Option<UserId>,
    /// Their name.
    pub name: Option<String>,
    /// What they are to the instance.
    pub role: Option<Role>,
    /// The language of their letters.
    pub language: Option<String>,
    /// Who finds them.
    pub directory: Option<Directory>,
    /// They belong to the community.
    pub member: bool,
    /// An invitation waits for the address.
    pub invited: bool,
    /// They share a community with the one who asks.
    pub shares: bool,
}

/// An invitation that waits, as those see it who made it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// Its id.
    pub id: Uuid,
    /// The address.
    pub email: String,
    /// As what.
    pub role: MemberRole,
    /// Who invited.
    pub invited_by: Option<UserId>,
    /// Their name.
    pub inviter_name: Option<String>,
    /// Where they work.
    pub inviter_service: Option<String>,
    /// When.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
    /// When it was last sent.
    #[sqlx(try_from = "At")]
    pub sent_at: OffsetDateTime,
    /// When its link ends, or ended.
    #[sqlx(try_from = "At")]
    pub expires_at: OffsetDateTime,
    /// Until when somebody from outside would belong to the community.
    #[sqlx(try_from = "MaybeAt")]
    pub member_until: Option<OffsetDateTime>,
}

/// An invitation, as the one sees it whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Mine {
    /// Its id.
    pub id: Uuid,
    /// Where.
    pub community_id: CommunityId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Who learns of it.
    pub visibility: Visibility,
    /// How many belong to it.
    pub members_count: i64,
    /// Who invited.
    pub invited_by: Option<UserId>,
    /// Their name.
    pub inviter_name: Option<String>,
    /// Where they work.
    pub inviter_service: Option<String>,
    /// As what.
    pub role: MemberRole,
    /// When it ends.
    #[sqlx(try_from = "At")]
    pub expires_at: OffsetDateTime,
}

/// Where a list goes on: the last one shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Its id.
    pub id: Uuid,
}

impl From<&Waiting> for After {
    fn from(waiting: &Waiting) -> Self {
        Self { at: waiting.created_at, id: waiting.id }
    }
}

/// The invitations of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Invitations {
    db: Db,
}

macro_rules! waiting {
    ($where:literal) => {
        concat!(
            "select i.id, i.email, i.role, i.invited_by, u.name as inviter_name, u.service as inviter_service,
                    i.created_at, i.sent_at, i.expires_at, i.member_until
             from invitations i left join users u on u.id = i.invited_by
             where i.community_id = $1 and i.accepted_at is null and i.declined_at is null and i.revoked_at is null and ",
            $where
        )
    };
}

impl Invitations {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// What is known of an address, which is in lower case, where `by` invites into a community.
    pub async fn known(&self, community: CommunityId, by: UserId, email: &str) -> Result<Known> {
        on!(
            self.db.reader(),
            one Known,
            "select u.id as user_id, u.name, u.role, u.language, u.directory,
                    exists (select 1 from memberships m where m.community_id = $2 and m.user_id = u.id
                        and (m.expires_at is null or m.expires_at > $4)) as member,
                    exists (select 1 from invitations i where i.community_id = $2 and i.email = $1
                        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null
                        and i.expires_at > $4) as invited,
                    exists (select 1 from memberships a join memberships b on b.community_id = a.community_id
                        where a.user_id = $3 and b.user_id = u.id and (a.expires_at is null or a.expires_at > $4)
                            and (b.expires_at is null or b.expires_at > $4)) as shares
             from (select 1 as one) q left join users u on u.email = $1 and u.suspended_at is null",
            email,
            community,
            by,
            self.db.now()
        )
    }

    /// Invites addresses: the answers in their order. Those who belong to the community or wait already get no letter.
    pub async fn invite(&self, community: CommunityId, by: UserId, wanted: &[NewInvitation]) -> Result<Vec<Invited>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        run_by(&mut tx, community, by, now).await?;
        let mut answers = Vec::with_capacity(wanted.len());
        for new in wanted {
            answers.push(invite_one(&mut tx, now, community, by, new).await?);
        }
        tx.commit().await?;
        Ok(answers)
    }

    /// What waits in a community, the latest first, from the one after `after`. Links that have ended are among them.
    pub async fn waiting(&self, community: CommunityId, after: Option<After>, limit: u32) -> Result<Vec<Waiting>> {
        let far = time::macros::datetime!(9999-12-31 23:59:59 UTC);
        let (at, id) = after.map_or((far, Uuid::max()), |after| (cut(after.at), after.id));
        on!(
            self.db.reader(),
            all Waiting,
            waiting!("(i.created_at, i.id) < ($2, $3) order by i.created_at desc, i.id desc limit $4"),
            community,
            At(at),
            id,
            i64::from(limit)
        )
    }

    /// One that waits.
    pub async fn one(&self, community: CommunityId, id: Uuid) -> Result<Option<Waiting>> {
        on!(self.db.reader(), maybe Waiting, waiting!("i.id = $2"), community, id)
    }

    /// Sends an invitation again, by the link, the letter and the ends of another: the old link is worth nothing any more.
    /// False where none waits.
    pub async fn resend(&self, community: CommunityId, id: Uuid, by: UserId, anew: &NewInvitation) -> Result<bool> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        run_by(&mut tx, community, by, now).await?;
        let rows = on!(
            in &mut tx,
            run,
            "update invitations set secret_hash = $3, expires_at = $4, sent_at = $5, member_until = $6
             where id = $1 and community_id = $2 and accepted_at is null and declined_at is null
                and revoked_at is null",
            id,
            community,
            &anew.secret_hash,
            At(cut(anew.expires_at)),
            now,
            anew.member_until.map(|at| At(cut(at)))
        )?;
        if rows == 0 {
            return Ok(false);
        }
        mails::enqueue(&mut tx, now, &anew.letter).await?;
        tell(&mut tx, now, by, "invitation.resent", community, id, json!({})).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes an invitation back: its link is worth nothing any more. Its address, or `None` where none waits.
    pub async fn revoke(&self, community: CommunityId, id: Uuid, by: UserId) -> Result<Option<String>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        run_by(&mut tx, community, by, now).await?;
        let email = on!(
            in &mut tx,
            maybe One<String>,
            "update invitations set revoked_at = $3
             where id = $1 and community_id = $2 and accepted_at is null and declined_at is null
                and revoked_at is null
             returning email",
            id,
            community,
            now
        )?;
        let Some(One(email)) = email else { return Ok(None) };
        tell(&mut tx, now, by, "invitation.revoked", community, id, json!({})).await?;
        tx.commit().await?;
        Ok(Some(email))
    }

    /// What waits for a person, the latest first: at most 100.
    pub async fn mine(&self, user: UserId) -> Result<Vec<Mine>> {
        on!(
            self.db.reader(),
            all Mine,
            "select i.id, i.community_id, c.slug, c.name, c.purpose, c.visibility,
                    (select count(*) from memberships n where n.community_id = c.id
                        and (n.expires_at is null or n.expires_at > $2)) as members_count,
                    i.invited_by, u.name as inviter_name, u.service as inviter_service, i.role, i.expires_at
             from users me
             join invitations i on i.email = me.email and i.accepted_at is null and i.declined_at is null
                and i.revoked_at is null and i.expires_at > $2
             join communities c on c.id = i.community_id and c.archived_at is null
             left join users u on u.id = i.invited_by
             where me.id = $1
             order by i.created_at desc, i.id desc limit 100",
            user,
            self.db.now()
        )
    }

    /// How many wait for a person.
    pub async fn mine_count(&self, user: UserId) -> Result<i64> {
        let One(count) = on!(
            self.db.reader(),
            one One<i64>,
            "select count(*) from users me
             join invitations i on i.email = me.email and i.accepted_at is null and i.declined_at is null
                and i.revoked_at is null and i.expires_at > $2
             join communities c on c.id = i.community_id and c.archived_at is null
             where me.id = $1",
            user,
            self.db.now()
        )?;
        Ok(count)
    }
}

async fn invite_one(tx: &mut Tx, now: At, community: CommunityId, by: UserId, new: &NewInvitation) -> Result<Invited> {
    let member = on!(
        in tx,
        maybe One<UserId>,
        "select m.user_id from users u join memberships m on m.user_id = u.id
         where u.email = $1 and m.community_id = $2 and (m.expires_at is null or m.expires_at > $3)",
        &new.email,
        community,
        now
    )?;
    if member.is_some() {
        return Ok(Invited::Member);
    }
    on!(
        in tx,
        run,
        "update invitations set revoked_at = $3
         where community_id = $1 and email = $2 and expires_at <= $3 and accepted_at is null and declined_at is null
            and revoked_at is null",
        community,
        &new.email,
        now
    )?;
    let rows = on!(
        in tx,
        run,
        "insert into invitations (id, community_id, email, role, secret_hash, invited_by, created_at, expires_at,
            member_until, sent_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7)
         on conflict (community_id, email)
         where accepted_at is null and declined_at is null and revoked_at is null do nothing",
        new.id,
        community,
        &new.email,
        new.role,
        &new.secret_hash,
        by,
        now,
        At(cut(new.expires_at)),
        new.member_until.map(|at| At(cut(at)))
    )?;
    if rows == 0 {
        return Ok(Invited::Waiting);
    }
    mails::enqueue(tx, now, &new.letter).await?;
    tell(tx, now, by, "invitation.sent", community, new.id, json!({ "role": new.role })).await?;
    Ok(Invited::Sent)
}

async fn tell(
    tx: &mut Tx,
    now: At,
    by: UserId,
    action: &str,
    community: CommunityId,
    id: Uuid,
    details: serde_json::Value,
) -> Result<()> {
    let act = Act { by, action, community: Some(community), subject: Some(Subject::Invitation(id)), details };
    audit::record(tx, now, act).await
}
