//! Who comes into a room, what they show of themselves, and who leaves it.

use crdt_store::update::awareness;
use tokio::time::Instant;

use super::{
    owners::Owner,
    presence,
    room::{Frames, JoinError, Room},
    session::{Newcomer, Session, SessionId},
};
use crate::{
    access::Denied,
    bus::{News, Person},
};

impl Room {
    pub(super) fn join(&mut self, newcomer: Newcomer) {
        let mut session = Session::new(newcomer, self.tools.settings.outbox_bytes);
        if let Some(scope) = session.address.scope(session.access.may_write()) {
            session.send(scope);
        }
        if let Some(all) = self.presence.all_but(session.id) {
            let frame = session.address.awareness(&all);
            session.send(frame);
        }
        metrics::gauge!("unisson_sessions").increment(1);
        self.sessions.insert(session.id, session);
        self.idle_since = None;
    }

    pub(super) fn leave(&mut self, id: SessionId) {
        let Some(mut session) = self.sessions.remove(&id) else { return };
        // Its connection may go on for other documents.
        session.flush(false);
        metrics::gauge!("unisson_sessions").decrement(1);
        self.presence.leave(Owner::Here(id), &[]);
        let released = self.owners.release(Owner::Here(id), &[]);
        self.asides.retain(|aside| aside.by != id);
        self.owner_has_gone(id);
        self.ask_who_was_refused(&released);
        self.tell_gone(id);
        if self.sessions.is_empty() {
            self.idle_since = Some(Instant::now());
        }
    }

    pub(super) fn on_awareness(&mut self, id: SessionId, bytes: &[u8]) {
        let settings = &self.tools.settings;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Ok(entries) = awareness::decode(bytes, settings.presence_entries, settings.awareness_bytes) else {
            metrics::counter!("unisson_refusals_total", "reason" => "awareness").increment(1);
            return;
        };
        let own = session.presence.map(|(client, _)| client);
        let Some(entry) = entries.into_iter().find(|entry| own.is_none_or(|own| own == entry.client)) else {
            // Most clients send back what they hear of others.
            return;
        };
        // The sender counts the seconds since it last heard something.
        let echo = session.address.awareness(bytes);
        session.send(echo);
        if session.presence.is_some_and(|(_, last)| entry.clock <= last && entry.state != "null") {
            return;
        }
        if !self.owners.bind(entry.client, session.person, Owner::Here(id)) {
            return;
        }
        session.presence = Some((entry.client, entry.clock));
        let state = match &session.name {
            Some(name) => presence::with_name(&entry.state, name),
            None => entry.state,
        };
        self.presence.set(Owner::Here(id), entry.client, entry.clock, state);
    }

    pub(super) fn tell_presence(&mut self) {
        let turn = self.presence.take_turn();
        let people: Vec<Person> = turn
            .of_this_node()
            .map(|(id, entry)| Person {
                user: self.sessions.get(&id).and_then(|session| session.person),
                entry: entry.clone(),
            })
            .collect();
        if !people.is_empty() {
            self.tell(News::Presence(people));
        }
        let all = turn.for_all();
        let mut frames = Frames::default();
        for (id, session) in &mut self.sessions {
            if turn.concerns(*id) {
                if let Some(others) = turn.for_owner(*id) {
                    let frame = session.address.awareness(&others);
                    session.send(frame);
                }
                continue;
            }
            let frame = frames.get(&session.address, |address| address.awareness(&all));
            session.send(frame);
        }
    }

    /// The document can't go on as it is: its sessions are told and let go.
    pub(super) fn end(&mut self, why: JoinError) {
        for (_, mut session) in self.sessions.drain() {
            metrics::gauge!("unisson_sessions").decrement(1);
            match why {
                JoinError::OldEpoch => session.dismiss(Denied::OldEpoch),
                JoinError::Gone => session.dismiss(Denied::NotFound),
                JoinError::Closed | JoinError::Unavailable => {
                    session.outbox.close(super::outbox::Closing::TryAgainLater, "document reset");
                }
            }
        }
        self.over = Some(why);
    }
}
