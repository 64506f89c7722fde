//! The API from outside: a node in this process, on SQLite.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod kit;

use axum::http::StatusCode;
use kit::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE, Node};
use serde_json::{Value, json};
use unisson::config::Layer;

const FILLED: &str = "chefs-de-projet-numerique";
const PRIVATE: &str = "sobriete-energetique";
const SECRET: &str = "projet-archives-2030";

fn slugs(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["slug"].as_str().unwrap()).collect()
}

fn titles(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_node_says_how_it_is_and_stops_when_told() {
    let node = Node::demo().await;
    assert_eq!(node.get("/healthz").await.status, 200);
    let ready = node.get("/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(ready.json()["database"], "ok");
    assert_eq!(ready.json()["workers"], "ok");
    assert_eq!(ready.json()["redis"], "unused");
    assert_eq!(ready.json()["degraded"], false);
    assert!(node.stop().await);
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let node = Node::demo().await;
    node.get("/api/v1/nothing-here").await.is_problem(404, "not-found");
    node.get("/api/").await.is_problem(404, "not-found");
    node.get("/auth/nothing").await.is_problem(404, "not-found");
    node.get("/metrics").await.is_problem(404, "not-found");
    node.get("/api/v1/me").await.is_problem(401, "not-signed-in");
    let json = [("content-type", "application/json")];
    let wrong_method = node.send("DELETE", "/api/v1/me", &json, "").await;
    wrong_method.is_problem(405, "method-not-allowed");
    assert!(wrong_method.header("allow").contains("PATCH"));
    node.send("POST", "/auth/demo", &json, "{").await.is_problem(400, "bad-json");
    node.send("POST", "/auth/demo", &json, "{}").await.is_problem(422, "bad-field");
    node.send("POST", "/auth/demo", &json, r#"{"id":"x"}"#).await.is_problem(422, "bad-field");
    node.send("POST", "/auth/demo", &json, &format!(r#"{{"id":"{AWA}","role":"administrator"}}"#))
        .await
        .is_problem(422, "bad-field");
    let large = format!(r#"{{"id":"{}"}}"#, "x".repeat(300_000));
    node.send("POST", "/auth/demo", &json, &large).await.is_problem(413, "too-large");
    let own = format!("http://{}", node.running.addr);
    node.send("POST", "/auth/demo", &[("origin", &own), ("content-type", "text/plain")], "{}")
        .await
        .is_problem(415, "not-json-type");
}

#[tokio::test]
async fn problems_speak_the_language_of_the_person_or_else_of_the_browser() {
    let node = Node::demo().await;
    let french = node.send("GET", "/api/v1/me", &[("accept-language", "fr-FR,fr;q=0.9,en;q=0.8")], "").await;
    assert_eq!(french.json()["title"], "Il faut se connecter pour continuer");
    let english = node.send("GET", "/api/v1/me", &[("accept-language", "en-GB")], "").await;
    assert_eq!(english.json()["title"], "You need to sign in to continue");
    let cookie = node.sign_in(AWA).await;
    let changed = node.send_as(&cookie, "PATCH", "/api/v1/me", &json!({ "language": "en" })).await;
    assert_eq!(changed.json()["language"], "en");
    let headers = [("cookie", cookie.as_str()), ("accept-language", "fr")];
    let own = node.send("GET", "/api/v1/communities/none-such", &headers, "").await;
    assert_eq!(own.header("content-language"), "en");
    node.send_as(&cookie, "PATCH", "/api/v1/me", &json!({ "language": "de" })).await.is_problem(422, "bad-field");
}

#[tokio::test]
async fn demo_people_exist_only_in_a_demo() {
    let node = Node::start(Layer::default()).await;
    node.get("/auth/demo").await.is_problem(404, "not-found");
    let json = [("content-type", "application/json")];
    node.send("POST", "/auth/demo", &json, &format!(r#"{{"id":"{AWA}"}}"#)).await.is_problem(404, "not-found");

    let node = Node::demo().await;
    let people = node.get("/auth/demo").await.json();
    let people = people["people"].as_array().unwrap();
    assert_eq!(people.len(), 6);
    let roles: Vec<&str> = people.iter().map(|person| person["role"].as_str().unwrap()).collect();
    assert!(roles.contains(&"outsider") && roles.contains(&"administrator"));
    let nobody = format!(r#"{{"id":"{}"}}"#, uuid::Uuid::now_v7());
    node.send("POST", "/auth/demo", &json, &nobody).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_login_is_a_cookie_that_scripts_cannot_read_and_that_ends() {
    let node = Node::demo().await;
    let json = [("content-type", "application/json")];
    let body = format!(r#"{{"id":"{AWA}"}}"#);
    let answer = node.send("POST", "/auth/demo", &json, &body).await;
    let set = answer.header("set-cookie").to_owned();
    for part in ["unisson_login=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(!set.contains("Secure"), "plain HTTP: {set}");
    let first = set.split(';').next().unwrap().to_owned();
    assert_eq!(node.get_as(&first, "/api/v1/me").await.json()["name"], "Awa Diallo");

    // Signing in again in the same browser makes a new secret and ends the old one.
    let headers = [("content-type", "application/json"), ("cookie", first.as_str())];
    let again = node.send("POST", "/auth/demo", &headers, &body).await;
    let second = again.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    node.get_as(&first, "/api/v1/me").await.is_problem(401, "not-signed-in");

    let out = node.send("POST", "/auth/logout", &[("content-type", "application/json"), ("cookie", &second)], "").await;
    assert_eq!((out.status, &out.json()["redirect"]), (StatusCode::OK, &Value::Null));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    node.get_as(&second, "/api/v1/me").await.is_problem(401, "not-signed-in");
    for junk in ["unisson_login=x", "unisson_login=", "unisson_login=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        node.get_as(junk, "/api/v1/me").await.is_problem(401, "not-signed-in");
    }
}

#[tokio::test]
async fn behind_tls_the_cookie_travels_only_over_tls() {
    let layer = Layer { demo: Some(true), public_url: Some("https://unisson.example".into()), ..Layer::default() };
    let node = Node::start(layer).await;
    let headers = [("content-type", "application/json"), ("origin", "https://unisson.example")];
    let answer = node.send("POST", "/auth/demo", &headers, &format!(r#"{{"id":"{AWA}"}}"#)).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Secure"));
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let node = Node::demo().await;
    let cookie = node.sign_in(AWA).await;
    let own = format!("http://{}", node.running.addr);
    let body = r#"{"title":"x","community":null}"#;
    let table: [(&[(&str, &str)], bool); 7] = [
        (&[("content-type", "application/json")], true),
        (&[("content-type", "application/json"), ("origin", &own)], true),
        (&[("content-type", "application/json"), ("origin", "https://evil.example")], false),
        (&[("content-type", "application/json"), ("origin", "null")], false),
        (&[("content-type", "application/json"), ("sec-fetch-site", "cross-site")], false),
        (&[("content-type", "application/json"), ("sec-fetch-site", "same-site"), ("origin", &own)], false),
        (&[("content-type", "application/x-www-form-urlencoded")], false),
    ];
    for (headers, taken) in table {
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        let answer = node.send("POST", "/api/v1/documents", &headers, body).await;
        match taken {
            true => assert_eq!(answer.status, 201, "{headers:?} {answer:?}"),
            false => answer.is_problem(403, "foreign-origin"),
        }
    }
    let foreign = [("content-type", "application/json"), ("origin", "https://evil.example")];
    node.send("POST", "/auth/demo", &foreign, &format!(r#"{{"id":"{AWA}"}}"#)).await.is_problem(403, "foreign-origin");
}

#[tokio::test]
async fn everyone_meets_the_communities_that_are_theirs_to_know() {
    let node = Node::demo().await;
    let table = [
        (AWA, vec![FILLED, PRIVATE]),
        (BRUNO, vec![SECRET, FILLED, PRIVATE]),
        (CHLOE, vec![FILLED]),
        (LUCIE, vec![SECRET, FILLED, PRIVATE]),
    ];
    for (person, expected) in table {
        let cookie = node.sign_in(person).await;
        let list = node.get_as(&cookie, "/api/v1/communities").await.json();
        assert_eq!(slugs(&list), expected, "{person}");
        for slug in [FILLED, PRIVATE, SECRET] {
            let one = node.get_as(&cookie, &format!("/api/v1/communities/{slug}")).await;
            match expected.contains(&slug) {
                true => assert_eq!(one.json()["slug"], slug),
                false => one.is_problem(404, "not-found"),
            }
        }
    }
}

#[tokio::test]
async fn what_is_invisible_is_404_and_what_is_visible_and_closed_is_403() {
    let node = Node::demo().await;
    let bruno = node.sign_in(BRUNO).await;
    let chloe = node.sign_in(CHLOE).await;
    for path in [format!("/api/v1/communities/{PRIVATE}/members"), format!("/api/v1/documents?community={PRIVATE}")] {
        node.get_as(&bruno, &path).await.is_problem(403, "forbidden");
        node.get_as(&chloe, &path).await.is_problem(404, "not-found");
    }
    let awa = node.sign_in(AWA).await;
    let theirs = node.get_as(&awa, &format!("/api/v1/documents?community={PRIVATE}")).await.json();
    let id = theirs["items"][0]["id"].as_str().unwrap().to_owned();
    for cookie in [&bruno, &chloe] {
        node.get_as(cookie, &format!("/api/v1/documents/{id}")).await.is_problem(404, "not-found");
        node.send_as(cookie, "PATCH", &format!("/api/v1/documents/{id}"), &json!({ "title": "x" }))
            .await
            .is_problem(404, "not-found");
    }
    // A reader sees it and may not rename it, nor make another one beside it.
    let david = node.sign_in(DAVID).await;
    let seen = node.get_as(&david, &format!("/api/v1/documents/{id}")).await.json();
    assert_eq!(seen["access"], "read");
    node.send_as(&david, "PATCH", &format!("/api/v1/documents/{id}"), &json!({ "title": "x" }))
        .await
        .is_problem(403, "forbidden");
    node.send_as(&david, "POST", "/api/v1/documents", &json!({ "title": "x", "community": PRIVATE }))
        .await
        .is_problem(403, "forbidden");
    node.send_as(&chloe, "POST", "/api/v1/documents", &json!({ "title": "x", "community": PRIVATE }))
        .await
        .is_problem(404, "not-found");
    node.get_as(&awa, "/api/v1/documents/not-an-id").await.is_problem(404, "not-found");
}

#[tokio::test]
async fn members_are_listed_and_outsiders_marked() {
    let node = Node::demo().await;
    let cookie = node.sign_in(DAVID).await;
    let path = format!("/api/v1/communities/{FILLED}/members");
    let members = node.get_as(&cookie, &path).await.json();
    let members = members["items"].as_array().unwrap();
    assert_eq!(members.len(), 6);
    let chloe = members.iter().find(|member| member["id"] == CHLOE).unwrap();
    assert_eq!((&chloe["outsider"], &chloe["role"]), (&json!(true), &json!("member")));
    assert!(members.iter().all(|member| member["email"].is_null()));

    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = node.get_as(&cookie, &format!("{path}?limit=4&cursor={cursor}")).await.json();
        found.extend(page["items"].as_array().unwrap().iter().map(|member| member["id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(found.len(), 6);
    node.get_as(&cookie, &format!("{path}?limit=0")).await.is_problem(400, "bad-query");
    node.get_as(&cookie, &format!("{path}?cursor=junk!")).await.is_problem(400, "bad-query");
}

#[tokio::test]
async fn a_document_is_made_once_however_often_it_is_asked_for() {
    let node = Node::demo().await;
    let awa = node.sign_in(AWA).await;
    let id = uuid::Uuid::now_v7().to_string();
    let wanted = json!({ "id": id, "title": "  Feuille de route 2027 ", "community": FILLED });
    let made = node.send_as(&awa, "POST", "/api/v1/documents", &wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    let document = made.json();
    assert_eq!(document["title"], "Feuille de route 2027");
    assert_eq!(document["room"], id);
    assert_eq!(document["access"], "manage");
    assert_eq!(document["community"]["slug"], FILLED);
    assert_eq!(document["created_by"]["name"], "Awa Diallo");
    let again = node.send_as(&awa, "POST", "/api/v1/documents", &wanted).await;
    assert_eq!((again.status.as_u16(), again.json()["id"].as_str().unwrap().to_owned()), (200, id.clone()));
    let bruno = node.sign_in(BRUNO).await;
    node.send_as(&bruno, "POST", "/api/v1/documents", &wanted).await.is_problem(409, "conflict");
    let nil = json!({ "id": uuid::Uuid::nil(), "title": "x" });
    node.send_as(&awa, "POST", "/api/v1/documents", &nil).await.is_problem(422, "bad-field");

    // The newest stands first, for all who may read it.
    let list = node.get_as(&bruno, &format!("/api/v1/documents?community={FILLED}&limit=2")).await.json();
    assert_eq!(titles(&list)[0], "Feuille de route 2027");
    assert!(list["next_cursor"].is_string());
    let renamed = node.send_as(&bruno, "PATCH", &format!("/api/v1/documents/{id}"), &json!({ "title": "Route" })).await;
    assert_eq!(renamed.json()["title"], "Route");
    assert_eq!(renamed.json()["updated_by"]["name"], "Bruno Lefèvre");
}

#[tokio::test]
async fn a_document_of_ones_own_is_nobody_elses() {
    let node = Node::demo().await;
    let awa = node.sign_in(AWA).await;
    let made = node.send_as(&awa, "POST", "/api/v1/documents", &json!({ "title": "Brouillon" })).await.json();
    assert!(made["community"].is_null());
    let path = format!("/api/v1/documents/{}", made["id"].as_str().unwrap());
    for person in [BRUNO, CHLOE, LUCIE] {
        let cookie = node.sign_in(person).await;
        node.get_as(&cookie, &path).await.is_problem(404, "not-found");
        assert!(!titles(&node.get_as(&cookie, "/api/v1/documents").await.json()).contains(&"Brouillon"));
    }
    assert_eq!(titles(&node.get_as(&awa, "/api/v1/documents").await.json())[0], "Brouillon");
}

#[tokio::test]
async fn titles_have_their_limits() {
    let node = Node::demo().await;
    let awa = node.sign_in(AWA).await;
    let table = [
        ("   ".to_owned(), "title-empty"),
        ("x".repeat(201), "title-too-long"),
        ("a\nb".to_owned(), "title-unprintable"),
    ];
    for (title, code) in table {
        node.send_as(&awa, "POST", "/api/v1/documents", &json!({ "title": title })).await.is_problem(422, code);
    }
    let longest = json!({ "title": "é".repeat(200) });
    assert_eq!(node.send_as(&awa, "POST", "/api/v1/documents", &longest).await.status, 201);
    node.send_as(&awa, "POST", "/api/v1/documents", &json!({ "title": 7 })).await.is_problem(422, "bad-field");
}

#[tokio::test]
async fn the_demonstration_is_laid_once() {
    let node = Node::demo().await;
    let awa = node.sign_in(AWA).await;
    let list = node.get_as(&awa, &format!("/api/v1/documents?community={FILLED}")).await.json();
    let before = titles(&list).len();
    assert!(titles(&list).contains(&"Comité du 17\u{a0}novembre\u{202f}: compte rendu"), "{list}");
    let ines = node.sign_in(INES).await;
    assert_eq!(node.get_as(&ines, "/api/v1/me").await.json()["communities"].as_array().unwrap().len(), 2);

    let database = node.folder.database();
    let renamed = format!("/api/v1/documents/{}", list["items"][0]["id"].as_str().unwrap());
    node.send_as(&awa, "PATCH", &renamed, &json!({ "title": "À nous" })).await;
    node.shutdown.start();
    assert!(node.running.join.await.unwrap());
    let again = Node::start(Layer { demo: Some(true), database: Some(database), ..Layer::default() }).await;
    let awa = again.sign_in(AWA).await;
    let list = again.get_as(&awa, &format!("/api/v1/documents?community={FILLED}")).await.json();
    assert_eq!(titles(&list).len(), before);
    assert_eq!(titles(&list)[0], "À nous");
    drop(node.folder);
}

#[tokio::test]
async fn pages_and_answers_carry_their_security_headers() {
    let node = Node::demo().await;
    for path in ["/", "/c/anything", "/api/v1/config", "/api/v1/nothing-here", "/api/docs/"] {
        let answer = node.get(path).await;
        for name in ["content-security-policy", "x-content-type-options", "referrer-policy", "x-request-id"] {
            assert!(!answer.header(name).is_empty(), "{path} lacks {name}");
        }
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    let page = node.get("/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(!page.header("content-security-policy").contains("unsafe"));
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(node.get("/api/v1/config").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_api_describes_itself_and_the_description_is_the_committed_one() {
    let node = Node::demo().await;
    let served = node.get("/api/openapi.json").await;
    let json = served.json();
    assert!(json["openapi"].as_str().unwrap().starts_with("3."));
    for path in ["/auth/demo", "/auth/logout", "/api/v1/me", "/api/v1/config", "/api/v1/documents/{id}"] {
        assert!(json["paths"].get(path).is_some(), "{path} is not described");
    }
    let docs = node.get("/api/docs/").await;
    assert!(String::from_utf8_lossy(&docs.body).contains("swagger-ui"));
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    assert!(committed.as_bytes() == served.body, "server/openapi.json is not the code's: run `make openapi`");
}

#[tokio::test]
async fn texts_are_compressed_for_those_who_take_it() {
    let node = Node::demo().await;
    let answer = node.send("GET", "/api/openapi.json", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(node.get("/api/openapi.json").await.header("content-encoding").is_empty());
}
