//! Both engines have the same tables, columns, keys and indexes.

use std::collections::BTreeSet;

use crdt_store::{Db, DbOptions};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::kit;

/// (table, column, nullable, type in PostgreSQL's words)
type Column = (String, String, bool, String);

/// What a PostgreSQL type is on SQLite.
fn on_sqlite(kind: &str) -> &'static str {
    match kind {
        "uuid" | "bytea" => "blob",
        "text" => "text",
        "integer" | "bigint" | "boolean" | "timestamp with time zone" => "integer",
        other => panic!("no word for {other} on SQLite"),
    }
}

async fn sqlite_columns(address: &str) -> BTreeSet<Column> {
    let mut connection = SqliteConnection::connect(address).await.unwrap();
    let rows: Vec<(String, String, i64, String)> = sqlx::query_as(
        "select t.name, c.name, c.\"notnull\", lower(c.type)
         from sqlite_schema t join pragma_table_info(t.name) c
         where t.type = 'table' and t.name not like 'sqlite_%' and t.name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    rows.into_iter().map(|(table, column, not_null, kind)| (table, column, not_null == 0, kind)).collect()
}

async fn sqlite_indexes(address: &str) -> BTreeSet<(String, String)> {
    let mut connection = SqliteConnection::connect(address).await.unwrap();
    sqlx::query_as("select tbl_name, name from sqlite_schema where type = 'index' and sql is not null")
        .fetch_all(&mut connection)
        .await
        .unwrap()
        .into_iter()
        .collect()
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    kit::runtime().block_on(async {
        let folder = kit::Folder::new();
        let file = format!("sqlite:{}", folder.path().join("unisson.db").display());
        let Some(server) = kit::empty_postgres().await else {
            return;
        };
        for address in [&file, &server] {
            let db = Db::open(address, DbOptions::default()).await.unwrap();
            assert!(!db.pending_migrations().await.unwrap().is_empty());
            assert!(db.migrate().await.unwrap() > 0);
            assert_eq!(db.migrate().await.unwrap(), 0);
            assert_eq!(db.pending_migrations().await.unwrap(), [0; 0]);
            db.health().await.unwrap();
            db.close().await;
        }

        let mut connection = PgConnection::connect(&server).await.unwrap();
        let columns: Vec<(String, String, bool, String)> = sqlx::query_as(
            "select table_name::text, column_name::text, is_nullable = 'YES', data_type::text
             from information_schema.columns
             where table_schema = 'public' and table_name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let columns: BTreeSet<Column> = columns
            .into_iter()
            .map(|(table, column, nullable, kind)| (table, column, nullable, on_sqlite(&kind).to_owned()))
            .collect();
        assert_eq!(sqlite_columns(&file).await, columns);
        assert!(columns.len() > 60);

        let indexes: Vec<(String, String)> = sqlx::query_as(
            "select tablename::text, indexname::text from pg_indexes
             where schemaname = 'public' and indexname like '%_idx'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(sqlite_indexes(&file).await, indexes.into_iter().collect());

        // Every foreign key has an index that begins with its columns.
        let bare: Vec<(String,)> = sqlx::query_as(
            "select c.conname::text from pg_constraint c
             where c.contype = 'f' and not exists (
                select 1 from pg_index i where i.indrelid = c.conrelid
                and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(bare, []);
        connection.close().await.unwrap();
    });
}

#[test]
fn migrations_have_the_same_numbers_and_names_on_both() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
