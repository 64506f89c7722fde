//! What is taken of an update, what is held, and what is left as it came.

use bytes::Bytes;

use super::build::{Part, child_map, child_text, gc, key_text, root_text, root_type, root_value, skip, text, update};
use super::replica::Replica;
use super::{Admission, Index, Limits, MAX_DEPTH, Refusal, Rule, Update};

/// An index, and the document that takes what it takes.
struct Room {
    index: Index,
    replica: Replica,
}

impl Room {
    fn new() -> Room {
        Room { index: Index::new(), replica: Replica::new() }
    }

    fn message(&mut self, parts: &[Part], deletes: &[(u64, u64, u64)]) -> Admission {
        self.bytes(update(parts, deletes), false)
    }

    fn bytes(&mut self, bytes: Bytes, strip: bool) -> Admission {
        let update = Update::parse(bytes).expect("parses");
        self.take(&update, strip)
    }

    fn take(&mut self, update: &Update, strip: bool) -> Admission {
        let admission = self.index.admit(update, strip, &mut |_| Rule::Take).expect("admitted");
        if let Some(accepted) = &admission.accepted {
            self.replica.apply(&accepted.bytes).expect("applies");
            self.replica.agrees_with(&self.index).expect("agrees");
        }
        admission
    }

    fn refused(&mut self, parts: &[Part], deletes: &[(u64, u64, u64)]) -> Refusal {
        let update = Update::parse(update(parts, deletes)).expect("parses");
        let before = self.index.clone();
        let refusal = self.index.admit(&update, false, &mut |_| Rule::Take).expect_err("refused");
        assert_eq!(self.index, before, "a refusal leaves the index as it was");
        refusal
    }

    fn text(&self) -> String {
        use yrs::{GetString, Transact};
        let text = self.replica.doc.get_or_insert_text("r");
        text.get_string(&self.replica.doc.transact())
    }
}

fn structs(update: &Option<Update>) -> Vec<(u64, std::ops::Range<u64>)> {
    update.iter().flat_map(|update| update.clients().collect::<Vec<_>>()).collect()
}

#[test]
fn an_update_of_news_travels_as_it_came() {
    let mut room = Room::new();
    let bytes = update(&[(1, 0, vec![root_text("r", "abc")])], &[(1, 1, 1)]);
    let accepted = room.bytes(bytes.clone(), false).accepted.expect("accepted");
    assert!(accepted.whole);
    assert_eq!(accepted.bytes.as_ptr(), bytes.as_ptr(), "the very bytes, not a copy");
    assert_eq!(accepted.ranges.structs, vec![(1, 0..3)]);
    assert_eq!(accepted.ranges.deletes.iter().collect::<Vec<_>>(), vec![(1, 1..2)]);
    assert!(room.bytes(bytes, false).accepted.is_none(), "the second time it brings nothing");
}

#[test]
fn what_is_known_is_cut_off() {
    let mut room = Room::new();
    room.message(&[(1, 0, vec![root_text("r", "ab"), text(Some((1, 1)), None, "c")])], &[]);
    let more = vec![root_text("r", "ab"), text(Some((1, 1)), None, "c"), text(Some((1, 2)), None, "d")];
    let accepted = room.message(&[(1, 0, more)], &[]).accepted.expect("accepted");
    assert!(!accepted.whole);
    assert_eq!(accepted.bytes, update(&[(1, 3, vec![text(Some((1, 2)), None, "d")])], &[]));
    assert_eq!(room.text(), "abcd");
}

#[test]
fn a_structure_known_in_part_is_cut_in_the_middle() {
    let cases: Vec<(&str, Vec<u8>, Vec<u8>, Vec<u8>)> = vec![
        ("text", root_text("r", "ab"), root_text("r", "abcd"), text(Some((1, 1)), None, "cd")),
        ("half a character", root_text("r", "ab"), root_text("r", "a😀d"), text(Some((1, 1)), None, "\u{fffd}d")),
        ("collected", gc(2), gc(5), gc(3)),
        ("of another list", root_text("r", "ab"), root_text("s", "abc"), text(Some((1, 1)), None, "c")),
    ];
    for (what, known, merged, rest) in cases {
        let mut room = Room::new();
        room.message(&[(1, 0, vec![known])], &[]);
        let accepted = room.message(&[(1, 0, vec![merged])], &[]).accepted.expect("accepted");
        assert_eq!(accepted.bytes, update(&[(1, 2, vec![rest])], &[]), "{what}");
    }
    let mut room = Room::new();
    let values = |values: &[&[u8]]| [&[8, 1, 1, b'r', values.len() as u8][..], &values.concat()].concat();
    room.message(&[(1, 0, vec![values(&[&[0x7e]])])], &[]);
    let accepted = room.message(&[(1, 0, vec![values(&[&[0x75, 0], &[0x78], &[0x79]])])], &[]).accepted;
    assert_eq!(accepted.expect("accepted").bytes, update(&[(1, 1, vec![vec![0x88, 1, 0, 2, 0x78, 0x79]])], &[]));
}

#[test]
fn what_lacks_something_is_held_until_it_comes() {
    let mut room = Room::new();
    let admission = room.message(&[(1, 2, vec![text(Some((1, 1)), None, "c")])], &[(1, 0, 3)]);
    assert!(admission.accepted.is_none());
    assert_eq!(admission.missing, vec![(1, 0)]);
    let held = admission.held.expect("held");
    assert_eq!(structs(&Some(held.clone())), vec![(1, 2..3)]);
    room.message(&[(1, 0, vec![root_text("r", "ab")])], &[]);
    let admission = room.take(&held, false);
    let accepted = admission.accepted.expect("accepted");
    assert!(admission.held.is_none() && accepted.whole);
    assert_eq!(accepted.ranges.deletes.iter().collect::<Vec<_>>(), vec![(1, 0..3)]);
}

#[test]
fn the_complete_part_is_taken_at_once() {
    let mut room = Room::new();
    let first = vec![root_text("r", "a"), text(Some((7, 3)), None, "x"), text(Some((1, 1)), None, "y")];
    let admission = room.message(&[(1, 0, first), (2, 0, vec![root_text("r", "b")])], &[(1, 0, 2), (7, 0, 1)]);
    let accepted = admission.accepted.expect("accepted");
    assert_eq!(accepted.ranges.structs, vec![(1, 0..1), (2, 0..1)]);
    assert_eq!(accepted.ranges.deletes.iter().collect::<Vec<_>>(), vec![(1, 0..1)]);
    assert_eq!(structs(&admission.held), vec![(1, 1..3)]);
    let deletes = admission.held.expect("held").deletes().iter().collect::<Vec<_>>();
    assert_eq!(deletes, vec![(1, 1..2), (7, 0..1)]);
    assert_eq!(admission.missing, vec![(7, 3), (1, 1), (7, 0)]);
}

#[test]
fn sections_wait_for_one_another() {
    let mut room = Room::new();
    // Each needs the other, in turns.
    let one = vec![root_text("r", "a"), text(Some((2, 0)), None, "c"), text(Some((2, 1)), None, "e")];
    let two = vec![text(Some((1, 0)), None, "b"), text(Some((1, 1)), None, "d")];
    let accepted = room.message(&[(2, 0, two), (1, 0, one)], &[]).accepted.expect("accepted");
    assert!(accepted.whole);
    assert_eq!(room.text(), "abcde");
}

#[test]
fn a_circle_is_held() {
    let mut room = Room::new();
    let one = vec![text(Some((2, 0)), None, "a")];
    let two = vec![text(Some((1, 0)), None, "b")];
    let admission = room.message(&[(1, 0, one), (2, 0, two)], &[]);
    assert!(admission.accepted.is_none());
    assert_eq!(structs(&admission.held), vec![(1, 0..1), (2, 0..1)]);
}

#[test]
fn s10_a_skip_ends_a_run_or_is_passed_over() {
    let mut room = Room::new();
    let gapped = || vec![root_text("r", "a"), skip(2), text(Some((1, 2)), None, "d")];
    let admission = room.message(&[(1, 0, gapped())], &[]);
    assert_eq!(admission.accepted.expect("accepted").ranges.structs, vec![(1, 0..1)]);
    assert_eq!(structs(&admission.held), vec![(1, 3..4)]);
    assert_eq!(admission.missing, vec![(1, 1)]);
    room.message(&[(1, 1, vec![text(Some((1, 0)), None, "bc")])], &[]);
    let accepted = room.message(&[(1, 0, gapped())], &[]).accepted.expect("accepted");
    assert_eq!(accepted.bytes, update(&[(1, 3, vec![text(Some((1, 2)), None, "d")])], &[]));
    assert_eq!(room.text(), "abcd");
    let admission = room.message(&[(1, 4, vec![skip(9)]), (5, 0, vec![skip(1)])], &[]);
    assert!(admission.accepted.is_none() && admission.held.is_none() && admission.missing.is_empty());
}

#[test]
fn s11_known_deletes_are_stripped_from_a_step_2_only() {
    let mut room = Room::new();
    room.message(&[(1, 0, vec![root_text("r", "abcd")])], &[(1, 0, 2)]);
    let next = |at: u64| update(&[(1, at, vec![text(Some((1, at - 1)), None, "x")])], &[(1, 0, 3)]);
    let accepted = room.bytes(next(4), true).accepted.expect("accepted");
    assert_eq!(accepted.bytes, update(&[(1, 4, vec![text(Some((1, 3)), None, "x")])], &[(1, 2, 1)]));
    let accepted = room.bytes(next(5), false).accepted.expect("accepted");
    assert!(accepted.whole && accepted.ranges.deletes.is_empty());
    assert!(room.bytes(update(&[], &[(1, 0, 3)]), true).accepted.is_none());
}

#[test]
fn a_delete_set_out_of_order_is_written_anew() {
    let mut room = Room::new();
    room.message(&[(1, 0, vec![root_text("r", "abcdef")])], &[]);
    let bytes = Bytes::from_static(&[0, 1, 1, 4, 4, 1, 0, 2, 1, 2, 5, 0]);
    let accepted = room.bytes(bytes, false).accepted.expect("accepted");
    assert!(!accepted.whole);
    assert_eq!(accepted.ranges.deletes.iter().collect::<Vec<_>>(), vec![(1, 0..3), (1, 4..5)]);
    assert_eq!(room.text(), "df");
}

#[test]
fn rules_are_asked_once_a_section_with_news() {
    let mut index = Index::new();
    let known = Update::parse(update(&[(1, 0, vec![root_text("r", "a")])], &[])).expect("parses");
    index.admit(&known, false, &mut |_| Rule::Take).expect("admitted");
    let parts = [
        (1, 0, vec![root_text("r", "a")]),
        (2, 0, vec![root_text("r", "b"), root_text("r", "c")]),
        (3, 0, vec![root_text("r", "d")]),
        (4, 0, vec![text(Some((2, 0)), None, "e")]),
        (5, 0, vec![root_text("r", "f")]),
    ];
    let update = Update::parse(update(&parts, &[(2, 0, 1), (3, 0, 1), (5, 0, 1)])).expect("parses");
    let mut asked = Vec::new();
    let rule = &mut |client| {
        asked.push(client);
        match client {
            2 => Rule::Aside,
            3 => Rule::Refuse,
            _ => Rule::Take,
        }
    };
    let admission = index.admit(&update, false, rule).expect("admitted");
    assert_eq!(asked, vec![2, 3, 4, 5]);
    assert_eq!(admission.accepted.expect("accepted").ranges.structs, vec![(5, 0..1)]);
    assert_eq!(structs(&admission.aside), vec![(2, 0..2)]);
    assert_eq!(admission.aside.expect("aside").deletes().iter().collect::<Vec<_>>(), vec![(2, 0..1)]);
    assert_eq!(structs(&admission.refused), vec![(3, 0..1)]);
    assert_eq!(structs(&admission.held), vec![(4, 0..1)]);
    assert_eq!(admission.missing, vec![(2, 0)]);
}

#[test]
fn types_nest_to_a_limit() {
    let mut room = Room::new();
    let mut structs = vec![root_type(1)];
    structs.extend((0..u64::from(MAX_DEPTH)).map(|level| child_map((1, level))));
    room.message(&[(1, 0, structs)], &[]);
    let deepest = (1, u64::from(MAX_DEPTH));
    assert_eq!(room.refused(&[(2, 0, vec![root_text("r", "a"), child_map(deepest)])], &[]), Refusal::TooDeep);
    // The depth follows neighbours, and survives storing.
    room.index = Index::decode(&room.index.encode()).expect("decodes");
    let beside = vec![text(Some(deepest), None, "x"), text(Some((2, 0)), None, "y")];
    room.message(&[(2, 0, beside)], &[]);
    let under = [&[0x87, 2, 1, 1][..]].concat();
    room.message(&[(3, 0, vec![under])], &[]);
    assert_eq!(room.refused(&[(3, 1, vec![child_text((3, 0), "x")])], &[]), Refusal::TooDeep);
}

#[test]
fn only_types_have_children() {
    let mut room = Room::new();
    room.message(&[(1, 0, vec![root_text("r", "ab"), root_value(&[0x7e]), gc(1)])], &[]);
    for clock in [0, 1, 2] {
        let refusal = room.refused(&[(2, 0, vec![child_text((1, clock), "x")])], &[]);
        assert_eq!(refusal, Refusal::InvalidParent { client: 1, clock });
    }
    room.message(&[(2, 0, vec![child_text((1, 3), "x")])], &[]);
}

#[test]
fn neighbours_stand_in_one_place() {
    let mut room = Room::new();
    let structs = vec![root_text("r", "a"), root_text("s", "b"), key_text("r", "k", "c"), gc(1)];
    room.message(&[(1, 0, structs)], &[]);
    for right in [1, 2] {
        let refusal = room.refused(&[(2, 0, vec![text(Some((1, 0)), Some((1, right)), "x")])], &[]);
        assert_eq!(refusal, Refusal::MixedPlaces { client: 1, clock: right });
    }
    // Beside what was collected anything may have stood.
    room.message(&[(2, 0, vec![text(Some((1, 0)), Some((1, 3)), "x")])], &[]);
}

#[test]
fn a_key_holds_one_value() {
    let mut room = Room::new();
    assert_eq!(room.refused(&[(1, 0, vec![key_text("r", "k", "ab")])], &[]), Refusal::LongKey { client: 1, clock: 0 });
    // Older values that were joined come with their deletion.
    let accepted = room.message(&[(1, 0, vec![key_text("r", "k", "abc")])], &[(1, 0, 2)]).accepted;
    assert!(accepted.expect("accepted").whole);
}

#[test]
fn s18_clients_are_limited() {
    let mut index = Index::with_limits(Limits { clients: 2 });
    let from = |client: u64| Update::parse(update(&[(client, 0, vec![root_text("r", "a")])], &[])).expect("parses");
    for client in [1, 2] {
        index.admit(&from(client), false, &mut |_| Rule::Take).expect("admitted");
    }
    let before = index.clone();
    assert_eq!(
        index.admit(&from(3), false, &mut |_| Rule::Take).expect_err("refused"),
        Refusal::TooManyClients { limit: 2 }
    );
    assert_eq!(index, before);
    index.absorb(&from(3)).expect("the log is taken whatever the limit");
    let more = Update::parse(update(&[(1, 1, vec![text(Some((1, 0)), None, "b")])], &[])).expect("parses");
    index.admit(&more, false, &mut |_| Rule::Take).expect("known clients go on");
}

#[test]
fn the_log_is_absorbed_when_complete() {
    let mut index = Index::new();
    let parse = |parts: &[Part], deletes: &[(u64, u64, u64)]| Update::parse(update(parts, deletes)).expect("parses");
    index.absorb(&parse(&[(1, 0, vec![root_text("r", "ab")])], &[(1, 0, 1)])).expect("absorbed");
    let before = index.clone();
    let gap = index.absorb(&parse(&[(1, 3, vec![text(Some((1, 2)), None, "d")])], &[]));
    assert_eq!(gap, Err(Refusal::Gap { client: 1, clock: 2 }));
    let lacks = index.absorb(&parse(&[(2, 0, vec![text(Some((1, 9)), None, "d")])], &[]));
    assert_eq!(lacks, Err(Refusal::Gap { client: 1, clock: 9 }));
    let deletes = index.absorb(&parse(&[(2, 0, vec![root_text("r", "d")])], &[(1, 0, 5)]));
    assert_eq!(deletes, Err(Refusal::Gap { client: 1, clock: 2 }));
    assert_eq!(index, before);
    index.absorb(&parse(&[(2, 0, vec![root_text("r", "d")])], &[(2, 0, 1)])).expect("absorbed");
    assert_eq!(index.deletes().iter().collect::<Vec<_>>(), vec![(1, 0..1), (2, 0..1)]);
}

#[test]
fn many_sections_in_the_worst_order_take_no_longer() {
    // Each section needs the next one in the message, at every step: only the last can begin.
    let (clients, steps) = (300_u64, 30_u64);
    let parts: Vec<Part> = (0..clients)
        .map(|client| {
            let structs = (0..steps).map(|step| match client + 1 < clients {
                true => text(Some((client + 1, step)), None, "x"),
                false => root_text("r", "x"),
            });
            (client, 0, structs.collect())
        })
        .collect();
    let mut room = Room::new();
    let accepted = room.message(&parts, &[]).accepted.expect("accepted");
    assert!(accepted.whole);
    assert_eq!(room.text().len() as u64, clients * steps);
}
