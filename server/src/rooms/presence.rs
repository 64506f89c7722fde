//! Who is here: the presence table of one room.
//!
//! A session owns the id of its first entry, and only that counts of what it sends: most clients send back
//! whatever they receive. To the others an entry goes with a clock that grows past all that was sent for its
//! id before, so that a client that comes back with a younger clock is believed. Nothing here is stored.
//! Those at other nodes are in the same table, as that node told of them.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use crdt_store::{
    ClientId,
    update::awareness::{self, Entry},
};

use super::{owners::Owner, session::SessionId};

#[derive(Debug)]
struct Person {
    /// Where it is, or was last.
    at: Owner,
    is_present: bool,
    /// JSON, or "null" for somebody who has gone.
    state: String,
    /// The clock that was last sent to the others.
    sent: u64,
}

impl Person {
    fn entry(&self, client: ClientId) -> Entry {
        Entry { client, clock: self.sent, state: self.state.clone() }
    }
}

const GONE: &str = "null";

/// Gone people are remembered, for their clocks, up to this many.
const TOMBSTONES_MAX: usize = 4_096;

#[derive(Debug)]
pub struct Presence {
    people: HashMap<ClientId, Person>,
    changed: BTreeSet<ClientId>,
    entries_max: usize,
}

impl Presence {
    pub fn new(entries_max: usize) -> Self {
        Self { people: HashMap::new(), changed: BTreeSet::new(), entries_max }
    }

    /// Takes the entry of `owner`, to which `client` belongs from now on. False: there is no room for one more.
    pub fn set(&mut self, owner: Owner, client: ClientId, received: u64, state: String) -> bool {
        if !self.people.contains_key(&client) && self.live() >= self.entries_max {
            return false;
        }
        let new = Person { at: owner, is_present: true, state: String::new(), sent: 0 };
        let person = self.people.entry(client).or_insert(new);
        (person.at, person.is_present) = (owner, true);
        person.sent = received.max(person.sent + 1);
        person.state = state;
        self.changed.insert(client);
        self.forget_the_long_gone();
        true
    }

    /// Takes what another node says of one of its own once more, if that is news.
    pub fn confirm(&mut self, owner: Owner, entry: Entry) {
        let is_known = self
            .people
            .get(&entry.client)
            .is_some_and(|person| person.is_present && person.at == owner && person.state == entry.state);
        if !is_known {
            self.set(owner, entry.client, entry.clock, entry.state);
        }
    }

    /// The owner has gone, with all that it still owns but those that `kept` names: they go at the clock that was
    /// last sent.
    pub fn leave(&mut self, owner: Owner, kept: &[ClientId]) {
        self.depart(owner, |client| !kept.contains(&client));
    }

    /// One client of `owner` has gone.
    pub fn leave_one(&mut self, owner: Owner, client: ClientId) {
        self.depart(owner, |other| other == client);
    }

    fn depart(&mut self, owner: Owner, goes: impl Fn(ClientId) -> bool) {
        for (client, person) in &mut self.people {
            if person.is_present && person.at == owner && goes(*client) {
                person.is_present = false;
                if person.state != GONE {
                    GONE.clone_into(&mut person.state);
                    self.changed.insert(*client);
                }
            }
        }
    }

    /// Everybody at this node.
    pub fn here(&self) -> Vec<Entry> {
        let here = self.people.iter().filter(|(_, person)| person.is_present && matches!(person.at, Owner::Here(_)));
        here.map(|(client, person)| person.entry(*client)).collect()
    }

    pub fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Takes what has changed since the last turn.
    pub fn take_turn(&mut self) -> Turn {
        let entries = std::mem::take(&mut self.changed)
            .into_iter()
            .filter_map(|client| {
                let person = self.people.get(&client)?;
                Some((person.at, person.entry(client)))
            })
            .collect();
        Turn { entries }
    }

    /// Everybody who is here, for somebody who has just come, but for what `session` owns itself.
    pub fn all_but(&self, session: SessionId) -> Option<Bytes> {
        let entries: Vec<Entry> = self
            .people
            .iter()
            .filter(|(_, person)| person.is_present && person.at != Owner::Here(session) && person.state != GONE)
            .map(|(client, person)| person.entry(*client))
            .collect();
        (!entries.is_empty()).then(|| awareness::encode(&entries).into())
    }

    fn live(&self) -> usize {
        self.people.values().filter(|person| person.is_present).count()
    }

    fn forget_the_long_gone(&mut self) {
        if self.people.len() > self.entries_max + TOMBSTONES_MAX {
            let changed = &self.changed;
            self.people.retain(|client, person| person.is_present || changed.contains(client));
        }
    }
}

/// The news of one presence turn.
pub struct Turn {
    entries: Vec<(Owner, Entry)>,
}

impl Turn {
    /// Whether `session` owns one of the entries, and so gets a message of its own.
    pub fn concerns(&self, session: SessionId) -> bool {
        self.entries.iter().any(|(owner, _)| *owner == Owner::Here(session))
    }

    /// What the other nodes are told: of those who are here, or were.
    pub fn of_this_node(&self) -> impl Iterator<Item = (SessionId, &Entry)> {
        self.entries.iter().filter_map(|(owner, entry)| match owner {
            Owner::Here(session) => Some((*session, entry)),
            Owner::At(_) => None,
        })
    }

    /// The message for everybody who owns none of the entries.
    pub fn for_all(&self) -> Bytes {
        let entries: Vec<Entry> = self.entries.iter().map(|(_, entry)| entry.clone()).collect();
        awareness::encode(&entries).into()
    }

    /// The message for one of the owners: an owner's own state never comes back to it with another clock.
    pub fn for_owner(&self, session: SessionId) -> Option<Bytes> {
        let entries: Vec<Entry> = self
            .entries
            .iter()
            .filter(|(owner, _)| *owner != Owner::Here(session))
            .map(|(_, entry)| entry.clone())
            .collect();
        (!entries.is_empty()).then(|| awareness::encode(&entries).into())
    }
}

/// Puts the name that the server knows where editors look for one. The rest of the state stays as it came.
pub fn with_name(state: &str, name: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(state) else {
        return state.to_owned();
    };
    let Some(object) = value.as_object_mut() else {
        return state.to_owned();
    };
    if object.contains_key("name") {
        object.insert("name".to_owned(), name.into());
    }
    if let Some(user) = object.get_mut("user").and_then(serde_json::Value::as_object_mut) {
        user.insert("name".to_owned(), name.into());
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SessionId = SessionId(1);
    const TWO: SessionId = SessionId(2);

    fn decoded(bytes: &[u8]) -> Vec<Entry> {
        awareness::decode(bytes, 10, 1_000).unwrap()
    }

    #[test]
    fn s21_a_clock_never_goes_back_for_the_others() {
        let mut presence = Presence::new(10);
        presence.set(Owner::Here(ONE), 7, 40, "{}".into());
        assert_eq!(decoded(&presence.take_turn().for_all())[0].clock, 40);
        // The same client on a new socket, its clock begun anew.
        presence.set(Owner::Here(TWO), 7, 1, "{}".into());
        assert_eq!(decoded(&presence.take_turn().for_all())[0].clock, 41);
        // The old socket ends: it owns nothing any more.
        presence.leave(Owner::Here(ONE), &[]);
        assert!(!presence.has_news());
        presence.leave(Owner::Here(TWO), &[]);
        let gone = decoded(&presence.take_turn().for_all());
        assert_eq!((gone[0].clock, gone[0].state.as_str()), (41, "null"));
    }

    #[test]
    fn s21_nobody_gets_their_own_entry_back_with_another_clock() {
        let mut presence = Presence::new(10);
        presence.set(Owner::Here(ONE), 7, 1, "{}".into());
        presence.set(Owner::Here(TWO), 8, 1, "{}".into());
        let turn = presence.take_turn();
        assert!(turn.concerns(ONE) && turn.concerns(TWO));
        assert_eq!(decoded(&turn.for_owner(ONE).unwrap())[0].client, 8);
        assert_eq!(presence.all_but(ONE).map(|all| decoded(&all).len()), Some(1));
    }

    #[test]
    fn s21_those_of_another_node_go_when_it_no_longer_tells_of_them() {
        let node = Owner::At(crate::bus::NodeId::from_u128(1));
        let mut presence = Presence::new(10);
        presence.set(Owner::Here(ONE), 7, 5, "{}".into());
        presence.set(node, 8, 3, "{}".into());
        presence.set(node, 9, 4, "{}".into());
        let turn = presence.take_turn();
        assert_eq!(turn.of_this_node().map(|(_, entry)| entry.client).collect::<Vec<_>>(), [7]);
        presence.leave(node, &[9]);
        let gone = decoded(&presence.take_turn().for_all());
        assert_eq!((gone.len(), gone[0].client, gone[0].clock, gone[0].state.as_str()), (1, 8, 3, "null"));
        // It has come over to this node: what the old one says of it no longer counts.
        presence.set(Owner::Here(TWO), 9, 1, "{}".into());
        presence.leave(node, &[]);
        assert_eq!(decoded(&presence.take_turn().for_all())[0].state, "{}");
    }

    #[test]
    fn s21_names_are_those_that_the_server_knows() {
        let state = r##"{"user":{"name":"Mallory","color":"#fff"},"name":"M","cursor":null}"##;
        let named: serde_json::Value = serde_json::from_str(&with_name(state, "Awa")).unwrap();
        assert_eq!(named["user"]["name"], "Awa");
        assert_eq!(named["user"]["color"], "#fff");
        assert_eq!(named["name"], "Awa");
        assert_eq!(with_name("null", "Awa"), "null");
    }
}
