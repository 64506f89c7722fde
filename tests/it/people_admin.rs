//! Administration: people, communities, what was done.

use crdt_store::UserId;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::people_node::{AWA, BRUNO, CHLOE, INES, LUCIE, NETWORK, Node, PRIVATE, SECRET, each};

const PAGES: [&str; 8] = [
    "/admin/overview",
    "/admin/instance",
    "/admin/people",
    "/admin/communities",
    "/admin/audit",
    "/admin/audit.csv",
    "/admin/requests",
    "/admin/people/01930000-0000-7000-8000-000000000001",
];

#[tokio::test]
async fn administration_is_for_administrators() {
    let node = Node::demo().await;
    for id in [AWA, CHLOE] {
        let person = node.as_person(id).await;
        for page in PAGES {
            person.get(page).await.refused(403, "forbidden");
        }
        person
            .patch(&format!("/admin/people/{id}"), json!({ "role": "administrator" }))
            .await
            .refused(403, "forbidden");
        let entry = format!("/admin/communities/{SECRET}/entry");
        person.post(&entry, json!({ "reason": "Je voudrais bien voir" })).await.refused(403, "forbidden");
    }
    for page in PAGES {
        node.nobody().get(page).await.refused(401, "not-signed-in");
        assert_eq!(node.as_person(LUCIE).await.get(page).await.status, 200, "{page}");
    }
    node.stop().await;
}

#[tokio::test]
async fn somebody_is_kept_out_at_once_and_somebody_administers() {
    let node = Node::demo().await;
    let (awa, lucie) = (node.as_person(AWA).await, node.as_person(LUCIE).await);
    let person = |id: &str| format!("/admin/people/{id}");
    assert_eq!(each(&lucie.get("/admin/people?q=AWA.diallo%40exemple").await.ok(), "name"), ["Awa Diallo"]);
    assert_eq!(each(&lucie.get("/admin/people?role=outsider").await.ok(), "name"), ["Chloé Martin"]);
    assert_eq!(lucie.get(&person(AWA)).await.ok()["communities_count"], 2);
    lucie.patch(&person(AWA), json!({ "name": "x" })).await.refused(422, "bad-field");
    lucie.patch(&person(LUCIE), json!({ "role": "agent" })).await.refused(409, "last-administrator");
    lucie.patch(&person(LUCIE), json!({ "suspended": true })).await.refused(409, "last-administrator");

    assert_eq!(lucie.patch(&person(AWA), json!({ "suspended": true })).await.ok()["suspended"], true);
    awa.get("/me").await.refused(401, "not-signed-in");
    assert_eq!(each(&lucie.get("/admin/people?suspended=true").await.ok(), "name"), ["Awa Diallo"]);
    let leaderless = lucie.get("/admin/communities?filter=leaderless").await.ok();
    assert_eq!(each(&leaderless, "slug"), [NETWORK], "who may not come in does not lead");
    assert_eq!(lucie.get("/admin/overview").await.ok()["communities_leaderless"], 1);
    lucie.patch(&person(AWA), json!({ "suspended": false })).await.ok();
    awa.get("/me").await.refused(401, "not-signed-in");
    assert_eq!(lucie.get("/admin/overview").await.ok()["communities_leaderless"], 0);

    lucie.patch(&person(INES), json!({ "role": "administrator" })).await.ok();
    let ines = node.as_person(INES).await;
    let (hers, mine) = (person(LUCIE), person(INES));
    let lower = || json!({ "role": "agent" });
    let (one, two) = tokio::join!(ines.patch(&hers, lower()), lucie.patch(&mine, lower()));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(matches!(statuses[1], 403 | 409), "of two who demote each other one stays: {statuses:?}");
    node.stop().await;
}

#[tokio::test]
async fn who_is_about_to_leave_is_listed_with_the_day() {
    let node = Node::demo().await;
    let (awa, lucie) = (node.as_person(AWA).await, node.as_person(LUCIE).await);
    let listed = "/admin/people?expiring=true";
    assert_eq!(lucie.get(listed).await.ok()["items"], json!([]));
    let day = (OffsetDateTime::now_utc() + Duration::days(12)).date().to_string();
    let member = awa.patch(&format!("/communities/{NETWORK}/members/{CHLOE}"), json!({ "expires_at": day })).await.ok();
    let end = &member["expires_at"];
    assert!(end.is_string(), "{member}");
    let found = lucie.get(listed).await.ok();
    assert_eq!((each(&found, "name"), each(&found, "next_end_at")), (vec![&json!("Chloé Martin")], vec![end]));
    assert_eq!(lucie.get(&format!("/admin/people/{CHLOE}")).await.ok()["next_end_at"], *end);
    assert_eq!(lucie.get(&format!("/admin/people/{AWA}")).await.ok()["next_end_at"], Value::Null);
    node.stop().await;
}

#[tokio::test]
async fn an_administrator_looks_in_for_a_reason_that_is_told() {
    let node = Node::demo().await;
    node.promote(AWA).await;
    let (awa, bruno, lucie) = (node.as_person(AWA).await, node.as_person(BRUNO).await, node.as_person(LUCIE).await);
    let place = format!("/communities/{SECRET}");
    awa.get(&place).await.refused(404, "not-found");
    assert_eq!(each(&awa.get("/admin/communities?q=archives").await.ok(), "slug"), [SECRET]);
    let entry = format!("/admin/communities/{SECRET}/entry");
    awa.post(&entry, json!({ "reason": "voir" })).await.refused(422, "bad-field");
    awa.post("/admin/communities/none/entry", json!({ "reason": "Signalement 42 à vérifier" }))
        .await
        .refused(404, "not-found");
    let made = awa.post(&entry, json!({ "reason": "Signalement 42 à vérifier" })).await.ok();
    assert_eq!(made["by"]["name"], "Awa Diallo");
    let seen = awa.get(&place).await.ok();
    assert_eq!((&seen["access"], &seen["role"]), (&json!("read"), &Value::Null));
    awa.patch(&place, json!({ "name": "x" })).await.refused(403, "forbidden");
    assert_eq!(bruno.get(&place).await.ok()["entry"]["reason"], "Signalement 42 à vérifier", "its people are told");
    let letters = node.letters().await;
    assert_eq!((letters[0].0.as_str(), letters[0].1.as_str()), ("lucie.perrin@exemple.gouv.fr", "administrator-entry"));
    let acts = lucie.get(&format!("/admin/audit?community={SECRET}")).await.ok();
    assert_eq!(
        (&acts["items"][0]["action"], &acts["items"][0]["actor"]["name"]),
        (&json!("community.entered"), &json!("Awa Diallo"))
    );
    assert_eq!(acts["items"][0]["details"]["reason"], "Signalement 42 à vérifier");
    node.stop().await;
}

#[tokio::test]
async fn what_was_done_is_listed_filtered_and_exported() {
    let node = Node::demo().await;
    let (ines, lucie) = (node.as_person(INES).await, node.as_person(LUCIE).await);
    ines.patch(&format!("/communities/{PRIVATE}"), json!({ "name": "=cmd|' /C calc'!A0" })).await.ok();
    ines.delete(&format!("/communities/{PRIVATE}/members/{AWA}")).await.ok();
    lucie.patch(&format!("/admin/people/{CHLOE}"), json!({ "suspended": true })).await.ok();

    let all = lucie.get("/admin/audit").await.ok();
    let laid = ["request.sent", "community.created", "community.created", "community.created"];
    let latest = ["person.suspended", "member.removed", "community.changed"];
    assert_eq!(each(&all, "action"), [&latest[..], &laid].concat());
    assert_eq!(all["items"][1]["subject"], json!({ "kind": "person", "id": AWA, "name": "Awa Diallo" }));
    let first = lucie.get("/admin/audit?limit=2").await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(
        each(&lucie.get(&format!("/admin/audit?limit=2&cursor={cursor}")).await.ok(), "action"),
        ["community.changed", "request.sent"]
    );
    for (query, count) in [
        (format!("actor={INES}"), 3),
        (format!("actor={LUCIE}&community="), 2),
        (format!("community={PRIVATE}&action=member.removed"), 1),
        ("action=member.removed".to_owned(), 1),
        ("from=2020-01-01&to=2020-01-02".to_owned(), 0),
        ("from=2020-01-01&to=2999-01-01".to_owned(), 7),
        ("community=none".to_owned(), 0),
    ] {
        let found = lucie.get(&format!("/admin/audit?{query}")).await.ok();
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{query}");
    }
    lucie.get("/admin/audit?actor=me").await.refused(400, "bad-query");
    lucie.get("/admin/audit?from=yesterday").await.refused(400, "bad-query");

    let table = lucie.get("/admin/audit.csv?action=community.changed").await;
    assert_eq!((table.status, table.body.lines().count()), (200, 2));
    assert!(table.body.contains("\"'=cmd|"), "no formula: {}", table.body);
    assert_eq!(each(&lucie.get("/admin/audit?limit=1").await.ok(), "action"), ["audit.exported"]);
    node.stop().await;
}

#[tokio::test]
async fn an_export_holds_every_act_however_many() {
    let node = Node::demo().await;
    let lucie = node.as_person(LUCIE).await;
    let by = UserId(Uuid::try_parse(LUCIE).unwrap());
    // More than is asked for at once.
    for number in 0..1_234 {
        node.db.audit().note(by, "test.counted", None, json!({ "number": number })).await.unwrap();
    }
    let table = lucie.get("/admin/audit.csv?action=test.counted").await;
    assert_eq!((table.status, table.headers["content-type"].as_str()), (200, "text/csv; charset=utf-8"));
    let numbers: Vec<u32> = table
        .body
        .lines()
        .filter_map(|line| line.split_once("{\"\"number\"\":")?.1.split('}').next()?.parse().ok())
        .collect();
    assert_eq!(numbers, (0..1_234).rev().collect::<Vec<_>>(), "each once, the latest first");
    assert!(table.body.ends_with("\r\n"), "whole");
    let latest = lucie.get("/admin/audit?limit=1").await.ok();
    assert_eq!(latest["items"][0]["details"]["action"], "test.counted", "what was asked for is recorded");
    assert_eq!(lucie.get("/admin/audit.csv?community=none").await.body.lines().count(), 1);
    node.stop().await;
}
