//! Deciding about a request, once.

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Named, RequestState, Requests, put_message, sent};
use crate::audit::{self, Act, Subject};
use crate::communities::{Community, Founding, found};
use crate::db::Tx;
use crate::db::at::{At, MaybeAt};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, UserId};
use crate::mails::{self, NewMail};
use crate::users::Role;

/// What is decided.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The community comes into being, as this.
    Accept(Box<Founding>),
    /// Its author is asked for something.
    Changes,
    /// There will be none.
    Refuse,
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// By whom.
    pub by: UserId,
    /// About the request as it was at this revision.
    pub revision: i32,
    /// What.
    pub verdict: Verdict,
    /// A word with it.
    pub reason: Option<String>,
}

/// What became of deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is so; the community, if there is one.
    Done(Option<Community>),
    /// It was decided, or changed by its author, since that revision.
    Already {
        /// Who decided last.
        by: Option<Named>,
        /// When.
        at: Option<OffsetDateTime>,
        /// How far it has come.
        state: RequestState,
    },
}

#[derive(sqlx::FromRow)]
struct Last {
    state: RequestState,
    #[sqlx(try_from = "MaybeAt")]
    decided_at: Option<OffsetDateTime>,
    decided_by: Option<UserId>,
    name: Option<String>,
    service: Option<String>,
}

impl Requests {
    /// Decides about a request that waits. `letters` get the community's slug and go out with the decision.
    pub async fn decide(
        &self,
        id: Uuid,
        decision: &Decision,
        letters: &(dyn Fn(Option<&Community>) -> Vec<NewMail> + Send + Sync),
    ) -> Result<Decided> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let (state, action) = match decision.verdict {
            Verdict::Accept(_) => (RequestState::Accepted, "request.accepted"),
            Verdict::Changes => (RequestState::Changes, "request.changes"),
            Verdict::Refuse => (RequestState::Refused, "request.refused"),
        };
        let requester = on!(
            in &mut tx,
            maybe crate::db::on::One<UserId>,
            "update community_requests set state = $3, queue = $4, revision = revision + 1, reason = $5, decided_by = $6,
                decided_at = $7, updated_at = $7
             where id = $1 and revision = $2 and state = 'received'
             returning requester_id",
            id,
            decision.revision,
            state,
            state.queue(),
            &decision.reason,
            decision.by,
            now
        )?;
        let Some(crate::db::on::One(requester)) = requester else { return self.already(&mut tx, id).await };
        let community = match &decision.verdict {
            Verdict::Accept(founding) => Some(born(&mut tx, now, id, founding, requester, decision.by).await?),
            Verdict::Changes => {
                if let Some(reason) = &decision.reason {
                    put_message(&mut tx, now, id, decision.by, reason).await?;
                }
                None
            }
            Verdict::Refuse => None,
        };
        let act = Act {
            by: decision.by,
            action,
            community: community.as_ref().map(|community| community.id),
            subject: Some(Subject::Request(id)),
            details: json!({ "reason": decision.reason }),
        };
        audit::record(&mut tx, now, act).await?;
        for letter in letters(community.as_ref()) {
            mails::enqueue(&mut tx, now, &letter).await?;
        }
        tx.commit().await?;
        Ok(Decided::Done(community))
    }

    /// Sends a request and opens its community at once, where the instance lets its author. `None` where it has moved.
    /// `letters` get the community and go out with it.
    pub async fn open(
        &self,
        id: Uuid,
        requester: UserId,
        revision: i32,
        founding: &Founding,
        letters: &(dyn Fn(&Community) -> Vec<NewMail> + Send + Sync),
    ) -> Result<Option<Community>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        if sent(&mut tx, now, id, requester, revision).await?.is_none() {
            return Ok(None);
        }
        on!(
            in &mut tx,
            run,
            "update community_requests set state = $2, queue = $3, decided_at = $4 where id = $1",
            id,
            RequestState::Accepted,
            RequestState::Accepted.queue(),
            now
        )?;
        let community = born(&mut tx, now, id, founding, requester, requester).await?;
        for letter in letters(&community) {
            mails::enqueue(&mut tx, now, &letter).await?;
        }
        tx.commit().await?;
        Ok(Some(community))
    }

    async fn already(&self, tx: &mut Tx, id: Uuid) -> Result<Decided> {
        let last = on!(
            in tx,
            maybe Last,
            "select r.state, r.decided_at, r.decided_by, u.name, u.service
             from community_requests r left join users u on u.id = r.decided_by where r.id = $1",
            id
        )?;
        let last = last.ok_or(StoreError::NotFound { what: "request" })?;
        let by = last.decided_by.zip(last.name).map(|(id, name)| Named {
            id,
            name,
            service: last.service,
            role: Role::Administrator,
        });
        Ok(Decided::Already { by, at: last.decided_at, state: last.state })
    }
}

async fn born(tx: &mut Tx, now: At, id: Uuid, founding: &Founding, requester: UserId, by: UserId) -> Result<Community> {
    let community = found(tx, now, founding, requester, by).await?;
    let of: CommunityId = community.id;
    on!(in tx, run, "update community_requests set community_id = $2 where id = $1", id, of)?;
    Ok(community)
}
