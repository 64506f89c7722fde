//! Group commit: dense seqs, outcomes that don't disturb one another, large rows.

use std::collections::BTreeSet;

use bytes::Bytes;
use crdt_store::log::{Batch, Freeze, Outcome};
use crdt_store::{DocumentId, UserId};
use uuid::Uuid;

use crate::{append, batch, document, entry};

contract! {
    async fn s3_seqs_are_dense_and_in_commit_order(stage) {
        let document = document(&stage.db).await;
        for expected in 1..=5 {
            assert_eq!(append(&stage.db, &document, &["a"]).await, expected);
        }
        let stored = stage.db.log().load(document.id, 1).await.unwrap();
        assert_eq!(stored.head_seq, 5);
        let seqs: Vec<i64> = stored.rows.iter().map(|row| row.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5]);
    }

    async fn s3_a_row_keeps_the_updates_with_their_people_and_sessions(stage) {
        let document = document(&stage.db).await;
        let mut first = entry("première");
        first.own = vec![(1 << 52, 0..8), (3, 1..2)];
        first.brought = vec![(u64::from(u32::MAX), 5..u64::from(u32::MAX))];
        let mut second = entry("");
        second.person = None;
        second.session = Uuid::now_v7();
        let entries = vec![first, second];
        let outcomes = stage.db.log().append(vec![Batch {
            document: document.id,
            epoch: 1,
            entries: entries.clone(),
        }]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Landed(1)]);
        let stored = stage.db.log().load(document.id, 1).await.unwrap();
        assert_eq!(stored.rows[0].entries, entries);
    }

    async fn s3_appends_in_parallel_have_dense_seqs(stage) {
        let mut documents = Vec::new();
        for _ in 0..5 {
            documents.push(document(&stage.db).await);
        }
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8 {
            let log = stage.db.log();
            let documents = documents.clone();
            writers.spawn(async move {
                let mut landed = Vec::new();
                for turn in 0..12 {
                    // Each writer names the documents in an order of its own.
                    let mut batches: Vec<Batch> = documents
                        .iter()
                        .map(|document| batch(document, &[&format!("{writer}-{turn}")]))
                        .collect();
                    batches.rotate_left((writer + turn) % documents.len());
                    if writer % 2 == 0 {
                        batches.reverse();
                    }
                    let order: Vec<DocumentId> = batches.iter().map(|b| b.document).collect();
                    let outcomes = log.append(batches).await.unwrap();
                    for (document, outcome) in order.into_iter().zip(outcomes) {
                        let Outcome::Landed(seq) = outcome else {
                            panic!("not landed: {outcome:?}");
                        };
                        landed.push((document, seq, format!("{writer}-{turn}")));
                    }
                }
                landed
            });
        }
        let landed: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
        for document in &documents {
            let seqs: BTreeSet<i64> = landed
                .iter()
                .filter(|(id, ..)| *id == document.id)
                .map(|(_, seq, _)| *seq)
                .collect();
            assert_eq!(seqs, (1..=96).collect());
            let stored = stage.db.log().load(document.id, 1).await.unwrap();
            assert_eq!(stored.rows.len(), 96);
            for (_, seq, text) in landed.iter().filter(|(id, ..)| *id == document.id) {
                let row = &stored.rows[usize::try_from(seq - 1).unwrap()];
                assert_eq!(row.seq, *seq);
                assert_eq!(row.entries[0].bytes, text.as_bytes());
            }
        }
    }

    async fn s4_what_cannot_land_does_not_disturb_the_others(stage) {
        let (db, log) = (&stage.db, stage.db.log());
        let mut documents = Vec::new();
        for _ in 0..5 {
            documents.push(document(db).await);
        }
        let [fine, frozen, old, deleted, also_fine] = &documents[..] else {
            unreachable!();
        };
        log.freeze(frozen.id, Freeze::Frozen).await.unwrap();
        assert_eq!(log.start_epoch(old.id, 1, None).await.unwrap(), Some(2));
        db.documents().delete(deleted.id).await.unwrap();
        let mut batches: Vec<Batch> =
            documents.iter().map(|document| batch(document, &["x"])).collect();
        batches.push(Batch {
            document: DocumentId::fresh(),
            epoch: 1,
            entries: vec![entry("x")],
        });
        let outcomes = log.append(batches).await.unwrap();
        assert_eq!(outcomes, [
            Outcome::Landed(1),
            Outcome::Frozen,
            Outcome::WrongEpoch,
            Outcome::Gone,
            Outcome::Landed(1),
            Outcome::Gone,
        ]);
        for (document, rows) in [(fine, 1), (frozen, 0), (old, 0), (deleted, 0), (also_fine, 1)] {
            assert_eq!(log.load(document.id, 1).await.unwrap().rows.len(), rows);
        }
        log.freeze(frozen.id, Freeze::Thawed).await.unwrap();
        assert_eq!(append(db, frozen, &["x"]).await, 1);
    }

    async fn a_batch_for_a_future_epoch_is_the_wrong_one(stage) {
        let document = document(&stage.db).await;
        let mut ahead = batch(&document, &["x"]);
        ahead.epoch = 2;
        assert_eq!(stage.db.log().append(vec![ahead]).await.unwrap(), [Outcome::WrongEpoch]);
    }

    async fn a_document_that_comes_twice_gets_two_rows_in_the_order_given(stage) {
        let (one, two) = (document(&stage.db).await, document(&stage.db).await);
        let outcomes = stage.db.log().append(vec![
            batch(&one, &["1"]),
            batch(&two, &["1"]),
            batch(&one, &["2"]),
            batch(&one, &["3"]),
        ]).await.unwrap();
        assert_eq!(outcomes, [
            Outcome::Landed(1),
            Outcome::Landed(1),
            Outcome::Landed(2),
            Outcome::Landed(3),
        ]);
        let rows = stage.db.log().load(one.id, 1).await.unwrap().rows;
        let texts: Vec<&[u8]> = rows.iter().map(|row| row.entries[0].bytes.as_ref()).collect();
        assert_eq!(texts, [b"1", b"2", b"3"]);
    }

    async fn nothing_to_append_is_nothing(stage) {
        assert_eq!(stage.db.log().append([] as [Batch; 0]).await.unwrap(), []);
    }

    async fn an_append_moves_size_author_and_time_of_the_document(stage) {
        let document = document(&stage.db).await;
        let mut by = batch(&document, &["12345", "678"]);
        let person = UserId::fresh();
        by.entries[1].person = Some(person);
        stage.db.log().append(vec![by]).await.unwrap();
        let mut nameless = batch(&document, &["90"]);
        nameless.entries[0].person = None;
        stage.db.log().append(vec![nameless]).await.unwrap();
        let after = stage.db.documents().by_id(document.id).await.unwrap().unwrap();
        assert_eq!(after.size_bytes, 10);
        assert_eq!(after.updated_by, Some(person));
        assert!(after.updated_at > document.updated_at);
        assert_eq!(after.head_seq, 2);
    }

    async fn s18_a_row_of_16_mebibytes_lands_and_reads_back(stage) {
        let document = document(&stage.db).await;
        let mut large = batch(&document, &["", "small"]);
        let bytes: Vec<u8> = (0u32..16 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        large.entries[0].bytes = Bytes::from(bytes.clone());
        assert_eq!(stage.db.log().append(vec![large]).await.unwrap(), [Outcome::Landed(1)]);
        let stored = stage.db.log().load(document.id, 1).await.unwrap();
        assert!(stored.rows[0].entries[0].bytes == bytes);
        assert_eq!(stored.rows[0].entries[1].bytes, "small".as_bytes());
    }
}
