//! A database that cannot or must not be used is refused with one clear line, unharmed.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crdt_store::{Db, DbOptions, StoreError};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::kit;

async fn refusal(address: &str) -> StoreError {
    let options = DbOptions { patience: std::time::Duration::from_millis(300), ..DbOptions::default() };
    let refusal = Db::open(address, options).await.unwrap_err();
    let line = refusal.to_string();
    assert!(!line.contains('\n') && !line.ends_with('.'), "{line}");
    refusal
}

#[test]
fn an_address_of_another_kind_is_refused() {
    kit::runtime().block_on(async {
        for address in ["mysql://root@localhost/x", "data/unisson.db", "", "C:\\unisson.db"] {
            let refusal = refusal(address).await;
            assert!(matches!(refusal, StoreError::UnknownScheme { .. }), "{refusal}");
            assert!(!refusal.to_string().contains("root"), "{refusal}");
        }
        for address in ["sqlite:", "sqlite::memory:", "postgres://host:notaport/x"] {
            let refusal = refusal(address).await;
            assert!(matches!(refusal, StoreError::BadAddress { .. }), "{refusal}");
        }
    });
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    kit::runtime().block_on(async {
        let folder = kit::Folder::new();
        let path = folder.path().join("letter.txt");
        let text = "Madame, Monsieur, ".repeat(500);
        std::fs::write(&path, &text).unwrap();
        let refusal = refusal(&format!("sqlite:{}", path.display())).await;
        assert!(matches!(refusal, StoreError::NotADatabase { .. }), "{refusal}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    });
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    kit::runtime().block_on(async {
        let folder = kit::Folder::new();
        let path = folder.path().join("theirs.db");
        let address = format!("sqlite:{}", path.display());
        let mut theirs = SqliteConnection::connect(&format!("{address}?mode=rwc")).await.unwrap();
        theirs.execute("create table letters (id integer)").await.unwrap();
        theirs.close().await.unwrap();
        let before = std::fs::read(&path).unwrap();
        let refusal = refusal(&address).await;
        assert!(matches!(refusal, StoreError::ForeignDatabase { .. }), "{refusal}");
        assert!(std::fs::read(&path).unwrap() == before);
    });
}

#[test]
fn a_folder_or_a_file_in_the_way_is_refused() {
    kit::runtime().block_on(async {
        let folder = kit::Folder::new();
        let is_folder = refusal(&format!("sqlite:{}", folder.path().display())).await;
        assert!(matches!(is_folder, StoreError::CannotOpen { .. } | StoreError::ReadOnly { .. }), "{is_folder}");
        std::fs::write(folder.path().join("file"), "").unwrap();
        let below = folder.path().join("file/unisson.db");
        let below = refusal(&format!("sqlite:{}", below.display())).await;
        assert!(matches!(below, StoreError::CannotOpen { .. }), "{below}");
    });
}

/// Root may write anywhere, so the question is asked by a child that is nobody.
#[test]
fn a_read_only_place_is_refused() {
    let folder = kit::Folder::new();
    let kept = folder.path().join("unisson.db");
    kit::runtime().block_on(async {
        let db = Db::open(&format!("sqlite:{}", kept.display()), DbOptions::default()).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
    });
    let read_only = |path: &std::path::Path| {
        let mut permissions = std::fs::metadata(path).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(path, permissions).unwrap();
    };
    read_only(&kept);
    read_only(folder.path());
    // The binary is copied to where nobody may run it.
    let public = kit::Folder::new();
    let program = public.path().join("contract");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for name in ["unisson.db", "new.db", "new/new.db"] {
        let mut child = Command::new(&program);
        child
            .args(["--exact", "refusals::asked_by_nobody", "--ignored", "--nocapture"])
            .env("UNISSON_TEST_READ_ONLY", folder.path().join(name));
        if std::fs::write(folder.path().join("probe"), "").is_ok() {
            let _ = std::fs::remove_file(folder.path().join("probe"));
            child.uid(65534).gid(65534);
        }
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{name}: {said}");
    }
    let mut permissions = std::fs::metadata(folder.path()).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o700);
    std::fs::set_permissions(folder.path(), permissions).unwrap();
}

#[test]
#[ignore = "the child of a_read_only_place_is_refused"]
fn asked_by_nobody() {
    let Ok(path) = std::env::var("UNISSON_TEST_READ_ONLY") else {
        return;
    };
    kit::runtime().block_on(async {
        let refusal = refusal(&format!("sqlite:{path}")).await;
        assert!(matches!(refusal, StoreError::ReadOnly { .. }), "{refusal:?}");
    });
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    kit::runtime().block_on(async {
        let folder = kit::Folder::new();
        let file = format!("sqlite:{}", folder.path().join("unisson.db").display());
        let db = Db::open(&file, DbOptions::default()).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        let mut connection = SqliteConnection::connect(&file).await.unwrap();
        connection
            .execute(
                "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'from the future', true, x'00', 0)",
            )
            .await
            .unwrap();
        connection.close().await.unwrap();
        let on_sqlite = refusal(&file).await;
        assert!(matches!(on_sqlite, StoreError::NewerDatabase { found: 9999, .. }), "{on_sqlite}");

        let Some(server) = kit::empty_postgres().await else {
            return;
        };
        let db = Db::open(&server, DbOptions::default()).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        let mut connection = PgConnection::connect(&server).await.unwrap();
        connection
            .execute(
                "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'from the future', true, '', 0)",
            )
            .await
            .unwrap();
        connection.close().await.unwrap();
        let on_postgres = refusal(&server).await;
        assert!(matches!(on_postgres, StoreError::NewerDatabase { found: 9999, .. }), "{on_postgres}");
    });
}

#[test]
fn a_server_that_is_not_there_is_said_without_the_password() {
    kit::runtime().block_on(async {
        let refusal = refusal("postgres://unisson:hunter2@127.0.0.1:9/unisson").await;
        assert!(matches!(refusal, StoreError::Unreachable { .. }), "{refusal}");
        assert!(refusal.is_transient(), "{refusal}");
        assert!(!format!("{refusal} {refusal:?}").contains("hunter2"), "{refusal:?}");
    });
}

#[test]
fn two_processes_may_migrate_at_once() {
    kit::runtime().block_on(async {
        let folder = kit::Folder::new();
        let file = format!("sqlite:{}", folder.path().join("unisson.db").display());
        let mut addresses = vec![file];
        addresses.extend(kit::empty_postgres().await);
        for address in addresses {
            let opened: Vec<_> = (0..4)
                .map(|_| {
                    let address = address.clone();
                    tokio::spawn(async move {
                        let db = Db::open(&address, DbOptions::default()).await.unwrap();
                        db.migrate().await.unwrap();
                        db.close().await;
                    })
                })
                .collect();
            for opened in opened {
                opened.await.unwrap();
            }
        }
    });
}
