//! Databases for tests: each test has one of its own, empty but for the tables.
//!
//! SQLite: a file in a folder that goes with the test. PostgreSQL: a copy of a migrated
//! template in a throw-away cluster (`postgres.sh`), shared by all test processes, or in the
//! one that `UNISSON_TEST_POSTGRES` names. Without PostgreSQL its tests fail and say so,
//! unless `UNISSON_TEST_SKIP_POSTGRES=1`.

use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crdt_store::{Db, DbOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

/// A folder that is removed with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("unisson-store-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An open, migrated database of this test's own.
pub struct Stage {
    pub db: Db,
    pub address: String,
}

/// Runs a test on SQLite.
pub fn on_sqlite<T: Future<Output = ()>>(test: impl FnOnce(Stage) -> T) {
    let folder = Folder::new();
    let address = format!("sqlite:{}", folder.path().join("unisson.db").display());
    runtime().block_on(async {
        let db = Db::open(&address, DbOptions::default()).await.unwrap();
        db.migrate().await.unwrap();
        test(Stage { db: db.clone(), address }).await;
        db.close().await;
    });
}

/// Runs a test on PostgreSQL.
pub fn on_postgres<T: Future<Output = ()>>(test: impl FnOnce(Stage) -> T) {
    let Some(server) = postgres() else {
        return;
    };
    runtime().block_on(async {
        let name = copy_of_template(&server).await;
        let address = with_database(&server, &name);
        let db = Db::open(&address, DbOptions::default()).await.unwrap();
        test(Stage { db: db.clone(), address }).await;
        db.close().await;
        run(&server, format!("drop database {name} with (force)")).await;
    });
}

/// An empty database on PostgreSQL: its address, and no tables. `None` where it is skipped.
pub async fn empty_postgres() -> Option<String> {
    let server = postgres()?;
    let name = format!("t_{}", Uuid::now_v7().simple());
    run(&server, format!("create database {name}")).await;
    Some(with_database(&server, &name))
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

/// The address of the server's own database. `None` where it is skipped.
fn postgres() -> Option<String> {
    static SERVER: OnceLock<(String, Option<File>)> = OnceLock::new();
    if std::env::var("UNISSON_TEST_SKIP_POSTGRES").is_ok_and(|value| value == "1") {
        eprintln!("skipped: UNISSON_TEST_SKIP_POSTGRES=1");
        return None;
    }
    let (address, _lock) = SERVER.get_or_init(|| match std::env::var("UNISSON_TEST_POSTGRES") {
        Ok(address) if !address.is_empty() => (address, None),
        _ => {
            let (address, lock) = shared_cluster();
            (address, Some(lock))
        }
    });
    Some(address.clone())
}

/// While the lock is held, the cluster runs; however this process ends, the lock goes with it.
fn shared_cluster() -> (String, File) {
    let path = std::env::temp_dir().join("unisson-test-pg");
    let lock = File::options().create(true).append(true).open(&path).unwrap();
    lock.lock_shared().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kit/postgres.sh");
    let output = Command::new(script).arg("shared").arg(&path).output().unwrap();
    assert!(
        output.status.success(),
        "no PostgreSQL to test with (UNISSON_TEST_SKIP_POSTGRES=1 leaves these tests out): {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let address = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    (address, lock)
}

fn with_database(server: &str, name: &str) -> String {
    let (before, query) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = before.rsplit_once('/').unwrap();
    match query {
        "" => format!("{host}/{name}"),
        query => format!("{host}/{name}?{query}"),
    }
}

async fn run(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

/// The template is made once per cluster and set of migrations, by whoever comes first.
async fn copy_of_template(server: &str) -> String {
    let template = format!("unisson_{:016x}", migrations_hash());
    let name = format!("t_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(server).await.unwrap();
    connection.execute("select pg_advisory_lock(74230)").await.unwrap();
    let there: i64 = sqlx::query_scalar("select count(*) from pg_database where datname = $1")
        .bind(&template)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    if there == 0 {
        let making = format!("{template}_making");
        for sql in [format!("drop database if exists {making} with (force)"), format!("create database {making}")] {
            connection.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        let db = Db::open(&with_database(server, &making), DbOptions::default()).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        let sql = format!("alter database {making} rename to {template}");
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let sql = format!("create database {name} template {template}");
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
    name
}

fn migrations_hash() -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}
