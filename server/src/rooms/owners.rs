//! Whose client id is it: which person and which live session write under an id.
//!
//! An id is bound by a session's own presence entry (its first), or by an update whose new structures all
//! belong to one id. It is never bound by being brought along with the work of others. A person can't bind
//! an id that is bound to another; all nameless people count as one person.

use std::collections::HashMap;

use crdt_store::{ClientId, UserId};

use super::session::SessionId;

#[derive(Clone, Copy, Debug)]
struct Binding {
    person: Option<UserId>,
    session: Option<SessionId>,
}

/// What the room is to do with structures of an id that a session has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its own, or nobody's who could be asked.
    Take,
    /// Another person writes under it just now, in that session: its copy wins.
    Ask(SessionId),
}

/// The bindings of one room.
#[derive(Debug, Default)]
pub struct Owners {
    bindings: HashMap<ClientId, Binding>,
}

impl Owners {
    /// Bindings known from what was written before the room was opened.
    pub fn recall(&mut self, client: ClientId, person: Option<UserId>) {
        self.bindings.entry(client).or_insert(Binding { person, session: None });
    }

    /// Binds `client` if nothing stands against it, and says whether it is bound to that session now.
    pub fn bind(&mut self, client: ClientId, person: Option<UserId>, session: SessionId) -> bool {
        let binding = self.bindings.entry(client).or_insert(Binding { person, session: None });
        if binding.person != person {
            return false;
        }
        // The same person again is the same client back on a new socket, or in another tab: the newest counts.
        binding.session = Some(session);
        true
    }

    pub fn verdict(&self, client: ClientId, person: Option<UserId>, session: SessionId) -> Verdict {
        match self.bindings.get(&client) {
            Some(Binding { person: owner, session: Some(live) }) if *live != session && *owner != person => {
                Verdict::Ask(*live)
            }
            _ => Verdict::Take,
        }
    }

    /// Whether work under this id is the person's own.
    pub fn is_own(&self, client: ClientId, person: Option<UserId>) -> bool {
        self.bindings.get(&client).is_some_and(|binding| binding.person == person)
    }

    /// A session has gone: its ids stay the person's, and are nobody's live.
    pub fn release(&mut self, session: SessionId) {
        for binding in self.bindings.values_mut() {
            if binding.session == Some(session) {
                binding.session = None;
            }
        }
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
        assert!(owners.bind(7, user(1), SessionId(1)));
        assert!(!owners.bind(7, user(2), SessionId(2)));
        assert_eq!(owners.verdict(7, user(2), SessionId(2)), Verdict::Ask(SessionId(1)));
        owners.release(SessionId(1));
        assert!(!owners.bind(7, user(2), SessionId(2)), "gone, and still theirs");
        assert_eq!(owners.verdict(7, user(2), SessionId(2)), Verdict::Take);
        assert!(!owners.is_own(7, user(2)));
    }

    #[test]
    fn s16_the_same_person_on_a_new_socket_takes_over() {
        let mut owners = Owners::default();
        assert!(owners.bind(7, None, SessionId(1)));
        assert_eq!(owners.verdict(7, None, SessionId(2)), Verdict::Take);
        assert!(owners.bind(7, None, SessionId(2)));
        owners.release(SessionId(1));
        assert_eq!(owners.verdict(7, user(3), SessionId(3)), Verdict::Ask(SessionId(2)));
    }
}
