//! Every door, asked as everybody.
//!
//! Each operation of the API's description, and each socket, is asked as every kind of person about things of a public, a
//! private and a secret community. [`TABLE`] says what is expected; an operation that is not in it fails the test. What is
//! not there for somebody answers as what never was: the same bytes, but for the request's own id.

mod defences;
mod place;
mod sockets;
mod whole_tables;

use std::collections::BTreeSet;

use self::place::{Things, VISIBILITIES, WHO, place};

/// A letter for each of [`WHO`], at a public, a private and a secret community: `1` 401, `3` 403, `4` 404, `o` whatever
/// is said to somebody who may.
type Letters = [&'static str; 3];

const ANYBODY: Letters = ["oooooooooo"; 3];
const SIGNED_IN: Letters = ["1oooooooo1"; 3];
const COLLEAGUES: Letters = ["133oooooo1"; 3];
const ADMINISTRATORS: Letters = ["13333333o1"; 3];
/// What this node does not have: no provider, no mail, and no such demo person.
const NOWHERE: Letters = ["4444444444"; 3];
/// Somebody else's: nobody's here.
const ANOTHERS: Letters = ["1444444441"; 3];
const COVER: Letters = ["14ooooooo1", "14ooooooo1", "14o4oooo41"];
const INSIDE: Letters = ["14ooooooo1", "14o3oooo31", "14o4oooo41"];
const WRITES: Letters = ["14o33ooo31", "14o33ooo31", "14o43ooo41"];
const KEEPS: Letters = ["143333oo31", "143333oo31", "143433oo41"];
const LEADS: Letters = ["1433333o31", "1433333o31", "1434333o41"];
const ENDS: Letters = ["1433333oo1", "1433333oo1", "1434333oo1"];
const READS_IT: Letters = ["14ooooooo1", "14o4oooo41", "14o4oooo41"];
const WRITES_IT: Letters = ["14o33ooo31", "14o43ooo41", "14o43ooo41"];
const MANAGES_IT: Letters = ["143333oo31", "143433oo41", "143433oo41"];

/// Each operation, what is expected, and what is sent with it. `{slug}`, `{document}`, `{member}`, `{invitation}`,
/// `{join}` stand for things of the community; `{fresh}` for an id that nobody has.
const TABLE: &[(&str, Letters, &str, &str)] = &[
    ("config", ANYBODY, "", ""),
    ("demo_people", ANYBODY, "", ""),
    ("demo_sign_in", NOWHERE, "", r#"{"id":"{fresh}"}"#),
    ("ask_for_link", NOWHERE, "", r#"{"email":"nobody"}"#),
    ("use_link", ANYBODY, "", r#"{"secret":"x"}"#),
    ("sign_out", ANYBODY, "", "{}"),
    ("provider_start", NOWHERE, "", ""),
    ("provider_callback", NOWHERE, "", ""),
    ("me", SIGNED_IN, "", ""),
    ("change_me", SIGNED_IN, "", r#"{"language":"fr"}"#),
    ("export_me", SIGNED_IN, "", ""),
    ("my_logins", SIGNED_IN, "", ""),
    ("end_my_other_logins", SIGNED_IN, "", "{}"),
    ("end_my_login", ANOTHERS, "{fresh}", ""),
    ("find_people", SIGNED_IN, "", ""),
    ("list_communities", SIGNED_IN, "", ""),
    ("similar_communities", COLLEAGUES, "?name=Projet", ""),
    ("read_community", COVER, "", ""),
    ("change_community", LEADS, "", r#"{"purpose":"x"}"#),
    ("compose_community", LEADS, "", r#"{"features":["documents"]}"#),
    ("archive_community", ENDS, "", "{}"),
    ("restore_community", ENDS, "", "{}"),
    ("list_members", INSIDE, "", ""),
    ("export_members", LEADS, "", ""),
    ("change_member", LEADS, "{member}", r#"{"role":"reader"}"#),
    ("remove_member", LEADS, "{member}", ""),
    ("leave_community", ["14o4oooo41"; 3], "", ""),
    ("list_invitations", LEADS, "", ""),
    ("check_invitations", LEADS, "", r#"{"text":"","role":"member"}"#),
    ("send_invitations", LEADS, "", r#"{"emails":[],"role":"member"}"#),
    ("resend_invitation", LEADS, "{invitation}", "{}"),
    ("revoke_invitation", LEADS, "{invitation}", ""),
    ("join_community", COVER, "", "{}"),
    ("withdraw_join", ANOTHERS, "", ""),
    ("list_joins", KEEPS, "", ""),
    ("answer_join", ["143333oo31", "143333oo31", "1434334441"], "{join}", r#"{"accept":false}"#),
    ("my_invitations", SIGNED_IN, "", ""),
    ("use_invitation", ANYBODY, "", r#"{"secret":"x"}"#),
    ("accept_invitation", ANOTHERS, "{invitation}", "{}"),
    ("decline_invitation", ANOTHERS, "{invitation}", "{}"),
    ("list_documents", INSIDE, "?community={slug}", ""),
    ("create_document", WRITES, "", r#"{"title":"T","community":"{slug}"}"#),
    ("read_document", READS_IT, "{document}", ""),
    ("rename_document", WRITES_IT, "{document}", r#"{"title":"T"}"#),
    ("read_sharing", READS_IT, "{document}", ""),
    ("share_document", MANAGES_IT, "{document}", r#"{"visibility":"inherit","people":[]}"#),
    ("list_news", SIGNED_IN, "", ""),
    ("catch_up", SIGNED_IN, "", r#"{"until":null}"#),
    ("see_document", READS_IT, "{document}", ""),
    ("list_requests", SIGNED_IN, "", ""),
    ("begin_request", COLLEAGUES, "", "{request}"),
    ("read_request", ["14444444o1"; 3], "{anothers}", ""),
    ("change_request", ["1444444431"; 3], "{anothers}", "{request}"),
    ("drop_request", ["1444444431"; 3], "{anothers}", ""),
    ("write_to_request", ["14444444o1"; 3], "{anothers}", r#"{"text":"x"}"#),
    ("list_request_queue", ADMINISTRATORS, "", ""),
    ("read_request_to_decide", ADMINISTRATORS, "{anothers}", ""),
    ("read_figures", ADMINISTRATORS, "", ""),
    ("list_accounts", ADMINISTRATORS, "", ""),
    ("read_account", ADMINISTRATORS, "{member}", ""),
    ("change_account", ADMINISTRATORS, "{member}", r#"{"role":"agent"}"#),
    ("list_all_communities", ADMINISTRATORS, "", ""),
    ("enter_community", ADMINISTRATORS, "", r#"{"reason":"Signalement reçu d’une agente"}"#),
    ("list_acts", ADMINISTRATORS, "", ""),
    ("export_acts", ADMINISTRATORS, "", ""),
    ("read_instance", ADMINISTRATORS, "", ""),
    ("change_instance", ADMINISTRATORS, "", r#"{"name":"Unisson","who_may_create":"agents"}"#),
    ("decide_request", ADMINISTRATORS, "{anothers}", r#"{"revision":99,"decision":"accept"}"#),
];

const REQUEST: &str = r#"{"id":"{fresh}","send":false,"revision":1,"name":"","purpose":"","model":"network",
    "visibility":"private","joining":"approval","features":["documents"],"co_leaders":[]}"#;

/// Every operation of the description: its id, method and path.
fn operations() -> Vec<(String, String, String)> {
    let text = serde_json::to_value(unisson::app::open_api()).expect("a description");
    let mut all = Vec::new();
    for (path, methods) in text["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let id = operation["operationId"].as_str().expect("every operation has an id");
            all.push((id.to_owned(), method.to_uppercase(), path.clone()));
        }
    }
    all
}

fn letter(status: u16) -> char {
    match status {
        401 => '1',
        403 => '3',
        404 => '4',
        500.. => '5',
        _ => 'o',
    }
}

#[test]
fn every_operation_is_in_the_table_once() {
    let described: BTreeSet<String> = operations().into_iter().map(|(id, _, _)| id).collect();
    let listed: Vec<&str> = TABLE.iter().map(|(id, ..)| *id).collect();
    let once: BTreeSet<String> = listed.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(once.len(), listed.len(), "an operation is listed twice");
    let missing: Vec<_> = described.difference(&once).collect();
    assert!(missing.is_empty(), "say in tests/it/sweep.rs who may: {missing:?}");
    let gone: Vec<_> = once.difference(&described).collect();
    assert!(gone.is_empty(), "these are no operations any more: {gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_everybody_as_the_table_says() {
    let place = place().await;
    let mut wrong = Vec::new();
    let mut asked = 0;
    // Who signs out, or ends their logins, is asked last.
    let mut operations = operations();
    operations.sort_by_key(|(id, ..)| matches!(id.as_str(), "sign_out"));
    for (operation, method, path) in operations {
        let Some((_, letters, last, body)) = TABLE.iter().find(|(id, ..)| *id == operation) else { continue };
        for (visibility, letters) in VISIBILITIES.into_iter().zip(letters) {
            for ((name, who, role), expected) in WHO.into_iter().zip(letters.chars()) {
                if operation == "sign_out" && who.is_some() {
                    continue;
                }
                let things = place.stage(visibility, who, role).await;
                let address = |things: &Things| {
                    let (query, last) = if last.starts_with('?') { (*last, "") } else { ("", *last) };
                    things.fill(&format!("{}{query}", path.replace("{id}", last)))
                };
                let answer = place.send(&method, &address(&things), who, &things.fill(body)).await;
                asked += 1;
                if letter(answer.status) != expected {
                    wrong.push(format!("{operation} {visibility} as {name}: {} for {expected}", answer.status));
                }
                if answer.status == 404 {
                    let never = things.never();
                    let twin = place.send(&method, &address(&never), who, &never.fill(body)).await;
                    if twin.bytes != answer.bytes {
                        let told = format!("{}\n  and what never was:\n{}", answer.bytes, twin.bytes);
                        wrong.push(format!("{operation} {visibility} as {name} tells that it is there:\n{told}"));
                    }
                }
            }
        }
    }
    place.node.stop().await;
    assert!(asked > 1_000, "{asked} questions were asked");
    assert!(wrong.is_empty(), "{} answers of {asked} are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}
