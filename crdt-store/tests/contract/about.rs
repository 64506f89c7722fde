//! What a database says of itself, and the census of its documents.

use crate::document;

contract! {
    async fn a_database_says_what_it_is(stage) {
        let about = stage.db.about().await.unwrap();
        match about.server {
            None => assert!(about.version.starts_with("SQLite 3"), "{about:?}"),
            Some(server) => {
                assert!(about.version.starts_with("PostgreSQL "), "{}", about.version);
                assert!(!server.is_standby && server.connections >= 1, "{server:?}");
                assert!(server.connections_max > i64::from(stage.db.connections_of_a_node().unwrap()), "{server:?}");
            }
        }
    }

    async fn a_census_counts_each_document_once_and_no_deleted_one(stage) {
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(document(&stage.db).await.id);
        }
        let gone = made.remove(2);
        stage.db.documents().delete(gone).await.unwrap();
        made.sort();
        let log = stage.db.log();
        let mut counted = Vec::new();
        while let page = log.census(counted.last().map(|(id, _)| *id), 2).await.unwrap()
            && !page.is_empty()
        {
            counted.extend(page);
        }
        assert_eq!(counted.iter().map(|(id, _)| *id).collect::<Vec<_>>(), made);
        assert_eq!(log.set_aside().await.unwrap(), 0);
    }
}
