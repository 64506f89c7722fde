//! The pages of people and communities read what they show, and no table whole. What each asks is `benches/pages.json`,
//! which the bench measures at full size; here the same is asked of a small data set on PostgreSQL that would rather use
//! an index than not, and its statistics say which tables were read from end to end all the same.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use crate::kit::{Folder, Postgres, Served, program, run, said, wait_for};

/// Tables that grow with the people, the communities and the documents of an instance.
const LARGE: [&str; 16] = [
    "admin_entries",
    "audit",
    "communities",
    "community_features",
    "community_requests",
    "community_words",
    "document_shares",
    "documents",
    "invitations",
    "join_requests",
    "logins",
    "memberships",
    "person_words",
    "tails",
    "updates",
    "users",
];

/// Sequential scans of each large table since the database began.
fn scans(psql: &std::path::Path, url: &str) -> BTreeMap<String, i64> {
    let text = run(psql, &[url, "-Atc", "select relname, seq_scan from pg_stat_user_tables"]);
    let rows = text.lines().filter_map(|line| line.split_once('|'));
    rows.filter(|(table, _)| LARGE.contains(table))
        .map(|(table, scans)| (table.to_owned(), scans.parse().expect("a number")))
        .collect()
}

/// One request: its status, the cookie it sets, and its body.
fn ask(at: SocketAddr, method: &str, path: &str, cookie: &str, body: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(at).expect("the node answers");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {at}\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .expect("it is sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_default();
    (status, set.split(';').next().unwrap_or_default().to_owned(), serde_json::from_str(body).unwrap_or_default())
}

fn words<'a>(page: &'a Value, key: &str) -> Vec<&'a str> {
    page[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Asks everything a page asks, as each of its people.
fn visit(at: SocketAddr, page: &Value) {
    for person in words(page, "as") {
        let (_, cookie, _) = ask(at, "POST", "/auth/demo", "", &format!(r#"{{"id":"{person}"}}"#));
        let (_, _, mine) = ask(at, "GET", "/api/v1/communities?scope=mine&limit=1", &cookie, "");
        let slug = mine["items"][0]["slug"].as_str().expect("everybody belongs somewhere").to_owned();
        let (_, _, first) = ask(at, "GET", "/api/v1/documents?limit=5", &cookie, "");
        let next = first["next_cursor"].as_str().unwrap_or_default();
        for request in words(page, "requests") {
            let path = request.replace("{slug}", &slug).replace("{next}", next);
            let (status, _, body) = ask(at, "GET", &path, &cookie, "");
            assert_eq!(status, 200, "{path} as {person}: {body}");
        }
    }
}

#[test]
fn no_page_reads_a_large_table_from_end_to_end() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = Folder::new();
    let psql = postgres.programs.join("psql");
    let seed = Command::new(program())
        .args(["seed", "--scale", "small", "--database", &postgres.url])
        .env_remove("UNISSON_CONFIG")
        .current_dir(&folder.0)
        .output()
        .expect("the program starts");
    said(&program(), seed);
    // A small table is read faster whole than by an index; a large one is not.
    let rather_not = "do $$ begin
        execute format('alter database %I set enable_seqscan = off', current_database()); end $$";
    run(&psql, &[&postgres.url, "-qc", rather_not]);
    let list: Value = serde_json::from_str(include_str!("../../benches/pages.json")).expect("a list of pages");
    // What a node reads when it starts is none of the page's affair.
    let fresh = scans(&psql, &postgres.url);
    let mut before = settled(&psql, &postgres.url, demo(&postgres.url));
    let of_a_start: BTreeMap<String, i64> =
        before.iter().map(|(table, scans)| (table.clone(), scans - fresh.get(table).unwrap_or(&0))).collect();
    let mut wrong = Vec::new();
    for page in list.as_array().expect("a list") {
        let node = demo(&postgres.url);
        visit(node.address, page);
        let after = settled(&psql, &postgres.url, node);
        for (table, scans) in &after {
            let of_the_page = scans - before.get(table).unwrap_or(&0) - of_a_start.get(table).unwrap_or(&0);
            if of_the_page > 0 {
                wrong.push(format!("{}: {table}, {of_the_page} times", page["page"]));
            }
        }
        before = after;
    }
    // That such a reading would be seen at all.
    run(&psql, &[&postgres.url, "-Atc", "select count(*) from users where service like '%x%'"]);
    assert!(scans(&psql, &postgres.url)["users"] > before["users"], "the statistics are kept");
    assert!(wrong.is_empty(), "tables that were read from end to end:\n{}", wrong.join("\n"));
}

fn demo(url: &str) -> Served {
    Served::open_with(url, "127.0.0.1:0", &["--demo"])
}

/// The node's connections tell what they have read when they end.
fn settled(psql: &std::path::Path, url: &str, node: Served) -> BTreeMap<String, i64> {
    node.end();
    wait_for("its connections end", || {
        let asked =
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        run(psql, &[url, "-Atc", asked]).trim() == "0"
    });
    scans(psql, url)
}
