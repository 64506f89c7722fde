//! What its leaders change of a community: its words, its composition, whether it rests.

use serde_json::json;
use time::OffsetDateTime;

use super::{Communities, Community, Feature, Joining, Visibility};
use crate::audit::{self, Act};
use crate::db::Tx;
use crate::db::at::{At, MaybeAt};
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, DocumentId, UserId};

/// What is changed; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its name. Its address stays.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// Who learns of it.
    pub visibility: Option<Visibility>,
    /// How one comes in.
    pub joining: Option<Joining>,
}

/// Whether a community rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It is read only.
    Archived,
    /// It is in use.
    Restored,
}

#[derive(sqlx::FromRow)]
struct Placed {
    feature: Feature,
    #[sqlx(try_from = "MaybeAt")]
    removed_at: Option<OffsetDateTime>,
}

impl Communities {
    /// Changes what a community says of itself. One that becomes secret is by invitation.
    pub async fn change(&self, id: CommunityId, by: UserId, change: &Change) -> Result<Community> {
        let mut tx = self.db.begin().await?;
        let now = self.db.now();
        let before = run_by(&mut tx, id, by, now).await?;
        let closes = change.visibility == Some(Visibility::Secret);
        let after = on!(
            in &mut tx,
            one Community,
            community!(
                "update communities set name = coalesce($2, name), purpose = coalesce($3, purpose),
                    visibility = coalesce($4, visibility), joining = coalesce($5, joining)
                 where id = $1 returning "
            ),
            id,
            &change.name,
            &change.purpose,
            change.visibility,
            change.joining.or_else(|| closes.then_some(Joining::Invitation))
        )?;
        check_joining(after.visibility, after.joining)?;
        let mut details = serde_json::Map::new();
        let pairs = [
            ("name", before.name.as_str(), after.name.as_str()),
            ("purpose", before.purpose.as_str(), after.purpose.as_str()),
            ("visibility", before.visibility.as_str(), after.visibility.as_str()),
            ("joining", before.joining.as_str(), after.joining.as_str()),
        ];
        for (what, was, is) in pairs {
            if was != is {
                details.insert(what.to_owned(), json!([was, is]));
            }
        }
        if !details.is_empty() {
            let act =
                Act { by, action: "community.changed", community: Some(id), subject: None, details: details.into() };
            audit::record(&mut tx, now, act).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    /// What a community is made of, in its order.
    pub async fn features(&self, id: CommunityId) -> Result<Vec<Feature>> {
        let found = on!(
            self.db.reader(),
            all One<Feature>,
            "select feature from community_features where community_id = $1 and removed_at is null order by position",
            id
        )?;
        Ok(found.into_iter().map(|One(feature)| feature).collect())
    }

    /// Says what a community is made of, and in which order. What is not named is taken out of sight; nothing of it goes.
    pub async fn set_features(&self, id: CommunityId, by: UserId, features: &[Feature]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let now = self.db.now();
        run_by(&mut tx, id, by, now).await?;
        let before = on!(
            in &mut tx,
            all Placed,
            "select feature, removed_at from community_features where community_id = $1 order by position",
            id
        )?;
        let shown: Vec<Feature> =
            before.iter().filter(|placed| placed.removed_at.is_none()).map(|placed| placed.feature).collect();
        if shown == features {
            return Ok(());
        }
        put_features(&mut tx, now, id, features).await?;
        let details = json!({ "features": [shown, features] });
        let act = Act { by, action: "community.features", community: Some(id), subject: None, details };
        audit::record(&mut tx, now, act).await?;
        tx.commit().await
    }

    /// Lays a community to rest, or brings it back. False where it was so already.
    pub async fn set_rest(&self, id: CommunityId, by: UserId, rest: Rest) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let now = self.db.now();
        let before = held(&mut tx, id).await?;
        let (at, action, changes) = match rest {
            Rest::Archived => (Some(now), "community.archived", before.archived_at.is_none()),
            Rest::Restored => (None, "community.restored", before.archived_at.is_some()),
        };
        if changes {
            on!(in &mut tx, run, "update communities set archived_at = $2 where id = $1", id, at)?;
            let act = Act { by, action, community: Some(id), subject: None, details: json!({}) };
            audit::record(&mut tx, now, act).await?;
        }
        tx.commit().await?;
        Ok(changes)
    }

    /// Looks when something was last written in communities, and counts who leads them: of two who lower and suspend the
    /// same leader at once, each may not see the other. `limit` from the one after `after`. The last one looked at, or
    /// `None` where there were no more.
    pub async fn look_at_activity(&self, after: Option<CommunityId>, limit: u32) -> Result<Option<CommunityId>> {
        let looked = on!(
            self.db.writer(),
            all One<CommunityId>,
            "update communities set active_at = coalesce(
                (select d.updated_at from documents d where d.community_id = communities.id
                 order by d.updated_hour desc limit 1), created_at),
                leaders_count = (select count(*) from memberships m join users u on u.id = m.user_id
                    where m.community_id = communities.id and m.role = 'leader' and u.suspended_at is null)
             where id in (select c.id from communities c where c.id > $1 order by c.id limit $2)
             returning id",
            after.map_or(uuid::Uuid::nil(), |id| id.0),
            i64::from(limit)
        )?;
        Ok(looked.into_iter().map(|One(id)| id).max())
    }

    /// Makes a document of a community the one that greets whoever comes.
    pub async fn set_welcome_document(&self, id: CommunityId, document: DocumentId) -> Result<()> {
        on!(
            self.db.writer(),
            run,
            "update communities set welcome_document_id = $2
             where id = $1 and exists (select 1 from documents d where d.id = $2 and d.community_id = $1)",
            id,
            document
        )?;
        Ok(())
    }

    /// The document that greets whoever comes.
    pub async fn welcome_document(&self, id: CommunityId) -> Result<Option<DocumentId>> {
        let found = on!(
            self.db.reader(),
            maybe One<Option<DocumentId>>,
            "select d.id from communities c left join documents d on d.id = c.welcome_document_id
                and d.deleted_at is null
             where c.id = $1",
            id
        )?;
        Ok(found.and_then(|One(id)| id))
    }
}

/// The community, which nobody else changes until the transaction ends.
pub(crate) async fn held(tx: &mut Tx, id: CommunityId) -> Result<Community> {
    on!(
        in tx,
        maybe Community,
        community!("update communities set leaders_count = leaders_count where id = $1 returning "),
        id
    )?
    .ok_or(StoreError::NotFound { what: "community" })
}

/// The same, for somebody who leads it and may change it: who could when they asked may have been lowered, taken out or
/// suspended since, and the community may rest. [`StoreError::Forbidden`] then.
pub(crate) async fn run_by(tx: &mut Tx, id: CommunityId, by: UserId, now: At) -> Result<Community> {
    kept_by(tx, id, by, now, true).await
}

/// The same, for somebody who keeps order in it.
pub(crate) async fn ordered_by(tx: &mut Tx, id: CommunityId, by: UserId, now: At) -> Result<Community> {
    kept_by(tx, id, by, now, false).await
}

async fn kept_by(tx: &mut Tx, id: CommunityId, by: UserId, now: At, leads: bool) -> Result<Community> {
    let home = held(tx, id).await?;
    let keeps = on!(
        in tx,
        maybe One<UserId>,
        "select m.user_id from memberships m join users u on u.id = m.user_id
         where m.community_id = $1 and m.user_id = $2 and (m.role = 'leader' or (not $4 and m.role = 'moderator'))
            and (m.expires_at is null or m.expires_at > $3) and u.suspended_at is null and u.role <> 'outsider'",
        id,
        by,
        now,
        leads
    )?;
    match keeps {
        Some(_) if home.archived_at.is_none() => Ok(home),
        _ => Err(StoreError::Forbidden),
    }
}

pub(super) fn check_joining(visibility: Visibility, joining: Joining) -> Result<()> {
    match (visibility, joining) {
        (Visibility::Secret, Joining::Open | Joining::Approval) => {
            Err(StoreError::Unacceptable { what: "joining", reason: "who doesn't know of it can't ask: invitation" })
        }
        _ => Ok(()),
    }
}

pub(super) async fn put_features(tx: &mut Tx, now: At, id: CommunityId, features: &[Feature]) -> Result<()> {
    on!(
        in tx,
        run,
        "update community_features set removed_at = $2 where community_id = $1 and removed_at is null",
        id,
        now
    )?;
    for (position, feature) in (0_i32..).zip(features) {
        on!(
            in tx,
            run,
            "insert into community_features (community_id, feature, position) values ($1, $2, $3)
             on conflict (community_id, feature) do update set position = excluded.position, removed_at = null",
            id,
            *feature,
            position
        )?;
    }
    Ok(())
}
