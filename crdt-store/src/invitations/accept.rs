//! Taking an invitation, or not: as somebody who is signed in, or by the secret of its link.

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Invitations, tell};
use crate::communities::{Community, MemberRole, bare_member, held, put_member};
use crate::db::Tx;
use crate::db::at::{At, MaybeAt, cut};
use crate::db::on::One;
use crate::error::Result;
use crate::ids::{CommunityId, UserId};
use crate::joins;
use crate::users::{self, NewUser, Role, User};

/// A community that somebody came into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Which.
    pub community: CommunityId,
    /// Its name in addresses.
    pub slug: String,
    /// Who came in.
    pub user: User,
}

/// What using a link came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// Somebody came in.
    By(Box<Accepted>),
    /// No such link, or it was used, or it has ended.
    Gone,
    /// It is good, and its address is a colleague's, or somebody's who is here already: they sign in as they do, and use it
    /// then. A letter that is passed on opens no account that has a life of its own.
    SignInFirst,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    email: String,
    role: MemberRole,
    invited_by: Option<UserId>,
    #[sqlx(try_from = "MaybeAt")]
    member_until: Option<OffsetDateTime>,
    #[sqlx(try_from = "At")]
    expires_at: OffsetDateTime,
    open: bool,
}

impl Invitations {
    /// Takes an invitation that is for the person's own address. `None` where none waits for it.
    pub async fn accept(&self, id: Uuid, user: UserId) -> Result<Option<Accepted>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let user = users::get(&mut tx, user).await?;
        let home = on!(in &mut tx, maybe One<CommunityId>, "select community_id from invitations where id = $1", id)?;
        let Some(One(home)) = home else { return Ok(None) };
        // The community first, as whoever takes the invitation back does.
        let home = held(&mut tx, home).await?;
        let row = on!(
            in &mut tx,
            maybe Row,
            "update invitations set email = email where id = $1
             returning id, email, role, invited_by, member_until, expires_at,
                accepted_at is null and declined_at is null and revoked_at is null as open",
            id
        )?;
        let row = row.filter(|row| row.open && row.expires_at > now.0 && user.email.as_deref() == Some(&row.email));
        let Some(row) = row else { return Ok(None) };
        let accepted = come_in(&mut tx, now, &row, home, user).await?;
        if accepted.is_some() {
            tx.commit().await?;
        }
        Ok(accepted)
    }

    /// Says no to an invitation that is for the person's own address. False where none waits for it.
    pub async fn decline(&self, id: Uuid, user: UserId) -> Result<Option<CommunityId>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let community = on!(
            in &mut tx,
            maybe One<CommunityId>,
            "update invitations set declined_at = $3
             where id = $1 and email = (select email from users where id = $2) and accepted_at is null
                and declined_at is null and revoked_at is null
             returning community_id",
            id,
            user,
            now
        )?;
        let Some(One(community)) = community else { return Ok(None) };
        tell(&mut tx, now, user, "invitation.declined", community, id, json!({})).await?;
        tx.commit().await?;
        Ok(Some(community))
    }

    /// Uses a link. Whoever is signed in comes in as who they are; else the secret proves the address, whose account
    /// comes into being as `newcomer` says, where there is none and it is no colleague's.
    pub async fn redeem(
        &self,
        secret_hash: &[u8],
        who: Option<UserId>,
        newcomer: &(dyn Fn(&str) -> NewUser + Send + Sync),
    ) -> Result<Redeemed> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let home = on!(
            in &mut tx,
            maybe One<CommunityId>,
            "select community_id from invitations where secret_hash = $1",
            secret_hash
        )?;
        let Some(One(home)) = home else { return Ok(Redeemed::Gone) };
        // Of two who come at once, one waits here.
        let home = held(&mut tx, home).await?;
        let row = on!(
            in &mut tx,
            maybe Row,
            "update invitations set email = email where secret_hash = $1
             returning id, email, role, invited_by, member_until, expires_at,
                accepted_at is null and declined_at is null and revoked_at is null as open",
            secret_hash
        )?;
        let Some(row) = row.filter(|row| row.open && row.expires_at > now.0) else { return Ok(Redeemed::Gone) };
        let user = match who {
            Some(id) => users::get(&mut tx, id).await?,
            None => {
                let new = newcomer(&row.email);
                if new.role != Role::Outsider {
                    return Ok(Redeemed::SignInFirst);
                }
                let user = users::for_email(&mut tx, now, &new).await?;
                if user.id != new.id {
                    return Ok(Redeemed::SignInFirst);
                }
                user
            }
        };
        match come_in(&mut tx, now, &row, home, user).await? {
            Some(accepted) => {
                tx.commit().await?;
                Ok(Redeemed::By(Box::new(accepted)))
            }
            None => Ok(Redeemed::Gone),
        }
    }
}

/// `None` where the community rests, the person may not come in, or what they were invited for as somebody from outside is
/// over.
async fn come_in(tx: &mut Tx, now: At, row: &Row, home: Community, user: User) -> Result<Option<Accepted>> {
    if home.archived_at.is_some() || user.suspended_at.is_some() {
        return Ok(None);
    }
    let outsider = user.role == Role::Outsider;
    if outsider && row.member_until.is_some_and(|end| end <= now.0) {
        return Ok(None);
    }
    on!(
        in tx,
        run,
        "update invitations set accepted_at = $2, accepted_by = $3 where id = $1",
        row.id,
        now,
        user.id
    )?;
    let role = match row.role {
        MemberRole::Leader | MemberRole::Moderator if outsider => MemberRole::Member,
        role => role,
    };
    let until = row.member_until.filter(|_| outsider).map(|at| At(cut(at)));
    // Nobody loses by an invitation what they have.
    if bare_member(tx, home.id, user.id, now).await?.is_none_or(|is| role < is) {
        put_member(tx, home.id, user.id, role, now, until).await?;
    }
    joins::settle(tx, now, home.id, user.id).await?;
    let details = json!({ "role": role, "invited_by": row.invited_by });
    tell(tx, now, user.id, "invitation.accepted", home.id, row.id, details).await?;
    Ok(Some(Accepted { community: home.id, slug: home.slug, user }))
}
