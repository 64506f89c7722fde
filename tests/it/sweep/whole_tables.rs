//! No question that a page asks reads a whole table, which PostgreSQL itself tells: it writes down how it has answered
//! each query. Reading on from one end to the other by an index counts as well.

use std::collections::{BTreeMap, BTreeSet};

use crdt_store::{
    Db, DbOptions,
    communities::{MemberRole, Visibility},
};
use serde_json::Value;
use time::OffsetDateTime;
use unisson::seed::scale::{SMALL, lay};

use super::place::{Place, place_of};
use super::{TABLE, operations};
use crate::kit::Postgres;
use crate::people_node::{AWA, CHLOE, DAVID, INES, LUCIE, Node};

/// Tables of which it is right to read all, and why.
const FIXED: &[(&str, &str)] = &[
    ("_sqlx_migrations", "a row for each migration"),
    ("settings", "a handful of them, and each is read by its name where it counts"),
];

/// Queries that may read as many rows as a table has, and why.
const COUNTED: &[(&str, &str)] = &[(
    "update communities set model = model where name_key is null",
    "names that are new are looked at in batches, and PostgreSQL looks for a batch once for each of its rows",
)];

/// Below so many rows a table is too small for the count of rows to tell anything; a scan tells all the same.
const TELLING: f64 = 80.0;

/// Tables that grow with those who use an instance.
const LARGE: &[&str] = &[
    "audit",
    "communities",
    "community_requests",
    "community_words",
    "document_shares",
    "documents",
    "invitations",
    "join_requests",
    "mails",
    "memberships",
    "person_words",
    "tails",
    "updates",
    "users",
];

/// What the table of operations does not ask: lists with their filters. A page of communities is a short one, as they are
/// few here.
const LISTS: &[&str] = &[
    "/admin/audit?actor={person}",
    "/admin/audit?actor={person}&action=member.removed",
    "/admin/audit?action=community.created",
    "/admin/audit?community={slug}&action=community.created&actor={person}",
    "/admin/audit?from=2020-01-01&to=2030-01-01",
    "/admin/audit.csv?action=community.created",
    "/admin/communities?q=projet",
    "/admin/communities?filter=archived",
    "/admin/communities?filter=leaderless",
    "/admin/communities?filter=living",
    "/admin/communities?filter=sleeping",
    "/admin/people?q=martin%20a",
    "/admin/people?q=awa.diallo%40exemple",
    "/admin/people?role=outsider",
    "/admin/people?role=administrator",
    "/admin/people?suspended=true",
    "/admin/people?suspended=true&role=agent",
    "/admin/people?active=day",
    "/admin/people?active=month&role=outsider",
    "/admin/people?expiring=true",
    "/admin/requests?state=waiting",
    "/admin/requests?state=closed",
    "/communities?q=projet",
    "/communities?q=reseau%20numerique&scope=open",
    "/communities?scope=mine&limit=10",
    "/communities?scope=open&limit=10",
    "/communities?scope=open&joining=open&limit=10",
    "/communities?scope=open&joining=approval&limit=10",
    "/communities?joining=invitation&limit=10",
    "/communities?joining=approval&limit=10",
    "/communities/{slug}/members?q=diallo",
    "/communities/{slug}/members?role=leader",
    "/communities/{slug}/members?outsiders=true",
    "/communities/chefs-de-projet-numerique/members",
    "/documents",
    "/documents?community={slug}&feature=wiki",
    "/documents?community=chefs-de-projet-numerique",
    "/news",
    "/people?q=diallo",
    "/people?q=martin%20a",
    "/people?community={slug}",
    "/people?community={slug}&q=aw",
    "/requests",
    "/me/export",
];

/// What one query has read of one table.
#[derive(Debug, Default)]
struct Reading {
    rows: f64,
    /// It went through it from one end to the other, by no index.
    scanned: bool,
}

/// Adds up what the parts of a plan have read.
fn readings(plan: &Value, all: &mut BTreeMap<String, Reading>) {
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    if let (true, Some(table)) = (kind.contains("Scan"), plan["Relation Name"].as_str()) {
        let number = |name: &str| plan[name].as_f64().unwrap_or_default();
        let loops = number("Actual Loops");
        let rows = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let reading = all.entry(table.to_owned()).or_default();
        reading.rows += rows * loops;
        reading.scanned |= kind == "Seq Scan" && loops > 0.0;
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        readings(part, all);
    }
}

/// The plans that PostgreSQL has written down: each behind a line of its log, moved in by a tab.
fn plans(log: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.ends_with("plan:") {
            continue;
        }
        let mut text = String::new();
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            text.push_str(more);
            text.push('\n');
        }
        all.push(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
    }
    all
}

fn sizes(postgres: &Postgres) -> BTreeMap<String, f64> {
    let tables =
        postgres.sql("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace");
    let one = |table: &str| postgres.sql(&format!("select count(*) from {table}")).trim().parse().expect("a number");
    tables.lines().map(|table| (table.to_owned(), one(table))).collect()
}

async fn laid(postgres: &Postgres) {
    let db = Db::open(&postgres.url, DbOptions::default()).await.expect("a database");
    db.migrate().await.expect("its tables");
    lay(&db, SMALL, OffsetDateTime::now_utc(), |_| ()).await.expect("a data set");
    db.close().await;
}

impl Place {
    /// Asks all there is to ask, as everybody who has something to see.
    async fn ask_everything(&self) -> usize {
        let mut asked = 0;
        let people = [
            (CHLOE, Some(MemberRole::Member)),
            (DAVID, None),
            (AWA, Some(MemberRole::Member)),
            (INES, Some(MemberRole::Leader)),
            (LUCIE, None),
        ];
        for (who, role) in people {
            let role = role.filter(|_| who != AWA && who != INES);
            for (operation, method, path) in operations() {
                let Some((_, _, last, body)) = TABLE.iter().find(|(id, ..)| *id == operation) else { continue };
                if matches!(operation.as_str(), "sign_out" | "end_my_other_logins") {
                    continue;
                }
                let things = self.stage(Visibility::Private, Some(who).filter(|_| role.is_some()), role).await;
                let (query, last) = if last.starts_with('?') { (*last, "") } else { ("", *last) };
                let address = things.fill(&format!("{}{query}", path.replace("{id}", last)));
                let answer = self.send(&method, &address, Some(who), things.fill(body)).await;
                assert!(answer.status < 500, "{method} {address}: {}", answer.bytes);
                asked += 1;
            }
            let things = self.stage(Visibility::Private, Some(who).filter(|_| role.is_some()), role).await;
            for list in LISTS {
                let address = format!("/api/v1{}", things.fill(&list.replace("{person}", who)));
                let answer = self.send("GET", &address, Some(who), "").await;
                assert!(matches!(answer.status, 200 | 403 | 404), "{address}: {}", answer.bytes);
                let page = answer.bytes.split("\"next_cursor\":\"").nth(1).and_then(|rest| rest.split('"').next());
                if let Some(cursor) = page {
                    let mark = if address.contains('?') { '&' } else { '?' };
                    let answer = self.send("GET", &format!("{address}{mark}cursor={cursor}"), Some(who), "").await;
                    assert_eq!(answer.status, 200, "{address}: {}", answer.bytes);
                }
                asked += 1;
            }
            self.by_websocket(Some(who), &things.document).await;
            let _ = self.by_yjs(Some(who), &things.document).await;
            self.speak("/live", Some(who), None).await.expect("the feed");
        }
        asked
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_reads_a_whole_table() {
    let Some(postgres) = Postgres::start() else { return };
    laid(&postgres).await;
    postgres.sql("analyze");
    // It is to plan as for an administration, whose tables are so much larger.
    postgres.sql("alter system set autovacuum = off");
    postgres.sql("select pg_reload_conf()");
    postgres.sql("update pg_class set reltuples = reltuples * 20 where relkind in ('r', 'i') and reltuples > 80");
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_format = json",
        // Where an index can be of use, it is used, however small the table.
        "enable_seqscan = off",
    ] {
        postgres.sql(&format!("alter database postgres set {setting}"));
    }

    let place = place_of(Node::on(&postgres.url).await).await;
    let asked = place.ask_everything().await;
    place.node.stop().await;
    assert!(asked > 400, "{asked} questions were asked");
    let plans = plans(&std::fs::read_to_string(postgres.log()).expect("its log"));
    let sizes = sizes(&postgres);
    let few: Vec<_> = LARGE.iter().filter(|table| sizes[**table] < TELLING).collect();
    assert!(few.is_empty(), "these have too few rows to tell: {few:?} of {sizes:?}");

    let mut wrong = BTreeSet::new();
    for plan in &plans {
        let query: Vec<&str> = plan["Query Text"].as_str().unwrap_or_default().split_whitespace().collect();
        let query = query.join(" ");
        let mut all = BTreeMap::new();
        readings(&plan["Plan"], &mut all);
        for (table, Reading { rows, scanned }) in all {
            let Some(size) = sizes.get(&table) else { continue };
            let counted = COUNTED.iter().all(|(part, _)| !query.contains(part));
            let whole = scanned || (counted && *size >= TELLING && rows >= *size);
            if whole && FIXED.iter().all(|(fixed, _)| *fixed != table) {
                let how = if scanned { "by no index" } else { "by an index" };
                wrong.insert(format!("{table} is read whole {how} ({rows} rows of {size}): {query}"));
            }
        }
    }
    assert!(plans.len() > 1_000, "{} queries were answered", plans.len());
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{} queries:\n{}", wrong.len(), wrong.join("\n\n"));
}
