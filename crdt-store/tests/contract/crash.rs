//! S2 at the store: what an append has said landed is there after SIGKILL.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crdt_store::{Db, DbOptions, DocumentId};

use crate::{append, document};

contract! {
    async fn s2_what_landed_is_there_after_sigkill(stage) {
        let document = document(&stage.db).await;
        let mut kept = 0;
        for _ in 0..3 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "crash::appends_until_killed", "--ignored", "--nocapture"])
                .env("UNISSON_TEST_CRASH", format!("{} {}", document.id, stage.address))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let said = BufReader::new(child.stdout.take().unwrap());
            let mut last = 0;
            let mut heard = 0;
            for line in said.lines() {
                // The harness may begin the line.
                let Some((_, seq)) = line.as_ref().unwrap().rsplit_once("landed ") else {
                    continue;
                };
                last = seq.parse().unwrap();
                heard += 1;
                if heard == 20 {
                    child.kill().unwrap();
                }
            }
            child.wait().unwrap();
            assert!(heard >= 20, "the child ended after {heard} rows");

            let db = Db::open(&stage.address, DbOptions::default()).await.unwrap();
            let stored = db.log().load(document.id, 1).await.unwrap();
            assert!(stored.head_seq >= last, "{} rows are left of {last}", stored.head_seq);
            assert!(stored.head_seq > kept);
            for row in &stored.rows {
                assert_eq!(row.entries[0].bytes, "a letter".as_bytes());
            }
            kept = stored.head_seq;
            db.close().await;
        }
    }
}

#[test]
#[ignore = "the child of s2_what_landed_is_there_after_sigkill"]
fn appends_until_killed() {
    let Ok(told) = std::env::var("UNISSON_TEST_CRASH") else {
        return;
    };
    let (id, address) = told.split_once(' ').unwrap();
    let id: DocumentId = id.parse().unwrap();
    crate::kit::runtime().block_on(async {
        let db = Db::open(address, DbOptions::default()).await.unwrap();
        let document = db.documents().by_id(id).await.unwrap().unwrap();
        let mut out = std::io::stdout();
        // Ends by itself should nobody kill it.
        for _ in 0..100_000 {
            let seq = append(&db, &document, &["a letter"]).await;
            writeln!(out, "landed {seq}").unwrap();
            out.flush().unwrap();
        }
    });
}
