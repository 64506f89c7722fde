//! Asking for a community, from the first word to the first page.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::people_node::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE, NETWORK, Node, each};

fn wanted(name: &str, send: bool) -> Value {
    json!({
        "id": Uuid::now_v7(), "send": send, "name": name, "purpose": "Préparer la feuille de route ensemble.",
        "model": "project", "visibility": "private", "joining": "approval", "features": ["wiki", "documents"],
        "co_leaders": [BRUNO],
    })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn a_request_is_followed_from_its_draft_to_its_community() {
    let node = Node::demo().await;
    let (awa, bruno, lucie) = (node.as_person(AWA).await, node.as_person(BRUNO).await, node.as_person(LUCIE).await);

    let empty = with(with(wanted("", false), "purpose", json!("")), "features", json!([]));
    let draft = awa.post("/requests", empty.clone()).await.ok();
    assert_eq!((&draft["state"], &draft["number"], &draft["revision"]), (&json!("draft"), &Value::Null, &json!(1)));
    assert_eq!(awa.post("/requests", empty.clone()).await.status, 200, "the same again makes nothing twice");
    let path = format!("/requests/{}", empty["id"].as_str().unwrap());
    bruno.get(&path).await.refused(404, "not-found");
    lucie.get(&format!("/admin{path}")).await.refused(404, "not-found");

    let mut text = wanted("Chefs de projet d’Occitanie", true);
    text.as_object_mut().unwrap().remove("id");
    text["revision"] = json!(7);
    awa.put(&path, text.clone()).await.refused(409, "changed-meanwhile");
    text["revision"] = json!(1);
    let sent = awa.put(&path, text.clone()).await.ok();
    assert_eq!(sent["state"], "received");
    assert!(sent["number"].as_str().unwrap().ends_with("-0002"), "{sent}");
    assert_eq!(sent["co_leaders"][0]["name"], "Bruno Lefèvre");
    awa.put(&path, text.clone()).await.refused(403, "forbidden");
    awa.delete(&path).await.refused(403, "forbidden");

    let queue = lucie.get("/admin/requests?state=open").await.ok();
    assert_eq!(
        (each(&queue, "name"), each(&queue, "similar_count")),
        (vec![&json!("Chefs de projet d’Occitanie"), &json!("Commande publique durable")], vec![&json!(1), &json!(0)])
    );
    let shown = lucie.get(&format!("/admin{path}")).await.ok();
    assert_eq!(shown["similar"][0]["slug"], NETWORK);
    assert_eq!(lucie.get("/me").await.ok()["requests_count"], 2);

    let decision = |revision: &Value, word: &str, reason: &str| json!({ "revision": revision, "decision": word, "reason": reason });
    let decide = format!("/admin{path}/decision");
    let reasonless = lucie.post(&decide, decision(&sent["revision"], "refuse", " ")).await.refused(422, "bad-field");
    assert_eq!(reasonless["detail"], "reason: missing");
    let asked = lucie.post(&decide, decision(&sent["revision"], "changes", "Quel périmètre ?")).await.ok();
    assert_eq!((&asked["state"], &asked["decided_by"]["name"]), (&json!("changes"), &json!("Lucie Perrin")));
    let message = awa.post(&format!("{path}/messages"), json!({ "text": "Toute la région." })).await.ok();
    assert_eq!(message["author"]["name"], "Awa Diallo");
    let mine = awa.get(&path).await.ok();
    let texts: Vec<&str> =
        mine["messages"].as_array().unwrap().iter().map(|said| said["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Quel périmètre ?", "Toute la région."]);
    text["revision"] = mine["revision"].clone();
    let again = awa.put(&path, text).await.ok();
    assert_eq!(again["number"], sent["number"], "it keeps its number");

    let accepted = lucie.post(&decide, decision(&again["revision"], "accept", "")).await.ok();
    assert_eq!(accepted["community"]["slug"], "chefs-de-projet-d-occitanie");
    let place = awa.get("/communities/chefs-de-projet-d-occitanie").await.ok();
    assert_eq!(
        (&place["role"], &place["features"], &place["model"]),
        (&json!("leader"), &json!(["wiki", "documents"]), &json!("project"))
    );
    assert_eq!(bruno.get("/communities/chefs-de-projet-d-occitanie").await.ok()["role"], "leader");
    let documents = awa.get("/documents?community=chefs-de-projet-d-occitanie").await.ok();
    let titles = each(&documents, "title");
    for title in ["Bienvenue", "Note de cadrage", "Glossaire du projet"] {
        assert!(titles.contains(&&json!(title)), "{title} in {titles:?}");
    }
    assert!(each(&documents, "id").contains(&&place["welcome_document"]));
    assert_eq!(awa.get(&path).await.ok()["state"], "accepted");
    assert_eq!(lucie.get("/admin/requests?state=closed").await.ok()["items"].as_array().unwrap().len(), 1);

    let letters = node.letters().await;
    let told: Vec<(&str, &str)> =
        letters.iter().map(|(to, kind, _)| (to.split('.').next().unwrap(), kind.as_str())).collect();
    assert_eq!(
        told,
        [
            ("lucie", "request-received"),
            ("awa", "request-decided"),
            ("lucie", "request-message"),
            ("lucie", "request-received"),
            ("bruno", "co-leader"),
            ("awa", "request-decided"),
        ]
    );
    let (_, _, told) = letters.iter().find(|(_, kind, _)| kind == "co-leader").unwrap();
    assert!(told.contains("demandée par Awa Diallo") && told.contains("/c/chefs-de-projet-d-occitanie"), "{told}");
    node.stop().await;
}

#[tokio::test]
async fn two_who_decide_at_once_make_one_decision() {
    let node = Node::demo().await;
    node.promote(INES).await;
    let (awa, ines, lucie) = (node.as_person(AWA).await, node.as_person(INES).await, node.as_person(LUCIE).await);
    let sent = awa.post("/requests", wanted("Observatoire des délais", true)).await.ok();
    let decide = format!("/admin/requests/{}/decision", sent["id"].as_str().unwrap());
    let yes = json!({ "revision": sent["revision"], "decision": "accept" });
    let no = json!({ "revision": sent["revision"], "decision": "refuse", "reason": "Doublon" });
    let (one, two) = tokio::join!(ines.post(&decide, yes), lucie.post(&decide, no));
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    let (won, lost) = (won.ok(), lost.refused(409, "decided-already"));
    assert_eq!((&lost["state"], &lost["by"]["name"]), (&won["state"], &won["decided_by"]["name"]));
    assert_eq!(lost["at"].as_str().map(|at| &at[..19]), won["decided_at"].as_str().map(|at| &at[..19]));
    let made = awa.get("/communities?q=observatoire").await.ok()["items"].as_array().unwrap().len();
    assert_eq!(made, usize::from(won["state"] == "accepted"));
    node.stop().await;
}

#[tokio::test]
async fn whoever_may_not_ask_or_decide_is_told_so_and_no_field_is_smuggled_in() {
    let node = Node::demo().await;
    let (awa, bruno, chloe) = (node.as_person(AWA).await, node.as_person(BRUNO).await, node.as_person(CHLOE).await);
    chloe.post("/requests", wanted("À moi", true)).await.refused(403, "forbidden");
    chloe.get("/communities/similar?name=chefs%20de%20projet").await.refused(403, "forbidden");
    awa.get("/admin/requests").await.refused(403, "forbidden");
    node.nobody().get("/requests").await.refused(401, "not-signed-in");

    for (name, value, why) in [
        ("state", json!("accepted"), "state"),
        ("number", json!("2026-0001"), "number"),
        ("requester_id", json!(LUCIE), "requester_id"),
        ("name", json!("a\nb"), "name: "),
        ("name", json!("x".repeat(121)), "name: longer than 120 characters"),
        ("name", json!("  "), "name: missing"),
        ("purpose", json!(""), "purpose: missing"),
        ("purpose", json!("\u{202e}gnol"), "purpose: "),
        ("features", json!([]), "features: at least one"),
        ("features", json!(["wiki", "wiki"]), "features: each once"),
        ("features", json!(["chat"]), "chat"),
        ("id", json!(Uuid::nil()), "id: "),
    ] {
        let refused = awa.post("/requests", with(wanted("Bon nom", true), name, value)).await.refused(422, "bad-field");
        assert!(refused["detail"].as_str().unwrap().contains(why), "{name}: {refused}");
    }
    let secret = with(wanted("Secrète", true), "visibility", json!("secret"));
    let refused = awa.post("/requests", secret.clone()).await.refused(422, "bad-field");
    assert!(refused["detail"].as_str().unwrap().starts_with("joining: "), "{refused}");

    let own = wanted("Bon nom", false);
    awa.post("/requests", own.clone()).await.ok();
    bruno.post("/requests", own.clone()).await.refused(409, "conflict");
    let path = format!("/requests/{}", own["id"].as_str().unwrap());
    awa.post(&format!("{path}/messages"), json!({ "text": "?" })).await.refused(403, "forbidden");
    bruno.delete(&path).await.refused(404, "not-found");
    assert_eq!(awa.delete(&path).await.status, 204);
    assert_eq!(awa.get("/requests").await.ok()["items"], json!([]));
    node.stop().await;
}

#[tokio::test]
async fn an_instance_may_let_agents_create_without_a_decision() {
    let node = Node::demo().await;
    let (david, lucie) = (node.as_person(DAVID).await, node.as_person(LUCIE).await);
    assert_eq!(david.get("/me").await.ok()["may_create"], false);
    let policy = json!({
        "name": "Unisson Occitanie",
        "who_may_create": "agents",
        "legal_notice_url": "https://example.org/mentions",
        "help_email": "aide@example.org",
    });
    david.put("/admin/instance", policy.clone()).await.refused(403, "forbidden");
    for (field, odd) in [
        ("name", "a\nb"),
        ("legal_notice_url", "javascript:alert(1)"),
        ("legal_notice_url", "/mentions"),
        ("legal_notice_url", "https://me:secret@example.org"),
        ("help_email", "nobody"),
        ("help_email", "aide@example.org?bcc=x@example.org\r\n"),
    ] {
        lucie.put("/admin/instance", with(policy.clone(), field, json!(odd))).await.refused(422, "bad-field");
    }
    assert_eq!(lucie.put("/admin/instance", policy.clone()).await.ok(), policy);
    assert_eq!(lucie.get("/admin/instance").await.ok(), policy);
    let shown = node.nobody().get("/config").await.ok();
    for field in ["legal_notice_url", "help_email"] {
        assert_eq!(shown[field], policy[field]);
    }
    let me = david.get("/me").await.ok();
    assert_eq!((&me["may_create"], &me["instance_name"]), (&json!(true), &json!("Unisson Occitanie")));
    // Who asks has pages in their language, and whom they name a letter in theirs.
    david.patch("/me", json!({ "language": "en" })).await.ok();
    node.as_person(INES).await.patch("/me", json!({ "language": "en" })).await.ok();
    let leaders = json!([BRUNO, INES, CHLOE]);
    let asked = with(wanted("Cellule marchés", true), "co_leaders", leaders);
    let opened = david.post("/requests", asked.clone()).await.ok();
    assert_eq!((&opened["state"], &opened["community"]["slug"]), (&json!("accepted"), &json!("cellule-marches")));
    assert_eq!(david.get("/communities/cellule-marches").await.ok()["role"], "leader");
    let documents = david.get("/documents?community=cellule-marches").await.ok();
    for title in ["Welcome", "Project brief", "Project glossary"] {
        assert!(each(&documents, "title").contains(&&json!(title)), "{title} in {documents}");
    }
    assert_eq!(david.post("/requests", asked).await.status, 200, "the same again tells nobody twice");
    let letters = node.letters().await;
    let told: Vec<(&str, &str, bool)> = letters
        .iter()
        .map(|(to, kind, text)| (to.split('.').next().unwrap(), kind.as_str(), text.contains("You lead it together")))
        .collect();
    assert_eq!(told, [("bruno", "co-leader", false), ("ines", "co-leader", true)], "and nobody from outside leads");
    assert!(letters.iter().all(|(.., text)| text.contains("-- \nUnisson Occitanie\n")), "{letters:?}");
    let chloe = node.as_person(CHLOE).await;
    chloe.post("/requests", wanted("À moi", true)).await.refused(403, "forbidden");
    node.stop().await;
}
