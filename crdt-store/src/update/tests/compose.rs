//! What is composed for those who join or were away.

use bytes::Bytes;
use yrs::{Doc, GetString, ReadTxn, Text, Transact, updates::decoder::Decode};

use super::build::{root_text, text, update};
use super::replica::Replica;
use super::{DeleteSet, Index, Rule, StateVector, Update, compose, deletes_only};

/// Two people who type in turn, each letter an update.
fn typed() -> (Vec<Bytes>, Doc) {
    let docs = [Doc::with_client_id(1), Doc::with_client_id(2)];
    let mut log = Vec::new();
    for step in 0_u32..200 {
        let doc = &docs[(step % 2) as usize];
        let text = doc.get_or_insert_text("t");
        let before = doc.transact().state_vector();
        let len = text.len(&doc.transact());
        text.insert(&mut doc.transact_mut(), len / 2, &step.to_string());
        if step % 7 == 0 && len > 5 {
            text.remove_range(&mut doc.transact_mut(), 1, 2);
        }
        let update = doc.transact().encode_state_as_update_v1(&before);
        let other = &docs[(1 - step % 2) as usize];
        other.transact_mut().apply_update(yrs::Update::decode_v1(&update).unwrap()).unwrap();
        log.push(Bytes::from(update));
    }
    let [first, _] = docs;
    (log, first)
}

fn indexed(parts: &[Bytes]) -> Index {
    let mut index = Index::new();
    for part in parts {
        let update = Update::parse(part.clone()).unwrap();
        let admission = index.admit(&update, false, &mut |_| Rule::Take).unwrap();
        assert!(admission.held.is_none());
    }
    index
}

#[test]
fn a_newcomer_gets_the_document_in_a_few_updates() {
    let (log, doc) = typed();
    let index = indexed(&log);
    for max in [60, 1_000, 1 << 20] {
        let parts = compose(&log, &StateVector::default(), index.deletes(), max).unwrap();
        assert!(parts.len() < log.len());
        assert_eq!(indexed(&parts).state_vector(), index.state_vector());
        let copy = Doc::new();
        let text = copy.get_or_insert_text("t");
        for part in &parts {
            copy.transact_mut().apply_update(yrs::Update::decode_v1(part).unwrap()).unwrap();
        }
        let expected = doc.get_or_insert_text("t").get_string(&doc.transact());
        assert_eq!(text.get_string(&copy.transact()), expected, "parts of {max}");
    }
}

#[test]
fn somebody_who_was_away_gets_what_came_since() {
    let (log, doc) = typed();
    let index = indexed(&log);
    for away in [0, 1, 57, 150, log.len()] {
        let copy = Doc::new();
        let text = copy.get_or_insert_text("t");
        for update in &log[..away] {
            copy.transact_mut().apply_update(yrs::Update::decode_v1(update).unwrap()).unwrap();
        }
        let have = indexed(&log[..away]).state_vector();
        for part in compose(&log, &have, index.deletes(), 500).unwrap() {
            copy.transact_mut().apply_update(yrs::Update::decode_v1(&part).unwrap()).unwrap();
        }
        let expected = doc.get_or_insert_text("t").get_string(&doc.transact());
        assert_eq!(text.get_string(&copy.transact()), expected, "away since {away}");
    }
}

#[test]
fn deletes_go_with_what_they_delete() {
    // Two values at a key of a map; the first is deleted beside it, as it must be. Somebody then writes after
    // the first alone, the map is replaced, and something more is said.
    let log = [
        update(&[(1, 0, vec![[&[0x27, 1, 1, b'r', 1, b'k'][..], &[1]].concat()])], &[]),
        update(&[(2, 0, vec![[&[0x24, 0, 1, 0, 1, b'k'][..], &[2, b'a', b'b']].concat()])], &[(2, 0, 1)]),
        update(&[(3, 0, vec![text(Some((2, 0)), None, "c")])], &[]),
        update(&[(1, 1, vec![text(Some((1, 0)), None, "d")])], &[]),
        update(&[(4, 0, vec![root_text("s", "e")])], &[]),
        update(&[], &[(4, 0, 1)]),
    ];
    let index = indexed(&log);
    let parts = compose(&log, &StateVector::new(), index.deletes(), 1).unwrap();
    let deletes: Vec<_> = parts.iter().map(|part| Update::parse(part.clone()).unwrap().deletes().clone()).collect();
    let only = |client| {
        let mut deletes = DeleteSet::new();
        deletes.insert(client, 0..1);
        deletes
    };
    assert_eq!(deletes, [DeleteSet::new(), only(2), DeleteSet::new(), DeleteSet::new(), only(4)]);
    let copy = Replica::new();
    for part in &parts {
        copy.apply(part).unwrap();
    }
    copy.agrees_with(&index).unwrap();
}

#[test]
fn what_everybody_has_is_an_update_that_brings_nothing() {
    let (log, _) = typed();
    let have = indexed(&log).state_vector();
    let parts = compose(&log, &have, &DeleteSet::new(), 500).unwrap();
    assert_eq!(parts, [Bytes::from_static(&[0, 0])]);
    assert_eq!(deletes_only(&DeleteSet::new()), Bytes::from_static(&[0, 0]));
}
