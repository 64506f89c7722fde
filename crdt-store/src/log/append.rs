//! Group commit: everything that gathered, in one transaction.
//!
//! The hot path. Per document the row of `documents` is locked, its `head_seq` moved, and
//! one row of `updates` written under that seq; so seqs are dense and in commit order (S3).
//! Epoch, freeze and deletion are looked at under that same lock: a document that cannot
//! take its batch is an [`Outcome`], and the others land.
//!
//! PostgreSQL does it in one statement, one round trip; rows are locked in the order of
//! their ids, so that two nodes never wait for each other in a ring. SQLite has one writer
//! and no round trips.

use sqlx::{PgPool, Sqlite, SqlitePool, Transaction};
use time::OffsetDateTime;

use super::{Batch, Entry, Log, Outcome, entry};
use crate::db::at::{At, MaybeAt};
use crate::db::{Pool, Tx};
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch, Seq, UserId};

/// A batch, ready to be written.
struct Line {
    document: DocumentId,
    epoch: Epoch,
    payload: Vec<u8>,
    /// Bytes of its updates, without the frames.
    size: i64,
    /// Who wrote last.
    person: Option<UserId>,
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
    /// The answer has one [`Outcome`] per batch, in the same order. Sorted by document the
    /// locks are short; another order is put right. Where a document comes twice, its
    /// batches become rows in the order given.
    ///
    /// On `Err` nothing landed, with one exception: where the connection broke during the
    /// commit it cannot be known. Appending again is right in both cases, since the same
    /// update twice is the same as once.
    pub async fn append(&self, batches: Vec<Batch>) -> Result<Vec<Outcome>> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        let lines: Vec<Line> = batches.iter().map(Line::of).collect();
        drop(batches);
        let now = self.db.now();
        match self.db.log_writer() {
            Pool::Sqlite(pool) => append_sqlite(pool, lines, now).await,
            Pool::Postgres(pool) => append_postgres(pool, lines, now).await,
        }
    }
}

async fn append_sqlite(pool: &SqlitePool, lines: Vec<Line>, now: At) -> Result<Vec<Outcome>> {
    let mut tx = pool.begin_with("begin immediate").await?;
    let mut outcomes = Vec::with_capacity(lines.len());
    for line in lines {
        let moved: Option<(Seq, Seq)> = sqlx::query_as(
            "update documents
             set head_seq = head_seq + 1, size_bytes = size_bytes + $3,
                 updated_by = coalesce($4, updated_by), updated_at = $5
             where id = $1 and epoch = $2 and frozen_at is null and deleted_at is null
             returning head_seq, snapshot_seq",
        )
        .bind(line.document)
        .bind(line.epoch)
        .bind(line.size)
        .bind(line.person)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((seq, snapshot_seq)) = moved else {
            outcomes.push(refusal(&mut tx, &line).await?);
            continue;
        };
        sqlx::query(
            "insert into updates (document_id, epoch, seq, payload, created_at)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(line.document)
        .bind(line.epoch)
        .bind(seq)
        .bind(line.payload)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let tail = seq - snapshot_seq;
        if is_noted(tail) {
            sqlx::query(
                "insert into tails (document_id, epoch, rows_count) values ($1, $2, $3)
                 on conflict (document_id)
                 do update set epoch = excluded.epoch, rows_count = excluded.rows_count",
            )
            .bind(line.document)
            .bind(line.epoch)
            .bind(tail)
            .execute(&mut *tx)
            .await?;
        }
        outcomes.push(Outcome::Landed(seq));
    }
    tx.commit().await?;
    Ok(outcomes)
}

/// True for the lengths of a tail that are written down: powers of two.
fn is_noted(tail: Seq) -> bool {
    u64::try_from(tail).is_ok_and(u64::is_power_of_two)
}

async fn refusal(tx: &mut Transaction<'static, Sqlite>, line: &Line) -> Result<Outcome> {
    let facts: Option<(Epoch, MaybeAt)> =
        sqlx::query_as("select epoch, frozen_at from documents where id = $1 and deleted_at is null")
            .bind(line.document)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(match facts {
        None => Outcome::Gone,
        Some((epoch, _)) if epoch != line.epoch => Outcome::WrongEpoch,
        Some(_) => Outcome::Frozen,
    })
}

/// One statement is one transaction. `locked` takes the rows' locks in the order of their
/// ids and sees their newest state; `moved` and `landed` write; the last lines say what
/// became of each, in the order asked.
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
        updated_at = $6
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

async fn append_postgres(pool: &PgPool, lines: Vec<Line>, now: At) -> Result<Vec<Outcome>> {
    // Each turn holds a document at most once, and the turns are nearly always one.
    let mut turns: Vec<Vec<usize>> = Vec::new();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|&no| lines[no].document);
    let mut times = 0;
    for (at, &no) in order.iter().enumerate() {
        times = match at.checked_sub(1).map(|before| order[before]) {
            Some(before) if lines[before].document == lines[no].document => times + 1,
            _ => 0,
        };
        if turns.len() == times {
            turns.push(Vec::with_capacity(lines.len()));
        }
        turns[times].push(no);
    }

    let mut outcomes = vec![Outcome::Gone; lines.len()];
    let mut lines: Vec<Option<Line>> = lines.into_iter().map(Some).collect();
    if let [turn] = turns.as_slice() {
        let answers = statement(pool, take(&mut lines, turn), now).await?;
        put(&mut outcomes, turn, answers)?;
        return Ok(outcomes);
    }
    let mut tx = pool.begin().await?;
    for turn in &turns {
        let answers = statement(&mut *tx, take(&mut lines, turn), now).await?;
        put(&mut outcomes, turn, answers)?;
    }
    tx.commit().await?;
    Ok(outcomes)
}

fn take(lines: &mut [Option<Line>], turn: &[usize]) -> Vec<Line> {
    turn.iter().filter_map(|&no| lines[no].take()).collect()
}

fn put(outcomes: &mut [Outcome], turn: &[usize], answers: Vec<Outcome>) -> Result<()> {
    if answers.len() != turn.len() {
        return Err(StoreError::Database(sqlx::Error::Protocol(
            "an append was answered for another number of documents".to_owned(),
        )));
    }
    for (&no, answer) in turn.iter().zip(answers) {
        outcomes[no] = answer;
    }
    Ok(())
}

async fn statement<'c, E>(on: E, lines: Vec<Line>, now: At) -> Result<Vec<Outcome>>
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
        .bind(OffsetDateTime::from(now))
        .fetch_all(on)
        .await?;
    Ok(answers
        .into_iter()
        .zip(epochs)
        .map(|(answer, epoch)| match answer {
            (Some(seq), _, _) => Outcome::Landed(seq),
            (None, None, _) => Outcome::Gone,
            (None, Some(current), _) if current != epoch => Outcome::WrongEpoch,
            _ => Outcome::Frozen,
        })
        .collect())
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
