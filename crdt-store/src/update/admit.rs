//! Cause: what of an update may be taken now.
//!
//! An update is cut at the index, so that only news is left, and taken structure by structure as long as all
//! that a structure refers to is known, from the index or from what was just taken. A section that lacks
//! something sleeps until another section has brought it, so the work is `n log n` in the structures, whatever
//! their order. What still lacks something in the end is held: it is a gap, not an offence.
//!
//! A structure that is known in part is cut as well, so that nothing taken ever overlaps what is known.
//!
//! The index grows in place; a refusal takes back what had grown.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bytes::Bytes;
use thiserror::Error;

use super::divide::{Cuts, tell};
use super::index::MAX_DEPTH;
use super::judge::Judge;
use super::known::{Known, Mark};
use super::{ClientId, Clock, DeleteSet, Index, Ranges, Update};

/// What the caller says of a section that holds news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Take,
    /// Kept apart, in [`Admission::refused`].
    Refuse,
    /// Kept apart, in [`Admission::aside`].
    Aside,
}

/// Why an update as a whole can't be taken. The index is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("shared types are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("the document would have structures of more than {limit} clients")]
    TooManyClients { limit: usize },
    #[error("the parent {client}:{clock} of a structure can't have any")]
    InvalidParent { client: ClientId, clock: Clock },
    #[error("a structure stands between neighbours of two places, one of them {client}:{clock}")]
    MixedPlaces { client: ClientId, clock: Clock },
    #[error("the structure {client}:{clock} holds several values at one key")]
    LongKey { client: ClientId, clock: Clock },
    #[error("{client}:{clock} is needed and not known")]
    Gap { client: ClientId, clock: Clock },
}

impl Refusal {
    /// A stable name for metrics and refusals.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::TooDeep => "too-deep",
            Refusal::TooManyClients { .. } => "too-many-clients",
            Refusal::InvalidParent { .. } => "parent-not-a-type",
            Refusal::MixedPlaces { .. } => "mixed-places",
            Refusal::LongKey { .. } => "long-key",
            Refusal::Gap { .. } => "gap",
        }
    }
}

/// What became of the parts of an update.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// What was taken; none if there was no news in it.
    pub accepted: Option<Accepted>,
    /// What lacks something, with the deletes of structures that are not known.
    pub held: Option<Update>,
    /// Sections kept apart by rule, with the deletes of their structures.
    pub aside: Option<Update>,
    pub refused: Option<Update>,
    /// What the held part waits for: at most 16 ids.
    pub missing: Vec<(ClientId, Clock)>,
}

/// What was taken of an update.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The original bytes when nothing was cut off, else a new frame around slices of them.
    pub bytes: Bytes,
    pub whole: bool,
    /// What of it is new.
    pub ranges: Ranges,
}

impl Admission {
    /// All of an update was taken, which is new `range` of one client.
    fn of_whole(update: &Update, client: ClientId, range: Range<u32>) -> Admission {
        let structs = vec![(client, u64::from(range.start)..u64::from(range.end))];
        let ranges = Ranges { structs, deletes: DeleteSet::new() };
        let accepted = Accepted { bytes: update.bytes.clone(), whole: true, ranges };
        Admission { accepted: Some(accepted), ..Admission::default() }
    }
}

impl Index {
    /// Takes what is new in an update and causally complete; the index grows by it.
    ///
    /// What is known is cut off the front of each section, in the middle of a structure if need be. With
    /// `strip_known_deletes` (a SyncStep2, which carries all deletes of a document) known deletes are cut off too;
    /// without, an update survives whole in spite of some. `rule` is asked once for every section with unknown
    /// structures, in the order of the message.
    pub fn admit(
        &mut self,
        update: &Update,
        strip_known_deletes: bool,
        rule: &mut dyn FnMut(ClientId) -> Rule,
    ) -> Result<Admission, Refusal> {
        let Some(client) = self.next_of(update) else { return self.admit_any(update, strip_known_deletes, rule) };
        let verdict = rule(client);
        if verdict == Rule::Take
            && let Some(taken) = self.take_next(update, client, true)
        {
            return taken.map(|range| Admission::of_whole(update, client, range));
        }
        self.admit_any(update, strip_known_deletes, &mut |_| verdict)
    }

    /// [`Index::admit`], whatever the update is like.
    pub(super) fn admit_any(
        &mut self,
        update: &Update,
        strip_known_deletes: bool,
        rule: &mut dyn FnMut(ClientId) -> Rule,
    ) -> Result<Admission, Refusal> {
        let mut plan = Plan::new(self, update);
        plan.cut(rule);
        let taken = plan.take().and_then(|()| plan.check_clients(self));
        if let Err(refusal) = taken {
            plan.roll_back(self);
            return Err(refusal);
        }
        let cuts = plan.settle(self);
        Ok(cuts.divide(self, update, strip_known_deletes))
    }

    /// Takes what is new in an update that another index has admitted before: no limit and no rule is asked again,
    /// since they were asked there, but what is not complete here is held all the same.
    pub fn admit_again(&mut self, update: &Update) -> Result<Admission, Refusal> {
        if let Some(client) = self.next_of(update)
            && let Some(taken) = self.take_next(update, client, false)
        {
            return taken.map(|range| Admission::of_whole(update, client, range));
        }
        let mut plan = Plan::new(self, update);
        plan.strict = false;
        plan.cut(&mut |_| Rule::Take);
        if let Err(refusal) = plan.take() {
            plan.roll_back(self);
            return Err(refusal);
        }
        let cuts = plan.settle(self);
        Ok(cuts.divide(self, update, false))
    }

    /// Grows by an update that was admitted before, as the log holds it: it must be complete.
    pub fn absorb(&mut self, update: &Update) -> Result<(), Refusal> {
        if let Some(client) = self.next_of(update)
            && let Some(taken) = self.take_next(update, client, false)
        {
            return taken.map(drop);
        }
        let mut plan = Plan::new(self, update);
        plan.strict = false;
        plan.cut(&mut |_| Rule::Take);
        let taken = plan.take().and_then(|()| match plan.missing().next() {
            Some((client, clock)) => Err(Refusal::Gap { client, clock }),
            None => Ok(()),
        });
        let taken = taken.and_then(|()| plan.check_deletes(self));
        if let Err(refusal) = taken {
            plan.roll_back(self);
            return Err(refusal);
        }
        plan.settle(self);
        self.deletes.merge(&update.deletes);
        Ok(())
    }
}

/// An admission in progress. What the index knows of the clients that the update names is moved in here.
struct Plan<'a> {
    update: &'a Update,
    /// By place in the update's list of clients.
    clients: Vec<Working>,
    cuts: Vec<Cut>,
    /// Sections that sleep: (client, clock that must become known, section).
    sleeping: BTreeSet<(u32, u32, u32)>,
    /// Whether deletes must stand beside what they delete; in a log whose parts were cut anew they don't.
    strict: bool,
}

/// What is known of a client, and what was before.
pub(super) struct Working {
    pub(super) known: Known,
    before: Mark,
}

/// Where a section is cut: known structures, taken ones, and the rest.
pub(super) struct Cut {
    pub(super) rule: Rule,
    /// First record that is not known, and the place of its first id.
    pub(super) from: usize,
    pub(super) ids_from: usize,
    /// First record that was not taken, and the place of its first id.
    pub(super) to: usize,
    pub(super) ids_to: usize,
    /// The id without which the section can't be taken further.
    pub(super) waits_for: Option<(u32, u32)>,
    /// The client's next clock before, and now.
    pub(super) next_before: u32,
    pub(super) next: u32,
}

impl Cut {
    /// Before anything is taken: known is what is before the record `from`, whose first id is `ids_from`.
    pub(super) fn new(rule: Rule, from: usize, ids_from: usize, next: u32) -> Cut {
        Cut { rule, from, ids_from, to: from, ids_to: ids_from, waits_for: None, next_before: next, next }
    }
}

impl<'a> Plan<'a> {
    fn new(index: &mut Index, update: &'a Update) -> Plan<'a> {
        let clients = update
            .clients
            .iter()
            .map(|client| {
                let known = index.clients.get_mut(client).map(std::mem::take).unwrap_or_default();
                Working { before: known.mark(), known }
            })
            .collect();
        Plan {
            update,
            clients,
            cuts: Vec::with_capacity(update.sections.len()),
            sleeping: BTreeSet::new(),
            strict: true,
        }
    }

    /// Cuts every section at what is known, and asks the rule where something is left.
    fn cut(&mut self, rule: &mut dyn FnMut(ClientId) -> Rule) {
        for section in &self.update.sections {
            let next = self.clients.get(section.client as usize).map_or(0, |client| client.known.next);
            let mut from = section.records.start;
            let mut ids_from = section.ids_from;
            while from < section.records.end && self.update.end_clock(section, from) <= next {
                ids_from += self.update.records.get(from).map_or(0, |record| record.shape.ids());
                from += 1;
            }
            let has_news = section.structs_end > next.max(section.start);
            let (rule, from) = if has_news {
                (rule(self.update.client(section.client)), from)
            } else {
                (Rule::Take, section.records.end)
            };
            self.cuts.push(Cut::new(rule, from, ids_from, next));
        }
    }

    /// Takes all that is complete, to a fixed point.
    fn take(&mut self) -> Result<(), Refusal> {
        let mut awake: Vec<u32> = (0..self.cuts.len() as u32).rev().collect();
        while let Some(at) = awake.pop() {
            let Some(section) = self.update.sections.get(at as usize) else {
                continue;
            };
            if self.advance(at as usize)? {
                let next = self.clients.get(section.client as usize).map_or(0, |client| client.known.next);
                let from = (section.client, 0, 0);
                let woken: Vec<_> = self.sleeping.range(from..(section.client, next, 0)).copied().collect();
                for sleeper in woken {
                    self.sleeping.remove(&sleeper);
                    awake.push(sleeper.2);
                }
            }
            if let Some((client, clock)) = self.cuts.get(at as usize).and_then(|cut| cut.waits_for) {
                self.sleeping.insert((client, clock, at));
            }
        }
        Ok(())
    }

    /// Takes structures of one section until one lacks something; whether any was taken.
    fn advance(&mut self, at: usize) -> Result<bool, Refusal> {
        let (Some(section), Some(cut)) = (self.update.sections.get(at), self.cuts.get_mut(at)) else {
            return Ok(false);
        };
        let Some(client) = self.clients.get_mut(section.client as usize) else { return Ok(false) };
        cut.waits_for = None;
        if cut.rule != Rule::Take {
            return Ok(false);
        }
        // The section's own client is worked on apart from the others that its structures refer to.
        let mut own = std::mem::take(&mut client.known);
        let first = cut.to;
        let others = |place: u32| self.clients.get(place as usize).map(|client| &client.known);
        let judge = Judge::new(self.update, section, others, self.strict);
        let advanced = judge.advance(cut, &mut own);
        if let Some(client) = self.clients.get_mut(section.client as usize) {
            client.known = own;
        }
        advanced.map(|()| cut.to > first)
    }

    /// What sections that are to be taken wait for.
    fn missing(&self) -> impl Iterator<Item = (ClientId, Clock)> + '_ {
        self.cuts
            .iter()
            .filter_map(|cut| cut.waits_for)
            .map(|(client, clock)| (self.update.client(client), u64::from(clock)))
    }

    fn check_clients(&self, index: &Index) -> Result<(), Refusal> {
        let new = self.clients.iter().filter(|client| client.before.next == 0 && client.known.next > 0).count();
        let limit = index.limits.clients;
        if new > 0 && index.clients.len() + new > limit { Err(Refusal::TooManyClients { limit }) } else { Ok(()) }
    }

    /// Refuses deletes of structures that are not known, counting those that were just taken.
    fn check_deletes(&self, index: &Index) -> Result<(), Refusal> {
        let named: BTreeMap<_, _> = self
            .update
            .clients
            .iter()
            .zip(&self.clients)
            .map(|(client, working)| (*client, working.known.next))
            .collect();
        for (client, spans) in self.update.deletes.clients() {
            let next = named.get(&client).copied().unwrap_or_else(|| index.next(client));
            if spans.last().is_some_and(|last| last.1 > next) {
                return Err(Refusal::Gap { client, clock: u64::from(next) });
            }
        }
        Ok(())
    }

    /// Gives back what the index knew before.
    fn roll_back(self, index: &mut Index) {
        for (client, mut working) in self.update.clients.iter().zip(self.clients) {
            working.known.go_back(working.before);
            if let Some(known) = index.clients.get_mut(client) {
                *known = working.known;
            }
        }
    }

    /// Gives the index what it knows now.
    fn settle(self, index: &mut Index) -> Cuts {
        let mut missing = Vec::new();
        self.missing().for_each(|id| tell(&mut missing, id));
        for (client, working) in self.update.clients.iter().zip(self.clients) {
            if working.known.next > 0 {
                index.clients.insert(*client, working.known);
            }
        }
        Cuts { cuts: self.cuts, missing }
    }
}
