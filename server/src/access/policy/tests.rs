//! The tables: role × visibility × share × state, for every kind of thing.

use Access::{Comment, Manage, None as Nothing, Read, Write};

use super::*;

const ROLES: [Role; 3] = [Role::Administrator, Role::Agent, Role::Outsider];
const VISIBILITIES: [Visibility; 3] = [Visibility::Public, Visibility::Private, Visibility::Secret];
const PLACES: [Option<MemberRole>; 5] =
    [Some(MemberRole::Leader), Some(MemberRole::Moderator), Some(MemberRole::Member), Some(MemberRole::Reader), None];
const SHARINGS: [Sharing; 3] = [Sharing::Inherit, Sharing::Restricted, Sharing::Link];
const SHARES: [Shared; 4] = [Shared::Read, Shared::Comment, Shared::Write, Shared::Manage];

fn person(role: Role) -> Person {
    Person { role, suspended: false }
}

fn inside(visibility: Visibility, role: Option<MemberRole>) -> Community {
    Community { visibility, archived: false, role, entered: false }
}

fn paper(sharing: Sharing, community: Option<Community>) -> Document {
    Document { sharing, deleted: false, author: false, share: None, link: Read, community }
}

/// Each line: a leader, moderator, member, reader, and somebody who is not in it, at a public, a private and a secret
/// community.
type Table<T> = [[T; 5]; 3];

#[track_caller]
fn holds<T: PartialEq + std::fmt::Debug>(
    what: &str,
    table: Table<T>,
    found: impl Fn(Visibility, Option<MemberRole>) -> T,
) {
    for (visibility, line) in VISIBILITIES.into_iter().zip(table) {
        for (place, expected) in PLACES.into_iter().zip(line) {
            assert_eq!(found(visibility, place), expected, "{what}: {visibility:?} {place:?}");
        }
    }
}

const OF_COLLEAGUES: Table<Access> = [
    [Manage, Manage, Write, Read, Read],
    [Manage, Manage, Write, Read, Nothing],
    [Manage, Manage, Write, Read, Nothing],
];
const OF_OUTSIDERS: Table<Access> = [[Write, Write, Write, Read, Nothing]; 3];

/// Lowers every cell.
fn at_most(table: Table<Access>, most: Access) -> Table<Access> {
    table.map(|line| line.map(|access| access.min(most)))
}

/// Raises every cell.
fn at_least(table: Table<Access>, least: Access) -> Table<Access> {
    table.map(|line| line.map(|access| access.max(least)))
}

fn of(role: Role) -> Table<Access> {
    if role == Role::Outsider { OF_OUTSIDERS } else { OF_COLLEAGUES }
}

#[test]
fn a_community() {
    for role in ROLES {
        let who = person(role);
        holds("in use", of(role), |visibility, place| community(who, inside(visibility, place)));
        let archived = |visibility, place| Community { archived: true, ..inside(visibility, place) };
        holds("archived", at_most(of(role), Read), |visibility, place| community(who, archived(visibility, place)));
        let suspended = Person { suspended: true, ..who };
        holds("suspended", [[Nothing; 5]; 3], |visibility, place| community(suspended, inside(visibility, place)));
        let entered = |visibility, place| Community { entered: true, ..inside(visibility, place) };
        let by_entry = if role == Role::Administrator { at_least(of(role), Read) } else { of(role) };
        holds("entered", by_entry, |visibility, place| community(who, entered(visibility, place)));
        let leader = [[role != Role::Outsider, false, false, false, false]; 3];
        holds("led", leader, |visibility, place| leads(who, inside(visibility, place)));
        holds("led, archived", leader, |visibility, place| leads(who, archived(visibility, place)));
        holds("led, suspended", [[false; 5]; 3], |visibility, place| leads(suspended, inside(visibility, place)));
    }
}

#[test]
fn the_cover_of_a_community() {
    let colleagues = [[true; 5], [true; 5], [true, true, true, true, false]];
    let outsiders = [[true, true, true, true, false]; 3];
    for role in ROLES {
        let table = if role == Role::Outsider { outsiders } else { colleagues };
        holds("in use", table, |visibility, place| sees_cover(person(role), inside(visibility, place)));
        let archived = |visibility, place| Community { archived: true, ..inside(visibility, place) };
        holds("archived", table, |visibility, place| sees_cover(person(role), archived(visibility, place)));
        let suspended = Person { role, suspended: true };
        holds("suspended", [[false; 5]; 3], |visibility, place| sees_cover(suspended, inside(visibility, place)));
        let entered = |visibility, place| Community { entered: true, ..inside(visibility, place) };
        let by_entry = if role == Role::Administrator { [[true; 5]; 3] } else { table };
        holds("entered", by_entry, |visibility, place| sees_cover(person(role), entered(visibility, place)));
    }
}

#[test]
fn the_list_of_members() {
    for role in ROLES {
        let who = person(role);
        let table = of(role).map(|line| line.map(|access| if access == Manage { Manage } else { access.min(Read) }));
        holds("in use", table, |visibility, place| members(who, inside(visibility, place)));
        let archived = |visibility, place| Community { archived: true, ..inside(visibility, place) };
        holds("archived", at_most(table, Read), |visibility, place| members(who, archived(visibility, place)));
        let suspended = Person { suspended: true, ..who };
        holds("suspended", [[Nothing; 5]; 3], |visibility, place| members(suspended, inside(visibility, place)));
    }
}

#[test]
fn an_invitation() {
    for role in ROLES {
        let who = person(role);
        let leader = if role == Role::Outsider { Nothing } else { Manage };
        let inviters = [[leader, Nothing, Nothing, Nothing, Nothing]; 3];
        holds("somebody's", inviters, |visibility, place| invitation(who, false, inside(visibility, place)));
        let own = at_least(inviters, Write);
        holds("one's own", own, |visibility, place| invitation(who, true, inside(visibility, place)));
        let archived = |visibility, place| Community { archived: true, ..inside(visibility, place) };
        for addressee in [false, true] {
            let over = |visibility, place| invitation(who, addressee, archived(visibility, place));
            holds("archived", [[Nothing; 5]; 3], over);
            let suspended = Person { suspended: true, ..who };
            let none = |visibility, place| invitation(suspended, addressee, inside(visibility, place));
            holds("suspended", [[Nothing; 5]; 3], none);
        }
    }
}

#[test]
fn a_request() {
    // A draft; one that was sent; one that was sent back for changes. Somebody else's, and one's own.
    let states = [(true, false), (false, true), (true, true)];
    let table = [
        (Role::Administrator, [Nothing, Manage, Manage], [Write, Manage, Manage]),
        (Role::Agent, [Nothing; 3], [Write, Read, Write]),
        (Role::Outsider, [Nothing; 3], [Read, Read, Read]),
    ];
    for (role, others, own) in table {
        for (at, (open, sent)) in states.into_iter().enumerate() {
            for (requester, expected) in [(false, others[at]), (true, own[at])] {
                let what = Request { requester, open, sent };
                assert_eq!(request(person(role), what), expected, "{role:?} {what:?}");
                assert_eq!(request(Person { role, suspended: true }, what), Nothing);
            }
        }
        assert_eq!(may_request(person(role)), role != Role::Outsider);
        assert!(!may_request(Person { role, suspended: true }));
    }
}

#[test]
fn the_audit_and_the_instance() {
    for role in ROLES {
        let who = person(role);
        let leader = if role == Role::Outsider { Nothing } else { Read };
        let leaders = [[leader, Nothing, Nothing, Nothing, Nothing]; 3];
        let is_administrator = role == Role::Administrator;
        let table = if is_administrator { [[Read; 5]; 3] } else { leaders };
        holds("of one", table, |visibility, place| audit(who, Some(inside(visibility, place))));
        assert_eq!(audit(who, None), if is_administrator { Read } else { Nothing });
        assert_eq!(instance(who), if is_administrator { Manage } else { Nothing });
        assert_eq!(may_open(who), role != Role::Outsider);
        let suspended = Person { suspended: true, ..who };
        assert_eq!((audit(suspended, None), instance(suspended), may_open(suspended)), (Nothing, Nothing, false));
        holds("suspended", [[Nothing; 5]; 3], |visibility, place| audit(suspended, Some(inside(visibility, place))));
    }
}

#[test]
fn a_document_of_a_community() {
    for role in ROLES {
        let who = person(role);
        let is_colleague = role != Role::Outsider;
        for sharing in SHARINGS {
            for link in [Nothing, Read, Comment, Write] {
                let plain = |home| Document { link, ..paper(sharing, Some(home)) };
                let by_link = if is_colleague && sharing == Sharing::Link { link } else { Nothing };
                let table = match sharing {
                    Sharing::Restricted => [[Nothing; 5]; 3],
                    _ => at_least(of(role), by_link),
                };
                let what = format!("{role:?} {sharing:?} {link:?}");
                holds(&what, table, |visibility, place| document(who, plain(inside(visibility, place))));

                // Made there: managed while one may write there, and read like the rest of it by who may only read.
                let own = of(role).map(|line| line.map(|within| if within >= Write { Manage } else { within }));
                let made = |visibility, place| Document { author: true, ..plain(inside(visibility, place)) };
                holds(&what, at_least(own, by_link), |visibility, place| document(who, made(visibility, place)));

                for access in SHARES {
                    // Named as a guest, it counts for everybody; named as a member, while one is somebody there.
                    for guest in [true, false] {
                        let share = Some(Share { access, guest });
                        let named = |visibility, place| Document { share, ..plain(inside(visibility, place)) };
                        let counts = of(role).map(|line| line.map(|within| guest || within > Nothing));
                        let mut expected = table;
                        for (line, counts) in expected.iter_mut().zip(counts) {
                            for (cell, counts) in line.iter_mut().zip(counts) {
                                *cell = if counts { (*cell).max(access.into()) } else { *cell };
                            }
                        }
                        let what = format!("{what} {share:?}");
                        holds(&what, expected, |visibility, place| document(who, named(visibility, place)));
                        // What rests is read and not written, whoever was given more.
                        let archived = |visibility, place| Document {
                            community: Some(Community { archived: true, ..inside(visibility, place) }),
                            ..named(visibility, place)
                        };
                        let lowered = at_most(expected, Read);
                        holds(&what, lowered, |visibility, place| document(who, archived(visibility, place)));
                        let suspended = Person { suspended: true, ..who };
                        let none = [[Nothing; 5]; 3];
                        holds(&what, none, |visibility, place| document(suspended, named(visibility, place)));
                        let deleted = |visibility, place| Document { deleted: true, ..named(visibility, place) };
                        holds(&what, none, |visibility, place| document(who, deleted(visibility, place)));
                    }
                }
            }
        }
    }
}

#[test]
fn an_entry_reads_what_the_community_reads_and_no_more() {
    for visibility in VISIBILITIES {
        let home = Community { entered: true, ..inside(visibility, None) };
        let table = [(Sharing::Inherit, Read), (Sharing::Restricted, Nothing), (Sharing::Link, Read)];
        for (sharing, expected) in table {
            let seen = |role| document(person(role), Document { link: Nothing, ..paper(sharing, Some(home)) });
            assert_eq!(seen(Role::Administrator), expected, "{visibility:?} {sharing:?}");
            let without = if visibility == Visibility::Public { expected } else { Nothing };
            assert_eq!(seen(Role::Agent), without, "{visibility:?} {sharing:?}");
            assert_eq!(seen(Role::Outsider), Nothing);
        }
    }
}

#[test]
fn a_document_of_no_community_is_its_authors_and_theirs_who_are_named() {
    for role in ROLES {
        let who = person(role);
        for sharing in SHARINGS {
            let by_link = if role != Role::Outsider && sharing == Sharing::Link { Write } else { Nothing };
            let plain = Document { link: Write, ..paper(sharing, None) };
            assert_eq!(document(who, plain), by_link);
            assert_eq!(document(who, Document { author: true, ..plain }), Manage);
            for access in SHARES {
                let share = Some(Share { access, guest: true });
                assert_eq!(document(who, Document { share, ..plain }), by_link.max(access.into()));
            }
        }
    }
}
