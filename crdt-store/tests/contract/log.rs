//! Reading the log, quarantine, versions, attribution, epochs.

use bytes::Bytes;
use crdt_store::documents::Document;
use crdt_store::log::{Attribution, Freeze, NewVersion, Outcome, Since};
use crdt_store::{DocumentId, Log, StoreError, UserId};
use uuid::Uuid;

use crate::{append, batch, document, seeded};

/// As read from the database, and as those find it who have loaded the document.
async fn attributions(log: &Log, document: &Document) -> Vec<Attribution> {
    let read = log.attributions(document.id, 1).await.unwrap();
    let stored = log.load(document.id, 1).await.unwrap();
    assert_eq!(log.attributions_of(document.id, &stored).await.unwrap(), read);
    read
}

contract! {
    async fn a_new_document_loads_empty(stage) {
        let document = document(&stage.db).await;
        let stored = stage.db.log().load(document.id, 1).await.unwrap();
        assert_eq!((stored.epoch, stored.head_seq, stored.frozen), (1, 0, false));
        assert_eq!((stored.snapshot, stored.rows, stored.quarantined), (None, vec![], vec![]));
    }

    async fn what_is_not_there_is_not_found(stage) {
        let log = stage.db.log();
        let nothing = log.load(DocumentId::fresh(), 1).await;
        assert!(matches!(nothing, Err(StoreError::NotFound { .. })), "{nothing:?}");
        let document = document(&stage.db).await;
        let ahead = log.load(document.id, 2).await;
        assert!(matches!(ahead, Err(StoreError::NotFound { .. })), "{ahead:?}");
    }

    async fn s7_reading_on_from_a_seq_gives_every_row_after_it(stage) {
        let document = document(&stage.db).await;
        for text in ["a", "b", "c"] {
            append(&stage.db, &document, &[text]).await;
        }
        let log = stage.db.log();
        let Since::Rows(rows) = log.since(document.id, 1, 1).await.unwrap() else {
            panic!("swept");
        };
        assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(log.since(document.id, 1, 3).await.unwrap(), Since::Rows(vec![]));
    }

    async fn s6_a_quarantined_update_is_left_out_reported_and_kept(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        append(&stage.db, &document, &["good", "bad", "good too", "worse"]).await;
        append(&stage.db, &document, &["later"]).await;
        log.quarantine(document.id, 1, 1, 1, "the worker crashed").await.unwrap();
        log.quarantine(document.id, 1, 1, 3, "the worker crashed").await.unwrap();
        log.quarantine(document.id, 1, 1, 1, "said twice").await.unwrap();

        let stored = log.load(document.id, 1).await.unwrap();
        let texts: Vec<&[u8]> = stored
            .rows
            .iter()
            .flat_map(|row| &row.entries)
            .map(|entry| entry.bytes.as_ref())
            .collect();
        assert_eq!(texts, [&b"good"[..], b"good too", b"later"]);
        assert_eq!(stored.quarantined.len(), 2);
        let bad = &stored.quarantined[0];
        assert_eq!((bad.seq, bad.entry_no, bad.reason.as_str()), (1, 1, "said twice"));
        assert_eq!((bad.bytes.as_ref(), bad.person), (&b"bad"[..], Some(UserId(Uuid::from_u128(7)))));
        assert_eq!(log.quarantined(document.id).await.unwrap(), stored.quarantined);
        assert_eq!(log.all_quarantined(10).await.unwrap().len(), 2);

        assert!(log.release(document.id, 1, 1, 1).await.unwrap());
        assert!(!log.release(document.id, 1, 1, 1).await.unwrap());
        let stored = log.load(document.id, 1).await.unwrap();
        assert_eq!(stored.rows[0].entries.len(), 3);
        assert_eq!(stored.quarantined.len(), 1);
        log.quarantine(document.id, 1, 1, 1, "again").await.unwrap();
        assert_eq!(log.quarantined(document.id).await.unwrap().len(), 2);
    }

    async fn s6_only_what_is_there_can_be_quarantined(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        append(&stage.db, &document, &["good"]).await;
        for (seq, entry_no) in [(2, 0), (1, 1), (1, u32::MAX)] {
            let refused = log.quarantine(document.id, 1, seq, entry_no, "why").await;
            assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
        }
    }

    async fn s12_a_seed_is_row_one_and_a_second_creation_changes_nothing(stage) {
        let document = seeded(&stage.db, Some(Bytes::from_static(b"seed"))).await;
        assert_eq!((document.head_seq, document.size_bytes), (1, 4));
        let again = stage.db.documents().create(crdt_store::documents::NewDocument {
            id: document.id,
            name: None,
            title: "another".to_owned(),
            community_id: None,
            visibility: crdt_store::documents::Sharing::Link,
            created_by: None,
            seed: Some(Bytes::from_static(b"seed twice")),
        }).await.unwrap();
        assert_eq!(again, crdt_store::documents::Made::There(document.clone()));
        let stored = stage.db.log().load(document.id, 1).await.unwrap();
        assert_eq!(stored.rows.len(), 1);
        assert_eq!(stored.rows[0].entries[0].bytes, "seed".as_bytes());
        assert_eq!(append(&stage.db, &document, &["after"]).await, 2);
    }

    async fn s12_a_new_epoch_starts_anew_and_refuses_the_old(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        append(&stage.db, &document, &["old"]).await;
        let seed = Some(Bytes::from_static(b"new seed"));
        assert_eq!(log.start_epoch(document.id, 1, seed.clone()).await.unwrap(), Some(2));
        assert_eq!(log.start_epoch(document.id, 1, seed).await.unwrap(), None);
        assert_eq!(log.append(vec![batch(&document, &["late"])]).await.unwrap(), [Outcome::WrongEpoch]);
        let mut current = batch(&document, &["new"]);
        current.epoch = 2;
        assert_eq!(log.append(vec![current]).await.unwrap(), [Outcome::Landed(2)]);

        let old = log.load(document.id, 1).await.unwrap();
        assert_eq!((old.rows.len(), old.head_seq, old.frozen), (1, 1, true));
        let new = log.load(document.id, 2).await.unwrap();
        assert_eq!((new.rows.len(), new.head_seq, new.frozen), (2, 2, false));
        assert_eq!(new.rows[0].entries[0].bytes, "new seed".as_bytes());
        assert_eq!(log.start_epoch(document.id, 2, None).await.unwrap(), Some(3));
        let empty = log.load(document.id, 3).await.unwrap();
        assert_eq!((empty.rows.len(), empty.head_seq), (0, 0));
    }

    async fn a_frozen_document_says_so(stage) {
        let document = document(&stage.db).await;
        stage.db.log().freeze(document.id, Freeze::Frozen).await.unwrap();
        assert!(stage.db.log().load(document.id, 1).await.unwrap().frozen);
        let nobody = stage.db.log().freeze(DocumentId::fresh(), Freeze::Frozen).await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
    }

    async fn a_version_keeps_its_bytes(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        append(&stage.db, &document, &["a"]).await;
        let person = UserId::fresh();
        let new = |name: &str, seq| NewVersion {
            document: document.id,
            epoch: 1,
            seq,
            name: name.to_owned(),
            created_by: Some(person),
            parts: vec![Bytes::from_static(b"first "), Bytes::from_static(b"second")],
        };
        let first = log.create_version(new("Avant le comité", 1)).await.unwrap();
        let second = log.create_version(new("Après", 1)).await.unwrap();
        let ahead = log.create_version(new("Demain", 2)).await;
        assert!(matches!(ahead, Err(StoreError::NotFound { .. })), "{ahead:?}");
        assert_eq!(log.versions(document.id).await.unwrap(), [second, first.clone()]);

        log.start_epoch(document.id, 1, None).await.unwrap();
        let (version, parts) = log.version(first.id).await.unwrap().unwrap();
        assert_eq!(version, first);
        assert_eq!((version.name.as_str(), version.size_bytes), ("Avant le comité", 12));
        assert_eq!(parts, ["first ".as_bytes(), "second".as_bytes()]);
    }

    async fn attribution_is_read_from_rows_and_what_was_condensed_alike(stage) {
        let log = stage.db.log();
        let document = document(&stage.db).await;
        let (awa, bruno) = (UserId::fresh(), UserId::fresh());
        let write = async |person: UserId, session: u128, own: Vec<(u64, std::ops::Range<u64>)>, brought| {
            let mut row = batch(&document, &["x"]);
            row.entries[0].person = Some(person);
            row.entries[0].session = Uuid::from_u128(session);
            row.entries[0].own = own;
            row.entries[0].brought = brought;
            assert!(matches!(log.append(vec![row]).await.unwrap()[..], [Outcome::Landed(_)]));
        };
        let told = |client, from, to, person, session, brought| Attribution {
            client,
            from,
            to,
            person: Some(person),
            session: Uuid::from_u128(session),
            brought,
        };
        const LARGE: u64 = (1 << 53) - 1;
        write(awa, 1, vec![(5, 0..3)], vec![]).await;
        write(awa, 1, vec![(5, 3..4)], vec![]).await;
        write(bruno, 2, vec![(LARGE, 0..1)], vec![(5, 4..6)]).await;
        let expected = [
            told(5, 0, 4, awa, 1, false),
            told(5, 4, 6, bruno, 2, true),
            told(LARGE, 0, 1, bruno, 2, false),
        ];
        assert_eq!(attributions(&log, &document).await, expected);

        let index = Bytes::from_static(b"index");
        assert!(log.store_snapshot(document.id, 1, None, 2, index.clone(), vec![]).await.unwrap());
        assert_eq!(attributions(&log, &document).await, expected);

        assert!(log.store_snapshot(document.id, 1, Some(2), 3, index.clone(), vec![]).await.unwrap());
        log.sweep(std::time::Duration::ZERO, 100).await.unwrap();
        assert_eq!(attributions(&log, &document).await, expected);

        // What adjoins goes on in the same range; what another node wrote again changes nothing.
        write(bruno, 2, vec![(LARGE, 0..3)], vec![]).await;
        assert!(log.store_snapshot(document.id, 1, Some(3), 4, index, vec![]).await.unwrap());
        let after = attributions(&log, &document).await;
        assert_eq!(after[2], told(LARGE, 0, 3, bruno, 2, false));
        assert_eq!(after.len(), 3);
    }
}
