//! Group commit: everything that gathered, in one transaction.
//!
//! The hot path. Per document the row of `documents` is locked, its `head_seq` moved, and
//! one row of `updates` written under that seq; so seqs are dense and in commit order (S3).
//! Epoch, freeze and deletion are looked at under that same lock: a document that cannot
//! take its batch is an [`Outcome`], and the others land.
//!
//! Each engine is told once per commit, whatever the number of documents. PostgreSQL: one
//! statement, one round trip, on a connection that is kept; rows are locked in the order of
//! their ids, so that two nodes never wait for each other in a ring. SQLite: a thread with a
//! connection of its own (`db/scribe.rs`).

use std::borrow::Borrow;

use super::{Batch, Entry, Log, Outcome, entry};
use crate::db::at::At;
use crate::db::pen::Pen;
use crate::db::{LogWriter, Tx};
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch, Seq, UserId};

/// A batch, ready to be written.
pub(crate) struct Line {
    pub document: DocumentId,
    pub epoch: Epoch,
    pub payload: Vec<u8>,
    /// Bytes of its updates, without the frames.
    pub size: i64,
    /// Who wrote last.
    pub person: Option<UserId>,
}

impl Line {
    fn of(batch: &Batch) -> Self {
        let size: usize = batch.entries.iter().map(|entry| entry.bytes.len()).sum();
        Self {
            document: batch.document,
            epoch: batch.epoch,
            payload: entry::encode(&batch.entries),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            person: batch.entries.iter().rev().find_map(|entry| entry.person),
        }
    }
}

impl Log {
    /// Commits the batches of any number of documents in one transaction, one row each.
    ///
    /// The answer has one [`Outcome`] per batch, in the same order. They may come in any order;
    /// where a document comes twice, its batches become rows in the order given.
    ///
    /// On `Err` nothing landed, with one exception: where the connection broke during the
    /// commit it cannot be known. Appending again is right in both cases, since the same
    /// update twice is the same as once. The same goes for a future that is dropped.
    pub fn append<I>(&self, batches: I) -> impl Future<Output = Result<Vec<Outcome>>> + Send + use<I>
    where
        I: IntoIterator<Item: Borrow<Batch>>,
    {
        let lines: Vec<Line> = batches.into_iter().map(|batch| Line::of(batch.borrow())).collect();
        let db = self.db.clone();
        async move {
            if lines.is_empty() {
                return Ok(Vec::new());
            }
            match db.log_writer() {
                LogWriter::Sqlite(scribe) => scribe.append(lines, db.now()).await,
                LogWriter::Postgres(pen) => append_postgres(pen, lines, db.now()).await,
            }
        }
    }
}

/// The places of the lines, sorted by document, each turn with a document at most once.
/// Nearly always one turn.
fn turns(lines: &[Line]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|&no| lines[no].document);
    let mut turns: Vec<Vec<usize>> = Vec::new();
    let mut times = 0;
    let mut before = None;
    for no in order {
        let document = lines[no].document;
        times = if before == Some(document) { times + 1 } else { 0 };
        before = Some(document);
        if turns.len() == times {
            turns.push(Vec::with_capacity(lines.len()));
        }
        turns[times].push(no);
    }
    turns
}

/// One statement is one transaction. `locked` takes the rows' locks in the order of their
/// ids and sees their newest state; `moved`, `landed` and `noted` write; the last lines say
/// what became of each, in the order asked.
const APPEND: &str = "
with incoming as materialized (
    select * from unnest($1::uuid[], $2::int4[], $3::bytea[], $4::int8[], $5::uuid[])
        with ordinality as i (document_id, epoch, payload, size_bytes, person_id, no)
), locked as materialized (
    select d.id, d.epoch, d.frozen_at is not null as frozen
    from documents d
    where d.id = any($1) and d.deleted_at is null
    order by d.id
    for no key update
), moved as (
    update documents d
    set head_seq = d.head_seq + 1,
        size_bytes = d.size_bytes + i.size_bytes,
        updated_by = coalesce(i.person_id, d.updated_by),
        updated_at = $6,
        updated_hour = $7
    from locked l join incoming i on i.document_id = l.id and i.epoch = l.epoch
    where d.id = l.id and not l.frozen
    returning d.id, d.head_seq, d.head_seq - d.snapshot_seq as tail
), landed as (
    insert into updates (document_id, epoch, seq, payload, created_at)
    select m.id, i.epoch, m.head_seq, i.payload, $6
    from moved m join incoming i on i.document_id = m.id
), noted as (
    insert into tails (document_id, epoch, rows_count)
    select m.id, i.epoch, m.tail
    from moved m join incoming i on i.document_id = m.id
    where m.tail > 0 and m.tail & (m.tail - 1) = 0
    on conflict (document_id)
    do update set epoch = excluded.epoch, rows_count = excluded.rows_count
)
select m.head_seq, l.epoch, l.frozen
from incoming i
left join locked l on l.id = i.document_id
left join moved m on m.id = i.document_id
order by i.no";

async fn append_postgres(pen: &Pen, lines: Vec<Line>, now: At) -> Result<Vec<Outcome>> {
    let turns = turns(&lines);
    let mut outcomes = vec![Outcome::Gone; lines.len()];
    let mut lines: Vec<Option<Line>> = lines.into_iter().map(Some).collect();
    let mut take = |turn: &[usize]| -> Vec<Line> { turn.iter().filter_map(|&no| lines[no].take()).collect() };
    let mut connection = pen.take().await?;
    if let [turn] = &turns[..] {
        let answers = turn_postgres(&mut *connection, take(turn), now).await?;
        turn.iter().zip(answers).for_each(|(&no, outcome)| outcomes[no] = outcome);
    } else {
        let mut tx = sqlx::Connection::begin(&mut *connection).await?;
        for turn in &turns {
            let answers = turn_postgres(&mut *tx, take(turn), now).await?;
            turn.iter().zip(answers).for_each(|(&no, outcome)| outcomes[no] = outcome);
        }
        tx.commit().await?;
    }
    pen.put_back(connection);
    Ok(outcomes)
}

async fn turn_postgres<'c, E>(on: E, lines: Vec<Line>, now: At) -> Result<Vec<Outcome>>
where
    E: sqlx::Executor<'c, Database = sqlx::Postgres>,
{
    let epochs: Vec<Epoch> = lines.iter().map(|line| line.epoch).collect();
    let mut documents = Vec::with_capacity(lines.len());
    let mut payloads = Vec::with_capacity(lines.len());
    let mut sizes = Vec::with_capacity(lines.len());
    let mut people = Vec::with_capacity(lines.len());
    for line in lines {
        documents.push(line.document.0);
        payloads.push(line.payload);
        sizes.push(line.size);
        people.push(line.person.map(|person| person.0));
    }
    let answers: Vec<(Option<Seq>, Option<Epoch>, Option<bool>)> = sqlx::query_as(APPEND)
        .bind(documents)
        .bind(&epochs)
        .bind(payloads)
        .bind(sizes)
        .bind(people)
        .bind(now)
        .bind(now.hour())
        .fetch_all(on)
        .await?;
    if answers.len() != epochs.len() {
        return Err(StoreError::Database(sqlx::Error::Protocol(
            "an append was answered for another number of documents".to_owned(),
        )));
    }
    let outcome = |(answer, epoch)| match answer {
        (Some(seq), _, _) => Outcome::Landed(seq),
        (None, None, _) => Outcome::Gone,
        (None, Some(current), _) if current != epoch => Outcome::WrongEpoch,
        _ => Outcome::Frozen,
    };
    Ok(answers.into_iter().zip(epochs).map(outcome).collect())
}

/// Writes row 1 of a new lineage, whose document row the caller has made or moved.
pub(crate) async fn seed_row(tx: &mut Tx, document: DocumentId, epoch: Epoch, seed: Entry, now: At) -> Result<()> {
    on!(
        in tx,
        run,
        "insert into updates (document_id, epoch, seq, payload, created_at)
         values ($1, $2, 1, $3, $4)",
        document,
        epoch,
        entry::encode(&[seed]),
        now
    )?;
    on!(
        in tx,
        run,
        "insert into tails (document_id, epoch, rows_count) values ($1, $2, 1)
         on conflict (document_id)
         do update set epoch = excluded.epoch, rows_count = excluded.rows_count",
        document,
        epoch
    )?;
    Ok(())
}
