//! The common case of an admission: one structure more of a client, and no deletes. Nearly every update is that.
//!
//! It is judged as any other, but right in the index, without a plan of what could be cut, wait or be put back.
//! Whatever turns out not to be the common case leaves the index as it was, and goes the long way.

use std::ops::Range;

use super::admit::{Cut, Refusal, Rule};
use super::content::Kind;
use super::judge::Judge;
use super::known::Known;
use super::{ClientId, Index, Update};

impl Index {
    /// The client that an update continues by one structure; none if it does more, or less.
    pub(super) fn next_of(&self, update: &Update) -> Option<ClientId> {
        let ([section], [record]) = (update.sections.as_slice(), update.records.as_slice()) else { return None };
        if record.shape.kind() == Kind::Skip || !update.deletes.is_empty() || !update.canonical {
            return None;
        }
        // A client that is not known yet may be one too many.
        let client = update.client(section.client);
        self.clients.get(&client).is_some_and(|known| known.next == section.start).then_some(client)
    }

    /// Takes an update that [`Index::next_of`] named the client of, and says which clocks are new. None, and
    /// nothing taken, if it lacks something.
    pub(super) fn take_next(
        &mut self,
        update: &Update,
        client: ClientId,
        strict: bool,
    ) -> Option<Result<Range<u32>, Refusal>> {
        let section = update.sections.first()?;
        let mut own = std::mem::take(self.clients.get_mut(&client)?);
        let before = own.next;
        let mut cut = Cut::new(Rule::Take, section.records.start, section.ids_from, before);
        let others = |place| self.clients.get(&update.client(place));
        let judged = Judge::new(update, section, others, strict).advance(&mut cut, &mut own);
        // One structure is taken or is not: there is nothing to go back to.
        let next = own.next;
        self.put_back(client, own);
        match judged {
            Err(refusal) => Some(Err(refusal)),
            Ok(()) if next == before => None,
            Ok(()) => Some(Ok(before..next)),
        }
    }

    fn put_back(&mut self, client: ClientId, own: Known) {
        if let Some(known) = self.clients.get_mut(&client) {
            *known = own;
        }
    }
}
