//! Inviting and being invited.

use serde_json::{Value, json};

use crate::people_node::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE, NETWORK, Node, PRIVATE, SECRET, cookie_of, each};

fn results(lines: &Value) -> Vec<(&str, &str)> {
    let lines = lines["lines"].as_array().unwrap();
    lines.iter().map(|line| (line["input"].as_str().unwrap(), line["result"].as_str().unwrap())).collect()
}

/// The secret of the link in the latest letter to an address.
fn secret(letters: &[(String, String, String)], to: &str) -> String {
    let (_, _, text) = letters.iter().rev().find(|(address, kind, _)| address == to && kind == "invitation").unwrap();
    let (_, rest) = text.split_once("/invitation#").unwrap();
    rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')).collect()
}

#[tokio::test]
async fn a_pasted_list_is_looked_at_before_anything_leaves() {
    let node = Node::demo().await;
    let (awa, bruno, ines) = (node.as_person(AWA).await, node.as_person(BRUNO).await, node.as_person(INES).await);
    let check = format!("/communities/{PRIVATE}/invitations/check");
    let text = "Bruno <Bruno.Lefevre@exemple.gouv.fr>; nadia@collectif-a11y.example, p.durand@exemple.gouv,fr\n\
                awa.diallo@exemple.gouv.fr bruno.lefevre@exemple.gouv.fr\tn'importe quoi";
    let lines = ines.post(&check, json!({ "text": text, "role": "member", "until": "2030-05-24" })).await.ok();
    assert_eq!(
        results(&lines),
        [
            ("Bruno.Lefevre@exemple.gouv.fr", "ok"),
            ("nadia@collectif-a11y.example", "outsider"),
            ("p.durand@exemple.gouv,fr", "invalid"),
            ("awa.diallo@exemple.gouv.fr", "member"),
            ("bruno.lefevre@exemple.gouv.fr", "duplicate"),
        ]
        .into_iter()
        .collect::<Vec<_>>(),
        "{lines}"
    );
    let lines = &lines["lines"];
    assert_eq!((&lines[0]["name"], &lines[1]["name"]), (&json!("Bruno Lefèvre"), &Value::Null));
    assert!(lines[1]["until"].as_str().unwrap().starts_with("2030-05-24"));
    assert_eq!(lines[2]["hint"], "p.durand@exemple.gouv.fr");
    assert_eq!(node.letters().await.len(), 0);

    bruno.post(&check, json!({ "text": "a@b.fr", "role": "member" })).await.refused(403, "forbidden");
    let moderator = format!("/communities/{NETWORK}/invitations/check");
    bruno.post(&moderator, json!({ "text": "a@b.fr", "role": "leader" })).await.refused(403, "forbidden");
    awa.post(&format!("/communities/{SECRET}/invitations/check"), json!({ "text": "a@b.fr", "role": "member" }))
        .await
        .refused(404, "not-found");
    for (name, value) in
        [("until", json!("2020-01-01")), ("until", json!("soon")), ("role", json!("king")), ("bcc", json!("x"))]
    {
        let mut body = json!({ "text": "a@b.fr", "role": "member" });
        body[name] = value;
        ines.post(&check, body).await.refused(422, "bad-field");
    }
    let many: String = (0..201).map(|number| format!("a{number}@b.fr ")).collect();
    ines.post(&check, json!({ "text": many, "role": "member" })).await.refused(422, "bad-field");
    let lead = ines.post(&check, json!({ "text": "nadia@collectif-a11y.example", "role": "leader" })).await.ok();
    assert_eq!((&lead["lines"][0]["result"], &lead["lines"][0]["hint"]), (&json!("invalid"), &json!("role")));
    node.stop().await;
}

#[tokio::test]
async fn whether_a_stranger_has_an_account_is_not_told() {
    let node = Node::demo().await;
    let (david, ines) = (node.as_person(DAVID).await, node.as_person(INES).await);
    david.patch("/me", json!({ "directory": "communities" })).await.ok();
    for path in [NETWORK, PRIVATE] {
        assert_eq!(david.delete(&format!("/communities/{path}/members/me")).await.status, 204);
    }
    let text = "david.nguyen@exemple.gouv.fr nobody@exemple.gouv.fr";
    let lines = ines
        .post(&format!("/communities/{PRIVATE}/invitations/check"), json!({ "text": text, "role": "member" }))
        .await
        .ok();
    let (mut one, mut other) = (lines["lines"][0].clone(), lines["lines"][1].clone());
    for line in [&mut one, &mut other] {
        line["input"] = Value::Null;
        line["email"] = Value::Null;
        line["until"] = json!(line["until"].is_string());
    }
    assert_eq!(one, other);
    node.stop().await;
}

#[tokio::test]
async fn an_outsider_comes_in_by_the_link_alone_once_and_for_a_time() {
    let node = Node::demo().await;
    let ines = node.as_person(INES).await;
    let path = format!("/communities/{PRIVATE}/invitations");
    let wanted = json!({ "emails": ["Nadia@collectif-a11y.example"], "role": "member", "until": null });
    let sent = ines.post(&path, wanted.clone()).await.ok();
    assert_eq!(results(&sent), [("Nadia@collectif-a11y.example", "outsider")]);
    assert_eq!(results(&ines.post(&path, wanted).await.ok()), [("Nadia@collectif-a11y.example", "invited")]);
    let letters = node.letters().await;
    assert_eq!(letters.len(), 1, "asked twice, sent once");
    let first = secret(&letters, "nadia@collectif-a11y.example");

    // Sent again: the first link is worth nothing any more.
    let waiting = ines.get(&path).await.ok();
    assert_eq!(
        (each(&waiting, "email"), each(&waiting, "person")),
        (vec![&json!("nadia@collectif-a11y.example")], vec![&Value::Null])
    );
    let id = waiting["items"][0]["id"].as_str().unwrap();
    ines.post(&format!("{path}/{id}/resend"), json!({})).await.ok();
    let second = secret(&node.letters().await, "nadia@collectif-a11y.example");
    assert_ne!(first, second);
    let nobody = node.nobody();
    nobody.post("/invitations/redeem", json!({ "secret": first })).await.refused(410, "link-gone");
    nobody.post("/invitations/redeem", json!({ "secret": "x" })).await.refused(410, "link-gone");
    nobody.post("/invitations/redeem", json!({ "secret": second, "role": "leader" })).await.refused(422, "bad-field");

    let answer = nobody.post("/invitations/redeem", json!({ "secret": second })).await;
    let cookie = cookie_of(&answer);
    assert_eq!(answer.ok(), json!({ "slug": PRIVATE }));
    let mut nadia = node.nobody();
    nadia.cookie = cookie;
    let me = nadia.get("/me").await.ok();
    assert_eq!((&me["role"], &me["email"]), (&json!("outsider"), &json!("nadia@collectif-a11y.example")));
    nadia.get(&format!("/communities/{NETWORK}")).await.refused(404, "not-found");
    let members = ines.get(&format!("/communities/{PRIVATE}/members?outsiders=true")).await.ok();
    assert!(members["items"][0]["expires_at"].is_string(), "{members}");
    nobody.post("/invitations/redeem", json!({ "secret": second })).await.refused(410, "link-gone");
    assert_eq!(ines.get(&path).await.ok()["items"], json!([]));
    node.stop().await;
}

#[tokio::test]
async fn a_colleague_signs_in_first_and_answers_on_their_own_pages() {
    let node = Node::demo().await;
    let (bruno, chloe, ines, lucie) = (
        node.as_person(BRUNO).await,
        node.as_person(CHLOE).await,
        node.as_person(INES).await,
        node.as_person(LUCIE).await,
    );
    let path = format!("/communities/{PRIVATE}/invitations");
    let emails = json!(["bruno.lefevre@exemple.gouv.fr", "lucie.perrin@exemple.gouv.fr"]);
    ines.post(&path, json!({ "emails": emails, "role": "moderator", "until": "2030-01-01" })).await.ok();
    let letters = node.letters().await;
    let link = secret(&letters, "bruno.lefevre@exemple.gouv.fr");
    node.nobody().post("/invitations/redeem", json!({ "secret": link })).await.refused(401, "sign-in-first");

    assert_eq!(bruno.get("/me").await.ok()["invitations_count"], 1);
    let mine = bruno.get("/invitations").await.ok();
    assert_eq!(
        (&mine["items"][0]["community"]["slug"], &mine["items"][0]["invited_by"]["name"]),
        (&json!(PRIVATE), &json!("Inès Garnier"))
    );
    let id = mine["items"][0]["id"].as_str().unwrap();
    for other in [&chloe, &lucie] {
        other.post(&format!("/invitations/{id}/accept"), json!({})).await.refused(404, "not-found");
        other.post(&format!("/invitations/{id}/decline"), json!({})).await.refused(404, "not-found");
    }
    assert_eq!(bruno.post(&format!("/invitations/{id}/accept"), json!({})).await.ok(), json!({ "slug": PRIVATE }));
    let members = ines.get(&format!("/communities/{PRIVATE}/members?q=bruno")).await.ok();
    assert_eq!((&members["items"][0]["role"], &members["items"][0]["expires_at"]), (&json!("moderator"), &Value::Null));

    let hers = lucie.get("/invitations").await.ok();
    let id = hers["items"][0]["id"].as_str().unwrap();
    assert_eq!(lucie.post(&format!("/invitations/{id}/decline"), json!({})).await.status, 204);
    assert_eq!(lucie.get("/invitations").await.ok()["items"], json!([]));
    node.nobody()
        .post("/invitations/redeem", json!({ "secret": secret(&letters, "lucie.perrin@exemple.gouv.fr") }))
        .await
        .refused(410, "link-gone");

    // Somebody from outside who is here already is not signed in by a letter that may have been passed on.
    ines.post(&path, json!({ "emails": ["chloe.martin@ateliernord.example"], "role": "member", "until": null }))
        .await
        .ok();
    let link = secret(&node.letters().await, "chloe.martin@ateliernord.example");
    node.nobody().post("/invitations/redeem", json!({ "secret": link })).await.refused(401, "sign-in-first");
    assert_eq!(chloe.post("/invitations/redeem", json!({ "secret": link })).await.ok(), json!({ "slug": PRIVATE }));

    // Taken back: nothing waits any more, and the link is worth nothing.
    ines.post(&path, json!({ "emails": ["paul@entreprise.example"], "role": "reader", "until": null })).await.ok();
    let link = secret(&node.letters().await, "paul@entreprise.example");
    let waiting = ines.get(&path).await.ok();
    let id = waiting["items"][0]["id"].as_str().unwrap();
    bruno.delete(&format!("{path}/{id}")).await.refused(403, "forbidden");
    assert_eq!(ines.delete(&format!("{path}/{id}")).await.status, 204);
    ines.delete(&format!("{path}/{id}")).await.refused(404, "not-found");
    node.nobody().post("/invitations/redeem", json!({ "secret": link })).await.refused(410, "link-gone");
    node.stop().await;
}

#[tokio::test]
async fn letters_to_one_address_have_a_limit() {
    let node = Node::demo().await;
    let ines = node.as_person(INES).await;
    let path = format!("/communities/{PRIVATE}/invitations");
    ines.post(&path, json!({ "emails": ["nadia@collectif-a11y.example"], "role": "member", "until": null })).await.ok();
    let waiting = ines.get(&path).await.ok();
    let resend = format!("{path}/{}/resend", waiting["items"][0]["id"].as_str().unwrap());
    for _ in 0..19 {
        ines.post(&resend, json!({})).await.ok();
    }
    ines.post(&resend, json!({})).await.refused(429, "too-often");
    assert_eq!(node.letters().await.len(), 20);
    // A leader elsewhere is told that it did not go, and not that it did.
    let awa = node.as_person(AWA).await;
    let list = json!({ "emails": ["nadia@collectif-a11y.example"], "role": "member", "until": null });
    let lines = awa.post(&format!("/communities/{NETWORK}/invitations"), list).await.ok();
    assert_eq!(lines["lines"][0]["result"], "later");
    let many: Vec<String> = (0..101).map(|number| format!("a{number}@b.fr")).collect();
    ines.post(&path, json!({ "emails": many, "role": "member", "until": null })).await.refused(422, "bad-field");
    node.stop().await;
}

#[tokio::test]
async fn one_person_sends_so_often_in_an_hour_and_one_client_address_tries_so_many_links() {
    let node = Node::demo().await;
    let (ines, awa) = (node.as_person(INES).await, node.as_person(AWA).await);
    let list = json!({ "emails": [], "role": "member", "until": null });
    for _ in 0..40 {
        ines.post(&format!("/communities/{PRIVATE}/invitations"), list.clone()).await.ok();
    }
    ines.post(&format!("/communities/{PRIVATE}/invitations"), list.clone()).await.refused(429, "too-often");
    awa.post(&format!("/communities/{NETWORK}/invitations"), list).await.ok();

    let body = json!({ "secret": "x" }).to_string();
    let from = |address: &'static str| [("content-type", "application/json"), ("x-forwarded-for", address)];
    let path = "/api/v1/invitations/redeem";
    for _ in 0..60 {
        node.send("POST", path, &from("2001:db8::1"), &body).await.refused(410, "link-gone");
    }
    // Another address of the same network is no other client; what a client itself puts in front counts for nothing.
    node.send("POST", path, &from("2001:db8::2"), &body).await.refused(429, "too-often");
    node.send("POST", path, &from("203.0.113.7, 2001:db8::3"), &body).await.refused(429, "too-often");
    node.send("POST", path, &from("203.0.113.7"), &body).await.refused(410, "link-gone");
    node.stop().await;
}
