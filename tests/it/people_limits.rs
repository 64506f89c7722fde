//! What nobody in good faith sends: texts that are none, moments beyond all clocks, lists without an end, names that hide.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crdt_store::UserId;
use crdt_store::instance::{Policy, WhoMayCreate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::Postgres;
use crate::people_node::{AWA, BRUNO, INES, LUCIE, NETWORK, Node, PRIVATE};

/// Moments that can be written down and not all be told in UTC.
const MOMENTS: [&str; 4] = [
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59.999999999Z",
    "0000-01-01T00:00:00+23:59",
    "0000-01-01T00:00:00Z",
];

fn cursor(holds: &Value) -> String {
    URL_SAFE_NO_PAD.encode(holds.to_string())
}

async fn odd_things_are_asked(node: &Node) {
    let (awa, ines, lucie) = (node.as_person(AWA).await, node.as_person(INES).await, node.as_person(LUCIE).await);
    let mut wrong = Vec::new();
    for path in [
        "/communities/a%00b",
        "/communities/a%00b/members",
        "/communities?q=a%00b",
        "/communities/similar?name=a%00b",
        "/people?q=a%00b",
        "/people?community=a%00b",
        "/documents?community=a%00b",
        "/admin/people?q=a%00b",
        "/admin/communities?q=a%00b",
        "/admin/audit?action=a%00b",
        "/admin/audit?community=a%00b",
        "/admin/audit?to=9999-12-31",
        "/admin/audit?from=-9999-01-01",
        "/admin/audit?from=9999-12-31T23:59:59-23:59",
    ] {
        let answer = lucie.get(path).await;
        if !matches!(answer.status, 200 | 400 | 404 | 422) {
            wrong.push(format!("{path}: {answer:?}"));
        }
    }
    let nul = cursor(&json!({ "key": "a\0b", "id": Uuid::nil(), "at": null }));
    for path in ["/communities", "/people", &format!("/communities/{NETWORK}/members"), "/admin/people"] {
        let answer = lucie.get(&format!("{path}?cursor={nul}")).await;
        if answer.status != 400 {
            wrong.push(format!("{path} with a NUL in its cursor: {answer:?}"));
        }
    }
    for at in MOMENTS {
        let from = cursor(&json!({ "key": "", "at": at, "active_at": at, "id": Uuid::max() }));
        for (who, path) in [
            (&ines, format!("/communities/{PRIVATE}/invitations?")),
            (&ines, format!("/communities/{PRIVATE}/joins?")),
            (&ines, "/requests?".to_owned()),
            (&lucie, "/admin/requests?".to_owned()),
            (&lucie, "/admin/audit?".to_owned()),
            (&lucie, "/admin/people?active=day&".to_owned()),
            (&lucie, "/admin/communities?filter=living&".to_owned()),
            (&lucie, "/admin/communities?filter=sleeping&".to_owned()),
        ] {
            let answer = who.get(&format!("{path}cursor={from}")).await;
            if !matches!(answer.status, 200 | 400) {
                wrong.push(format!("{path} from {at}: {answer:?}"));
            }
        }
    }
    let document = json!({ "title": "x", "community": "a\0b" });
    let entry = json!({ "reason": "Signalement à vérifier" });
    for (path, body) in [("/documents", document), ("/admin/communities/a%00b/entry", entry)] {
        let answer = lucie.post(path, body).await;
        if answer.status != 404 {
            wrong.push(format!("{path}: {answer:?}"));
        }
    }
    assert_eq!(awa.get("/me").await.status, 200);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_no_text_and_no_moment_is_refused_or_finds_nothing() {
    let node = Node::demo().await;
    odd_things_are_asked(&node).await;
    node.stop().await;
    let Some(postgres) = Postgres::start() else { return };
    let node = Node::on(&postgres.url).await;
    odd_things_are_asked(&node).await;
    node.stop().await;
}

#[tokio::test]
async fn a_list_without_an_end_keeps_nobody_waiting() {
    let node = Node::demo().await;
    let ines = node.as_person(INES).await;
    let slips = |count| format!("a@x{}", ",aa".repeat(count));
    let begun = std::time::Instant::now();
    let check = json!({ "text": slips(13_000), "role": "member" });
    ines.post(&format!("/communities/{PRIVATE}/invitations/check"), check).await.refused(422, "bad-field");
    let send = json!({ "emails": [slips(80_000)], "role": "member" });
    ines.post(&format!("/communities/{PRIVATE}/invitations"), send).await.refused(422, "bad-field");
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    let huge = json!({ "text": "a@b.fr ".repeat(1_500_000), "role": "member" });
    assert_eq!(ines.post(&format!("/communities/{PRIVATE}/invitations/check"), huge).await.status, 413);
    node.stop().await;
}

#[tokio::test]
async fn a_name_shows_and_turns_nothing() {
    let node = Node::demo().await;
    let awa = node.as_person(AWA).await;
    for odd in ["\u{200b}\u{2060}", "\u{3164}", "Awa \u{202e}olaiD", "Awa\u{2028}Diallo", "Awa\r\nBcc: x@y.fr", "a\0b"]
    {
        for field in ["name", "service"] {
            let mut change = json!({});
            change[field] = json!(odd);
            awa.patch("/me", change).await.refused(422, "bad-field");
        }
    }
    let me = awa.patch("/me", json!({ "name": "A\u{ad}wa\u{200b} Diallo" })).await.ok();
    assert_eq!(me["name"], "Awa Diallo", "what comes along unseen is left out");
    node.stop().await;
}

#[tokio::test]
async fn what_was_begun_and_not_handed_in_is_handed_in_when_it_comes_again() {
    let node = Node::demo().await;
    let awa = node.as_person(AWA).await;
    let mut wanted = json!({
        "id": Uuid::now_v7(), "send": false, "name": "Archives partagées", "purpose": "Partager des archives.",
        "model": "project", "visibility": "private", "joining": "approval", "features": ["documents"],
        "co_leaders": [],
    });
    // As a node leaves it that is lost between the two.
    assert_eq!(awa.post("/requests", wanted.clone()).await.ok()["state"], "draft");
    wanted["send"] = json!(true);
    for _ in 0..2 {
        let answer = awa.post("/requests", wanted.clone()).await;
        assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("received")), "{answer:?}");
    }
    let letters = node.letters().await;
    assert_eq!(letters.iter().filter(|(_, kind, _)| kind == "request-received").count(), 1, "{letters:?}");
    node.stop().await;
}

#[tokio::test]
async fn nobody_opens_communities_without_an_end() {
    let node = Node::demo().await;
    let by = UserId(Uuid::try_parse(LUCIE).expect("an id"));
    let policy =
        Policy { who_may_create: WhoMayCreate::Agents, ..node.db.instance().policy().await.expect("a policy") };
    node.db.instance().set_policy(by, &policy).await.expect("it is said");
    let awa = node.as_person(AWA).await;
    let mut opened = 0;
    let refused = loop {
        let wanted = json!({
            "id": Uuid::now_v7(), "send": true, "name": "Une de plus", "purpose": "Voir.", "model": "project",
            "visibility": "public", "joining": "open", "features": ["documents"], "co_leaders": [BRUNO],
        });
        match awa.post("/requests", wanted).await {
            answer if answer.status == 201 => opened += 1,
            answer => break answer,
        }
        assert!(opened < 60, "there is no end");
    };
    refused.refused(429, "too-often");
    assert_eq!(opened, 50);
    node.stop().await;
}

#[tokio::test]
async fn a_leader_who_becomes_somebody_from_outside_leads_no_more() {
    let node = Node::demo().await;
    let (awa, lucie) = (node.as_person(AWA).await, node.as_person(LUCIE).await);
    lucie.patch(&format!("/admin/people/{AWA}"), json!({ "role": "outsider" })).await.ok();
    let role = json!({ "role": "reader" });
    awa.patch(&format!("/communities/{NETWORK}/members/{BRUNO}"), role).await.refused(403, "forbidden");
    awa.get(&format!("/communities/{NETWORK}/invitations")).await.refused(403, "forbidden");
    let shown = awa.get(&format!("/communities/{NETWORK}")).await.ok();
    assert_eq!((&shown["role"], &shown["access"]), (&json!("member"), &json!("write")));
    node.stop().await;
}
