//! Who belongs to a community: joining, roles, leaving; what it is made of; who finds whom.

use serde_json::{Value, json};

use crate::people_node::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE, NETWORK, Node, PRIVATE, SECRET, each};

#[tokio::test]
async fn a_cover_shows_to_each_what_is_theirs_to_know() {
    let node = Node::demo().await;
    let (awa, bruno, chloe) = (node.as_person(AWA).await, node.as_person(BRUNO).await, node.as_person(CHLOE).await);
    let place = awa.get(&format!("/communities/{NETWORK}")).await.ok();
    assert_eq!(
        (&place["members_count"], &place["outsiders_count"], &place["pending_joins_count"]),
        (&json!(6), &json!(1), &json!(0))
    );
    assert_eq!((&place["join"]["state"], &place["leaders"][0]["name"]), (&json!("none"), &json!("Awa Diallo")));
    let cover = bruno.get(&format!("/communities/{PRIVATE}")).await.ok();
    assert_eq!(
        (&cover["access"], &cover["features"], &cover["join"]["state"]),
        (&json!("none"), &json!([]), &json!("approval"))
    );
    assert_eq!((&cover["pending_joins_count"], &cover["welcome_document"]), (&Value::Null, &Value::Null));
    bruno.get(&format!("/communities/{PRIVATE}/members")).await.refused(403, "forbidden");
    for path in
        [format!("/communities/{PRIVATE}"), format!("/communities/{SECRET}"), format!("/communities/{SECRET}/members")]
    {
        chloe.get(&path).await.refused(404, "not-found");
    }
    assert_eq!(each(&awa.get("/communities?scope=open").await.ok(), "slug"), Vec::<&Value>::new());
    assert_eq!(each(&bruno.get("/communities?scope=open").await.ok(), "slug"), [PRIVATE]);
    assert_eq!(each(&chloe.get("/communities?scope=all").await.ok(), "slug"), [NETWORK]);
    assert_eq!(each(&bruno.get("/communities?q=ENERGETIQUE").await.ok(), "slug"), [PRIVATE]);
    assert_eq!(
        each(&awa.get("/communities?q=archives").await.ok(), "slug"),
        Vec::<&Value>::new(),
        "a secret is not found"
    );
    assert_eq!(awa.get("/communities/similar?name=Projet%20archives").await.ok()["items"], json!([]));
    node.stop().await;
}

#[tokio::test]
async fn its_leaders_compose_a_community_and_others_do_not() {
    let node = Node::demo().await;
    let (awa, bruno, david) = (node.as_person(AWA).await, node.as_person(BRUNO).await, node.as_person(DAVID).await);
    let path = format!("/communities/{NETWORK}");
    for other in [&bruno, &david] {
        other.put(&format!("{path}/features"), json!({ "features": ["faq"] })).await.refused(403, "forbidden");
        other.patch(&path, json!({ "name": "À nous" })).await.refused(403, "forbidden");
        other.post(&format!("{path}/archive"), json!({})).await.refused(403, "forbidden");
        other.get(&format!("{path}/members.csv")).await.refused(403, "forbidden");
    }
    for odd in [json!([]), json!(["faq", "faq"]), json!(["chat"])] {
        awa.put(&format!("{path}/features"), json!({ "features": odd })).await.refused(422, "bad-field");
    }
    let composed = awa.put(&format!("{path}/features"), json!({ "features": ["faq", "documents"] })).await.ok();
    assert_eq!(composed["features"], json!(["faq", "documents"]));
    assert_eq!(david.get(&path).await.ok()["features"], json!(["faq", "documents"]));

    awa.patch(&path, json!({ "slug": "x" })).await.refused(422, "bad-field");
    awa.patch(&path, json!({ "name": " " })).await.refused(422, "bad-field");
    let renamed = awa.patch(&path, json!({ "name": " Chefs de projet ", "purpose": "Une\r\nligne" })).await.ok();
    assert_eq!(
        (&renamed["name"], &renamed["purpose"], &renamed["slug"]),
        (&json!("Chefs de projet"), &json!("Une\nligne"), &json!(NETWORK))
    );
    let secret = awa.patch(&path, json!({ "visibility": "secret" })).await.ok();
    assert_eq!(secret["joining"], "invitation", "who doesn't know of it can't ask");
    awa.patch(&path, json!({ "joining": "open" })).await.refused(422, "bad-field");

    assert_eq!(awa.post(&format!("{path}/archive"), json!({})).await.status, 204);
    assert_eq!(awa.get(&path).await.ok()["archived"], true);
    awa.patch(&path, json!({ "name": "x" })).await.refused(403, "forbidden");
    awa.put(&format!("{path}/features"), json!({ "features": ["wiki"] })).await.refused(403, "forbidden");
    assert_eq!(awa.post(&format!("{path}/restore"), json!({})).await.status, 204);
    assert_eq!(awa.get(&path).await.ok()["archived"], false);
    node.stop().await;
}

#[tokio::test]
async fn roles_and_ends_are_the_leaders_and_a_leader_stays() {
    let node = Node::demo().await;
    let (awa, bruno, ines) = (node.as_person(AWA).await, node.as_person(BRUNO).await, node.as_person(INES).await);
    let path = format!("/communities/{NETWORK}/members");
    let member = |id: &str| format!("{path}/{id}");
    let seen = ines.get(&path).await.ok();
    assert!(each(&seen, "email").iter().all(|email| email.is_null()), "addresses are for those who keep order");
    assert_eq!(each(&seen, "name")[0], "Awa Diallo");
    assert!(bruno.get(&path).await.ok()["items"][0]["email"].is_string());
    assert_eq!(each(&awa.get(&format!("{path}?outsiders=true")).await.ok(), "name"), ["Chloé Martin"]);
    assert_eq!(each(&awa.get(&format!("{path}?role=moderator")).await.ok(), "name"), ["Bruno Lefèvre"]);
    assert_eq!(each(&awa.get(&format!("{path}?q=LEFEVRE")).await.ok(), "name"), ["Bruno Lefèvre"]);
    let first = awa.get(&format!("{path}?limit=4")).await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(each(&awa.get(&format!("{path}?limit=4&cursor={cursor}")).await.ok(), "name").len(), 2);

    bruno.patch(&member(DAVID), json!({ "role": "reader" })).await.refused(403, "forbidden");
    bruno.delete(&member(DAVID)).await.refused(403, "forbidden");
    assert_eq!(awa.patch(&member(DAVID), json!({ "role": "reader" })).await.ok()["role"], "reader");
    awa.patch(&member(CHLOE), json!({ "role": "moderator" })).await.refused(422, "bad-field");
    awa.patch(&member(CHLOE), json!({ "expires_at": "2020-01-01" })).await.refused(422, "bad-field");
    awa.patch(&member(CHLOE), json!({ "user_id": LUCIE })).await.refused(422, "bad-field");
    let ends = awa.patch(&member(CHLOE), json!({ "expires_at": "2030-05-24" })).await.ok();
    assert!(ends["expires_at"].as_str().unwrap().starts_with("2030-05-24T23:59:59"), "{ends}");
    let no_end = awa.patch(&member(CHLOE), json!({ "expires_at": null })).await.ok();
    assert_eq!(no_end["expires_at"], Value::Null);

    awa.patch(&member(AWA), json!({ "role": "member" })).await.refused(409, "last-leader");
    awa.delete(&member(AWA)).await.refused(409, "last-leader");
    awa.delete(&format!("{path}/me")).await.refused(409, "last-leader");
    awa.ask("DELETE", &format!("{path}/me"), Some(json!({ "successor": CHLOE }))).await.refused(422, "bad-field");
    assert_eq!(awa.ask("DELETE", &format!("{path}/me"), Some(json!({ "successor": INES }))).await.status, 204);
    assert_eq!(ines.get(&format!("/communities/{NETWORK}")).await.ok()["role"], "leader");
    assert_eq!(awa.get(&format!("/communities/{NETWORK}")).await.ok()["role"], Value::Null);
    assert_eq!(ines.delete(&member(CHLOE)).await.status, 204);
    ines.delete(&member(CHLOE)).await.refused(404, "not-found");
    let chloe = node.as_person(CHLOE).await;
    chloe.get(&format!("/communities/{NETWORK}")).await.refused(404, "not-found");
    node.stop().await;
}

#[tokio::test]
async fn a_table_of_members_holds_no_formula() {
    let node = Node::demo().await;
    let (awa, david) = (node.as_person(AWA).await, node.as_person(DAVID).await);
    david.patch("/me", json!({ "name": "=HYPERLINK(\"http://evil.example\")" })).await.ok();
    let table = awa.get(&format!("/communities/{NETWORK}/members.csv")).await;
    assert_eq!((table.status, table.headers["content-type"].as_str()), (200, "text/csv; charset=utf-8"));
    assert!(table.headers["content-disposition"].starts_with("attachment"));
    assert!(table.body.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "{}", table.body);
    assert_eq!(table.body.lines().count(), 7);
    node.stop().await;
}

#[tokio::test]
async fn one_asks_to_join_and_a_moderator_answers() {
    let node = Node::demo().await;
    let (awa, bruno, chloe, ines) = (
        node.as_person(AWA).await,
        node.as_person(BRUNO).await,
        node.as_person(CHLOE).await,
        node.as_person(INES).await,
    );
    let path = format!("/communities/{PRIVATE}");
    let join = format!("{path}/join");
    chloe.post(&join, json!({})).await.refused(404, "not-found");
    assert_eq!(awa.post(&join, json!({})).await.ok(), json!({ "state": "member" }));
    bruno.post(&join, json!({ "message": "x".repeat(1001) })).await.refused(422, "bad-field");
    assert_eq!(
        bruno.post(&join, json!({ "message": "Je suis les marchés d’énergie." })).await.ok(),
        json!({ "state": "asked" })
    );
    assert_eq!(bruno.post(&join, json!({})).await.ok(), json!({ "state": "asked" }));
    assert_eq!(bruno.get(&path).await.ok()["join"]["state"], "asked");
    bruno.get(&format!("{path}/joins")).await.refused(403, "forbidden");
    // Lucie asks since the demonstration was laid.
    assert_eq!(ines.get(&path).await.ok()["pending_joins_count"], 2);
    let asked = ines.get(&format!("{path}/joins")).await.ok();
    assert_eq!(asked["items"][0]["person"]["name"], "Lucie Perrin");
    assert_eq!(asked["items"][1]["message"], "Je suis les marchés d’énergie.");
    let answer = format!("{path}/joins/{}", asked["items"][1]["id"].as_str().unwrap());
    assert_eq!(ines.post(&answer, json!({ "accept": true })).await.status, 204);
    ines.post(&answer, json!({ "accept": false })).await.refused(404, "not-found");
    assert_eq!(bruno.get(&path).await.ok()["role"], "member");
    let kinds: Vec<String> = node.letters().await.into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, ["join-asked", "join-answered"], "asking twice tells once");

    let lucie = node.as_person(LUCIE).await;
    assert_eq!(lucie.post(&join, json!({})).await.ok(), json!({ "state": "asked" }));
    assert_eq!(lucie.delete(&join).await.status, 204);
    lucie.delete(&join).await.refused(404, "not-found");
    ines.patch(&path, json!({ "joining": "open" })).await.ok();
    assert_eq!(lucie.post(&join, json!({})).await.ok(), json!({ "state": "member" }));
    node.stop().await;
}

#[tokio::test]
async fn the_directory_shows_who_lets_themselves_be_found() {
    let node = Node::demo().await;
    let (awa, chloe, david, lucie) = (
        node.as_person(AWA).await,
        node.as_person(CHLOE).await,
        node.as_person(DAVID).await,
        node.as_person(LUCIE).await,
    );
    let all = awa.get("/people").await.ok();
    assert_eq!(
        each(&all, "name"),
        ["Awa Diallo", "Bruno Lefèvre", "Chloé Martin", "David Nguyen", "Inès Garnier", "Lucie Perrin"]
    );
    assert_eq!(each(&awa.get("/people?q=gar%20ines").await.ok(), "name"), ["Inès Garnier"]);
    assert_eq!(each(&awa.get("/people?q=diallo.awa").await.ok(), "name"), ["Awa Diallo"]);
    let by_address = awa.get("/people?q=awa.diallo%40exemple").await.ok();
    assert_eq!(by_address["items"], json!([]), "by words of the name, not by address");
    assert_eq!(each(&awa.get("/people?q=%40exemple").await.ok(), "name"), Vec::<&Value>::new());
    let secret = format!("/people?community={SECRET}");
    assert_eq!(each(&lucie.get(&secret).await.ok(), "name"), ["Bruno Lefèvre", "Lucie Perrin"]);
    awa.get(&secret).await.refused(404, "not-found");
    // Somebody from outside finds whom they share a community with, and after leaving it nobody but themselves.
    assert_eq!(each(&chloe.get("/people").await.ok(), "name").len(), 6);
    assert_eq!(awa.delete(&format!("/communities/{NETWORK}/members/{CHLOE}")).await.status, 204);
    assert_eq!(each(&chloe.get("/people?q=awa").await.ok(), "name"), Vec::<&Value>::new());
    assert_eq!(each(&awa.get("/people?q=chloe").await.ok(), "name"), Vec::<&Value>::new());
    // Who is listed to their communities only is found by those.
    david.patch("/me", json!({ "directory": "communities" })).await.ok();
    assert_eq!(each(&awa.get("/people?q=nguyen").await.ok(), "name"), ["David Nguyen"]);
    for path in [NETWORK, PRIVATE] {
        assert_eq!(david.delete(&format!("/communities/{path}/members/me")).await.status, 204);
    }
    assert_eq!(each(&awa.get("/people?q=nguyen").await.ok(), "name"), Vec::<&Value>::new());
    node.stop().await;
}
