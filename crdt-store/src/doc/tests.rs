//! Against documents that grow by themselves: what comes out of a log is what people see.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Value, json};
use yrs::{
    Any, Array, ClientID, Doc, GetString, In, Map, ReadTxn, StateVector, Text, Transact, Update as YrsUpdate, Xml,
    XmlElementPrelim, XmlFragment, XmlTextPrelim, types::Attrs, updates::decoder::Decode, updates::encoder::Encode,
};

use super::{Block, Change, DocError, Edit, Form, Span, Task, compact::compact_into, whole, *};
use crate::update::{Index, Limits, Update};

struct Dice(u64);

impl Dice {
    fn draw(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % u64::from(below.max(1))) as u32
    }
}

fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| uuid::Uuid::now_v7().as_u128() as u64 | 1);
    println!("SEED={seed}");
    seed
}

/// People who write in replicas of their own, and the log that a server would have of it.
struct World {
    dice: Dice,
    replicas: Vec<Doc>,
    /// How much of the log each replica has read. It reads in order, as from a server.
    read: Vec<usize>,
    log: Vec<Bytes>,
}

const WORDS: [&str; 6] = ["é", "👩‍💻 x", "abc", "naïve ", "\n", "a long run of letters"];

impl World {
    fn new(seed: u64, people: usize) -> Self {
        let client = |person: usize| if person == 1 { (1 << 40) + 7 } else { 1000 - 13 * person as u64 };
        let replicas: Vec<Doc> = (0..people).map(|person| whole::empty(client(person))).collect();
        Self { dice: Dice(seed), read: vec![0; replicas.len()], replicas, log: Vec::new() }
    }

    fn live(&mut self, steps: usize) {
        for _ in 0..steps {
            let person = self.dice.draw(self.replicas.len() as u32) as usize;
            if self.dice.draw(3) == 0 {
                self.catch_up(person);
            }
            let update = write(&self.replicas[person], &mut self.dice);
            if update.as_ref() != YrsUpdate::EMPTY_V1 {
                self.log.push(update);
            }
        }
        for person in 0..self.replicas.len() {
            self.catch_up(person);
        }
    }

    fn catch_up(&mut self, person: usize) {
        for update in &self.log[self.read[person]..] {
            apply(&self.replicas[person], update);
        }
        self.read[person] = self.log.len();
    }
}

fn apply(doc: &Doc, update: &[u8]) {
    doc.transact_mut().apply_update(YrsUpdate::decode_v1(update).unwrap()).unwrap();
}

/// One random edit, as an update.
fn write(doc: &Doc, dice: &mut Dice) -> Bytes {
    let text = doc.get_or_insert_text("text");
    let list = doc.get_or_insert_array("list");
    let map = doc.get_or_insert_map("map");
    let rich = doc.get_or_insert_xml_fragment("default");
    let mut change = doc.transact_mut();
    // Editors never cut a character in two, and yrs and Yjs do not agree on what becomes of one.
    let words = text.get_string(&change);
    let mut bounds = vec![0];
    bounds.extend(words.chars().scan(0, |end, character| {
        *end += character.len_utf16() as u32;
        Some(*end)
    }));
    let len = bounds.len() as u32 - 1;
    let bound = |at: u32| bounds[at as usize];
    match dice.draw(12) {
        0..=3 => text.insert(&mut change, bound(dice.draw(len + 1)), WORDS[dice.draw(6) as usize]),
        4 => text.push(&mut change, WORDS[5]),
        5 if len > 4 => {
            let at = dice.draw(len - 3);
            text.remove_range(&mut change, bound(at), bound(at + 1 + dice.draw(3)) - bound(at));
        }
        6 if len > 4 => {
            let at = dice.draw(len - 3);
            let bold = Attrs::from([("bold".into(), Any::from(true))]);
            text.format(&mut change, bound(at), bound(at + 1 + dice.draw(3)) - bound(at), bold);
        }
        7 => {
            let values = (0..1 + dice.draw(4)).map(|n| Any::from(i64::from(n) - 2));
            let at = dice.draw(list.len(&change) + 1);
            list.insert_range::<Vec<Any>, Any>(&mut change, at, values.collect());
        }
        8 if list.len(&change) > 2 => list.remove_range(&mut change, 1, 1 + dice.draw(2)),
        9 => {
            let key = format!("key {}", dice.draw(4));
            map.insert(&mut change, key, In::Any(Any::from(WORDS[dice.draw(6) as usize])));
        }
        10 => {
            let paragraph = rich.push_back(&mut change, XmlElementPrelim::empty("paragraph"));
            paragraph.insert_attribute(&mut change, "n", i64::from(dice.draw(9)));
            paragraph.push_back(&mut change, XmlTextPrelim::new(WORDS[dice.draw(6) as usize]));
        }
        _ if rich.len(&change) > 3 => rich.remove_range(&mut change, dice.draw(2), 1),
        _ => {}
    }
    change.encode_update_v1().into()
}

fn encoded(doc: &Doc) -> Bytes {
    doc.transact().encode_diff_v1(&StateVector::default()).into()
}

fn hash(parts: &[Bytes]) -> String {
    read(parts, Form::StateHash).unwrap()
}

fn index_of(parts: &[Bytes]) -> Index {
    let mut index = Index::with_limits(Limits { clients: usize::MAX });
    for part in parts {
        index.absorb(&Update::parse(part.clone()).unwrap()).unwrap();
    }
    index
}

#[test]
fn compaction_keeps_the_document_in_parts_of_any_size() {
    let seed = seed();
    for round in 0..60 {
        let mut world = World::new(seed.wrapping_add(round), 1 + round as usize % 5);
        world.live(250);
        let seen = world.replicas[0].get_or_insert_text("text").get_string(&world.replicas[0].transact());
        let before = hash(&world.log);
        assert_eq!(before, hash(&[encoded(&world.replicas[0])]), "round {round}");
        for (part_bytes, note_bytes) in [(1 << 20, 1 << 14), (2000, 200), (600, 50), (400, 100_000)] {
            let compacted = compact_into(&world.log, part_bytes, note_bytes).unwrap();
            let context = format!("round {round}, parts of {part_bytes}, notes every {note_bytes}");
            assert_eq!(hash(&compacted.parts), before, "{context}");
            let index = Index::decode(&compacted.index).unwrap();
            assert_eq!(index.state_vector(), index_of(&world.log).state_vector(), "{context}");
            assert!(index.deletes().covers(index_of(&world.log).deletes()), "{context}");
            assert_eq!(index, index_of(&compacted.parts), "{context}");
            assert!(verify(&compacted.parts, &index.encode()).unwrap(), "{context}");
            assert!(verify(&world.log, &index_of(&world.log).encode()).unwrap(), "{context}");
            let deletes = compacted.parts.last().map_or(0, Bytes::len);
            for part in &compacted.parts {
                assert!(part.len() <= (part_bytes + 64).max(deletes), "{context}: {}", part.len());
            }
            for part in &compacted.parts[..compacted.parts.len() - 1] {
                assert!(Update::parse(part.clone()).unwrap().deletes().is_empty(), "{context}");
            }
            // A snapshot and the updates after it are compacted together, and by another seam.
            let half = world.log.len() / 2;
            let first = compact_into(&world.log[..half], part_bytes, note_bytes).unwrap();
            let both = [&first.parts[..], &world.log[half..]].concat();
            let again = compact_into(&both, part_bytes / 2, note_bytes).unwrap();
            assert_eq!(hash(&again.parts), before, "{context}");
            // The parts reach somebody who has written meanwhile.
            let other = whole::empty(5);
            other.get_or_insert_text("text").insert(&mut other.transact_mut(), 0, "mine");
            again.parts.iter().for_each(|part| apply(&other, part));
            let text = other.get_or_insert_text("text").get_string(&other.transact());
            assert!(text.replacen("mine", "", 1) == seen && text.contains("mine"), "{context}");
        }
    }
}

#[test]
fn a_diff_brings_anybody_up_to_date() {
    let mut world = World::new(seed(), 4);
    world.live(300);
    let before = hash(&world.log);
    for known in (0..world.log.len()).step_by(17) {
        let late = whole::empty(5);
        world.log[..known].iter().for_each(|update| apply(&late, update));
        let state_vector = late.transact().state_vector().encode_v1();
        apply(&late, &diff(&world.log, &state_vector).unwrap());
        assert_eq!(hash(&[encoded(&late)]), before);
    }
    assert_eq!(diff(&world.log, &[0xff, 0xff, 0xff, 0xff, 0x0f]), Err(DocError::BadStateVector));
}

#[test]
fn an_import_without_seams_is_cut_where_it_can_be() {
    let doc = whole::empty(9);
    let text = doc.get_or_insert_text("text");
    text.insert(&mut doc.transact_mut(), 0, &"mot à mot 👩 ".repeat(20_000));
    let list = doc.get_or_insert_array("list");
    let values: Vec<Any> = (0..40_000).map(|n| Any::from(format!("value {n}"))).collect();
    list.insert_range::<Vec<Any>, Any>(&mut doc.transact_mut(), 0, values);
    let import = vec![encoded(&doc)];
    assert!(import[0].len() > 3 * PART_BYTES);
    let compacted = compact(&import).unwrap();
    assert!(compacted.parts.iter().all(|part| part.len() <= PART_BYTES), "parts of the right size");
    assert!(compacted.parts.len() <= import[0].len() / PART_BYTES + 2, "and not too many");
    assert_eq!(hash(&compacted.parts), hash(&import));
    // What can't be divided stays whole.
    let doc = whole::empty(9);
    let binary = Any::from(vec![7u8; 2 * PART_BYTES]);
    doc.get_or_insert_map("map").insert(&mut doc.transact_mut(), "blob", In::Any(binary));
    let compacted = compact(&[encoded(&doc)]).unwrap();
    assert_eq!(hash(&compacted.parts), hash(&[encoded(&doc)]));
}

#[test]
fn s5_what_lacks_something_is_not_verified() {
    let mut world = World::new(seed(), 3);
    world.live(80);
    let index = compact(&world.log).unwrap().index;
    assert_eq!(verify(&world.log, &index), Ok(true));
    assert_eq!(verify(&world.log[..world.log.len() - 1], &index), Ok(false));
    assert_eq!(verify(&world.log, &[0xff]), Err(DocError::BadIndex));
}

#[test]
fn s14_covered_is_what_changes_nothing() {
    let doc = whole::empty(1);
    let map = doc.get_or_insert_map("map");
    let text = doc.get_or_insert_text("text");
    let mut log = Vec::new();
    let edits: [&dyn Fn(&mut yrs::TransactionMut); 3] = [
        &|change| {
            map.insert(change, "key", "old");
        },
        &|change| {
            map.insert(change, "key", "new");
        },
        &|change| text.push(change, "words"),
    ];
    for edit in edits {
        let mut change = doc.transact_mut();
        edit(&mut change);
        log.push(Bytes::from(change.encode_update_v1()));
    }
    // The second value has deleted the first without a word of it in the log's delete sets.
    let deletes = |clock: u8, len: u8| Bytes::copy_from_slice(&[0, 1, 1, 1, clock, len]);
    assert!(covers(&log, &deletes(0, 1)).unwrap());
    assert!(!covers(&log, &deletes(1, 1)).unwrap(), "the new value");
    assert!(!covers(&log, &deletes(0, 3)).unwrap(), "and a letter");
    assert!(!covers(&log, &deletes(7, 1)).unwrap(), "what nobody has written");
    assert!(covers(&log, &[0, 0]).unwrap());
    for known in &log {
        assert!(covers(&log, known).unwrap());
        assert!(!covers(&[], known).unwrap());
    }
    assert!(!covers(&log[..1], &log[1]).unwrap());
}

#[test]
fn s6_the_first_part_that_fails_is_named() {
    let mut world = World::new(seed(), 1);
    world.live(60);
    assert_eq!(check(&world.log), None);
    assert_eq!(check(&[]), None);
    let mut broken = world.log.clone();
    broken[20] = Bytes::from_static(&[1, 2, 3]);
    assert_eq!(check(&broken), Some(20));
    assert!(matches!(compact(&broken), Err(DocError::Undecodable { part: 20, .. })));
    let mut gapped = world.log.clone();
    gapped.remove(0);
    assert_eq!(check(&gapped), Some(0));
    assert!(matches!(read(&gapped, Form::Text), Err(DocError::Pending { part: 0 })));
}

fn blocks() -> Vec<Block> {
    let cell = |text: &str| vec![Span::plain(text)];
    vec![
        Block::Heading { level: 2, text: vec![Span::plain("Ordre du jour 👩")] },
        Block::Paragraph(vec![
            Span::plain("du "),
            Span { text: "gras".into(), bold: true, italic: true, link: None },
            Span::link("lien", "https://example.org/"),
        ]),
        Block::Paragraph(vec![]),
        Block::BulletList(vec![vec![Block::Paragraph(cell("un"))], vec![Block::Paragraph(cell("deux"))]]),
        Block::OrderedList(vec![vec![Block::Paragraph(cell("premier"))]]),
        Block::TaskList(vec![Task { checked: true, content: vec![Block::Paragraph(cell("fait"))] }]),
        Block::Table(vec![vec![cell("Nom"), cell("Date")], vec![cell("Awa"), cell("lundi")]]),
        Block::Quote(vec![Block::Paragraph(vec![Span::italic("cité")])]),
        Block::Rule,
    ]
}

#[test]
fn a_seed_is_what_the_editor_would_have_written() {
    let update = seed_rich_text(4242, &blocks()).unwrap();
    for _ in 0..20 {
        assert_eq!(seed_rich_text(4242, &blocks()).unwrap(), update, "no chance in it");
    }
    assert!(Update::parse(update.clone()).unwrap().clients().all(|(client, _)| client == 4242));
    let paragraph = |text: &str| json!({ "type": "paragraph", "content": [{ "type": "text", "text": text }] });
    let cell = |kind: &str, text: &str| json!({ "type": kind, "content": [paragraph(text)] });
    let item = |text: &str| json!({ "type": "listItem", "content": [paragraph(text)] });
    let link = json!({ "type": "link", "attrs": { "href": "https://example.org/" } });
    let italic = json!({ "type": "text", "text": "cité", "marks": [{ "type": "italic" }] });
    let expected = json!({ "type": "doc", "content": [
        { "type": "heading", "attrs": { "level": 2 }, "content": [{ "type": "text", "text": "Ordre du jour 👩" }] },
        { "type": "paragraph", "content": [
            { "type": "text", "text": "du " },
            { "type": "text", "text": "gras", "marks": [{ "type": "bold" }, { "type": "italic" }] },
            { "type": "text", "text": "lien", "marks": [link] },
        ] },
        { "type": "paragraph" },
        { "type": "bulletList", "content": [item("un"), item("deux")] },
        { "type": "orderedList", "content": [item("premier")] },
        { "type": "taskList", "content": [
            { "type": "taskItem", "attrs": { "checked": true }, "content": [paragraph("fait")] },
        ] },
        { "type": "table", "content": [
            { "type": "tableRow", "content": [cell("tableHeader", "Nom"), cell("tableHeader", "Date")] },
            { "type": "tableRow", "content": [cell("tableCell", "Awa"), cell("tableCell", "lundi")] },
        ] },
        { "type": "blockquote", "content": [{ "type": "paragraph", "content": [italic] }] },
        { "type": "horizontalRule" },
    ] });
    let read_back: Value = serde_json::from_str(&read(std::slice::from_ref(&update), Form::Json).unwrap()).unwrap();
    assert_eq!(read_back, expected);
    let words = read(&[update], Form::Text).unwrap();
    assert_eq!(words, "Ordre du jour 👩\ndu graslien\nun\ndeux\npremier\nfait\nNom\nDate\nAwa\nlundi\ncité\n");
    let level = vec![Block::Heading { level: 7, text: vec![] }];
    assert!(matches!(seed_rich_text(1, &level), Err(DocError::BadEdit(_))));
}

#[test]
fn an_edit_is_an_update_of_its_own_client() {
    let log = vec![seed_rich_text(1, &blocks()).unwrap()];
    let line = |text: &str| vec![Block::Paragraph(vec![Span::plain(text)])];
    let append = edit(&log, &Edit { client: 2, change: Change::Append(line("à la fin")) }).unwrap();
    let parsed = Update::parse(append.clone()).unwrap();
    assert!(parsed.clients().all(|(client, _)| client == 2) && parsed.deletes().is_empty());
    let appended = [log.clone(), vec![append]].concat();
    assert!(read(&appended, Form::Text).unwrap().ends_with("cité\nà la fin\n"));
    let replace = edit(&appended, &Edit { client: 3, change: Change::Replace(line("rien d’autre")) }).unwrap();
    let replaced = [appended, vec![replace]].concat();
    assert_eq!(read(&replaced, Form::Text).unwrap(), "rien d’autre\n");
    let taken = edit(&replaced, &Edit { client: 1, change: Change::Append(line("x")) });
    assert!(matches!(taken, Err(DocError::BadEdit(_))), "the client has written before");
}

#[test]
fn a_digest_is_of_the_content_alone() {
    let one = whole::empty(1);
    one.get_or_insert_text("text").insert(&mut one.transact_mut(), 0, "helo");
    one.get_or_insert_text("text").insert(&mut one.transact_mut(), 3, "l");
    one.get_or_insert_map("looked at");
    let two = whole::empty(2);
    two.get_or_insert_text("text").insert(&mut two.transact_mut(), 0, "hello");
    assert_eq!(hash(&[encoded(&one)]), hash(&[encoded(&two)]));
    two.get_or_insert_map("map").insert(&mut two.transact_mut(), "key", 1i64);
    assert_ne!(hash(&[encoded(&one)]), hash(&[encoded(&two)]));
    let nested = HashMap::from([("b".to_owned(), Any::from(1i64)), ("a".to_owned(), Any::from(2i64))]);
    let digests: Vec<_> = (0..20)
        .map(|_| {
            let doc = whole::empty(1);
            doc.get_or_insert_map("map").insert(&mut doc.transact_mut(), "key", In::Any(Any::from(nested.clone())));
            hash(&[encoded(&doc)])
        })
        .collect();
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "the order in a map is no content");
    assert_eq!(ClientID::new(1), one.client_id());
}
