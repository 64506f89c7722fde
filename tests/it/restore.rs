//! A backup is one when it has been restored: real documents, a copy made while people write, every hash found again.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    kit::{Folder, Postgres, Served, program, run, said},
    writer::Writer,
};

/// `id epoch hash seq …` of each document, as `unisson doctor --documents` prints them.
fn hashes(database: &str) -> Vec<String> {
    let output = Command::new(program()).args(["doctor", "--documents", "--database", database]).output();
    let output = output.expect("the doctor starts");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    said(Path::new("doctor"), output);
    lines.lines().map(|line| line.split(" bytes ").next().unwrap_or_default().to_owned()).collect()
}

/// Documents of several writers; one of them long enough to have been compacted. Gives back their texts.
async fn written(node: &Served) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for number in 0..8 {
        let name = format!("compte-rendu-{number}");
        let mut first = Writer::open(node.address, &name).await.expect("it opens");
        first.type_and_save("Présents : Awa, Bruno. ").await.expect("it is saved");
        let mut second = Writer::open(node.address, &name).await.expect("it opens for a second");
        let rounds = if number == 0 { 600 } else { 5 };
        for round in 0..rounds {
            let writer = if round % 2 == 0 { &mut second } else { &mut first };
            writer.type_and_save(&format!("Point {round}. ")).await.expect("it is saved");
        }
        let reader = Writer::open(node.address, &name).await.expect("it opens for a reader");
        texts.push((name, reader.text()));
    }
    texts
}

/// What was saved is what a node on the copy shows.
async fn read_again(database: &str, texts: &[(String, String)]) {
    let node = Served::open(database, "127.0.0.1:0");
    for (name, text) in texts {
        let reader = Writer::open(node.address, name).await.expect("it opens from the copy");
        assert_eq!(&reader.text(), text, "{name}");
        assert!(text.contains("Présents : Awa, Bruno. ") && text.contains("Point 4. "), "{text}");
    }
    node.end();
}

/// Somebody goes on writing in a document that is not compared, while `copy` runs.
async fn while_somebody_writes(node: &Served, copy: impl FnOnce() + Send + 'static) {
    let mut writer = Writer::open(node.address, "brouillon").await.expect("it opens");
    writer.type_and_save("avant ").await.expect("it is saved");
    let mut copying = tokio::task::spawn_blocking(copy);
    loop {
        tokio::select! {
            done = &mut copying => return done.expect("the copy is made"),
            saved = writer.type_and_save("pendant ") => saved.expect("it is saved"),
        }
    }
}

/// The lines of the documents that nobody wrote in meanwhile.
fn quiet(before: &[String], after: &[String]) -> Vec<String> {
    let draft: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    assert!(draft.len() <= 1, "only the draft has moved: {draft:?}");
    after.iter().filter(|line| before.contains(line)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_postgresql_restored_into_a_new_cluster_holds_every_document() {
    let Some(old) = Postgres::start() else { return };
    let node = Served::open(&old.url, "127.0.0.1:0");
    let texts = written(&node).await;
    let before = hashes(&old.url);
    assert_eq!(before.len(), texts.len());

    let folder = Folder::new();
    let dump = folder.path("unisson.dump");
    let (pg_dump, url, to) = (old.programs.join("pg_dump"), old.url.clone(), dump.display().to_string());
    while_somebody_writes(&node, move || drop(run(&pg_dump, &["--format=custom", "--file", &to, &url]))).await;
    node.end();
    drop(old);

    let new = Postgres::start().expect("a second one, as the first");
    let restore = new.programs.join("pg_restore");
    let dump = dump.display().to_string();
    run(&restore, &["--no-owner", "--exit-on-error", "--dbname", &new.url, &dump]);
    assert_eq!(quiet(&before, &hashes(&new.url)), before);
    read_again(&new.url, &texts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_sqlite_made_while_it_runs_holds_every_document() {
    let folder = Folder::new();
    let original = folder.sqlite("unisson.sqlite");
    let node = Served::open(&original, "127.0.0.1:0");
    let texts = written(&node).await;
    let before = hashes(&original);

    let copy: PathBuf = folder.path("copy.sqlite");
    let (database, to) = (original.clone(), copy.display().to_string());
    let backup = move || drop(run(&program(), &["backup", "--database", &database, &to]));
    while_somebody_writes(&node, backup).await;
    node.end();

    assert!(!folder.path("copy.sqlite-wal").exists(), "the copy is one file");
    let copy = folder.sqlite("copy.sqlite");
    assert_eq!(quiet(&before, &hashes(&copy)), before);
    read_again(&copy, &texts).await;
}
