//! Documents shared beyond their community's rules, from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod kit;

use kit::{AWA, BRUNO, CHLOE, DAVID, INES, Node};
use serde_json::{Value, json};

const FILLED: &str = "chefs-de-projet-numerique";
const PRIVATE: &str = "sobriete-energetique";

async fn document(node: &Node, cookie: &str, community: Option<&str>) -> String {
    let body = json!({ "title": "Plan de chauffe", "community": community });
    let made = node.send_as(cookie, "POST", "/api/v1/documents", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    format!("/api/v1/documents/{}", made.json()["id"].as_str().unwrap())
}

async fn share(node: &Node, cookie: &str, document: &str, sharing: &Value) -> kit::Answer {
    node.send_as(cookie, "PUT", &format!("{document}/sharing"), sharing).await
}

/// What a person may do with a document, by its own page.
async fn access(node: &Node, cookie: &str, document: &str) -> String {
    let answer = node.get_as(cookie, document).await;
    match answer.status.as_u16() {
        200 => answer.json()["access"].as_str().unwrap().to_owned(),
        404 => "none".to_owned(),
        other => panic!("{other}: {answer:?}"),
    }
}

fn named(people: &[(&str, &str)]) -> Value {
    people.iter().map(|(person, access)| json!({ "person": person, "access": access })).collect()
}

#[tokio::test]
async fn who_is_named_from_outside_sees_the_document_and_nothing_around_it() {
    let node = Node::demo().await;
    let (awa, chloe) = (node.sign_in(AWA).await, node.sign_in(CHLOE).await);
    let document = document(&node, &awa, Some(PRIVATE)).await;
    assert_eq!(access(&node, &chloe, &document).await, "none");
    let before = node.get_as(&awa, &format!("{document}/sharing")).await.json();
    assert_eq!(
        before,
        json!({ "visibility": "inherit", "people": [], "link": null, "mine": "manage", "may_open": true })
    );

    let sharing = json!({ "visibility": "inherit", "people": named(&[(CHLOE, "comment")]) });
    let shared = share(&node, &awa, &document, &sharing).await;
    assert_eq!(shared.status, 200, "{shared:?}");
    let person = &shared.json()["people"][0];
    assert_eq!((person["person"]["id"].as_str(), person["access"].as_str()), (Some(CHLOE), Some("comment")));
    assert_eq!((&person["guest"], &person["person"]["outsider"]), (&json!(true), &json!(true)));

    let seen = node.get_as(&chloe, &document).await.json();
    assert_eq!((&seen["access"], &seen["community"]), (&json!("comment"), &Value::Null));
    let list = node.get_as(&chloe, "/api/v1/documents").await.json();
    let id = document.rsplit('/').next().unwrap();
    assert!(list["items"].as_array().unwrap().iter().any(|item| item["id"] == id), "{list}");
    // Whoever reads it sees that it is shared, and not with whom.
    let hers = node.get_as(&chloe, &format!("{document}/sharing")).await.json();
    let shown = json!({ "visibility": "inherit", "people": [], "link": null, "mine": "comment", "may_open": false });
    assert_eq!(hers, shown);
    for around in [
        format!("/api/v1/communities/{PRIVATE}"),
        format!("/api/v1/communities/{PRIVATE}/members"),
        format!("/api/v1/documents?community={PRIVATE}"),
    ] {
        node.get_as(&chloe, &around).await.is_problem(404, "not-found");
    }
    share(&node, &chloe, &document, &sharing).await.is_problem(403, "forbidden");
    node.send_as(&chloe, "PATCH", &document, &json!({ "title": "x" })).await.is_problem(403, "forbidden");

    let nobody = json!({ "visibility": "inherit", "people": [] });
    assert_eq!(share(&node, &awa, &document, &nobody).await.status, 200);
    assert_eq!(access(&node, &chloe, &document).await, "none");
    share(&node, &chloe, &document, &sharing).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn what_is_restricted_is_for_those_who_are_named() {
    let node = Node::demo().await;
    let (awa, bruno) = (node.sign_in(AWA).await, node.sign_in(BRUNO).await);
    let (david, ines) = (node.sign_in(DAVID).await, node.sign_in(INES).await);
    let document = document(&node, &awa, Some(PRIVATE)).await;
    let sharing = json!({ "visibility": "restricted", "people": named(&[(DAVID, "write")]) });
    assert_eq!(share(&node, &awa, &document, &sharing).await.status, 200);
    for (cookie, expected) in [(&awa, "manage"), (&bruno, "none"), (&david, "write"), (&ines, "none")] {
        assert_eq!(access(&node, cookie, &document).await, expected);
    }
    let in_list = async |cookie: &str| {
        let list = node.get_as(cookie, &format!("/api/v1/documents?community={PRIVATE}")).await.json();
        let id = document.rsplit('/').next().unwrap();
        list["items"].as_array().unwrap().iter().any(|item| item["id"] == id)
    };
    assert!(in_list(&awa).await && in_list(&david).await && !in_list(&ines).await);
    node.send_as(&david, "PATCH", &document, &json!({ "title": "Plan de chauffe 2027" })).await;
    assert_eq!(node.get_as(&awa, &document).await.json()["title"], "Plan de chauffe 2027");
}

#[tokio::test]
async fn an_address_opens_to_colleagues_as_far_as_was_said_and_while_it_lasts() {
    let node = Node::demo().await;
    let (awa, bruno, chloe) = (node.sign_in(AWA).await, node.sign_in(BRUNO).await, node.sign_in(CHLOE).await);
    let document = document(&node, &awa, Some(PRIVATE)).await;
    assert_eq!(access(&node, &bruno, &document).await, "none");
    for level in ["read", "comment", "write"] {
        let link = json!({ "access": level, "expires_at": "2028-01-01T00:00:00Z" });
        let sharing = json!({ "visibility": "link", "people": [], "link": link });
        let shared = share(&node, &awa, &document, &sharing).await;
        assert_eq!(shared.status, 200, "{shared:?}");
        assert_eq!(shared.json()["link"]["expires_at"], "2028-01-01T00:00:00Z");
        assert_eq!(access(&node, &bruno, &document).await, level);
        assert_eq!(access(&node, &chloe, &document).await, "none");
    }
    // Its end comes: set back beside the server, as time would.
    let db = crdt_store::Db::open(&node.folder.database(), crdt_store::DbOptions::default()).await.unwrap();
    let id = document.rsplit('/').next().unwrap().parse().unwrap();
    let over = crdt_store::documents::NewSharing {
        visibility: crdt_store::documents::Sharing::Link,
        link: Some(crdt_store::documents::LinkTerms {
            access: crdt_store::documents::Shared::Write,
            expires_at: Some(time::OffsetDateTime::UNIX_EPOCH),
        }),
        people: Vec::new(),
    };
    db.documents().share(id, &over, AWA.parse().unwrap()).await.unwrap();
    db.close().await;
    // Nobody has said so: what a node remembers counts for a moment.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(2);
    while access(&node, &bruno, &document).await != "none" {
        assert!(std::time::Instant::now() < end, "it is remembered for too long");
    }
    assert_eq!(access(&node, &awa, &document).await, "manage");
}

#[tokio::test]
async fn nobody_shares_themselves_out_or_further_than_they_may() {
    let node = Node::demo().await;
    let (awa, chloe, ines) = (node.sign_in(AWA).await, node.sign_in(CHLOE).await, node.sign_in(INES).await);
    let document = document(&node, &awa, Some(PRIVATE)).await;
    let nobody = json!({ "visibility": "restricted", "people": [] });
    share(&node, &ines, &document, &nobody).await.is_problem(422, "locks-you-out");
    let too_little = json!({ "visibility": "restricted", "people": named(&[(INES, "write")]) });
    share(&node, &ines, &document, &too_little).await.is_problem(422, "locks-you-out");
    let herself = json!({ "visibility": "restricted", "people": named(&[(INES, "manage")]) });
    assert_eq!(share(&node, &ines, &document, &herself).await.status, 200);
    let stranger = uuid::Uuid::now_v7().to_string();
    let unknown = json!({ "visibility": "inherit", "people": named(&[(&stranger, "read")]) });
    share(&node, &awa, &document, &unknown).await.is_problem(422, "person-unknown");
    let odd = json!({ "visibility": "inherit", "people": [], "created_by": AWA });
    share(&node, &awa, &document, &odd).await.is_problem(422, "bad-field");

    // An outsider who may write in a community shares there with its people, and with nobody else.
    let hers = self::document(&node, &chloe, Some(FILLED)).await;
    let inside = json!({ "visibility": "restricted", "people": named(&[(BRUNO, "write")]) });
    assert_eq!(share(&node, &chloe, &hers, &inside).await.status, 200);
    let outside = json!({ "visibility": "restricted", "people": named(&[(BRUNO, "write"), (INES, "read")]) });
    let shared = share(&node, &chloe, &hers, &outside).await;
    assert_eq!(shared.status, 200, "Inès belongs to it: {shared:?}");
    let linked = json!({ "visibility": "link", "people": [], "link": { "access": "read" } });
    share(&node, &chloe, &hers, &linked).await.is_problem(403, "outsiders-open-nothing");
    let own = self::document(&node, &chloe, None).await;
    let guest = json!({ "visibility": "inherit", "people": named(&[(AWA, "read")]) });
    share(&node, &chloe, &own, &guest).await.is_problem(403, "outsiders-open-nothing");
}
