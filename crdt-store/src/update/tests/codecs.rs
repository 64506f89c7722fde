//! State vectors, delete sets, awareness and the stored index.

use super::build::{Build, child_map, only, root_text, root_type, update};
use super::{DeleteSet, Index, Malformed, Ranges, Rule, StateVector, Update, awareness, needs};

fn ranges(set: &DeleteSet) -> Vec<(u64, std::ops::Range<u64>)> {
    set.iter().collect()
}

#[test]
fn state_vectors_come_back_and_are_bounded() {
    let vector = StateVector([(1, 5), (1 << 52, 7)].into_iter().collect());
    assert_eq!(StateVector::decode(&vector.encode()), Ok(vector.clone()));
    assert!(vector.covers(&StateVector([(1, 5)].into_iter().collect())));
    assert!(!vector.covers(&StateVector([(1, 6)].into_iter().collect())));
    assert_eq!(StateVector::decode(&[0xff, 0xff, 0xff, 0x7f]), Err(Malformed::CountTooLarge));
    assert_eq!(StateVector::decode(&[2, 1, 5, 1, 6]), Err(Malformed::DuplicateClient));
    assert_eq!(StateVector::decode(&[1, 1, 5, 0]), Err(Malformed::TrailingBytes));
    assert_eq!(StateVector::decode(&[1, 1, 0]), Ok(StateVector::new()));
    assert_eq!(StateVector::decode(&Build::new().uint(1).uint(1).uint(1 << 32).0), Err(Malformed::ClockTooLarge));
}

#[test]
fn delete_sets_merge_what_touches() {
    let mut set = DeleteSet::new();
    for range in [5..7, 1..2, 7..9, 2..3, 20..21, 10..10] {
        set.insert(1, range);
    }
    assert_eq!(ranges(&set), vec![(1, 1..3), (1, 5..9), (1, 20..21)]);
    set.insert(1, 0..30);
    assert_eq!(ranges(&set), vec![(1, 0..30)]);
    assert!(set.contains(1, 29) && !set.contains(1, 30) && !set.contains(2, 0));
}

#[test]
fn delete_sets_agree_with_sets_of_clocks() {
    use super::generate::{Choices, Seeded};
    use std::collections::BTreeSet;
    let draw = |choices: &mut Seeded| {
        let (mut set, mut clocks) = (DeleteSet::new(), BTreeSet::new());
        for _ in 0..choices.below(24) {
            let (client, start, len) = (choices.below(2), choices.below(60), choices.below(6));
            set.insert(client, start..start + len);
            clocks.extend((start..start + len).map(|clock| (client, clock)));
        }
        (set, clocks)
    };
    let clocks_of = |set: &DeleteSet| -> BTreeSet<(u64, u64)> {
        set.iter().flat_map(|(client, range)| range.map(move |clock| (client, clock))).collect()
    };
    for seed in 0..2000 {
        let mut choices = Seeded(seed);
        let (a, in_a) = draw(&mut choices);
        let (b, in_b) = draw(&mut choices);
        assert_eq!(clocks_of(&a), in_a, "seed {seed}");
        let mut both = a.clone();
        both.merge(&b);
        assert_eq!(clocks_of(&both), in_a.union(&in_b).copied().collect(), "seed {seed}");
        assert_eq!(clocks_of(&a.subtract(&b)), in_a.difference(&in_b).copied().collect(), "seed {seed}");
        assert_eq!(a.covers(&b), in_b.is_subset(&in_a), "seed {seed}");
        assert_eq!(a.overlaps(&b), !in_b.is_disjoint(&in_a), "seed {seed}");
        let mut out = Vec::new();
        both.encode(&mut out);
        assert_eq!(DeleteSet::read(&mut out.as_slice()), Ok((both, true)), "seed {seed}");
    }
}

#[test]
fn awareness_comes_back_and_is_bounded() {
    let entries = vec![
        awareness::Entry { client: 1, clock: 5, state: r#"{"user":{"name":"Awa"}}"#.to_owned() },
        awareness::Entry { client: 1 << 40, clock: 0, state: "null".to_owned() },
    ];
    let bytes = awareness::encode(&entries);
    assert_eq!(awareness::decode(&bytes, 2, 100), Ok(entries.clone()));
    assert!(entries[1].is_gone() && !entries[0].is_gone());
    assert_eq!(awareness::decode(&bytes, 1, 100), Err(Malformed::TooManyEntries));
    assert_eq!(awareness::decode(&bytes, 2, 10), Err(Malformed::EntryTooLarge));
    assert_eq!(awareness::decode(&[0xff, 0xff, 0xff, 0x7f], usize::MAX, 100), Err(Malformed::CountTooLarge));
    assert_eq!(awareness::decode(&[1, 1, 1, 1, b'{'], 2, 100), Err(Malformed::InvalidJson));
    assert_eq!(awareness::decode(&[1, 1, 1, 1, 0xff], 2, 100), Err(Malformed::InvalidUtf8));
    assert_eq!(awareness::decode(&[0, 0], 2, 100), Err(Malformed::TrailingBytes));
    assert_eq!(awareness::decode(&[0], 2, 100), Ok(vec![]));
}

#[test]
fn the_index_survives_its_encoding_and_refuses_others() {
    let mut index = Index::new();
    assert_eq!(Index::decode(&index.encode()), Ok(index.clone()));
    let parts = [(1, 0, vec![root_type(1), child_map((1, 0)), child_map((1, 1))]), (9, 0, vec![root_text("a", "bc")])];
    let whole = Update::parse(update(&parts, &[(9, 0, 1)])).expect("parses");
    index.admit(&whole, false, &mut |_| Rule::Take).expect("admitted");
    let bytes = index.encode();
    let again = Index::decode(&bytes).expect("decodes");
    assert_eq!(again, index);
    assert!(again.covers(&whole));
    for end in 0..bytes.len() {
        assert!(Index::decode(&bytes[..end]).is_err(), "{end}");
    }
    assert_eq!(Index::decode(&[9, 0, 0]), Err(Malformed::UnknownVersion));
    assert_eq!(Index::decode(&[bytes.as_slice(), &[0]].concat()), Err(Malformed::TrailingBytes));
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[place] ^= 1 << bit;
            if let Ok(read) = Index::decode(&other) {
                assert_eq!(Index::decode(&read.encode()), Ok(read));
            }
        }
    }
}

#[test]
fn needs_are_what_an_update_refers_to_and_does_not_bring() {
    use super::build::text;
    let structs = vec![text(Some((2, 4)), Some((1, 2)), "x"), text(Some((1, 3)), None, "y")];
    let update = Update::parse(update(&[(1, 3, structs)], &[(3, 7, 2)])).expect("parses");
    let needed = needs(&update);
    assert_eq!(needed.structs, vec![(1, 2..3), (2, 4..5), (3, 7..9)]);
    let brought = Ranges { structs: vec![(2, 0..5)], deletes: DeleteSet::new() };
    assert!(needed.overlaps(&brought));
    assert!(!needed.overlaps(&Ranges { structs: vec![(2, 0..4), (1, 3..9)], deletes: DeleteSet::new() }));
    assert!(needs(&Update::parse(only(root_text("r", "a"))).expect("parses")).is_empty());
}
