//! Facts from the store, and what the policy makes of them: a right, or a refusal.
//!
//! The first line of a handler asks here. What a person may not even see is [`Denied::NotFound`]; what they see
//! and may not do is [`Denied::Forbidden`].

use std::time::Instant;

use crdt_store::{
    CommunityId, Db, DocumentId, StoreError, UserId,
    communities::{Met, Visibility},
    documents::{AccessFacts, Listed, NewSharing, Shared},
};
use time::OffsetDateTime;

use super::{Access, Denied, Principal, Role, memory::Memory, policy};

/// Shared by clone.
#[derive(Clone, Debug)]
pub struct Guard {
    db: Db,
    clock: fn() -> OffsetDateTime,
    memory: Memory,
}

impl Guard {
    pub fn new(db: Db, clock: fn() -> OffsetDateTime) -> Self {
        Self { db, clock, memory: Memory::new() }
    }

    /// The right of a person to a document, at least `needed`.
    pub async fn document(&self, who: &Principal, id: DocumentId, needed: Access) -> Result<Access, Denied> {
        let since = Instant::now();
        let right = |facts: Option<&AccessFacts>| {
            facts.map_or(Access::None, |facts| judge(facts, who.id, who.role, (self.clock)()))
        };
        let access = match self.memory.recall((id, who.id), since, right) {
            Some(access) => access,
            None => {
                let facts = self.db.documents().facts_for_access(id, who.id).await.map_err(unavailable)?;
                let access = right(facts.as_ref());
                self.memory.keep((id, who.id), since, facts);
                access
            }
        };
        enough(access, needed)
    }

    /// Something about a person has changed: what was looked up before counts no more.
    pub fn forget_person(&self, person: UserId) {
        self.memory.forget_person(person);
    }

    /// The same of a community.
    pub fn forget_community(&self, community: CommunityId) {
        self.memory.forget_community(community);
    }

    /// The same of a document.
    pub fn forget_document(&self, document: DocumentId) {
        self.memory.forget_document(document);
    }

    /// Anything may have changed.
    pub fn forget_all(&self) {
        self.memory.forget_all();
    }

    /// The right of a person to a document once its sharing were this.
    pub async fn document_after(&self, who: &Principal, id: DocumentId, new: &NewSharing) -> Result<Access, Denied> {
        let facts = self.db.documents().facts_for_access(id, who.id).await.map_err(unavailable)?;
        let Some(mut facts) = facts else { return Ok(Access::None) };
        let now = (self.clock)();
        let belongs = facts.member_role.is_some() && facts.member_expires_at.is_none_or(|end| end > now);
        facts.visibility = new.visibility;
        facts.link_access = new.link.map(|link| link.access);
        facts.link_expires_at = new.link.and_then(|link| link.expires_at);
        let named = new.people.iter().find(|(person, _)| who.id == Some(*person));
        facts.share_access = named.map(|(_, access)| *access);
        facts.share_is_guests = named.map(|_| !belongs);
        Ok(judge(&facts, who.id, who.role, now))
    }

    /// A community that a person may at least know of, and their right in it.
    pub async fn community(&self, who: &Principal, slug: &str, needed: Access) -> Result<(Met, Access), Denied> {
        // A body can name one, too: what PostgreSQL takes for no text at all is nobody's slug.
        if slug.contains('\0') {
            return Err(Denied::NotFound);
        }
        let met = self.db.communities().by_slug(slug, who.id).await.map_err(unavailable)?;
        let met = met.ok_or(Denied::NotFound)?;
        let mut community = place_of(&met);
        if let (None, Role::Administrator, Some(person)) = (community.role, who.role, who.id) {
            let until = self.db.entries().lasts_until(met.community.id, person).await.map_err(unavailable)?;
            community.entered = until.is_some();
        }
        if !policy::sees_cover(person(who), community) {
            return Err(Denied::NotFound);
        }
        let access = policy::community(person(who), community);
        if access < needed {
            return Err(Denied::Forbidden);
        }
        Ok((met, access))
    }

    /// The right of somebody who doesn't belong to a community of this visibility, and entered it until then, if at all;
    /// `None` where they may not know of it.
    pub fn onlooker(
        &self,
        role: Role,
        visibility: Visibility,
        entered_until: Option<OffsetDateTime>,
    ) -> Option<Access> {
        let entered = entered_until.is_some_and(|until| until > (self.clock)());
        let what = policy::Community { visibility, archived: false, role: None, entered };
        let who = policy::Person { role, suspended: false };
        policy::sees_cover(who, what).then(|| policy::community(who, what))
    }

    /// A community that a person runs.
    pub async fn leads(&self, who: &Principal, slug: &str) -> Result<Met, Denied> {
        let (met, _) = self.community(who, slug, Access::None).await?;
        if policy::leads(person(who), place_of(&met)) { Ok(met) } else { Err(Denied::Forbidden) }
    }

    /// A community that a person runs, and that is in use: its words, its composition, its members, invitations.
    pub async fn runs(&self, who: &Principal, slug: &str) -> Result<Met, Denied> {
        let met = self.leads(who, slug).await?;
        if met.community.archived_at.is_none() { Ok(met) } else { Err(Denied::Forbidden) }
    }

    /// A community that a person may lay to rest and bring back. An administrator ends even one that is secret.
    pub async fn ends(&self, who: &Principal, slug: &str) -> Result<Met, Denied> {
        if !self.is_office(who) {
            return self.leads(who, slug).await;
        }
        self.db.communities().by_slug(slug, who.id).await.map_err(unavailable)?.ok_or(Denied::NotFound)
    }

    /// Somebody who may ask for a community.
    pub fn may_request(&self, who: &Principal) -> Result<(), Denied> {
        if policy::may_request(person(who)) { Ok(()) } else { Err(Denied::Forbidden) }
    }

    /// A request for a community: whether the person is its author, it is its author's turn, and it was handed in.
    pub fn request(
        &self,
        who: &Principal,
        requester: bool,
        open: bool,
        sent: bool,
        needed: Access,
    ) -> Result<Access, Denied> {
        enough(policy::request(person(who), policy::Request { requester, open, sent }), needed)
    }

    /// Somebody who runs the instance.
    pub fn instance(&self, who: &Principal) -> Result<(), Denied> {
        if self.is_office(who) { Ok(()) } else { Err(Denied::Forbidden) }
    }

    fn is_office(&self, who: &Principal) -> bool {
        policy::instance(person(who)) >= Access::Manage
    }
}

/// The right of a person to a document in a list.
pub fn listed(who: &Principal, listed: &Listed) -> Access {
    let document = policy::Document {
        sharing: listed.document.visibility,
        deleted: listed.document.deleted_at.is_some(),
        author: who.id.is_some() && listed.document.created_by == who.id,
        share: share(listed.share_access, listed.share_is_guests),
        link: if listed.link_lasts { link(listed.link_access) } else { Access::None },
        community: place_in(listed),
    };
    policy::document(person(who), document)
}

/// Whether a person who sees a document in a list may know of its community, too.
pub fn knows_community(who: &Principal, listed: &Listed) -> bool {
    place_in(listed).is_some_and(|community| policy::sees_cover(person(who), community))
}

fn place_in(listed: &Listed) -> Option<policy::Community> {
    listed.community_visibility.map(|visibility| policy::Community {
        visibility,
        archived: listed.community_archived_at.is_some(),
        role: listed.role,
        entered: listed.entered,
    })
}

/// Whether a person may open a document to those who don't belong to its community.
pub fn may_open(who: &Principal) -> bool {
    policy::may_open(person(who))
}

fn place_of(met: &Met) -> policy::Community {
    policy::Community {
        visibility: met.community.visibility,
        archived: met.community.archived_at.is_some(),
        role: met.role,
        entered: false,
    }
}

/// A login of somebody who is suspended does not come this far.
pub(super) fn person(who: &Principal) -> policy::Person {
    policy::Person { role: who.role, suspended: false }
}

fn share(access: Option<Shared>, is_guests: Option<bool>) -> Option<policy::Share> {
    access.map(|access| policy::Share { access, guest: is_guests == Some(true) })
}

/// What was opened before there was a choice is read.
fn link(access: Option<Shared>) -> Access {
    access.map_or(Access::Read, Access::from)
}

/// The right of a person, `role` on the instance, to the document of these facts.
pub(super) fn judge(facts: &AccessFacts, who: Option<UserId>, role: Role, now: OffsetDateTime) -> Access {
    let lasts = |end: Option<OffsetDateTime>| end.is_none_or(|end| end > now);
    let community = facts.community_visibility.map(|visibility| policy::Community {
        visibility,
        archived: facts.community_archived_at.is_some(),
        role: facts.member_role.filter(|_| lasts(facts.member_expires_at)),
        entered: facts.entry_ends_at.is_some_and(|end| end > now),
    });
    let document = policy::Document {
        sharing: facts.visibility,
        deleted: facts.deleted_at.is_some(),
        author: who.is_some() && facts.created_by == who,
        share: share(facts.share_access, facts.share_is_guests),
        link: if lasts(facts.link_expires_at) { link(facts.link_access) } else { Access::None },
        community,
    };
    let person = policy::Person { role, suspended: facts.user_suspended_at.is_some() };
    policy::document(person, document)
}

fn enough(access: Access, needed: Access) -> Result<Access, Denied> {
    match access {
        Access::None => Err(Denied::NotFound),
        access if access < needed => Err(Denied::Forbidden),
        access => Ok(access),
    }
}

fn unavailable(error: StoreError) -> Denied {
    tracing::warn!(error = %error, "rights can't be looked up");
    Denied::Unavailable
}

#[cfg(test)]
pub(super) mod tests {
    use crdt_store::{communities::MemberRole, documents::Sharing};
    use time::Duration;

    use super::*;

    fn now() -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::days(20_000)
    }

    pub fn facts() -> AccessFacts {
        AccessFacts {
            document_id: DocumentId::fresh(),
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
            login_ends_at: None,
        }
    }

    const WHO: Option<UserId> = Some(UserId(uuid::Uuid::from_u128(1)));

    #[test]
    fn a_membership_ends_at_its_end() {
        assert_eq!(judge(&facts(), WHO, Role::Outsider, now()), Access::Write);
        let later = AccessFacts { member_expires_at: Some(now() + Duration::seconds(1)), ..facts() };
        assert_eq!(judge(&later, WHO, Role::Outsider, now()), Access::Write);
        let over = AccessFacts { member_expires_at: Some(now()), ..facts() };
        assert_eq!(judge(&over, WHO, Role::Outsider, now()), Access::None);
    }

    #[test]
    fn what_an_address_opens_and_an_entry_end_at_their_end() {
        let (past, later) = (Some(now()), Some(now() + Duration::seconds(1)));
        let linked = AccessFacts { visibility: Sharing::Link, member_role: None, ..facts() };
        let table = [
            (None, None, Access::Read),
            (Some(Shared::Write), None, Access::Write),
            (Some(Shared::Write), later, Access::Write),
            (Some(Shared::Write), past, Access::None),
        ];
        for (link_access, link_expires_at, expected) in table {
            let facts = AccessFacts { link_access, link_expires_at, ..linked.clone() };
            assert_eq!(judge(&facts, WHO, Role::Agent, now()), expected);
            assert_eq!(judge(&facts, WHO, Role::Outsider, now()), Access::None);
        }
        for (entry_ends_at, expected) in [(None, Access::None), (past, Access::None), (later, Access::Read)] {
            let facts = AccessFacts { member_role: None, entry_ends_at, ..facts() };
            assert_eq!(judge(&facts, WHO, Role::Administrator, now()), expected);
            assert_eq!(judge(&facts, WHO, Role::Agent, now()), Access::None);
        }
    }

    #[test]
    fn whoever_was_named_as_a_member_is_named_no_more_when_their_membership_is_over() {
        let named = |share_is_guests, member_expires_at| AccessFacts {
            visibility: Sharing::Restricted,
            share_access: Some(Shared::Comment),
            share_is_guests: Some(share_is_guests),
            member_expires_at,
            ..facts()
        };
        assert_eq!(judge(&named(false, None), WHO, Role::Outsider, now()), Access::Comment);
        assert_eq!(judge(&named(false, Some(now())), WHO, Role::Outsider, now()), Access::None);
        assert_eq!(judge(&named(true, Some(now())), WHO, Role::Outsider, now()), Access::Comment);
    }

    #[test]
    fn a_document_that_nobody_made_is_not_everybodys_who_has_no_name() {
        let alone = AccessFacts { community_visibility: None, member_role: None, ..facts() };
        assert_eq!(judge(&alone, None, Role::Outsider, now()), Access::None);
    }

    #[test]
    fn a_suspension_counts_even_if_the_login_was_read_before_it() {
        let suspended = AccessFacts { user_suspended_at: Some(now()), ..facts() };
        assert_eq!(judge(&suspended, WHO, Role::Outsider, now()), Access::None);
    }

    #[test]
    fn unseen_is_not_found_and_seen_is_forbidden() {
        assert_eq!(enough(Access::None, Access::Read), Err(Denied::NotFound));
        assert_eq!(enough(Access::Read, Access::Write), Err(Denied::Forbidden));
        assert_eq!(enough(Access::Manage, Access::Write), Ok(Access::Manage));
    }
}
