//! What every operation does whatever it is for: it heeds no page of another site, takes no field that it does not know,
//! and its answers can be neither framed nor kept.

use serde_json::{Value, json};

use super::place::{VISIBILITIES, WHO, place};
use super::{TABLE, operations};

/// Ways to say that a page of somewhere else asks.
const FOREIGN: [&str; 4] = [
    "origin: https://evil.example\r\n",
    "origin: null\r\n",
    "sec-fetch-site: cross-site\r\n",
    "sec-fetch-site: same-site\r\norigin: https://other.unisson.example\r\n",
];

const SMUGGLED: [&str; 5] = ["id", "role", "created_by", "is_admin", "constructor"];

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_heeds_a_page_of_another_site() {
    let place = place().await;
    let mut wrong = Vec::new();
    let changing = operations().into_iter().filter(|(_, method, _)| method != "GET");
    for (operation, method, path) in changing {
        let Some((_, _, last, body)) = TABLE.iter().find(|(id, ..)| *id == operation) else { continue };
        let (_, who, role) = WHO[7];
        let things = place.stage(VISIBILITIES[0], who, role).await;
        let path = things.fill(&path.replace("{id}", last));
        for foreign in FOREIGN {
            let answer = place.send_with(&method, &path, who, foreign, things.fill(body)).await;
            if answer.status != 403 || !answer.bytes.contains("\"code\":\"foreign-origin\"") {
                wrong.push(format!("{operation} from {foreign:?}: {}", answer.bytes));
            }
            if answer.bytes.contains("access-control-allow") {
                wrong.push(format!("{operation} tells {foreign:?} that it may read"));
            }
        }
    }
    place.node.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Operations that take a body, by their description.
fn with_bodies() -> Vec<String> {
    let text = serde_json::to_value(unisson::app::open_api()).expect("a description");
    let paths = text["paths"].as_object().expect("paths");
    let all = paths.values().flat_map(|methods| methods.as_object().expect("methods").values());
    let bodies = all.filter(|operation| !operation["requestBody"].is_null());
    bodies.map(|operation| operation["operationId"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_takes_a_field_that_it_does_not_know() {
    let place = place().await;
    let with_bodies = with_bodies();
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (operation, method, path) in operations() {
        let Some((_, letters, last, body)) = TABLE.iter().find(|(id, ..)| *id == operation) else { continue };
        // Somebody who may do it, so that nothing but the field is in the way.
        let may = WHO.into_iter().zip(letters[0].chars()).filter(|(_, letter)| *letter == 'o').last();
        let (true, Some(((_, who, role), _))) = (with_bodies.contains(&operation), may) else { continue };
        for name in SMUGGLED {
            let things = place.stage(VISIBILITIES[0], who, role).await;
            let body = if body.is_empty() { "{}" } else { body };
            let mut body: Value = serde_json::from_str(&things.fill(body)).expect("a body");
            if body.get(name).is_some() {
                continue;
            }
            body[name] = json!("administrator");
            let path = things.fill(&path.replace("{id}", last));
            let answer = place.send(&method, &path, who, body.to_string()).await;
            asked += 1;
            if answer.status != 422 || !answer.bytes.contains("\"code\":\"bad-field\"") {
                // A field of its own of that name is read, and is not that.
                wrong.push(format!("{operation} with {name}: {}", answer.bytes));
            }
        }
    }
    place.node.stop().await;
    assert!(asked > 60, "{asked} bodies were sent");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_sealed() {
    let place = place().await;
    let mut wrong = Vec::new();
    for (operation, method, path) in operations() {
        let Some((_, _, last, body)) = TABLE.iter().find(|(id, ..)| *id == operation) else { continue };
        for (name, who, role) in [WHO[0], WHO[7]] {
            let things = place.stage(VISIBILITIES[2], who, role).await;
            let path = things.fill(&path.replace("{id}", last));
            let answer = place.send(&method, &path, who, things.fill(body)).await;
            for (header, words) in [
                ("content-security-policy: ", "frame-ancestors 'none'"),
                ("content-security-policy: ", "default-src 'none'"),
                ("x-frame-options: ", "DENY"),
                ("x-content-type-options: ", "nosniff"),
                ("cache-control: ", "no-store"),
            ] {
                let value = answer.bytes.lines().find_map(|line| line.strip_prefix(header)).unwrap_or_default();
                if !value.contains(words) {
                    wrong.push(format!("{operation} as {name}: {header}{value}"));
                }
            }
        }
    }
    place.node.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
