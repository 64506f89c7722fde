//! What somebody has not seen yet, over REST, and that their other pages are told.

use serde_json::{Value, json};

use crate::people_node::{AWA, BRUNO, DAVID, INES, LUCIE, NETWORK, Node, PRIVATE, Person, SECRET};

fn titles(news: &Value) -> Vec<(&str, &str)> {
    let items = news["items"].as_array().expect("items");
    items.iter().filter_map(|item| item["why"].as_str().zip(item["document"]["title"].as_str())).collect()
}

/// What the demo begins with is seen.
async fn put_aside(person: &Person<'_>) {
    let as_of = person.get("/news").await.ok()["as_of"].clone();
    assert_eq!(person.put("/news", json!({ "until": as_of })).await.ok(), json!({ "before": null }));
    assert_eq!(person.get("/news").await.ok()["count"], 0);
}

async fn written(by: &Person<'_>, title: &str, community: &str) -> String {
    let made = by.post("/documents", json!({ "title": title, "community": community })).await.ok();
    made["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn what_others_wrote_is_news_until_one_has_seen_it() {
    let node = Node::demo().await;
    let (awa, bruno) = (node.as_person(AWA).await, node.as_person(BRUNO).await);
    put_aside(&awa).await;
    put_aside(&bruno).await;
    let plan = written(&awa, "Plan", NETWORK).await;
    written(&awa, "Bilan", NETWORK).await;
    let hidden = written(&node.as_person(INES).await, "Chiffrage", PRIVATE).await;
    let news = bruno.get("/news").await.ok();
    assert_eq!(titles(&news), [("created", "Bilan"), ("created", "Plan")]);
    assert_eq!((&news["count"], &news["communities"]), (&json!(2), &json!([NETWORK])));
    assert_eq!(news["items"][0]["document"]["created_by"]["id"], AWA);
    let few = bruno.get("/news?limit=1").await.ok();
    assert_eq!((titles(&few).len(), &few["count"]), (1, &json!(2)));
    assert_eq!(titles(&awa.get("/news").await.ok()), [("created", "Chiffrage")], "one's own are no news");

    assert_eq!(bruno.put(&format!("/documents/{plan}/seen"), json!({})).await.status, 204);
    assert_eq!(titles(&bruno.get("/news").await.ok()), [("created", "Bilan")]);
    bruno.put(&format!("/documents/{hidden}/seen"), json!({})).await.refused(404, "not-found");

    let as_of = bruno.get("/news").await.ok()["as_of"].clone();
    let before = bruno.put("/news", json!({ "until": as_of })).await.ok()["before"].clone();
    assert_eq!(bruno.get("/news").await.ok()["items"], json!([]));
    assert_eq!(bruno.put("/news", json!({ "until": before })).await.ok()["before"], as_of);
    assert_eq!(titles(&bruno.get("/news").await.ok()), [("created", "Bilan")]);
    for odd in [json!({}), json!({ "until": "hier" }), json!({ "until": null, "of": AWA })] {
        assert!(matches!(bruno.put("/news", odd).await.status, 400 | 422));
    }
    bruno.get("/news?limit=0").await.refused(400, "bad-query");
    node.stop().await;
}

#[tokio::test]
async fn what_one_was_named_at_is_news_and_a_right_that_goes_takes_it_along() {
    let node = Node::demo().await;
    let (lucie, david) = (node.as_person(LUCIE).await, node.as_person(DAVID).await);
    put_aside(&david).await;
    let id = written(&lucie, "Chiffrage", SECRET).await;
    let (path, seen) = (format!("/documents/{id}/sharing"), format!("/documents/{id}/seen"));
    let named = json!({ "visibility": "restricted", "people": [{ "person": DAVID, "access": "read" }] });
    lucie.put(&path, named).await.ok();
    let news = david.get("/news").await.ok();
    assert_eq!(titles(&news), [("shared", "Chiffrage")]);
    assert_eq!(news["communities"], json!([]), "a guest at one document learns nothing of its community");
    assert_eq!(david.get("/me/export").await.ok()["visits"], json!([]));
    assert_eq!(david.put(&seen, json!({})).await.status, 204);
    assert_eq!(david.get("/me/export").await.ok()["visits"][0]["document"], id);
    assert_eq!(david.get("/news").await.ok()["items"], json!([]));
    lucie.put(&path, json!({ "visibility": "restricted", "people": [] })).await.ok();
    david.put(&seen, json!({})).await.refused(404, "not-found");
    node.stop().await;
}
