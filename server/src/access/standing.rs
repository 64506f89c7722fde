//! What a footing comes to, by the facts of now. Pure: the same rule lets a session in and, as long as it
//! lasts, says what is left of its right.

use crdt_store::documents::AccessFacts;
use time::OffsetDateTime;

use super::{Access, Denied, Footing, Ground, Role, Standing, guard};

/// The standing on that footing, by the facts of its document, its person and its login.
pub fn standing(facts: Option<&AccessFacts>, footing: &Footing, now: OffsetDateTime) -> Result<Standing, Denied> {
    let facts = facts.filter(|facts| facts.deleted_at.is_none());
    let suspended = facts.is_some_and(|facts| facts.user_suspended_at.is_some());
    let signed_in = facts.is_some_and(|facts| facts.login_ends_at.is_some_and(|end| end > now));
    let mut renew = false;
    let access = match footing.ground {
        Ground::Token { ends_at, .. } if ends_at <= now => return Err(Denied::Expired),
        _ if facts.is_none() => return Err(Denied::NotFound),
        // A suspension ends every login, and what remains is to say why.
        _ if suspended => return Err(Denied::Forbidden),
        Ground::Token { access, renew_at, .. } => {
            renew = renew_at <= now;
            access
        }
        Ground::Login(_) | Ground::Open(Some(_)) if !signed_in => return Err(Denied::SignedOut),
        Ground::Login(_) => facts.map_or(Access::None, |facts| {
            guard::judge(facts, footing.person, facts.user_role.unwrap_or(Role::Outsider), now)
        }),
        Ground::Open(_) => Access::Write,
    };
    let facts = facts.filter(|_| access > Access::None).ok_or(Denied::NotFound)?;
    if facts.epoch != footing.epoch {
        return Err(Denied::OldEpoch);
    }
    // What is frozen is read by all and written by none.
    let access = if facts.frozen_at.is_some() { access.min(Access::Read) } else { access };
    Ok(Standing { access, renew })
}

#[cfg(test)]
mod tests {
    use crdt_store::{
        DocumentId, LoginId, UserId,
        communities::{MemberRole, Visibility},
        documents::Sharing,
    };
    use time::Duration;
    use uuid::Uuid;

    use super::*;

    const WHO: Option<UserId> = Some(UserId(Uuid::from_u128(1)));
    const LOGIN: LoginId = LoginId(Uuid::from_u128(2));

    fn now() -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::days(20_000)
    }

    /// A member of the document's community, signed in for another second.
    fn facts() -> AccessFacts {
        AccessFacts {
            document_id: DocumentId(Uuid::from_u128(3)),
            epoch: 1,
            visibility: Sharing::Inherit,
            created_by: None,
            frozen_at: None,
            deleted_at: None,
            link_access: None,
            link_expires_at: None,
            community_id: None,
            community_visibility: Some(Visibility::Private),
            community_archived_at: None,
            member_role: Some(MemberRole::Member),
            member_expires_at: None,
            share_access: None,
            share_is_guests: None,
            entry_ends_at: None,
            user_role: Some(Role::Outsider),
            user_suspended_at: None,
            login_ends_at: Some(now() + Duration::seconds(1)),
        }
    }

    fn token(access: Access) -> Ground {
        Ground::Token { access, renew_at: now() + Duration::seconds(1), ends_at: now() + Duration::seconds(31) }
    }

    const GROUNDS: [Ground; 3] = [Ground::Login(LOGIN), Ground::Open(Some(LOGIN)), Ground::Open(None)];

    fn on(ground: Ground) -> Footing {
        Footing { document: facts().document_id, epoch: 1, person: WHO, ground }
    }

    fn of(facts: &AccessFacts, ground: Ground) -> Result<Access, Denied> {
        standing(Some(facts), &on(ground), now()).map(|standing| standing.access)
    }

    #[test]
    fn s15_a_right_follows_its_facts() {
        let (login, archived) = (Ground::Login(LOGIN), AccessFacts { community_archived_at: Some(now()), ..facts() });
        let reader = AccessFacts { member_role: Some(MemberRole::Reader), ..facts() };
        let removed = AccessFacts { member_role: None, ..facts() };
        let ended = AccessFacts { member_expires_at: Some(now()), ..facts() };
        let restricted = AccessFacts { visibility: Sharing::Restricted, ..facts() };
        let public = AccessFacts { community_visibility: Some(Visibility::Public), ..removed.clone() };
        let colleague = AccessFacts { user_role: Some(Role::Agent), ..public.clone() };
        assert_eq!(of(&facts(), login), Ok(Access::Write));
        assert_eq!(of(&archived, login), Ok(Access::Read));
        assert_eq!(of(&reader, login), Ok(Access::Read));
        for gone in [removed, ended, restricted, public] {
            assert_eq!(of(&gone, login), Err(Denied::NotFound));
        }
        assert_eq!(of(&colleague, login), Ok(Access::Read));
    }

    #[test]
    fn s15_what_ends_for_all_ends_on_every_ground() {
        for ground in GROUNDS.into_iter().chain([token(Access::Write)]) {
            assert_eq!(of(&facts(), ground), Ok(Access::Write));
            assert_eq!(of(&AccessFacts { frozen_at: Some(now()), ..facts() }, ground), Ok(Access::Read));
            assert_eq!(of(&AccessFacts { deleted_at: Some(now()), ..facts() }, ground), Err(Denied::NotFound));
            assert_eq!(standing(None, &on(ground), now()), Err(Denied::NotFound));
            assert_eq!(of(&AccessFacts { epoch: 2, ..facts() }, ground), Err(Denied::OldEpoch));
            assert_eq!(of(&AccessFacts { user_suspended_at: Some(now()), ..facts() }, ground), Err(Denied::Forbidden));
        }
    }

    #[test]
    fn s15_a_login_that_is_over_takes_its_sessions_along_and_no_others() {
        for over in [None, Some(now())] {
            let facts = AccessFacts { login_ends_at: over, ..facts() };
            assert_eq!(of(&facts, Ground::Login(LOGIN)), Err(Denied::SignedOut));
            assert_eq!(of(&facts, Ground::Open(Some(LOGIN))), Err(Denied::SignedOut));
            assert_eq!(of(&facts, Ground::Open(None)), Ok(Access::Write));
            assert_eq!(of(&facts, token(Access::Read)), Ok(Access::Read));
        }
    }

    #[test]
    fn s15_a_token_asks_for_another_before_it_ends() {
        let at = |seconds| standing(Some(&facts()), &on(token(Access::Read)), now() + Duration::seconds(seconds));
        assert_eq!(at(0), Ok(Standing { access: Access::Read, renew: false }));
        assert_eq!(at(1), Ok(Standing { access: Access::Read, renew: true }));
        assert_eq!(at(30), Ok(Standing { access: Access::Read, renew: true }));
        assert_eq!(at(31), Err(Denied::Expired));
    }
}
