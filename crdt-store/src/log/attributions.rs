//! Who wrote which clocks.
//!
//! While a row is in the log its entries say it themselves, so that an append costs nothing
//! more. When a snapshot covers the row, its ranges move to the table `attributions`, in the
//! snapshot's own transaction, adjoining ones of one person and session merged. A clock that
//! is told twice (two nodes wrote the same heard update) belongs to who was first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use uuid::Uuid;

use super::{Attribution, Entry, Log, Stored, load};
use crate::db::Tx;
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{ClientId, Clock, DocumentId, Epoch, Seq, UserId};

impl Log {
    /// Who wrote what is in a document and epoch, by client and clock, without overlaps.
    pub async fn attributions(&self, document: DocumentId, epoch: Epoch) -> Result<Vec<Attribution>> {
        let mut tx = self.db.begin_read().await?;
        let mut ledger = Ledger::read(&mut tx, document, epoch).await?;
        let snapshot = on!(
            in &mut tx,
            maybe One<Seq>,
            "select seq from snapshots where document_id = $1 and epoch = $2",
            document,
            epoch
        )?;
        let after = snapshot.map_or(0, |One(seq)| seq);
        let quarantined = self.quarantined_in(&mut tx, document, Some(epoch)).await?;
        let rows = load::read_rows(&mut tx, document, epoch, after, Seq::MAX, &quarantined).await?;
        tx.commit().await?;
        for row in &rows {
            for entry in &row.entries {
                ledger.add_entry(entry);
            }
        }
        Ok(ledger.into_attributions())
    }

    /// The same for who has just loaded the document: its rows are not read again.
    pub async fn attributions_of(&self, document: DocumentId, stored: &Stored) -> Result<Vec<Attribution>> {
        let ranges = on!(
            self.db.reader(),
            all StoredRange,
            "select client_id, clock_from, clock_to, person_id, session_id, brought
             from attributions where document_id = $1 and epoch = $2",
            document,
            stored.epoch
        )?;
        let mut ledger = Ledger::of(ranges);
        // What a snapshot has taken over since is in both, and counts once.
        for entry in stored.rows.iter().flat_map(|row| &row.entries) {
            ledger.add_entry(entry);
        }
        Ok(ledger.into_attributions())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Author {
    person: Option<UserId>,
    session: Uuid,
    brought: bool,
}

/// The ranges of one document, by client and first clock; they never overlap.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    ranges: BTreeMap<(ClientId, Clock), (Clock, Author)>,
    changed: BTreeSet<(ClientId, Clock)>,
}

type StoredRange = (i64, i64, i64, Option<UserId>, Uuid, bool);

impl Ledger {
    pub(super) async fn read(tx: &mut Tx, document: DocumentId, epoch: Epoch) -> Result<Self> {
        let stored = on!(
            in tx,
            all StoredRange,
            "select client_id, clock_from, clock_to, person_id, session_id, brought
             from attributions where document_id = $1 and epoch = $2",
            document,
            epoch
        )?;
        Ok(Self::of(stored))
    }

    fn of(stored: Vec<StoredRange>) -> Self {
        let mut ledger = Self::default();
        for (client, from, to, person, session, brought) in stored {
            let author = Author { person, session, brought };
            ledger.ranges.insert((unsigned(client), unsigned(from)), (unsigned(to), author));
        }
        ledger
    }

    pub(super) fn add_entry(&mut self, entry: &Entry) {
        for (told, brought) in [(&entry.own, false), (&entry.brought, true)] {
            let author = Author { person: entry.person, session: entry.session, brought };
            for (client, clocks) in told {
                self.add(*client, clocks.clone(), author);
            }
        }
    }

    /// Adds what of `clocks` nobody has yet.
    fn add(&mut self, client: ClientId, clocks: Range<Clock>, author: Author) {
        let mut from = clocks.start;
        while from < clocks.end {
            let before = self.ranges.range_mut((client, 0)..=(client, from)).next_back();
            if let Some((_, (to, _))) = &before
                && *to > from
            {
                from = *to;
                continue;
            }
            let adjoining = match before {
                Some((&key, (to, theirs))) if *to == from && *theirs == author => Some(key),
                _ => None,
            };
            let to = self
                .ranges
                .range((client, from)..=(client, Clock::MAX))
                .next()
                .map_or(clocks.end, |(&(_, start), _)| start.min(clocks.end));
            let key = adjoining.unwrap_or((client, from));
            self.ranges.insert(key, (to, author));
            self.changed.insert(key);
            from = to;
        }
    }

    /// Writes what was added since it was read.
    pub(super) async fn write(&self, tx: &mut Tx, document: DocumentId, epoch: Epoch) -> Result<()> {
        for key in &self.changed {
            let Some((to, author)) = self.ranges.get(key) else {
                continue;
            };
            on!(
                in tx,
                run,
                "insert into attributions
                    (document_id, epoch, client_id, clock_from, clock_to, person_id, session_id, brought)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)
                 on conflict (document_id, epoch, client_id, clock_from)
                 do update set clock_to = excluded.clock_to",
                document,
                epoch,
                signed(key.0)?,
                signed(key.1)?,
                signed(*to)?,
                author.person,
                author.session,
                author.brought
            )?;
        }
        Ok(())
    }

    fn into_attributions(self) -> Vec<Attribution> {
        let mut all: Vec<Attribution> = Vec::with_capacity(self.ranges.len());
        for ((client, from), (to, author)) in self.ranges {
            if let Some(last) = all.last_mut()
                && last.client == client
                && last.to == from
                && last.person == author.person
                && last.session == author.session
                && last.brought == author.brought
            {
                last.to = to;
                continue;
            }
            all.push(Attribution {
                client,
                from,
                to,
                person: author.person,
                session: author.session,
                brought: author.brought,
            });
        }
        all
    }
}

fn signed(value: u64) -> Result<i64> {
    i64::try_from(value)
        .map_err(|_| StoreError::Unacceptable { what: "a client id or clock", reason: "it is longer than 63 bits" })
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(session: u128) -> Author {
        Author { person: None, session: Uuid::from_u128(session), brought: false }
    }

    fn told(ledger: Ledger) -> Vec<(ClientId, Clock, Clock, u128)> {
        ledger.into_attributions().into_iter().map(|a| (a.client, a.from, a.to, a.session.as_u128())).collect()
    }

    #[test]
    fn adjoining_ranges_of_one_session_are_one() {
        let mut ledger = Ledger::default();
        ledger.add(7, 0..3, author(1));
        ledger.add(7, 3..5, author(1));
        ledger.add(7, 5..6, author(2));
        ledger.add(8, 6..7, author(1));
        assert_eq!(ledger.ranges.len(), 3);
        assert_eq!(told(ledger), [(7, 0, 5, 1), (7, 5, 6, 2), (8, 6, 7, 1)]);
    }

    #[test]
    fn a_clock_told_twice_belongs_to_who_was_first() {
        let mut ledger = Ledger::default();
        ledger.add(7, 2..4, author(1));
        ledger.add(7, 6..7, author(1));
        ledger.add(7, 0..9, author(2));
        assert_eq!(told(ledger), [(7, 0, 2, 2), (7, 2, 4, 1), (7, 4, 6, 2), (7, 6, 7, 1), (7, 7, 9, 2)]);
    }

    #[test]
    fn a_hole_that_is_filled_later_reads_as_one_range() {
        let mut ledger = Ledger::default();
        ledger.add(7, 0..2, author(1));
        ledger.add(7, 4..6, author(1));
        ledger.add(7, 2..4, author(1));
        assert_eq!(told(ledger), [(7, 0, 6, 1)]);
    }

    #[test]
    fn an_empty_range_adds_nothing() {
        let mut ledger = Ledger::default();
        ledger.add(7, 3..3, author(1));
        assert!(ledger.changed.is_empty());
    }
}
