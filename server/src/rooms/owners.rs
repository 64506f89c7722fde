//! Whose client id is it: which person and which live session write under an id.
//!
//! An id is bound by a session's own presence entry (its first), or by an update whose new structures all
//! belong to one id. It is never bound by being brought along with the work of others. A person can't bind
//! an id that is bound to another; all nameless people count as one person. Other nodes' bindings count as
//! this one's do.

use std::collections::HashMap;

use crdt_store::{ClientId, UserId};

use super::session::SessionId;
use crate::bus::NodeId;

/// Where a client's live session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Here(SessionId),
    At(NodeId),
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    person: Option<UserId>,
    live: Option<Owner>,
}

/// What the room is to do with structures of an id that a session has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its own, or nobody's who could be asked.
    Take,
    /// Another person writes under it just now, in that session: its copy wins.
    Ask(Owner),
}

/// The bindings of one room.
#[derive(Debug, Default)]
pub struct Owners {
    bindings: HashMap<ClientId, Binding>,
}

impl Owners {
    /// Bindings known from what was written before the room was opened.
    pub fn recall(&mut self, client: ClientId, person: Option<UserId>) {
        self.bindings.entry(client).or_insert(Binding { person, live: None });
    }

    /// Binds `client` if nothing stands against it, and says whether it is bound to that owner now.
    pub fn bind(&mut self, client: ClientId, person: Option<UserId>, owner: Owner) -> bool {
        let binding = self.bindings.entry(client).or_insert(Binding { person, live: None });
        if binding.person != person {
            return false;
        }
        // The same person again is the same client back on a new socket, or in another tab: the newest counts.
        binding.live = Some(owner);
        true
    }

    /// Binds `client` unless somebody else writes under it just now.
    pub fn bind_if_free(&mut self, client: ClientId, person: Option<UserId>, owner: Owner) -> bool {
        match self.live(client) {
            Some(live) if live != owner => false,
            _ => self.bind(client, person, owner),
        }
    }

    pub fn verdict(&self, client: ClientId, person: Option<UserId>, session: SessionId) -> Verdict {
        match self.bindings.get(&client) {
            Some(Binding { person: owner, live: Some(live) }) if *live != Owner::Here(session) && *owner != person => {
                Verdict::Ask(*live)
            }
            _ => Verdict::Take,
        }
    }

    /// Whether work under this id is the person's own.
    pub fn is_own(&self, client: ClientId, person: Option<UserId>) -> bool {
        self.bindings.get(&client).is_some_and(|binding| binding.person == person)
    }

    /// Where somebody writes under this id just now.
    pub fn live(&self, client: ClientId) -> Option<Owner> {
        self.bindings.get(&client).and_then(|binding| binding.live)
    }

    /// The ids of this node's sessions, and whose they are.
    pub fn here(&self) -> Vec<(ClientId, Option<UserId>)> {
        let here = self.bindings.iter().filter(|(_, binding)| matches!(binding.live, Some(Owner::Here(_))));
        here.map(|(client, binding)| (*client, binding.person)).collect()
    }

    /// The owner has gone, with all its ids but those that `kept` names: they stay the person's, and are nobody's
    /// live. Which ones.
    pub fn release(&mut self, owner: Owner, kept: &[ClientId]) -> Vec<ClientId> {
        let mut released = Vec::new();
        for (client, binding) in &mut self.bindings {
            if binding.live == Some(owner) && !kept.contains(client) {
                binding.live = None;
                released.push(*client);
            }
        }
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u128) -> Option<UserId> {
        Some(UserId(uuid::Uuid::from_u128(n)))
    }

    #[test]
    fn s16_nobody_binds_an_id_of_another_person() {
        let mut owners = Owners::default();
        assert!(owners.bind(7, user(1), Owner::Here(SessionId(1))));
        assert!(!owners.bind(7, user(2), Owner::Here(SessionId(2))));
        assert_eq!(owners.verdict(7, user(2), SessionId(2)), Verdict::Ask(Owner::Here(SessionId(1))));
        owners.release(Owner::Here(SessionId(1)), &[]);
        assert!(!owners.bind(7, user(2), Owner::Here(SessionId(2))), "gone, and still theirs");
        assert_eq!(owners.verdict(7, user(2), SessionId(2)), Verdict::Take);
        assert!(!owners.is_own(7, user(2)));
    }

    #[test]
    fn s16_the_same_person_on_a_new_socket_takes_over() {
        let mut owners = Owners::default();
        assert!(owners.bind(7, None, Owner::Here(SessionId(1))));
        assert_eq!(owners.verdict(7, None, SessionId(2)), Verdict::Take);
        assert!(owners.bind(7, None, Owner::Here(SessionId(2))));
        owners.release(Owner::Here(SessionId(1)), &[]);
        assert_eq!(owners.verdict(7, user(3), SessionId(3)), Verdict::Ask(Owner::Here(SessionId(2))));
    }

    #[test]
    fn s16_a_session_of_another_node_counts_like_one_of_this() {
        let node = NodeId::from_u128(9);
        let mut owners = Owners::default();
        assert!(owners.bind(7, user(1), Owner::At(node)));
        assert!(owners.bind(8, user(1), Owner::At(node)));
        assert_eq!(owners.verdict(7, user(2), SessionId(2)), Verdict::Ask(Owner::At(node)));
        assert_eq!(owners.release(Owner::At(node), &[7]), [8]);
        assert_eq!(owners.verdict(7, user(2), SessionId(2)), Verdict::Ask(Owner::At(node)));
        assert_eq!(owners.verdict(8, user(2), SessionId(2)), Verdict::Take);
        assert!(owners.bind(7, user(1), Owner::Here(SessionId(3))), "the person has come over to this node");
        owners.release(Owner::At(node), &[]);
        assert_eq!(owners.live(7), Some(Owner::Here(SessionId(3))));
    }
}
