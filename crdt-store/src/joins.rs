//! Who would like to join a community: by themselves where it is open, else by asking.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{self, Act, Subject};
use crate::communities::{Joining, MemberRole, bare_member, held, ordered_by, put_member};
use crate::db::at::{At, cut};
use crate::db::on::One;
use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::{CommunityId, UserId};
use crate::mails::{self, NewMail};
use crate::users::Role;

/// What became of wanting to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// The person belongs to the community now.
    Joined,
    /// They belonged to it already.
    Member,
    /// They asked, now or before.
    Asked,
    /// One comes in by invitation, or the community rests.
    Closed,
}

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct JoinRequest {
    /// Its id.
    pub id: Uuid,
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// Where they work.
    pub service: Option<String>,
    /// What they are to the instance.
    pub user_role: Role,
    /// Their address.
    pub email: Option<String>,
    /// The language of their letters.
    pub language: String,
    /// What they say.
    pub message: String,
    /// When.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
}

/// Where a list goes on: the last one shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Its id.
    pub id: Uuid,
}

/// An answer to who asks.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whether they come in.
    pub accept: bool,
    /// A word with it.
    pub reason: Option<String>,
}

/// Those who ask to join. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Joins {
    db: Db,
}

macro_rules! asked {
    ($where:literal) => {
        concat!(
            "select j.id, j.user_id, u.name, u.service, u.role as user_role, u.email, u.language, j.message, j.created_at
             from join_requests j join users u on u.id = j.user_id
             where j.community_id = $1 and j.state = 'open' and ",
            $where
        )
    };
}

impl Joins {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// A person wants to join. Where they have to ask, `letters` go out with the first time.
    pub async fn ask(&self, community: CommunityId, user: UserId, message: &str, letters: &[NewMail]) -> Result<Came> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let home = held(&mut tx, community).await?;
        if bare_member(&mut tx, community, user, now).await?.is_some() {
            return Ok(Came::Member);
        }
        let came = match home.joining {
            _ if home.archived_at.is_some() => return Ok(Came::Closed),
            Joining::Invitation => return Ok(Came::Closed),
            Joining::Open => {
                put_member(&mut tx, community, user, MemberRole::Member, now, None).await?;
                let act = Act {
                    by: user,
                    action: "member.joined",
                    community: Some(community),
                    subject: Some(Subject::Person(user)),
                    details: json!({}),
                };
                audit::record(&mut tx, now, act).await?;
                settle(&mut tx, now, community, user).await?;
                Came::Joined
            }
            Joining::Approval => {
                let rows = on!(
                    in &mut tx,
                    run,
                    "insert into join_requests (id, community_id, user_id, message, state, created_at)
                     values ($1, $2, $3, $4, 'open', $5)
                     on conflict (community_id, user_id) where state = 'open' do nothing",
                    Uuid::now_v7(),
                    community,
                    user,
                    message,
                    now
                )?;
                if rows > 0 {
                    for letter in letters {
                        mails::enqueue(&mut tx, now, letter).await?;
                    }
                }
                Came::Asked
            }
        };
        tx.commit().await?;
        Ok(came)
    }

    /// A person does not ask any more. False where they did not.
    pub async fn withdraw(&self, community: CommunityId, user: UserId) -> Result<bool> {
        let rows = on!(
            self.db.writer(),
            run,
            "update join_requests set state = 'withdrawn', decided_at = $3
             where community_id = $1 and user_id = $2 and state = 'open'",
            community,
            user,
            self.db.now()
        )?;
        Ok(rows > 0)
    }

    /// Who waits for an answer, the longest first, from the one after `after`.
    pub async fn waiting(&self, community: CommunityId, after: Option<After>, limit: u32) -> Result<Vec<JoinRequest>> {
        let (at, id) = after.map_or((OffsetDateTime::UNIX_EPOCH, Uuid::nil()), |after| (after.at, after.id));
        on!(
            self.db.reader(),
            all JoinRequest,
            asked!("(j.created_at, j.id) > ($2, $3) order by j.created_at, j.id limit $4"),
            community,
            At(cut(at)),
            id,
            i64::from(limit)
        )
    }

    /// One who waits.
    pub async fn one(&self, community: CommunityId, id: Uuid) -> Result<Option<JoinRequest>> {
        on!(self.db.reader(), maybe JoinRequest, asked!("j.id = $2"), community, id)
    }

    /// How many wait.
    pub async fn waiting_count(&self, community: CommunityId) -> Result<i64> {
        let One(count) = on!(
            self.db.reader(),
            one One<i64>,
            "select count(*) from join_requests where community_id = $1 and state = 'open'",
            community
        )?;
        Ok(count)
    }

    /// Answers somebody who asks. `None` where nobody waits under that id any more; else who it was.
    pub async fn answer(
        &self,
        community: CommunityId,
        id: Uuid,
        by: UserId,
        answer: &Answer,
        letter: Option<&NewMail>,
    ) -> Result<Option<UserId>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        ordered_by(&mut tx, community, by, now).await?;
        let state = if answer.accept { "accepted" } else { "refused" };
        let user = on!(
            in &mut tx,
            maybe One<UserId>,
            "update join_requests set state = $3, decided_by = $4, decided_at = $5, reason = $6
             where id = $1 and community_id = $2 and state = 'open' returning user_id",
            id,
            community,
            state,
            by,
            now,
            &answer.reason
        )?;
        let Some(One(user)) = user else { return Ok(None) };
        if answer.accept && bare_member(&mut tx, community, user, now).await?.is_none() {
            put_member(&mut tx, community, user, MemberRole::Member, now, None).await?;
        }
        let act = Act {
            by,
            action: if answer.accept { "join.accepted" } else { "join.refused" },
            community: Some(community),
            subject: Some(Subject::Person(user)),
            details: json!({ "reason": answer.reason }),
        };
        audit::record(&mut tx, now, act).await?;
        if let Some(letter) = letter {
            mails::enqueue(&mut tx, now, letter).await?;
        }
        tx.commit().await?;
        Ok(Some(user))
    }
}

/// Who has come in asks no more.
pub(crate) async fn settle(tx: &mut Tx, now: At, community: CommunityId, user: UserId) -> Result<()> {
    on!(
        in tx,
        run,
        "update join_requests set state = 'accepted', decided_at = $3
         where community_id = $1 and user_id = $2 and state = 'open'",
        community,
        user,
        now
    )?;
    Ok(())
}
