//! Every document read through: a line each with the hash of what it holds, which two copies of a database share.
//!
//! The hash is of the content, made by a worker: the same document in another form (compacted, restored, on another
//! engine) has the same one. Nothing of the content is printed.

use crdt_store::{Db, DocumentId, Epoch, StoreError, doc::Form};

use crate::{
    app,
    config::Config,
    shutdown::Shutdown,
    workers::{Answer, Job, Pool},
};

const PAGE: u32 = 200;
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// What became of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub documents: u64,
    pub failing: u64,
    pub set_aside: u64,
}

/// Why they can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error(transparent)]
    Start(#[from] app::StartError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads all documents, in the order of their ids, and hands out a line for each.
pub async fn read_all(config: &Config, mut say: impl FnMut(String)) -> Result<Sum, Failed> {
    let db = app::open(config).await?;
    let shutdown = Shutdown::new();
    let pool = Pool::start(app::workers_config(config)?, shutdown.clone());
    let read = read_with(&db, &pool, &mut say).await;
    shutdown.finish(PATIENCE).await;
    db.close().await;
    Ok(read?)
}

async fn read_with(db: &Db, pool: &Pool, say: &mut impl FnMut(String)) -> Result<Sum, StoreError> {
    let mut sum = Sum::default();
    let mut after = None;
    loop {
        let page = db.log().census(after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(sum) };
        after = Some(*last);
        for (document, epoch) in page {
            let (line, aside, is_well) = read_one(db, pool, document, epoch).await;
            sum.documents += 1;
            sum.failing += u64::from(!is_well);
            sum.set_aside += aside;
            say(line);
        }
    }
}

async fn read_one(db: &Db, pool: &Pool, document: DocumentId, epoch: Epoch) -> (String, u64, bool) {
    let failed = |said: String| (format!("{document} {epoch} FAILS {}", said.replace('\n', " ")), 0, false);
    let stored = match db.log().load(document, epoch).await {
        Ok(stored) => stored,
        Err(error) => return failed(error.to_string()),
    };
    let aside = stored.quarantined.len() as u64;
    let snapshot = stored.snapshot.into_iter().flat_map(|snapshot| snapshot.parts);
    let rows = stored.rows.into_iter().flat_map(|row| row.entries).map(|entry| entry.bytes);
    let parts: Vec<_> = snapshot.chain(rows).collect();
    let bytes: usize = parts.iter().map(bytes::Bytes::len).sum();
    match pool.run(Job::Read { parts, form: Form::StateHash }).await {
        Ok(Answer::Text(hash)) => {
            let mut line = format!("{document} {epoch} {hash} seq {} bytes {bytes}", stored.head_seq);
            if aside > 0 {
                line.push_str(&format!(" set aside {aside}"));
            }
            (line, aside, true)
        }
        Ok(_) => failed("a worker answered another question".to_owned()),
        Err(error) => failed(error.to_string()),
    }
}
