//! The rules about rights, as pure functions from facts to an [`Access`].
//!
//! Two ideas carry them. An outsider has what a membership gives, or what was shared with them by name, and nothing
//! else. A colleague (agent or administrator) also sees what is public, and the cover of what is private; what is secret
//! does not exist for those who are not in it. An administrator's office opens no community: entering one takes a
//! recorded reason, and lets them read while it lasts.
//!
//! | thing | `Read` | `Comment`, `Write` | `Manage` |
//! |---|---|---|---|
//! | [`community`] | its things | makes new ones | its people (a leader: all of it, [`leads`]) |
//! | [`document`] | its text | in it | its sharing |
//! | [`members`] | the list | | addresses, who asks to join (a leader: roles, ends, invitations, [`leads`]) |
//! | [`request`] | it and its messages | changes and sends it | decides |
//! | [`invitation`] | it | accepts or declines | sends again, takes back |
//! | [`audit`] | of the community, or all | | |
//! | [`instance`] | | | people, requests, settings |

use crdt_store::{
    communities::{MemberRole, Visibility},
    documents::{Shared, Sharing},
};

use super::{Access, Role};

/// A person, as far as rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    pub role: Role,
    pub suspended: bool,
}

/// A community and one person's role in it. A membership past its end is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Community {
    pub visibility: Visibility,
    pub archived: bool,
    pub role: Option<MemberRole>,
    /// The person entered it for a recorded reason, and may still.
    pub entered: bool,
}

/// A document, and one person's part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    pub sharing: Sharing,
    pub deleted: bool,
    /// The person made it.
    pub author: bool,
    /// The person is named.
    pub share: Option<Share>,
    /// How far its address takes a colleague, where [`Sharing::Link`] is what counts. Past its end it takes nobody.
    pub link: Access,
    pub community: Option<Community>,
}

/// What somebody was given by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub access: Shared,
    /// They need not belong to the document's community for it.
    pub guest: bool,
}

/// A request for a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub requester: bool,
    /// Its author may still change it: a draft, or sent back for changes.
    pub open: bool,
    /// It has been sent at least once.
    pub sent: bool,
}

impl From<Shared> for Access {
    fn from(shared: Shared) -> Self {
        match shared {
            Shared::Read => Self::Read,
            Shared::Comment => Self::Comment,
            Shared::Write => Self::Write,
            Shared::Manage => Self::Manage,
        }
    }
}

fn is_colleague(person: Person) -> bool {
    matches!(person.role, Role::Agent | Role::Administrator)
}

/// What a person may do in a community: `Read` its things, `Write` new ones, `Manage` its people.
pub fn community(person: Person, community: Community) -> Access {
    if person.suspended {
        return Access::None;
    }
    let access = match community.role {
        Some(MemberRole::Leader | MemberRole::Moderator) if is_colleague(person) => Access::Manage,
        // Somebody from outside keeps no order, whatever they were before.
        Some(MemberRole::Leader | MemberRole::Moderator | MemberRole::Member) => Access::Write,
        Some(MemberRole::Reader) => Access::Read,
        None if is_colleague(person) && community.visibility == Visibility::Public => Access::Read,
        None if person.role == Role::Administrator && community.entered => Access::Read,
        None => Access::None,
    };
    if community.archived { access.min(Access::Read) } else { access }
}

/// Whether a person runs a community: its name, purpose, composition, rules, and its end. An archived one as well, for it
/// is its leaders who bring it back.
pub fn leads(person: Person, community: Community) -> bool {
    is_colleague(person) && !person.suspended && community.role == Some(MemberRole::Leader)
}

/// Whether a person may know that a community exists: its name, its purpose, how many are in it.
pub fn sees_cover(person: Person, what: Community) -> bool {
    let colleague = is_colleague(person) && !person.suspended && what.visibility != Visibility::Secret;
    colleague || community(person, what) > Access::None
}

/// What a person may do with the list of a community's people: `Read` it, or `Manage`: see addresses, and answer those who
/// ask to join. Roles, ends and invitations are its leaders' ([`leads`]).
pub fn members(person: Person, what: Community) -> Access {
    match community(person, what) {
        Access::Manage => Access::Manage,
        access => access.min(Access::Read),
    }
}

/// What a person may do with an invitation into a community: `Write` it off or in, or `Manage` it as one who invites.
pub fn invitation(person: Person, addressee: bool, what: Community) -> Access {
    let own = if addressee && !person.suspended && !what.archived { Access::Write } else { Access::None };
    if leads(person, what) && !what.archived { Access::Manage } else { own }
}

/// What a person may do with a request for a community.
pub fn request(person: Person, request: Request) -> Access {
    if person.suspended {
        return Access::None;
    }
    let decides = person.role == Role::Administrator && request.sent;
    match (decides, request.requester) {
        (true, _) => Access::Manage,
        (false, true) if request.open && is_colleague(person) => Access::Write,
        (false, true) => Access::Read,
        (false, false) => Access::None,
    }
}

/// Whether a person may ask for a community, or make one.
pub fn may_request(person: Person) -> bool {
    is_colleague(person) && !person.suspended
}

/// What a person may do with the record of what was done: in one community (its leaders), or in all (administrators).
pub fn audit(person: Person, of: Option<Community>) -> Access {
    let whole = person.role == Role::Administrator && !person.suspended;
    let own = of.is_some_and(|community| leads(person, community));
    if whole || own { Access::Read } else { Access::None }
}

/// What a person may do with the instance: its people, its requests, its settings.
pub fn instance(person: Person) -> Access {
    if person.role == Role::Administrator && !person.suspended { Access::Manage } else { Access::None }
}

/// Whether a person may open a document to those who don't belong to its community: by its address, or by name.
pub fn may_open(person: Person) -> bool {
    is_colleague(person) && !person.suspended
}

/// What a person may do with a document: the most that any of its ways gives.
pub fn document(person: Person, document: Document) -> Access {
    if person.suspended || document.deleted {
        return Access::None;
    }
    let link = match document.sharing {
        Sharing::Link if is_colleague(person) => document.link,
        _ => Access::None,
    };
    let Some(home) = document.community else {
        // A document of nobody's community is its author's.
        let named = document.share.map_or(Access::None, |share| share.access.into());
        return if document.author { Access::Manage } else { named.max(link) };
    };
    let within = community(person, home);
    let named = match document.share {
        Some(share) if share.guest || within > Access::None => share.access.into(),
        _ => Access::None,
    };
    let by_community = match document.sharing {
        // Whoever may write in the community manages what they made there; who left it does not.
        _ if document.author && within >= Access::Write => Access::Manage,
        Sharing::Restricted if !document.author => Access::None,
        _ => within,
    };
    let access = by_community.max(named).max(link);
    if home.archived { access.min(Access::Read) } else { access }
}

#[cfg(test)]
mod tests;
