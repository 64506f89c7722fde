//! Who is in a community at this moment: seen by its members on every node, by nobody else, and only for as long as it is
//! so.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    kit::{Postgres, Process, Served, free_port, tool, wait_for},
    people_feed::Feed,
    people_node::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE, NETWORK, Node, PRIVATE, SECRET},
};

/// So many are here, oneself included, and these are named.
fn here(community: &'static str, count: u64, names: &'static [&'static str]) -> impl Fn(&Value) -> bool {
    move |said| {
        let mut named: Vec<&str> =
            said["people"].as_array().into_iter().flatten().filter_map(|person| person["name"].as_str()).collect();
        named.sort_unstable();
        said["kind"] == "here" && said["community"] == community && said["count"] == count && named == names
    }
}

fn of_person<'a>(said: &'a Value, name: &str) -> Option<&'a Value> {
    said["people"].as_array()?.iter().find(|person| person["name"] == name)
}

fn is_documents(said: &Value) -> bool {
    said["kind"] == "documents"
}

#[tokio::test]
async fn members_see_who_is_here_and_what_each_is_doing_and_others_see_nobody() {
    let node = Node::demo().await;
    let (awa, chloe, bruno) = (node.as_person(AWA).await, node.as_person(CHLOE).await, node.as_person(BRUNO).await);
    let made = awa.post("/documents", json!({ "title": "Ordre du jour", "community": NETWORK })).await.ok();
    let document = made["id"].clone();
    let (mut of_awa, mut of_chloe) = (Feed::of(&node, &awa).await, Feed::of(&node, &chloe).await);
    let mut of_bruno = Feed::of(&node, &bruno).await;
    of_awa.at(NETWORK, "overview").await;
    of_awa.until(here(NETWORK, 1, &["Awa Diallo"])).await;
    let at_document =
        json!({ "kind": "at", "community": NETWORK, "view": "document", "document": document, "writing": true });
    of_chloe.say(at_document).await;
    let said = of_awa.until(here(NETWORK, 2, &["Awa Diallo", "Chloé Martin"])).await;
    let writes = json!({
        "id": CHLOE, "name": "Chloé Martin", "outsider": true, "view": "document", "document": document,
        "title": "Ordre du jour", "writing": true,
    });
    assert_eq!(of_person(&said, "Chloé Martin"), Some(&writes));
    assert_eq!(of_person(&said, "Awa Diallo").unwrap()["view"], "overview");
    of_chloe.until(here(NETWORK, 2, &["Awa Diallo", "Chloé Martin"])).await;

    // The title goes with the document, and a document that not all may read is not spoken of.
    awa.patch(&format!("/documents/{}", document.as_str().unwrap()), json!({ "title": "Compte rendu" })).await.ok();
    of_awa.until(|said| of_person(said, "Chloé Martin").is_some_and(|chloe| chloe["title"] == "Compte rendu")).await;
    let people = json!([{ "person": CHLOE, "access": "write" }]);
    let sharing = json!({ "visibility": "restricted", "people": people });
    awa.put(&format!("/documents/{}/sharing", document.as_str().unwrap()), sharing).await.ok();
    let elsewhere = json!({ "id": CHLOE, "name": "Chloé Martin", "outsider": true, "view": "documents" });
    of_awa.until(|said| of_person(said, "Chloé Martin") == Some(&elsewhere)).await;

    // Somebody who says nothing of where they are is told nothing: the next they hear is of another thing.
    let until_then = of_bruno.until(is_documents);
    awa.post("/documents", json!({ "title": "Autre", "community": NETWORK })).await.ok();
    until_then.await;
    awa.post("/documents", json!({ "title": "Encore", "community": NETWORK })).await.ok();
    assert!(is_documents(&of_bruno.next().await.unwrap()));

    // A person counts once, goes with their last page, and is somewhere else when they say so.
    let mut again = Feed::of(&node, &chloe).await;
    again.at(NETWORK, "members").await;
    again.until(here(NETWORK, 2, &["Awa Diallo", "Chloé Martin"])).await;
    of_chloe.end().await;
    of_awa.until(|said| of_person(said, "Chloé Martin").is_some_and(|chloe| chloe["view"] == "members")).await;
    again.say(json!({ "kind": "away" })).await;
    of_awa.until(here(NETWORK, 1, &["Awa Diallo"])).await;
    again.at(NETWORK, "faq").await;
    of_awa.until(here(NETWORK, 2, &["Awa Diallo", "Chloé Martin"])).await;
    again.end().await;
    of_awa.until(here(NETWORK, 1, &["Awa Diallo"])).await;
    node.stop().await;
}

#[tokio::test]
async fn whoever_is_removed_or_suspended_is_gone_at_once_and_sees_nobody_any_more() {
    let node = Node::demo().await;
    let (awa, chloe, david) = (node.as_person(AWA).await, node.as_person(CHLOE).await, node.as_person(DAVID).await);
    let (mut of_awa, mut of_chloe) = (Feed::of(&node, &awa).await, Feed::of(&node, &chloe).await);
    let mut of_david = Feed::of(&node, &david).await;
    for feed in [&mut of_awa, &mut of_chloe, &mut of_david] {
        feed.at(NETWORK, "overview").await;
    }
    of_awa.until(here(NETWORK, 3, &["Awa Diallo", "Chloé Martin", "David Nguyen"])).await;
    of_chloe.until(here(NETWORK, 3, &["Awa Diallo", "Chloé Martin", "David Nguyen"])).await;
    assert_eq!(awa.delete(&format!("/communities/{NETWORK}/members/{CHLOE}")).await.status, 204);
    of_awa.until(here(NETWORK, 2, &["Awa Diallo", "David Nguyen"])).await;
    // From here on she hears nothing of it, whatever she says.
    of_chloe.at(NETWORK, "overview").await;
    let lucie = node.as_person(LUCIE).await;
    lucie.patch(&format!("/admin/people/{DAVID}"), json!({ "suspended": true })).await.ok();
    of_awa.until(here(NETWORK, 1, &["Awa Diallo"])).await;
    chloe.patch("/me", json!({ "service": "Ailleurs" })).await.ok();
    chloe.patch("/me", json!({ "service": "Encore ailleurs" })).await.ok();
    let mut me = 0;
    while me < 2 {
        let said = of_chloe.next().await.unwrap();
        assert!(said["kind"] != "here" || said["count"] == 3, "{said}");
        me += u32::from(said["kind"] == "me");
    }
    node.stop().await;
}

#[tokio::test]
async fn whoever_looks_on_hears_of_the_page_while_they_may_see_it_and_of_nobody() {
    let node = Node::demo().await;
    let (ines, bruno, chloe) = (node.as_person(INES).await, node.as_person(BRUNO).await, node.as_person(CHLOE).await);
    let path = format!("/communities/{PRIVATE}");
    let make = async |title: &str| {
        ines.post("/documents", json!({ "title": title, "community": PRIVATE })).await.ok();
    };
    ines.patch(&path, json!({ "visibility": "public" })).await.ok();
    let mut of_ines = Feed::of(&node, &ines).await;
    let (mut of_bruno, mut of_chloe) = (Feed::of(&node, &bruno).await, Feed::of(&node, &chloe).await);
    for feed in [&mut of_ines, &mut of_bruno, &mut of_chloe] {
        feed.at(PRIVATE, "overview").await;
    }
    of_ines.until(here(PRIVATE, 1, &["Inès Garnier"])).await;
    // What is said is judged in its turn: it is asked again until it has been.
    let heard = |kind: &'static str| {
        move |said: &Value| {
            assert_ne!(said["kind"], "here", "{said}");
            said["kind"] == kind && said[if kind == "documents" { "community" } else { "slug" }] == PRIVATE
        }
    };
    let mut told = Box::pin(of_bruno.until(heard("documents")));
    loop {
        make("Un plan").await;
        if tokio::time::timeout(Duration::from_millis(200), &mut told).await.is_ok() {
            break;
        }
    }
    drop(told);
    ines.patch(&path, json!({ "name": "Sobriété" })).await.ok();
    of_bruno.until(heard("community")).await;

    // Of what is private they see the cover, and hear of that alone.
    ines.patch(&path, json!({ "visibility": "private" })).await.ok();
    of_bruno.until(heard("community")).await;
    make("Second plan").await;
    ines.patch(&path, json!({ "purpose": "Chauffer moins." })).await.ok();
    assert!(heard("community")(&of_bruno.next().await.unwrap()));

    // When it is gone for them they are told once, and then no more.
    ines.patch(&path, json!({ "visibility": "secret" })).await.ok();
    of_bruno.until(heard("community")).await;
    of_bruno.at(PRIVATE, "overview").await;
    make("Troisième plan").await;
    ines.patch(&path, json!({ "purpose": "Chauffer mieux." })).await.ok();
    bruno.post("/documents", json!({ "title": "Signe", "community": NETWORK })).await.ok();
    let next = |said: &Value| said["community"] == NETWORK;
    assert!(next(&of_bruno.next().await.unwrap()));
    // From outside it never was there.
    assert!(next(&of_chloe.next().await.unwrap()));

    // Who comes in is seen, and is told.
    ines.patch(&path, json!({ "visibility": "public", "joining": "open" })).await.ok();
    of_bruno.at(PRIVATE, "overview").await;
    bruno.post(&format!("{path}/join"), json!({})).await.ok();
    of_ines.until(here(PRIVATE, 2, &["Bruno Lefèvre", "Inès Garnier"])).await;
    of_bruno.until(here(PRIVATE, 2, &["Bruno Lefèvre", "Inès Garnier"])).await;
    node.stop().await;
}

#[tokio::test]
async fn hostile_words_are_passed_over_or_end_the_socket_and_leave_nothing() {
    let node = Node::demo().await;
    let (awa, bruno) = (node.as_person(AWA).await, node.as_person(BRUNO).await);
    let mut of_awa = Feed::of(&node, &awa).await;
    of_awa.at(NETWORK, "overview").await;
    of_awa.until(here(NETWORK, 1, &["Awa Diallo"])).await;
    for odd in [
        json!("hello"),
        json!({ "kind": "at" }),
        json!({ "kind": "at", "community": [NETWORK] }),
        json!({ "kind": "at", "community": NETWORK, "view": "document", "document": "not an id" }),
        json!({ "kind": "at", "community": "x".repeat(2_000) }),
    ] {
        let mut feed = Feed::of(&node, &bruno).await;
        feed.say(odd).await;
        loop {
            match feed.next().await {
                Ok(_) => {}
                Err(code) => break assert_eq!(code, 1003),
            }
        }
    }
    // Places that are nobody's, or not theirs, are nowhere; so is a document that is not there.
    let mut feed = Feed::of(&node, &bruno).await;
    for slug in ["no-such-community", PRIVATE, "", "../admin", "x'; drop table users; --"] {
        feed.at(slug, "overview").await;
    }
    feed.say(json!({ "kind": "of a later release", "x": [1] })).await;
    for number in 0..50 {
        feed.at(if number % 2 == 0 { SECRET } else { "no-such-community" }, "overview").await;
    }
    let nowhere = json!({ "kind": "at", "community": NETWORK, "view": "document", "document": PRIVATE_DOCUMENT });
    feed.say(nowhere).await;
    let said = of_awa.until(here(NETWORK, 2, &["Awa Diallo", "Bruno Lefèvre"])).await;
    let elsewhere = json!({ "id": BRUNO, "name": "Bruno Lefèvre", "outsider": false, "view": "documents" });
    assert_eq!(of_person(&said, "Bruno Lefèvre"), Some(&elsewhere));
    node.stop().await;
}

/// Nobody's.
const PRIVATE_DOCUMENT: &str = "01930000-0000-7000-8000-00000000dead";

/// Redis of this test's own; `None` where it is not installed and that was said.
fn redis() -> Option<(Process, String)> {
    let redis = tool("redis-server")?;
    let port = free_port();
    let child = Command::new(redis)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let process = Process(child);
    wait_for("Redis listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    Some((process, format!("redis://127.0.0.1:{port}/")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_seen_across_nodes_leave_at_once_and_go_with_a_node_that_is_killed() {
    let (Some(postgres), Some((_redis, redis))) = (Postgres::start(), redis()) else { return };
    let there = Node::beside(&postgres.url, &redis).await;
    let killed = Served::serve(&["--demo", "--listen", "127.0.0.1:0", "--database", &postgres.url, "--redis", &redis]);
    let elsewhere = killed.address;
    let (awa, bruno) = (there.as_person(AWA).await, there.as_person(BRUNO).await);
    let (chloe, david) = (there.as_person(CHLOE).await, there.as_person(DAVID).await);
    let mut of_awa = Feed::of(&there, &awa).await;
    of_awa.at(NETWORK, "overview").await;
    of_awa.until(here(NETWORK, 1, &["Awa Diallo"])).await;
    // Each on another node than hers; Bruno on both.
    let mut of_bruno = Feed::open(elsewhere, &bruno.cookie).await;
    let (mut of_chloe, mut of_david) =
        (Feed::open(elsewhere, &chloe.cookie).await, Feed::open(elsewhere, &david.cookie).await);
    of_bruno.at(NETWORK, "wiki").await;
    let began = Instant::now();
    of_awa.until(here(NETWORK, 2, &["Awa Diallo", "Bruno Lefèvre"])).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let mut also_bruno = Feed::of(&there, &bruno).await;
    also_bruno.at(NETWORK, "overview").await;
    also_bruno.until(here(NETWORK, 2, &["Awa Diallo", "Bruno Lefèvre"])).await;
    of_chloe.at(NETWORK, "overview").await;
    of_david.at(NETWORK, "overview").await;
    let all = &["Awa Diallo", "Bruno Lefèvre", "Chloé Martin", "David Nguyen"];
    of_awa.until(here(NETWORK, 4, all)).await;
    of_bruno.until(here(NETWORK, 4, all)).await;

    of_david.end().await;
    of_awa.until(here(NETWORK, 3, &["Awa Diallo", "Bruno Lefèvre", "Chloé Martin"])).await;
    // A right that ends on one node ends the presence on the other.
    assert_eq!(awa.delete(&format!("/communities/{NETWORK}/members/{CHLOE}")).await.status, 204);
    of_awa.until(here(NETWORK, 2, &["Awa Diallo", "Bruno Lefèvre"])).await;
    of_bruno.until(here(NETWORK, 2, &["Awa Diallo", "Bruno Lefèvre"])).await;
    also_bruno.end().await;

    drop(killed);
    let began = Instant::now();
    of_awa.until(here(NETWORK, 1, &["Awa Diallo"])).await;
    assert!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
    there.stop().await;
}
