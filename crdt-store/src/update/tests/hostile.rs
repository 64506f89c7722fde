//! The bytes that are known to harm yrs, or those who trust it: none of them gets past the guard.

use bytes::Bytes;

use super::build::{Build, child_map, gc, only, root_text, root_type, root_value, skip, text, update};
use super::{Index, Malformed, Refusal, Rule, StateVector, Update, awareness};

fn parse(bytes: Bytes) -> Result<Update, Malformed> {
    Update::parse(bytes)
}

#[test]
fn a_value_nested_ten_thousand_deep() {
    let deep = root_value(&[[0x75, 1].repeat(10_000), vec![0x7e]].concat());
    assert_eq!(parse(only(deep)).expect_err("refused"), Malformed::ValueTooDeep);
    let maps = root_value(&[[0x76, 1, 0].repeat(10_000), vec![0x7e]].concat());
    assert_eq!(parse(only(maps)).expect_err("refused"), Malformed::ValueTooDeep);
}

#[test]
fn ten_thousand_types_in_one_another() {
    let mut structs = vec![root_type(1)];
    structs.extend((0..10_000).map(|level| child_map((1, level))));
    let all = parse(update(&[(1, 0, structs.clone())], &[])).expect("parses");
    let mut index = Index::new();
    assert_eq!(index.admit(&all, false, &mut |_| Rule::Take).expect_err("refused"), Refusal::TooDeep);
    assert!(index.is_empty());
    // One by one it gets no further.
    let mut taken = 0;
    for (clock, structure) in structs.into_iter().enumerate() {
        let one = parse(update(&[(1, clock as u64, vec![structure])], &[])).expect("parses");
        match index.admit(&one, false, &mut |_| Rule::Take) {
            Ok(_) => taken += 1,
            Err(refusal) => {
                assert_eq!(refusal, Refusal::TooDeep);
                break;
            }
        }
    }
    assert_eq!(taken, 201);
}

#[test]
fn six_bytes_that_ask_for_half_a_gigabyte() {
    assert_eq!(StateVector::decode(&[0xff, 0xff, 0xff, 0x7f]), Err(Malformed::CountTooLarge));
    assert_eq!(awareness::decode(&[0xff, 0xff, 0xff, 0x7f], 1 << 30, 1 << 30), Err(Malformed::CountTooLarge));
    let bytes = Bytes::from_static(&[0xff, 0xff, 0xff, 0x7f, 0, 0]);
    assert_eq!(parse(bytes).expect_err("refused"), Malformed::CountTooLarge);
}

#[test]
fn maps_that_declare_more_than_they_hold() {
    let greedy = [0x76, 0xff, 0xff, 0x3f];
    let values = Build::new().raw(&[8]).uint(1).text("r").uint(300).raw(&greedy.repeat(300)).0;
    assert_eq!(parse(only(values)).expect_err("refused"), Malformed::CountTooLarge);
    // A count that the bytes could hold, but don't.
    let nested = root_value(&[&[0x75, 100][..], &[0x75, 90].repeat(20), &[0x7e; 60]].concat());
    assert!(parse(only(nested)).is_err());
}

#[test]
fn gaps_stay_outside() {
    let mut index = Index::new();
    let gapped = [
        update(&[(1, 5, vec![root_text("r", "a")])], &[]),
        update(&[(1, 0, vec![skip(5), root_text("r", "a")])], &[]),
        update(&[(1, 0, vec![text(Some((2, 0)), None, "a")])], &[]),
        update(&[(1, 0, vec![text(None, Some((2, 0)), "a")])], &[]),
        update(&[(1, 0, vec![child_map((2, 0))])], &[]),
        update(&[], &[(1, 0, 5)]),
    ];
    for bytes in gapped {
        let admission = index.admit(&parse(bytes).expect("parses"), false, &mut |_| Rule::Take).expect("admitted");
        assert!(admission.accepted.is_none() && admission.held.is_some());
        assert!(index.is_empty());
    }
}

#[test]
fn equivocation_changes_nothing_that_is_known() {
    let mut index = Index::new();
    let first = parse(update(&[(1, 0, vec![root_text("r", "abc")])], &[])).expect("parses");
    index.admit(&first, false, &mut |_| Rule::Take).expect("admitted");
    for other in [root_text("s", "xyz"), gc(3), root_type(1)] {
        let other = parse(update(&[(1, 0, vec![other])], &[])).expect("parses");
        let admission = index.admit(&other, false, &mut |_| Rule::Take).expect("admitted");
        assert!(admission.accepted.is_none() && admission.held.is_none());
    }
}

#[test]
fn clocks_near_the_edge() {
    for (start, len) in [((1 << 31) - 1, 1), ((1 << 32) - 2, 2), (0, 1 << 31), (0, 1 << 33), (1 << 40, 1)] {
        let late = update(&[(1, start, vec![gc(len)])], &[]);
        assert_eq!(parse(late).expect_err("refused"), Malformed::ClockTooLarge, "{start} {len}");
        let late = update(&[], &[(1, start, len)]);
        assert_eq!(parse(late).expect_err("refused"), Malformed::ClockTooLarge, "{start} {len}");
    }
}

#[test]
fn retired_and_unknown_kinds_have_reasons_of_their_own() {
    let content = |reference: u8, rest: &[u8]| only(Build::new().raw(&[reference]).uint(1).text("r").raw(rest).0);
    assert_eq!(parse(content(2, &[1, 4, b'n', b'u', b'l', b'l'])).expect_err("refused").code(), "content-json");
    assert_eq!(parse(content(7, &[5, 1, b'h'])).expect_err("refused").code(), "xml-hook");
}

#[test]
fn sub_documents_are_taken() {
    let subdocument = Build::new().raw(&[9]).uint(1).text("r").text("guid").raw(&[0x76, 0]).0;
    let mut index = Index::new();
    let update = parse(only(subdocument)).expect("parses");
    assert!(index.admit(&update, false, &mut |_| Rule::Take).expect("admitted").accepted.is_some());
}
