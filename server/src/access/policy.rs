//! The rules about rights, as pure functions from facts to an [`Access`].
//!
//! Two ideas carry them. An outsider has what a membership gives and nothing else. A colleague (agent or
//! administrator) also sees what is public, and the cover of what is private; what is secret does not exist for
//! those who are not in it. An administrator's office opens no community: entering one takes a recorded reason,
//! which is another way in than this one.

use crdt_store::{
    communities::{MemberRole, Visibility},
    documents::Sharing,
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
}

/// A document, and one person's part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    pub sharing: Sharing,
    pub deleted: bool,
    /// The person made it.
    pub author: bool,
    pub community: Option<Community>,
}

fn is_colleague(person: Person) -> bool {
    matches!(person.role, Role::Agent | Role::Administrator)
}

/// What a person may do in a community: `Read` its things, `Write` new ones, `Manage` it.
pub fn community(person: Person, community: Community) -> Access {
    if person.suspended {
        return Access::None;
    }
    let access = match community.role {
        Some(MemberRole::Leader | MemberRole::Moderator) => Access::Manage,
        Some(MemberRole::Member) => Access::Write,
        Some(MemberRole::Reader) => Access::Read,
        None if is_colleague(person) && community.visibility == Visibility::Public => Access::Read,
        None => Access::None,
    };
    if community.archived { access.min(Access::Read) } else { access }
}

/// Whether a person may know that a community exists: its name, its purpose, how many are in it.
pub fn sees_cover(person: Person, what: Community) -> bool {
    let colleague = is_colleague(person) && !person.suspended && what.visibility != Visibility::Secret;
    colleague || community(person, what) > Access::None
}

/// What a person may do with a document.
pub fn document(person: Person, document: Document) -> Access {
    if person.suspended || document.deleted {
        return Access::None;
    }
    let link = if is_colleague(person) { Access::Read } else { Access::None };
    let Some(home) = document.community else {
        // A document of nobody's community is its author's.
        return match document.sharing {
            _ if document.author => Access::Manage,
            Sharing::Link => link,
            Sharing::Inherit | Sharing::Restricted => Access::None,
        };
    };
    let within = community(person, home);
    // Whoever may write in the community manages what they made there; who left it does not.
    let own = document.author && within >= Access::Write;
    match document.sharing {
        _ if own => Access::Manage,
        Sharing::Restricted if document.author => within,
        Sharing::Restricted => Access::None,
        Sharing::Inherit => within,
        Sharing::Link => within.max(link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Access::{Manage, None as Nothing, Read, Write};

    const ROLES: [Role; 3] = [Role::Administrator, Role::Agent, Role::Outsider];
    const VISIBILITIES: [Visibility; 3] = [Visibility::Public, Visibility::Private, Visibility::Secret];
    const PLACES: [Option<MemberRole>; 5] = [
        Some(MemberRole::Leader),
        Some(MemberRole::Moderator),
        Some(MemberRole::Member),
        Some(MemberRole::Reader),
        None,
    ];

    fn person(role: Role) -> Person {
        Person { role, suspended: false }
    }

    fn inside(visibility: Visibility, role: Option<MemberRole>) -> Community {
        Community { visibility, archived: false, role }
    }

    fn paper(sharing: Sharing, community: Option<Community>) -> Document {
        Document { sharing, deleted: false, author: false, community }
    }

    /// Each line: what a leader, moderator, member, reader, and somebody who is not in it may do with a document
    /// of a public, a private and a secret community.
    #[test]
    fn the_table() {
        let colleague = |sharing| match sharing {
            Sharing::Inherit => [
                [Manage, Manage, Write, Read, Read],
                [Manage, Manage, Write, Read, Nothing],
                [Manage, Manage, Write, Read, Nothing],
            ],
            Sharing::Restricted => [[Nothing; 5]; 3],
            Sharing::Link => [[Manage, Manage, Write, Read, Read]; 3],
        };
        let outsider = |sharing| match sharing {
            Sharing::Inherit | Sharing::Link => [[Manage, Manage, Write, Read, Nothing]; 3],
            Sharing::Restricted => [[Nothing; 5]; 3],
        };
        for role in ROLES {
            for sharing in [Sharing::Inherit, Sharing::Restricted, Sharing::Link] {
                let table = if role == Role::Outsider { outsider(sharing) } else { colleague(sharing) };
                for (visibility, line) in VISIBILITIES.into_iter().zip(table) {
                    for (place, expected) in PLACES.into_iter().zip(line) {
                        let found = document(person(role), paper(sharing, Some(inside(visibility, place))));
                        assert_eq!(found, expected, "{role:?} {sharing:?} {visibility:?} {place:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_who_is_suspended_and_nothing_that_is_deleted_has_any_access() {
        for role in ROLES {
            for place in PLACES {
                let community = Some(inside(Visibility::Public, place));
                let suspended = Person { role, suspended: true };
                let own = Document { author: true, ..paper(Sharing::Inherit, community) };
                assert_eq!(document(suspended, own), Nothing);
                assert!(!sees_cover(suspended, inside(Visibility::Public, place)));
                assert_eq!(document(person(role), Document { deleted: true, ..own }), Nothing);
            }
        }
    }

    #[test]
    fn an_author_manages_what_is_theirs_while_they_may_write_there() {
        for sharing in [Sharing::Inherit, Sharing::Restricted, Sharing::Link] {
            let own = |community| Document { author: true, ..paper(sharing, community) };
            assert_eq!(document(person(Role::Outsider), own(None)), Manage);
            let member = Some(inside(Visibility::Secret, Some(MemberRole::Member)));
            assert_eq!(document(person(Role::Outsider), own(member)), Manage);
            let reader = Some(inside(Visibility::Secret, Some(MemberRole::Reader)));
            assert_eq!(document(person(Role::Agent), own(reader)), Read);
            let gone = Some(inside(Visibility::Secret, None));
            assert_eq!(document(person(Role::Outsider), own(gone)), Nothing);
        }
    }

    #[test]
    fn a_document_of_no_community_is_its_authors_unless_the_address_opens_it() {
        for role in ROLES {
            assert_eq!(document(person(role), paper(Sharing::Inherit, None)), Nothing);
            assert_eq!(document(person(role), paper(Sharing::Restricted, None)), Nothing);
        }
        assert_eq!(document(person(Role::Agent), paper(Sharing::Link, None)), Read);
        assert_eq!(document(person(Role::Outsider), paper(Sharing::Link, None)), Nothing);
    }

    #[test]
    fn an_archived_community_is_read_and_not_written() {
        for place in PLACES {
            let archived = Community { archived: true, ..inside(Visibility::Public, place) };
            assert!(community(person(Role::Agent), archived) <= Read);
            let own = Document { author: true, ..paper(Sharing::Inherit, Some(archived)) };
            assert!(document(person(Role::Agent), own) <= Read);
        }
    }

    #[test]
    fn colleagues_see_the_cover_of_what_is_private_and_outsiders_of_nothing() {
        let table = [(Visibility::Public, true), (Visibility::Private, true), (Visibility::Secret, false)];
        for (visibility, seen) in table {
            assert_eq!(sees_cover(person(Role::Agent), inside(visibility, None)), seen);
            assert_eq!(sees_cover(person(Role::Administrator), inside(visibility, None)), seen);
            assert!(!sees_cover(person(Role::Outsider), inside(visibility, None)));
            assert!(sees_cover(person(Role::Outsider), inside(visibility, Some(MemberRole::Reader))));
        }
    }
}
