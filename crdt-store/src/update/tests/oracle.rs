//! Honest clients on a bad network: everything they wrote is taken in the end, nothing is ever refused, and
//! the document is theirs.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use yrs::types::Attrs;
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Array, ArrayPrelim, Doc, GetString, Map, MapPrelim, OffsetKind, Options, ReadTxn, Text, Transact, Xml,
    XmlElementPrelim, XmlFragment, XmlTextPrelim,
};

use super::generate::{Choices, Seeded};
use super::replica::Replica;
use super::{Index, Rule, Update};

/// Somebody who edits, and whose updates are waiting to be sent.
struct Client {
    doc: Doc,
    sent: Arc<Mutex<Vec<Bytes>>>,
}

impl Client {
    fn new(id: u64, skip_gc: bool) -> Client {
        let client_id = yrs::block::ClientID::new(id);
        let doc =
            Doc::with_options(Options { client_id, offset_kind: OffsetKind::Utf16, skip_gc, ..Options::default() });
        let sent = Arc::new(Mutex::new(Vec::new()));
        let to = sent.clone();
        doc.observe_update_v1("sent", move |_, event| {
            to.lock().expect("lock").push(Bytes::copy_from_slice(&event.update));
        })
        .expect("observed");
        Client { doc, sent }
    }

    /// A few edits in one transaction.
    fn edit(&self, choices: &mut Seeded) {
        let text = self.doc.get_or_insert_text("text");
        let map = self.doc.get_or_insert_map("map");
        let array = self.doc.get_or_insert_array("array");
        let fragment = self.doc.get_or_insert_xml_fragment("default");
        let mut txn = self.doc.transact_mut();
        let words = ["a", "word ", "é", "😀", "\n", "longer than eight"];
        let keys = ["k", "l", "m"];
        for _ in 0..1 + choices.below(4) {
            let key = keys[choices.below(3) as usize];
            let word = words[choices.below(6) as usize];
            let near = |choices: &mut Seeded, len: u32| choices.below(u64::from(len) + 1) as u32;
            match choices.below(16) {
                0..4 => {
                    let at = whole_character(&text.get_string(&txn), near(choices, text.len(&txn)));
                    text.insert(&mut txn, at, word);
                }
                4 | 5 => {
                    let all = text.get_string(&txn);
                    let from = whole_character(&all, near(choices, text.len(&txn)));
                    let to = whole_character(&all, near(choices, text.len(&txn)));
                    text.remove_range(&mut txn, from.min(to), from.max(to) - from.min(to));
                }
                6 => {
                    let all = text.get_string(&txn);
                    let from = whole_character(&all, near(choices, text.len(&txn)));
                    let to = whole_character(&all, near(choices, text.len(&txn)));
                    let value = if choices.chance(50) { Any::Bool(true) } else { Any::Null };
                    let attrs = Attrs::from([("bold".into(), value)]);
                    text.format(&mut txn, from.min(to), from.max(to) - from.min(to), attrs);
                }
                7 => {
                    map.insert(&mut txn, key, word);
                }
                8 => {
                    map.remove(&mut txn, key);
                }
                9 => {
                    map.insert(&mut txn, key, MapPrelim::from([("inner", choices.below(9) as i64)]));
                }
                10 => {
                    let at = near(choices, array.len(&txn));
                    array.insert_range(&mut txn, at, [Any::from(1), Any::from("two"), Any::Null]);
                }
                11 => {
                    let at = near(choices, array.len(&txn));
                    array.insert(&mut txn, at, ArrayPrelim::from(["nested"]));
                }
                12 => {
                    let len = array.len(&txn);
                    if len > 0 {
                        let at = choices.below(u64::from(len)) as u32;
                        array.remove_range(&mut txn, at, 1 + choices.below(u64::from(len - at)) as u32);
                    }
                }
                13 => {
                    let at = near(choices, fragment.len(&txn));
                    let paragraph = fragment.insert(&mut txn, at, XmlElementPrelim::empty("paragraph"));
                    paragraph.insert_attribute(&mut txn, "level", word);
                    paragraph.insert_attribute(&mut txn, "level", word);
                    let inner = paragraph.insert(&mut txn, 0, XmlTextPrelim::new(word));
                    inner.insert(&mut txn, 0, "start ");
                }
                14 => {
                    let len = fragment.len(&txn);
                    if len > 0 {
                        fragment.remove_range(&mut txn, choices.below(u64::from(len)) as u32, 1);
                    }
                }
                _ => {
                    let last = fragment.len(&txn).saturating_sub(1);
                    let element = fragment.get(&txn, last).and_then(|node| node.into_xml_element());
                    if let Some(inner) =
                        element.and_then(|element| element.get(&txn, 0)).and_then(|node| node.into_xml_text())
                    {
                        let at = whole_character(&inner.get_string(&txn), near(choices, inner.len(&txn)));
                        inner.insert(&mut txn, at, word);
                    }
                }
            }
        }
    }
}

/// The next place at or before `at` that is not inside a character.
fn whole_character(text: &str, at: u32) -> u32 {
    let mut units = 0;
    for character in text.chars() {
        let next = units + character.len_utf16() as u32;
        if next > at {
            break;
        }
        units = next;
    }
    units
}

/// The server's side: an index, what is held, what was taken.
struct Server {
    index: Index,
    replica: Replica,
    held: Vec<Update>,
    taken: Vec<Bytes>,
}

impl Server {
    fn message(&mut self, bytes: Bytes, strip: bool, seed: u64) {
        let mut waiting = vec![Update::parse(bytes).unwrap_or_else(|error| panic!("seed {seed}: {error}"))];
        while let Some(update) = waiting.pop() {
            let admission = self
                .index
                .admit(&update, strip, &mut |_| Rule::Take)
                .unwrap_or_else(|refusal| panic!("seed {seed}: {refusal}"));
            if let Some(accepted) = admission.accepted {
                self.replica.apply(&accepted.bytes).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                self.replica.agrees_with(&self.index).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                self.taken.push(accepted.bytes);
                waiting.append(&mut self.held);
            }
            self.held.extend(admission.held);
        }
    }
}

/// Two documents are equal when a third that has taken both is neither's superset.
fn same(one: &Doc, other: &Doc) -> bool {
    let (one, other) = (one.transact(), other.transact());
    let (a, b) = (one.snapshot(), other.snapshot());
    a.state_map == b.state_map && a.delete_set == b.delete_set
}

/// How many messages were taken, and how many structures the document came to have.
fn run(seed: u64) -> (usize, u64) {
    let mut choices = Seeded(seed);
    let skip_gc = choices.chance(30);
    let clients: Vec<Client> = (0..1 + choices.below(4)).map(|id| Client::new(1 + id * 77, skip_gc)).collect();
    let mut server = Server { index: Index::new(), replica: Replica::new(), held: Vec::new(), taken: Vec::new() };
    for _ in 0..30 {
        let at = choices.below(clients.len() as u64) as usize;
        let client = &clients[at];
        match choices.below(10) {
            0..5 => client.edit(&mut choices),
            5 | 6 => {
                // What is on its way arrives: lost, doubled, in another order.
                let mut sent = std::mem::take(&mut *client.sent.lock().expect("lock"));
                while !sent.is_empty() {
                    let next = choices.below(sent.len() as u64) as usize;
                    let bytes = if choices.chance(20) { sent[next].clone() } else { sent.remove(next) };
                    if choices.chance(85) {
                        server.message(bytes, false, seed);
                    }
                }
            }
            7 | 8 => {
                // A step 2, made for a state of the server that may be old.
                let mut vector = server.index.state_vector();
                if choices.chance(40) {
                    vector.0.values_mut().for_each(|clock| *clock -= choices.below(4).min(*clock));
                }
                let vector = yrs::StateVector::decode_v1(&vector.encode()).expect("decodes");
                let diff = client.doc.transact().encode_state_as_update_v1(&vector);
                server.message(Bytes::from(diff), true, seed);
            }
            _ => {
                // The client hears of the others.
                let bytes =
                    server.replica.doc.transact().encode_state_as_update_v1(&client.doc.transact().state_vector());
                let update = yrs::Update::decode_v1(&bytes).expect("decodes");
                client.doc.transact_mut().apply_update(update).expect("applies");
            }
        }
    }
    for client in &clients {
        let all = client.doc.transact().encode_state_as_update_v1(&yrs::StateVector::default());
        server.message(Bytes::from(all), true, seed);
    }
    assert!(server.held.is_empty(), "seed {seed}: something is held for ever");
    for client in &clients {
        let bytes = server.replica.doc.transact().encode_state_as_update_v1(&yrs::StateVector::default());
        client.doc.transact_mut().apply_update(yrs::Update::decode_v1(&bytes).expect("decodes")).expect("applies");
        assert!(same(&client.doc, &server.replica.doc), "seed {seed}: documents differ");
        let (one, other) = (client.doc.get_or_insert_text("text"), server.replica.doc.get_or_insert_text("text"));
        let (one, other) = (one.get_string(&client.doc.transact()), other.get_string(&server.replica.doc.transact()));
        assert_eq!(one, other, "seed {seed}");
    }
    // What was taken is a log: it is absorbed as it stands, and as one document.
    let mut log = Index::new();
    for bytes in &server.taken {
        let update = Update::parse(bytes.clone()).expect("parses");
        log.absorb(&update).unwrap_or_else(|refusal| panic!("seed {seed}: log: {refusal}"));
    }
    assert_eq!(log, server.index, "seed {seed}");
    let whole = server.replica.doc.transact().encode_state_as_update_v1(&yrs::StateVector::default());
    let whole = Update::parse(Bytes::from(whole)).expect("parses");
    let mut compacted = Index::new();
    compacted.absorb(&whole).unwrap_or_else(|refusal| panic!("seed {seed}: whole: {refusal}"));
    assert!(compacted.covers_index(&server.index), "seed {seed}");
    let mut fresh = Index::new();
    fresh.admit(&whole, true, &mut |_| Rule::Take).unwrap_or_else(|refusal| panic!("seed {seed}: whole: {refusal}"));
    (server.taken.len(), server.index.state_vector().0.values().sum())
}

#[test]
fn honest_clients_lose_nothing_on_a_bad_network() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let from = number("FROM").unwrap_or(0);
    let (mut taken, mut known) = (0, 0);
    for seed in from..number("UPTO").unwrap_or(from + 150) {
        let (messages, clocks) = run(seed);
        taken += messages;
        known += clocks;
    }
    assert!(taken > 1000 && known > 10_000, "{taken} messages, {known} clocks: nothing to speak of was tried");
}
