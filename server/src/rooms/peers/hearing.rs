//! What a room says to the other nodes, and what it makes of what they say.

use std::time::Duration;

use crdt_store::{
    ClientId,
    log::Entry,
    update::{Ranges, Update},
};
use tokio::time::Instant;

use super::{
    super::{
        owners::Owner,
        receipt::Due,
        room::{JoinError, Room},
        session::SessionId,
        wire::Dialect,
    },
    EARLY_BYTES_MAX, EARLY_MAX, GRACE, HERE_EVERY, NODE_SILENT, Piece, Unlanded,
};
use crate::bus::{Envelope, Heard, News, NodeId, Person};

impl Room {
    pub(in crate::rooms) fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Envelope(Envelope { from, news }) => {
                self.peers.nodes.insert(from, Instant::now());
                for news in news {
                    self.on_news(from, news);
                }
            }
            Heard::Back => {
                self.tell(News::Hello);
                self.tell_who_is_here();
            }
        }
    }

    /// Says something to the other nodes at the end of the turn, if there are any.
    pub(in crate::rooms) fn tell(&mut self, news: News) {
        if self.tools.bus.has_listeners() {
            self.peers.news.push(news);
        }
    }

    pub(in crate::rooms) fn tell_who_is_here(&mut self) {
        if !self.tools.bus.has_listeners() {
            return;
        }
        self.peers.here_at = Instant::now() + HERE_EVERY;
        let people = self.presence.here().into_iter().map(|entry| Person { user: None, entry });
        let mut people: Vec<Person> = people.collect();
        let bound = self.owners.here();
        for person in &mut people {
            person.user = bound.iter().find(|(client, _)| *client == person.entry.client).and_then(|(_, user)| *user);
        }
        let bound = bound.into_iter().filter(|(client, _)| people.iter().all(|person| person.entry.client != *client));
        let bound = bound.collect();
        self.peers.news.push(News::Here { people, bound });
    }

    fn on_news(&mut self, from: NodeId, news: News) {
        let owner = Owner::At(from);
        match news {
            News::Accepted { person, session, live, update } => match Update::parse(update) {
                Ok(update) => self.on_piece(Piece { from, person, session, live, update }),
                Err(malformed) => {
                    tracing::error!(reason = malformed.code(), "bus.hear met an update that can't be read")
                }
            },
            News::Landed { seq, bytes, ranges } => {
                self.landed_elsewhere(&ranges);
                self.tail.grow(seq, usize::try_from(bytes).unwrap_or(usize::MAX));
                if self.index.covers_ranges(&ranges) {
                    self.peers.saw(seq);
                } else {
                    self.peers.head_at(seq);
                }
            }
            News::Compacted { seq, bytes } => self.compacted(seq, usize::try_from(bytes).unwrap_or(usize::MAX)),
            News::Presence(people) => {
                for Person { entry, user } in people {
                    if entry.is_gone() {
                        self.presence.leave_one(owner, entry.client);
                    } else if self.owners.bind(entry.client, user, owner) {
                        self.presence.set(owner, entry.client, entry.clock, entry.state);
                    }
                }
            }
            News::Here { people, bound } => {
                let mut kept: Vec<ClientId> = bound.iter().map(|(client, _)| *client).collect();
                for (client, user) in bound {
                    self.owners.bind_if_free(client, user, owner);
                }
                kept.extend(people.iter().map(|person| person.entry.client));
                for Person { entry, user } in people {
                    if self.owners.bind_if_free(entry.client, user, owner) {
                        self.presence.confirm(owner, entry);
                    }
                }
                self.presence.leave(owner, &kept);
                let released = self.owners.release(owner, &kept);
                self.come_back_to_orphans();
                self.ask_who_was_refused(&released);
            }
            News::Hello => self.tell_who_is_here(),
            News::Ask(client) => {
                if let Some(Owner::Here(session)) = self.owners.live(client) {
                    let state_vector = self.index.state_vector().encode();
                    if let Some(asked) = self.sessions.get_mut(&session) {
                        asked.ask(&state_vector);
                        if !self.peers.asked.contains(&(session, client)) {
                            self.peers.asked.push((session, client));
                        }
                    }
                }
            }
            News::Answered(client) => {
                if self.asides.iter().any(|aside| aside.owner == owner && aside.client == client) {
                    self.peers.answered.push((owner, client));
                    self.peers.look_at = Some(Instant::now());
                }
            }
            News::Notify(text) => self.notify(&text),
            News::Reset => self.end(JoinError::Closed),
        }
    }

    /// A session that others wanted asked has answered. They are told when what it brought is in the log, where
    /// they look before they refuse anything: on the bus it may have been lost.
    pub(in crate::rooms) fn tell_answered(&mut self, session: SessionId) {
        let answered: Vec<_> = self.peers.asked.extract_if(.., |(asked, _)| *asked == session).collect();
        for (_, client) in answered {
            self.when_landed(Due::Answered(client));
        }
    }

    /// A session has gone: whoever elsewhere waits for its answer learns that nobody will give one.
    pub(in crate::rooms) fn tell_gone(&mut self, session: SessionId) {
        let waited_for = self.peers.asked.iter().any(|(asked, _)| *asked == session);
        self.peers.asked.retain(|(asked, _)| *asked != session);
        if waited_for || self.sessions.is_empty() {
            self.tell_who_is_here();
        }
    }

    fn on_piece(&mut self, piece: Piece) {
        let before = self.peers.early.len();
        let moved = self.take_piece(piece);
        if self.peers.early.len() > before {
            metrics::counter!("unisson_bus_gaps_total").increment(1);
        }
        if moved {
            self.retry_early();
            self.after_growth();
        }
    }

    /// Takes what another node took. True if the index has grown.
    fn take_piece(&mut self, piece: Piece) -> bool {
        if self.index.covers(&piece.update) {
            return false;
        }
        // What is not remembered can't be rescued: it comes by way of the log.
        if self.peers.unlanded_bytes + piece.update.bytes().len() > self.tools.settings.unlanded_bytes {
            metrics::counter!("unisson_bus_put_off_total").increment(1);
            return false;
        }
        let admission = match self.index.admit_again(&piece.update) {
            Ok(admission) => admission,
            Err(refusal) => {
                tracing::error!(reason = refusal.code(), document.id = %self.document, "bus.hear met what another node should have refused");
                return false;
            }
        };
        let Piece { from, person, session, live, .. } = piece;
        if let Some(update) = admission.held {
            self.keep_early(Piece { from, person, session, live, update });
        }
        let Some(accepted) = admission.accepted else { return false };
        if live && let [(client, _)] = accepted.ranges.structs[..] {
            self.owners.bind(client, person, Owner::At(from));
        }
        // A y-websocket client may take what comes for the acknowledgement of its own edit.
        let own = self.clients_own(&accepted.ranges);
        self.spread(own, &accepted);
        let echo = own.map(|id| Due::Echo(id, accepted.bytes.clone()));
        let update = match Update::parse(accepted.bytes.clone()) {
            Ok(update) => update,
            Err(_) => return true,
        };
        let (own, brought) = self.own_and_brought(&accepted.ranges, person);
        let entry = Entry { person, session, bytes: accepted.bytes, brought, own };
        self.peers.unlanded_bytes += entry.bytes.len();
        let (place, since) = (self.generation, Instant::now());
        self.peers.unlanded.push_back(Unlanded { place, entry, update, left: accepted.ranges, since });
        if let Some(echo) = echo {
            self.when_all_landed(echo, Some(place));
        }
        true
    }

    /// The y-websocket session here that made these, if it has come over from another node.
    fn clients_own(&self, ranges: &Ranges) -> Option<SessionId> {
        ranges.structs.iter().find_map(|(client, _)| match self.owners.live(*client) {
            Some(Owner::Here(id)) => {
                self.sessions.get(&id).filter(|session| session.address.dialect() == Dialect::Yjs).map(|_| id)
            }
            _ => None,
        })
    }

    fn keep_early(&mut self, piece: Piece) {
        let waiting: usize = self.peers.early.iter().map(|piece| piece.update.bytes().len()).sum();
        if self.peers.early.len() < EARLY_MAX && waiting + piece.update.bytes().len() <= EARLY_BYTES_MAX {
            self.peers.early.push(piece);
        }
        // If it was lost rather than late, the log has it, or will.
        self.peers.look_at.get_or_insert_with(|| Instant::now() + GRACE);
    }

    /// Tries what came too early, as long as something moves.
    pub(super) fn retry_early(&mut self) {
        let mut moved = true;
        while moved && !self.peers.early.is_empty() {
            moved = false;
            for piece in std::mem::take(&mut self.peers.early) {
                moved |= self.take_piece(piece);
            }
        }
    }

    /// Every second.
    pub(in crate::rooms) fn tend_peers(&mut self, now: Instant) {
        if let Some(oldest) = self.peers.unlanded.front() {
            let at = oldest.since + self.rescue_after();
            // Not later than the next look.
            if at <= now + Duration::from_secs(1) {
                self.peers.look_at.get_or_insert(at);
            }
        }
        if !self.sessions.is_empty() && now >= self.peers.here_at {
            self.tell_who_is_here();
        }
        let silent = self.peers.nodes.extract_if(|_, heard| now.duration_since(*heard) > NODE_SILENT);
        let silent: Vec<NodeId> = silent.map(|(node, _)| node).collect();
        let mut released = Vec::new();
        for node in &silent {
            self.presence.leave(Owner::At(*node), &[]);
            released.extend(self.owners.release(Owner::At(*node), &[]));
        }
        if !silent.is_empty() {
            self.come_back_to_orphans();
            self.ask_who_was_refused(&released);
        }
        // A question or its answer may have been lost.
        let questions: Vec<ClientId> = self.asides.iter().filter_map(|aside| aside.asked_elsewhere()).collect();
        for client in questions {
            self.tell(News::Ask(client));
        }
    }

    /// Hands what was said in this turn to the bus.
    pub(in crate::rooms) fn publish(&mut self) {
        if !self.peers.news.is_empty() {
            let envelope = Envelope::encode(self.tools.bus.node(), &self.peers.news);
            self.peers.news.clear();
            self.tools.bus.publish(self.topic(), envelope);
        }
    }
}
