//! Group commit: everything that gathered, in one transaction.
//!
//! The hot path. Per document the row of `documents` is locked, its `head_seq` moved, and
//! one row of `updates` written under that seq; so seqs are dense and in commit order (S3).
//! Epoch, freeze and deletion are looked at under that same lock: a document that cannot
//! take its batch is an [`Outcome`], and the others land.
//!
//! Both engines take all documents in one or two statements. PostgreSQL: one statement, one
//! round trip; rows are locked in the order of their ids, so that two nodes never wait for
//! each other in a ring. SQLite: its thread is told twice per commit rather than twice per
//! document, which was most of the cost.

use std::collections::HashMap;

use sqlx::{PgPool, Sqlite, SqlitePool, Transaction};

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
    /// The answer has one [`Outcome`] per batch, in the same order. They may come in any order;
    /// where a document comes twice, its batches become rows in the order given.
    ///
    /// On `Err` nothing landed, with one exception: where the connection broke during the
    /// commit it cannot be known. Appending again is right in both cases, since the same
    /// update twice is the same as once.
    pub async fn append(&self, batches: Vec<Batch>) -> Result<Vec<Outcome>> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        let turns = turns(&batches);
        let mut lines: Vec<Option<Line>> = batches.iter().map(|batch| Some(Line::of(batch))).collect();
        drop(batches);
        let turns = turns.into_iter().map(|turn| {
            let taken: Vec<Line> = turn.iter().filter_map(|&no| lines[no].take()).collect();
            (turn, taken)
        });
        let turns: Vec<(Vec<usize>, Vec<Line>)> = turns.collect();
        let now = self.db.now();
        let mut outcomes = vec![Outcome::Gone; lines.len()];
        let answers = match self.db.log_writer() {
            Pool::Sqlite(pool) => append_sqlite(pool, turns, now).await?,
            Pool::Postgres(pool) => append_postgres(pool, turns, now).await?,
        };
        for (no, outcome) in answers {
            outcomes[no] = outcome;
        }
        Ok(outcomes)
    }
}

/// The places of the batches, sorted by document, each turn with a document at most once.
/// Nearly always one turn.
fn turns(batches: &[Batch]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..batches.len()).collect();
    order.sort_by_key(|&no| batches[no].document);
    let mut turns: Vec<Vec<usize>> = Vec::new();
    let mut times = 0;
    let mut before = None;
    for no in order {
        let document = batches[no].document;
        times = if before == Some(document) { times + 1 } else { 0 };
        before = Some(document);
        if turns.len() == times {
            turns.push(Vec::with_capacity(batches.len()));
        }
        turns[times].push(no);
    }
    turns
}

type Turn = (Vec<usize>, Vec<Line>);
type Answers = Vec<(usize, Outcome)>;

/// Moves the documents that `$1` lists, as JSON: `[[id, epoch, size, person], …]`.
const MOVE: &str = "
update documents
set head_seq = documents.head_seq + 1,
    size_bytes = documents.size_bytes + i.size_bytes,
    updated_by = coalesce(i.person_id, documents.updated_by),
    updated_at = $2
from (
    select unhex(value ->> 0) as id, value ->> 1 as epoch, value ->> 2 as size_bytes, unhex(value ->> 3) as person_id
    from json_each($1)
) i
where documents.id = i.id and documents.epoch = i.epoch
    and documents.frozen_at is null and documents.deleted_at is null
returning id, head_seq, snapshot_seq, updated_hour";

/// Writes the rows that `$1` lists, as JSON: `[[id, epoch, seq, from, len], …]`, whose payloads
/// lie in `$2` one after another.
const LAND: &str = "
insert into updates (document_id, epoch, seq, payload, created_at)
select unhex(value ->> 0), value ->> 1, value ->> 2, substr($2, value ->> 3, value ->> 4), $3
from json_each($1)";

async fn append_sqlite(pool: &SqlitePool, turns: Vec<Turn>, now: At) -> Result<Answers> {
    let mut tx = pool.begin_with("begin immediate").await?;
    let mut answers = Vec::new();
    for (places, lines) in turns {
        let outcomes = turn_sqlite(&mut tx, lines, now).await?;
        answers.extend(places.into_iter().zip(outcomes));
    }
    tx.commit().await?;
    Ok(answers)
}

async fn turn_sqlite(tx: &mut Transaction<'static, Sqlite>, lines: Vec<Line>, now: At) -> Result<Vec<Outcome>> {
    let asked: Vec<_> = lines
        .iter()
        .map(|line| (line.document.0.simple(), line.epoch, line.size, line.person.map(|person| person.0.simple())))
        .collect();
    let moved: Vec<(DocumentId, Seq, Seq, i64)> =
        sqlx::query_as(MOVE).bind(json(&asked)?).bind(now).fetch_all(&mut **tx).await?;
    let moved: HashMap<DocumentId, (Seq, Seq, i64)> =
        moved.into_iter().map(|(id, head, snapshot, hour)| (id, (head, head - snapshot, hour))).collect();

    let mut outcomes = Vec::with_capacity(lines.len());
    let mut rows = Vec::with_capacity(lines.len());
    let mut payloads = Vec::with_capacity(lines.iter().map(|line| line.payload.len()).sum());
    for line in lines {
        let Some(&(seq, tail, hour)) = moved.get(&line.document) else {
            outcomes.push(refusal(tx, &line).await?);
            continue;
        };
        rows.push((line.document.0.simple(), line.epoch, seq, payloads.len() + 1, line.payload.len()));
        payloads.extend_from_slice(&line.payload);
        outcomes.push(Outcome::Landed(seq));
        // Seldom: once an hour, and when a tail passes a power of two.
        if hour != now.hour() {
            sqlx::query("update documents set updated_hour = $2 where id = $1")
                .bind(line.document)
                .bind(now.hour())
                .execute(&mut **tx)
                .await?;
        }
        if u64::try_from(tail).is_ok_and(u64::is_power_of_two) {
            sqlx::query(
                "insert into tails (document_id, epoch, rows_count) values ($1, $2, $3)
                 on conflict (document_id)
                 do update set epoch = excluded.epoch, rows_count = excluded.rows_count",
            )
            .bind(line.document)
            .bind(line.epoch)
            .bind(tail)
            .execute(&mut **tx)
            .await?;
        }
    }
    if !rows.is_empty() {
        sqlx::query(LAND).bind(json(&rows)?).bind(payloads).bind(now).execute(&mut **tx).await?;
    }
    Ok(outcomes)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))
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

async fn append_postgres(pool: &PgPool, turns: Vec<Turn>, now: At) -> Result<Answers> {
    let mut answers = Vec::new();
    if turns.len() == 1 {
        for (places, lines) in turns {
            let outcomes = turn_postgres(pool, lines, now).await?;
            answers.extend(places.into_iter().zip(outcomes));
        }
        return Ok(answers);
    }
    let mut tx = pool.begin().await?;
    for (places, lines) in turns {
        let outcomes = turn_postgres(&mut *tx, lines, now).await?;
        answers.extend(places.into_iter().zip(outcomes));
    }
    tx.commit().await?;
    Ok(answers)
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
