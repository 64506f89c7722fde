//! Snapshots: compare-and-set, what is due, sweeping.

use std::time::Duration;

use bytes::Bytes;
use crdt_store::log::{PART_BYTES, Since, Snapshot};

use crate::{append, document};

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

contract! {
    async fn s5_a_snapshot_stands_for_the_rows_it_covers(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        for text in ["a", "b", "c"] {
            append(&stage.db, &document, &[text]).await;
        }
        let parts = vec![bytes("part 1"), Bytes::from(vec![7; PART_BYTES]), bytes("")];
        assert!(log.store_snapshot(document.id, 1, None, 2, bytes("index"), parts.clone()).await.unwrap());
        let stored = log.load(document.id, 1).await.unwrap();
        assert_eq!(stored.snapshot, Some(Snapshot { seq: 2, index: bytes("index"), parts }));
        assert_eq!(stored.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [3]);
        assert_eq!(stored.head_seq, 3);

        assert!(log.store_snapshot(document.id, 1, Some(2), 3, bytes("later"), vec![bytes("all")]).await.unwrap());
        let stored = log.load(document.id, 1).await.unwrap();
        assert_eq!(stored.snapshot.unwrap().parts, [bytes("all")]);
        assert_eq!(stored.rows, []);
        assert_eq!(append(&stage.db, &document, &["d"]).await, 4);
    }

    async fn s5_only_the_snapshot_it_was_made_from_is_replaced(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        for _ in 0..4 {
            append(&stage.db, &document, &["a"]).await;
        }
        let store = async |expected, seq| {
            log.store_snapshot(document.id, 1, expected, seq, bytes("i"), vec![bytes("p")]).await.unwrap()
        };
        assert!(!store(Some(1), 2).await);
        assert!(!store(None, 5).await, "beyond the head of the log");
        assert!(store(None, 2).await);
        assert!(!store(None, 3).await);
        assert!(!store(Some(1), 3).await);
        assert!(!store(Some(2), 2).await, "nothing new in it");
        assert!(!store(Some(2), 1).await);
        assert!(store(Some(2), 4).await);
        assert!(!log.store_snapshot(document.id, 2, None, 1, bytes("i"), vec![]).await.unwrap());
        assert_eq!(log.load(document.id, 1).await.unwrap().snapshot.unwrap().seq, 4);
    }

    async fn s5_of_two_who_compact_at_once_one_does(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        for _ in 0..8 {
            append(&stage.db, &document, &["a"]).await;
        }
        let mut expected = None;
        for seq in 1..=8 {
            let racers = (0..4).map(|racer| {
                let log = log.clone();
                let id = document.id;
                let part = bytes(&format!("{racer}"));
                tokio::spawn(async move {
                    log.store_snapshot(id, 1, expected, seq, part.clone(), vec![part]).await.unwrap()
                })
            });
            let mut won = Vec::new();
            for (racer, done) in racers.collect::<Vec<_>>().into_iter().enumerate() {
                if done.await.unwrap() {
                    won.push(bytes(&format!("{racer}")));
                }
            }
            let snapshot = log.load(document.id, 1).await.unwrap().snapshot.unwrap();
            assert_eq!((snapshot.seq, &snapshot.parts), (seq, &won));
            assert_eq!(snapshot.index, won[0]);
            expected = Some(seq);
        }
    }

    async fn s5_covered_rows_go_later_and_in_slices(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        for _ in 0..10 {
            append(&stage.db, &document, &["a"]).await;
        }
        assert_eq!(log.sweep(Duration::ZERO, 100).await.unwrap(), 0);
        assert!(log.store_snapshot(document.id, 1, None, 7, bytes("i"), vec![bytes("p")]).await.unwrap());
        assert_eq!(log.sweep(Duration::from_secs(3600), 100).await.unwrap(), 0);
        let Since::Rows(rows) = log.since(document.id, 1, 2).await.unwrap() else {
            panic!("swept too early");
        };
        assert_eq!(rows.len(), 8);

        assert_eq!(log.sweep(Duration::ZERO, 3).await.unwrap(), 3);
        assert_eq!(log.since(document.id, 1, 2).await.unwrap(), Since::Swept);
        assert_eq!(log.sweep(Duration::ZERO, 100).await.unwrap(), 4);
        assert_eq!(log.sweep(Duration::ZERO, 100).await.unwrap(), 0);
        assert!(matches!(log.since(document.id, 1, 7).await.unwrap(), Since::Rows(rows) if rows.len() == 3));
        assert_eq!(log.load(document.id, 1).await.unwrap().rows.len(), 3);
        assert_eq!(append(&stage.db, &document, &["b"]).await, 11);
    }

    async fn s5_a_long_tail_is_due_until_a_snapshot_covers_it(stage) {
        let log = stage.db.log();
        let (long, short) = (document(&stage.db).await, document(&stage.db).await);
        for _ in 0..11 {
            append(&stage.db, &long, &["a"]).await;
        }
        append(&stage.db, &short, &["a"]).await;
        assert_eq!(log.due_for_compaction(11, 10).await.unwrap(), [(long.id, 1)]);
        assert_eq!(log.due_for_compaction(12, 10).await.unwrap(), []);
        assert_eq!(log.due_for_compaction(1, 10).await.unwrap(), [(long.id, 1), (short.id, 1)]);
        assert_eq!(log.due_for_compaction(0, 1).await.unwrap(), [(long.id, 1)]);

        assert!(log.store_snapshot(long.id, 1, None, 8, bytes("i"), vec![]).await.unwrap());
        assert_eq!(log.due_for_compaction(4, 10).await.unwrap(), []);
        assert_eq!(log.due_for_compaction(3, 10).await.unwrap(), [(long.id, 1)]);
        append(&stage.db, &long, &["a"]).await;
        assert_eq!(log.due_for_compaction(4, 10).await.unwrap(), [(long.id, 1)]);
        assert!(log.store_snapshot(long.id, 1, Some(8), 12, bytes("i"), vec![]).await.unwrap());
        assert_eq!(log.due_for_compaction(1, 10).await.unwrap(), [(short.id, 1)]);
    }

    async fn s5_a_new_epoch_is_due_by_its_own_rows(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        for _ in 0..4 {
            append(&stage.db, &document, &["a"]).await;
        }
        assert!(log.store_snapshot(document.id, 1, None, 2, bytes("i"), vec![bytes("old")]).await.unwrap());
        log.start_epoch(document.id, 1, Some(bytes("seed"))).await.unwrap();
        assert_eq!(log.due_for_compaction(2, 10).await.unwrap(), []);
        assert_eq!(log.due_for_compaction(1, 10).await.unwrap(), [(document.id, 2)]);
        let old = log.load(document.id, 1).await.unwrap();
        assert_eq!((old.snapshot.unwrap().parts, old.rows.len()), (vec![bytes("old")], 2));
        assert!(!log.store_snapshot(document.id, 1, Some(2), 4, bytes("i"), vec![]).await.unwrap());
        assert!(log.store_snapshot(document.id, 2, None, 1, bytes("i"), vec![bytes("new")]).await.unwrap());
    }

    async fn s6_what_is_quarantined_outlives_the_row(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        append(&stage.db, &document, &["good", "bad"]).await;
        log.quarantine(document.id, 1, 1, 1, "crashed").await.unwrap();
        assert!(log.store_snapshot(document.id, 1, None, 1, bytes("i"), vec![bytes("good")]).await.unwrap());
        assert_eq!(log.sweep(Duration::ZERO, 10).await.unwrap(), 1);
        let stored = log.load(document.id, 1).await.unwrap();
        assert_eq!(stored.quarantined[0].bytes, bytes("bad"));
    }

    async fn s18_the_size_of_a_document_is_its_snapshot_and_its_tail(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        append(&stage.db, &document, &["12345", "bad"]).await;
        append(&stage.db, &document, &["1234567890"]).await;
        append(&stage.db, &document, &["tail"]).await;
        log.quarantine(document.id, 1, 1, 1, "crashed").await.unwrap();
        let size = async || stage.db.documents().by_id(document.id).await.unwrap().unwrap().size_bytes;
        assert_eq!(size().await, 22);
        assert!(log.store_snapshot(document.id, 1, None, 2, bytes("index"), vec![bytes("123"), bytes("4")]).await.unwrap());
        assert_eq!(size().await, 8);
        assert!(log.store_snapshot(document.id, 1, Some(2), 3, bytes("index"), vec![bytes("123456")]).await.unwrap());
        assert_eq!(size().await, 6);
    }

    async fn s5_compaction_appending_and_reading_go_on_together(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        append(&stage.db, &document, &["0"]).await;
        let writer = {
            let (db, document) = (stage.db.clone(), document.clone());
            tokio::spawn(async move {
                for _ in 0..150 {
                    append(&db, &document, &["x"]).await;
                }
            })
        };
        let mut expected = None;
        while !writer.is_finished() {
            let stored = log.load(document.id, 1).await.unwrap();
            let head = stored.head_seq;
            assert_eq!(stored.snapshot.map(|snapshot| snapshot.seq), expected);
            if expected.is_none_or(|old| old < head) {
                assert!(log.store_snapshot(document.id, 1, expected, head, bytes("i"), vec![bytes("p")]).await.unwrap());
                expected = Some(head);
            }
            log.sweep(Duration::ZERO, 7).await.unwrap();
        }
        writer.await.unwrap();
        assert_eq!(log.load(document.id, 1).await.unwrap().head_seq, 151);
    }
}
