//! Edits on their way in: right, structure, ownership, causality; then relay, batch, acknowledgement.
//!
//! What a message brings is taken in parts where it must be: what is complete at once, what lacks something is
//! held, what is written under the id of somebody who is here is kept aside until that session was asked. The
//! acknowledgement waits for all of it.

use bytes::Bytes;
use crdt_store::{
    ClientId, UserId,
    log::Entry,
    update::{Accepted, Ranges, Rule, Update},
};

use super::{
    contents::{Contents, Need},
    owners::{Owner, Verdict},
    receipt::{Due, Owed, Receipt, SharedReceipt},
    room::{Aside, Frames, Room, reason},
    session::{Asked, Held, Session, SessionId},
    wire::Dialect,
};
use crate::bus::News;

/// What is done with structures under the id of another person who is here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Foreign {
    /// The owner is asked first.
    Ask,
    /// This owner has answered: what it did not bring is refused. Other owners are asked.
    Answered(Owner, Option<ClientId>),
}

impl Foreign {
    fn has_answered(self, owner: Owner, client: ClientId) -> bool {
        matches!(self, Self::Answered(by, of) if by == owner && of.is_none_or(|of| of == client))
    }
}

/// One message, or a part of one that is tried again.
struct Message {
    by: SessionId,
    update: Update,
    /// Deletes that are known already are taken out before it is logged.
    strip: bool,
    /// An update made just now, which can bind an id.
    live: bool,
    receipt: Option<SharedReceipt>,
    foreign: Foreign,
}

impl Room {
    pub(super) fn on_update(&mut self, id: SessionId, bytes: Bytes) {
        let Some(session) = self.sessions.get(&id) else { return };
        let due = match session.address.dialect() {
            Dialect::Hocuspocus => Due::Status(id, 1),
            Dialect::Yjs => Due::Echo(id, bytes.clone()),
        };
        if bytes.len() > self.tools.settings.update_bytes {
            return self.refuse(id, reason::UPDATE_TOO_LARGE, None, Some(Receipt::new(due, None)));
        }
        self.on_edit(id, bytes, Some(due), Kind::Update);
    }

    pub(super) fn on_step2(&mut self, id: SessionId, bytes: Bytes) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let asked = session.asked.pop_front();
        let due = match session.address.dialect() {
            Dialect::Hocuspocus => {
                let own = u32::from(asked != Some(Asked::OfOurOwn));
                let count = own + std::mem::take(&mut session.dropped);
                (count > 0).then_some(Due::Status(id, count))
            }
            Dialect::Yjs => Some(Due::Echo(id, bytes.clone())),
        };
        self.on_edit(id, bytes, due, Kind::Step2);
        // Whichever question it answers: who had not said what it has could not be asked another.
        if asked.is_some() {
            self.owner_has_answered(id);
        }
    }

    fn on_edit(&mut self, by: SessionId, bytes: Bytes, due: Option<Due>, kind: Kind) {
        self.tools.figures.received.increment(1);
        let update = match Update::parse(bytes) {
            Ok(update) => update,
            Err(malformed) => {
                tracing::debug!(document.id = %self.document, reason = malformed.code(), "room.intake refused an update");
                return self.refuse(by, malformed.code(), None, due.map(|due| Receipt::new(due, None)));
            }
        };
        // A step 2 says that its client has all of it: it is saved when all that is here is.
        let after = match kind {
            Kind::Step2 => self.peers.newest_unlanded(),
            Kind::Update if self.tells_of_known(&update) => self.peers.newest_unlanded_of(&update),
            Kind::Update => None,
        };
        let receipt = due.map(|due| Receipt::new(due, after));
        let Some(session) = self.sessions.get(&by) else { return };
        if self.index.covers(&update) {
            // A y-websocket client's step 2 that brings nothing, with nothing on its way, is owed no echo. What it
            // brings may have come by others since it was asked for.
            let silent = kind == Kind::Step2
                && update.clients().next().is_none()
                && session.address.dialect() == Dialect::Yjs
                && self.newest_pending().is_none()
                && after.is_none();
            if !silent {
                self.settle(receipt);
            }
            return;
        }
        if !session.access.may_write() {
            return self.judge_reader(by, update, receipt);
        }
        if let Some(why) = self.closed_for {
            return self.refuse(by, why, Some(whole(&update)), receipt);
        }
        if self.size_bytes + update.bytes().len() > self.tools.settings.document_bytes {
            return self.refuse(by, reason::DOCUMENT_TOO_LARGE, Some(whole(&update)), receipt);
        }
        let live = kind == Kind::Update;
        let moved = self.take(Message { by, update, strip: !live, live, receipt, foreign: Foreign::Ask });
        if moved {
            self.after_growth();
        }
    }

    /// Whether something in it may be known. A letter just typed is not.
    fn tells_of_known(&self, update: &Update) -> bool {
        !update.deletes().is_empty()
            || update.clients().any(|(client, range)| range.start < self.index.next_clock(client))
    }

    /// Others may have waited for what has come.
    pub(super) fn after_growth(&mut self) {
        self.retry_held();
        self.pay_what_was_owed();
    }

    /// A reader may send what is known. Whether deletes are is more than the index can say.
    fn judge_reader(&mut self, by: SessionId, update: Update, receipt: Option<SharedReceipt>) {
        let brings_structs = update.clients().any(|(client, range)| range.end > self.index.next_clock(client));
        if brings_structs {
            return self.refuse(by, reason::READ_ONLY, Some(whole(&update)), receipt);
        }
        self.need(Need::Covers { session: by, update, receipt });
    }

    /// Takes what can be taken. True if the index has grown.
    fn take(&mut self, message: Message) -> bool {
        let Message { by, update, strip, live, receipt, foreign } = message;
        let Some(session) = self.sessions.get(&by) else { return false };
        let person = session.person;
        // A right may have gone while a part waited.
        if !session.access.may_write() {
            self.refuse(by, reason::READ_ONLY, Some(whole(&update)), receipt);
            return false;
        }
        let mut asked: Option<(Owner, ClientId)> = None;
        let owners = &self.owners;
        let mut rule = |client: ClientId| match owners.verdict(client, person, by) {
            Verdict::Take => Rule::Take,
            Verdict::Ask(owner) if foreign.has_answered(owner, client) => Rule::Refuse,
            // One owner is asked at a time: what belongs to a second one comes round again.
            Verdict::Ask(owner) => {
                asked.get_or_insert((owner, client));
                Rule::Aside
            }
        };
        let admission = match self.index.admit(&update, strip, &mut rule) {
            Ok(admission) => admission,
            Err(refusal) => {
                self.refuse(by, refusal.code(), Some(whole(&update)), receipt);
                return false;
            }
        };
        if let Some(refused) = &admission.refused {
            self.refuse(by, reason::NOT_YOURS, Some(whole(refused)), receipt.clone());
        }
        if let Some(aside) = admission.aside {
            self.put_aside(by, asked, aside, strip, receipt.clone());
        }
        if let Some(held) = admission.held {
            self.hold(by, held, admission.missing, strip, live, receipt.clone());
        }
        let moved = admission.accepted.is_some();
        if let Some(accepted) = admission.accepted {
            self.accept(by, accepted, live);
        }
        self.settle(receipt);
        moved
    }

    /// The index has it: the others get it, and it goes to the database.
    fn accept(&mut self, by: SessionId, accepted: Accepted, live: bool) {
        let Some(session) = self.sessions.get(&by) else { return };
        let (person, key) = (session.person, session.key);
        if live && let [(client, _)] = accepted.ranges.structs[..] {
            self.owners.bind(client, person, Owner::Here(by));
        }
        let (own, brought) = self.own_and_brought(&accepted.ranges, person);
        self.spread(Some(by), &accepted);
        self.tell(News::Accepted { person, session: key, live, update: accepted.bytes.clone() });
        let entry = Entry { person, session: key, bytes: accepted.bytes, brought, own };
        self.gathering.put(self.generation, entry, &accepted.ranges);
        if self.gathering.bytes > self.tools.settings.pending_bytes && self.closed_for.is_none() {
            tracing::warn!(document.id = %self.document, "room is read-only until the database is back");
            self.closed_for = Some(reason::DATABASE_AWAY);
        }
    }

    /// The clocks that are the person's own, and those that it brings for others.
    pub(super) fn own_and_brought(&self, ranges: &Ranges, person: Option<UserId>) -> (Vec<Clocks>, Vec<Clocks>) {
        ranges.structs.iter().cloned().partition(|(client, _)| self.owners.is_own(*client, person))
    }

    /// What the index has just taken goes to all who are here but `except`, and to the bytes that are kept.
    pub(super) fn spread(&mut self, except: Option<SessionId>, accepted: &Accepted) {
        self.generation += 1;
        self.size_bytes += accepted.bytes.len();
        let mut frames = Frames::default();
        let mut relayed = 0_u64;
        for (id, session) in &mut self.sessions {
            if Some(*id) != except {
                session.relay(frames.get(&session.address, |address| address.update(&accepted.bytes)));
                relayed += 1;
            }
        }
        self.tools.figures.relayed.increment(relayed);
        match &mut self.contents {
            Contents::Absent => {}
            Contents::Loading { since, .. } => since.push(accepted.bytes.clone()),
            Contents::Present(parts) => {
                if !parts.push(&accepted.bytes) {
                    self.contents = Contents::Absent;
                }
            }
        }
    }

    fn hold(
        &mut self,
        by: SessionId,
        update: Update,
        missing: Vec<(ClientId, u64)>,
        strip: bool,
        live: bool,
        receipt: Option<SharedReceipt>,
    ) {
        let state_vector = self.index.state_vector().encode();
        let Some(session) = self.sessions.get_mut(&by) else { return };
        let bytes = update.bytes().len();
        if session.held_bytes + bytes > self.tools.settings.held_bytes {
            return self.refuse(by, reason::TOO_MUCH_HELD, Some(whole(&update)), receipt);
        }
        session.held_bytes += bytes;
        session.held.push(Held { update, missing, receipt, strip });
        // A step 2 is all its client has: asking again would bring the same.
        if live && session.gap_asked_at != Some(self.generation) {
            session.gap_asked_at = Some(self.generation);
            session.ask(&state_vector);
        }
    }

    /// Tries what was held, as long as something moves.
    fn retry_held(&mut self) {
        loop {
            let index = &self.index;
            let mut ready = Vec::new();
            for session in self.sessions.values_mut() {
                if session.held.is_empty() {
                    continue;
                }
                let came =
                    |held: &mut Held| held.missing.iter().any(|(client, clock)| index.next_clock(*client) > *clock);
                for held in session.held.extract_if(.., came) {
                    session.held_bytes -= held.update.bytes().len();
                    ready.push((session.id, held));
                }
            }
            if ready.is_empty() {
                return;
            }
            for (by, held) in ready {
                let Held { update, strip, receipt, .. } = held;
                self.take(Message { by, update, strip, live: false, receipt, foreign: Foreign::Ask });
            }
        }
    }

    fn put_aside(
        &mut self,
        by: SessionId,
        asked: Option<(Owner, ClientId)>,
        update: Update,
        strip: bool,
        receipt: Option<SharedReceipt>,
    ) {
        let waiting: usize =
            self.asides.iter().filter(|aside| aside.by == by).map(|aside| aside.update.bytes().len()).sum();
        let Some((owner, client)) = asked else { return };
        if waiting + update.bytes().len() > self.tools.settings.held_bytes {
            return self.refuse(by, reason::TOO_MUCH_HELD, Some(whole(&update)), receipt);
        }
        self.asides.push(Aside { by, owner, client, update, strip, receipt });
        match owner {
            Owner::At(_) => self.tell(News::Ask(client)),
            Owner::Here(id) => {
                let state_vector = self.index.state_vector().encode();
                match self.sessions.get_mut(&id) {
                    Some(session) => session.ask(&state_vector),
                    None => self.owner_has_gone(id),
                }
            }
        }
    }

    /// Its copy has come: what is known by now is dropped, the rest is refused.
    fn owner_has_answered(&mut self, owner: SessionId) {
        let answered = Foreign::Answered(Owner::Here(owner), None);
        self.come_back_to_asides(answered, |aside| aside.owner == Owner::Here(owner));
        self.tell_answered(owner);
    }

    /// The same, of an owner at another node.
    pub(super) fn owner_elsewhere_has_answered(&mut self, owner: Owner, client: ClientId) {
        let answered = Foreign::Answered(owner, Some(client));
        self.come_back_to_asides(answered, |aside| aside.owner == owner && aside.client == client);
    }

    /// Nobody can be asked any more: it comes back through whoever holds it.
    pub(super) fn owner_has_gone(&mut self, owner: SessionId) {
        self.come_back_to_asides(Foreign::Ask, |aside| aside.owner == Owner::Here(owner));
    }

    /// What waits for owners at other nodes who are no longer there.
    pub(super) fn come_back_to_orphans(&mut self) {
        let mut gone = Vec::new();
        for aside in &self.asides {
            if matches!(aside.owner, Owner::At(_)) && self.owners.live(aside.client) != Some(aside.owner) {
                gone.push((aside.owner, aside.client));
            }
        }
        if !gone.is_empty() {
            self.come_back_to_asides(Foreign::Ask, |aside| gone.contains(&(aside.owner, aside.client)));
        }
    }

    fn come_back_to_asides(&mut self, foreign: Foreign, which: impl Fn(&Aside) -> bool) {
        let ready: Vec<Aside> = self.asides.extract_if(.., |aside| which(aside)).collect();
        let mut moved = false;
        for Aside { by, update, strip, receipt, .. } in ready {
            moved |= self.take(Message { by, update, strip, live: false, receipt, foreign });
        }
        if moved {
            self.after_growth();
        }
    }

    /// Gives back a share of a receipt; the last one is paid when all accepted so far has landed.
    pub(super) fn settle(&mut self, receipt: Option<SharedReceipt>) {
        if let Some((due, after)) = receipt.and_then(Receipt::settle) {
            self.when_all_landed(due, after);
        }
    }

    /// Says no to a message, and remembers what is to be acknowledged if it comes after all.
    pub(super) fn refuse(
        &mut self,
        by: SessionId,
        why: &'static str,
        ranges: Option<Ranges>,
        receipt: Option<SharedReceipt>,
    ) {
        metrics::counter!("unisson_refusals_total", "reason" => why).increment(1);
        let Some(session) = self.sessions.get_mut(&by) else { return };
        // What can't even be read is not waited for.
        let may_come = ranges.is_some();
        if let Some(ranges) = ranges {
            session.owed.merge(&ranges);
            session.owed_asked = false;
        }
        let owed = receipt.map_or(Owed::Nothing, |receipt| receipt.void());
        match session.address.dialect() {
            Dialect::Yjs => {
                let kept: usize = session.owed_echoes.iter().map(Bytes::len).sum();
                if let Owed::Echo(update) = owed
                    && may_come
                    && kept + update.len() <= self.tools.settings.held_bytes
                {
                    session.owed_echoes.push(update);
                }
                let frame = session.address.denied(why);
                session.send(frame);
            }
            Dialect::Hocuspocus => {
                if let Owed::Statuses(count @ 1..) = owed {
                    session.owed_count += if may_come { count } else { 0 };
                    if let Some(frame) = session.address.sync_status(false) {
                        session.send(frame);
                    }
                }
                let told = serde_json::json!({ "kind": "refused", "reason": why }).to_string();
                if let Some(frame) = session.address.stateless(&told) {
                    session.send(frame);
                }
            }
        }
    }

    /// What was refused before and is here now is acknowledged after all. Letters that were refused come by others;
    /// what their sender deleted of them was refused along with them, and nobody else may know of it.
    pub(super) fn pay_what_was_owed(&mut self) {
        let index = &self.index;
        let (mut paid, mut lacking) = (Vec::new(), Vec::new());
        for session in self.sessions.values_mut().filter(|session| !session.owed.is_empty()) {
            if index.covers_ranges(&session.owed) {
                session.owed = Ranges::default();
                let count = std::mem::take(&mut session.owed_count);
                paid.extend((count > 0).then_some(Due::Status(session.id, count)));
                let echoes = session.owed_echoes.drain(..).map(|update| Due::Echo(session.id, update));
                paid.extend(echoes);
            } else if !session.owed_asked && session.access.may_write() && index.covers_structs(&session.owed) {
                session.owed_asked = true;
                lacking.push(session.id);
            }
        }
        for due in paid {
            self.when_landed(due);
        }
        self.ask_all(&lacking);
    }

    /// Nobody writes under these ids any more: what was refused for their sake is taken from whoever has it.
    pub(super) fn ask_who_was_refused(&mut self, released: &[ClientId]) {
        let owing = |session: &&Session| {
            session
                .owed
                .structs
                .iter()
                .any(|(client, range)| released.contains(client) && range.end > self.index.next_clock(*client))
        };
        let owing: Vec<SessionId> = self.sessions.values().filter(owing).map(|session| session.id).collect();
        self.ask_all(&owing);
    }

    pub(super) fn ask_all(&mut self, some: &[SessionId]) {
        if some.is_empty() {
            return;
        }
        let state_vector = self.index.state_vector().encode();
        for id in some {
            if let Some(session) = self.sessions.get_mut(id) {
                session.ask(&state_vector);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Step2,
    Update,
}

/// A run of clocks under one client id.
type Clocks = (ClientId, std::ops::Range<u64>);

/// All that an update tells of.
pub(super) fn whole(update: &Update) -> Ranges {
    Ranges { structs: update.clients().collect(), deletes: update.deletes().clone() }
}
