//! What pages are told over the feed: a page that hears and says where it is; and for each use case who is told what.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::people_node::{Answer, BRUNO, CHLOE, DAVID, INES, LUCIE, NETWORK, Node, PRIVATE, Person};

/// Longer is a failure. A busy machine is slow, and nothing here measures time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page's socket.
pub struct Feed(WebSocketStream<TcpStream>);

impl Feed {
    pub async fn open(address: SocketAddr, cookie: &str) -> Self {
        let mut request = format!("ws://{address}/live").into_client_request().expect("an address");
        request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).expect("a cookie"));
        let stream = TcpStream::connect(address).await.expect("it listens");
        Self(client_async(request, stream).await.expect("a feed").0)
    }

    pub async fn of(node: &Node, person: &Person<'_>) -> Self {
        Self::open(node.address(), &person.cookie).await
    }

    pub async fn say(&mut self, words: Value) {
        self.0.send(Message::text(words.to_string())).await.expect("it hears");
    }

    pub async fn at(&mut self, community: &str, view: &str) {
        self.say(json!({ "kind": "at", "community": community, "view": view })).await;
    }

    /// The next thing that is said, or the code of its end.
    pub async fn next(&mut self) -> Result<Value, u16> {
        let said = timeout(PATIENCE, async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text),
                    Some(Ok(Message::Close(Some(frame)))) => return Err(u16::from(frame.code)),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(0),
                }
            }
        });
        said.await.expect("it says something").map(|text| serde_json::from_str(&text).expect("JSON"))
    }

    /// Waits for something that is so.
    pub async fn until(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let said = self.next().await.expect("it stays open");
            if is_so(&said) {
                return said;
            }
        }
    }

    pub async fn end(mut self) {
        let _ = self.0.close(None).await;
    }
}

/// Whoever is listened to, in the order of the table.
const LISTENERS: [&str; 5] = [INES, DAVID, BRUNO, CHLOE, LUCIE];

struct Stage<'a> {
    awa: Person<'a>,
    feeds: Vec<Feed>,
}

impl Stage<'_> {
    /// Everybody is told of this, after all that was said before; what each heard until then.
    async fn heard(&mut self) -> Vec<BTreeSet<String>> {
        let mut heard = vec![BTreeSet::new(); self.feeds.len()];
        // What is said at once is told in any order: nothing of before can come after the second.
        for _ in 0..2 {
            self.awa.post("/documents", json!({ "title": "Signe", "community": NETWORK })).await.ok();
            for (feed, heard) in self.feeds.iter_mut().zip(&mut heard) {
                loop {
                    match feed.next().await {
                        Ok(said) if said["community"] == NETWORK => break,
                        Ok(said) => _ = heard.insert(said["kind"].as_str().expect("a kind").to_owned()),
                        Err(code) => panic!("closed with {code}"),
                    }
                }
            }
        }
        heard
    }

    /// After this use case each of [`LISTENERS`] has heard these kinds and no others.
    #[track_caller]
    fn expect(heard: Vec<BTreeSet<String>>, case: &str, expected: [&str; 5]) {
        for ((heard, expected), who) in
            heard.into_iter().zip(expected).zip(["Inès", "David", "Bruno", "Chloé", "Lucie"])
        {
            let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
            assert_eq!(heard, expected, "{case}: {who}");
        }
    }
}

#[tokio::test]
async fn each_use_case_tells_those_it_concerns_and_nobody_else() {
    let node = Node::demo().await;
    let people = [
        node.as_person(INES).await,
        node.as_person(DAVID).await,
        node.as_person(BRUNO).await,
        node.as_person(CHLOE).await,
        node.as_person(LUCIE).await,
    ];
    assert_eq!(LISTENERS.len(), people.len());
    let [ines, david, bruno, _, lucie] = &people;
    let mut feeds = Vec::new();
    for person in &people {
        feeds.push(Feed::of(&node, person).await);
    }
    let mut stage = Stage { awa: node.as_person(crate::people_node::AWA).await, feeds };
    let path = format!("/communities/{PRIVATE}");
    // The leader, a member, a colleague from elsewhere, somebody from outside, the administrator.
    macro_rules! case {
        ($case:literal, $answer:expr, $expected:expr) => {{
            let answer: Answer = $answer.await;
            let answer = answer.ok();
            Stage::expect(stage.heard().await, $case, $expected);
            answer
        }};
    }
    const MEMBERS: [&str; 5] = ["documents", "documents", "", "", ""];
    const PAGE: [&str; 5] = ["community", "community", "", "", ""];
    const LIST: [&str; 5] = ["members", "members", "", "", ""];

    let made =
        case!("a document is made", ines.post("/documents", json!({ "title": "Plan", "community": PRIVATE })), MEMBERS);
    let document = format!("/documents/{}", made["id"].as_str().unwrap());
    case!("a document is renamed", ines.patch(&document, json!({ "title": "Plans" })), MEMBERS);
    let shared = json!({ "visibility": "restricted", "people": [{ "person": BRUNO, "access": "read" }] });
    let expected = ["documents", "documents", "document", "", ""];
    case!("a document is shared by name", ines.put(&format!("{document}/sharing"), shared), expected);
    case!("a shared document is renamed", ines.patch(&document, json!({ "title": "Plan" })), expected);
    let unshared = json!({ "visibility": "inherit", "people": [] });
    case!("a document is shared no more", ines.put(&format!("{document}/sharing"), unshared), expected);
    let own = case!(
        "a document of nobody else's is made",
        bruno.post("/documents", json!({ "title": "À moi", "community": null })),
        ["", "", "document", "", ""]
    );
    let own = format!("/documents/{}", own["id"].as_str().unwrap());
    case!(
        "a document of nobody else's is renamed",
        bruno.patch(&own, json!({ "title": "Le mien" })),
        ["", "", "document", "", ""]
    );

    case!(
        "a community is composed",
        ines.put(&format!("{path}/features"), json!({ "features": ["wiki", "documents"] })),
        PAGE
    );
    case!("a community is renamed", ines.patch(&path, json!({ "name": "Sobriété" })), PAGE);
    case!("a community becomes secret", ines.patch(&path, json!({ "visibility": "secret" })), PAGE);
    case!("a community is seen again", ines.patch(&path, json!({ "visibility": "private" })), PAGE);
    case!("a community has a rule for joining", ines.patch(&path, json!({ "joining": "approval" })), PAGE);
    case!("a community is archived", ines.post(&format!("{path}/archive"), json!({})), PAGE);
    case!("a community is brought back", ines.post(&format!("{path}/restore"), json!({})), PAGE);
    let reason = json!({ "reason": "Vérifier un signalement reçu ce matin." });
    case!(
        "an administrator enters",
        lucie.post(&format!("/admin/communities/{PRIVATE}/entry"), reason),
        ["community", "community", "", "", "community"]
    );

    let member = |id: &str| format!("{path}/members/{id}");
    case!(
        "a role is changed",
        ines.patch(&member(DAVID), json!({ "role": "member" })),
        ["members community", "members community me", "", "", ""]
    );
    let join = format!("{path}/join");
    case!(
        "somebody asks to join",
        bruno.post(&join, json!({ "message": "Bonjour" })),
        ["members", "members", "me community", "", ""]
    );
    case!("somebody asks no more", bruno.delete(&join), ["members", "members", "me community", "", ""]);
    bruno.post(&join, json!({})).await.ok();
    stage.heard().await;
    let asked = ines.get(&format!("{path}/joins")).await.ok();
    let answer = |asked: &Value| format!("{path}/joins/{}", one_of(asked, "/person/id", BRUNO));
    case!(
        "somebody is not let in",
        ines.post(&answer(&asked), json!({ "accept": false })),
        ["members", "members", "me community invitations", "", ""]
    );
    bruno.post(&join, json!({})).await.ok();
    stage.heard().await;
    let asked = ines.get(&format!("{path}/joins")).await.ok();
    let came = ["members community", "members community", "members community me invitations", "", ""];
    case!("somebody is let in", ines.post(&answer(&asked), json!({ "accept": true })), came);
    let went = ["members community", "members community", "me community", "", ""];
    case!("a member is removed", ines.delete(&member(BRUNO)), went);

    let email = bruno.get("/me").await.ok()["email"].as_str().unwrap().to_owned();
    let invitation = json!({ "emails": [email], "role": "member" });
    let invitations = format!("{path}/invitations");
    let invited = ["members", "members", "invitations", "", ""];
    let waiting = async || {
        let sent = ines.get(&invitations).await.ok();
        format!("{invitations}/{}", one_of(&sent, "/email", &email))
    };
    case!("somebody is invited", ines.post(&invitations, invitation.clone()), invited);
    let sent = waiting().await;
    case!("an invitation is sent again", ines.post(&format!("{sent}/resend"), json!({})), LIST);
    case!("an invitation is taken back", ines.delete(&sent), invited);
    for (case, word, expected) in [("declines", "decline", invited), ("accepts", "accept", came)] {
        ines.post(&invitations, invitation.clone()).await.ok();
        stage.heard().await;
        let mine = bruno.get("/invitations").await.ok();
        let id = one_of(&mine, "/community/slug", PRIVATE);
        bruno.post(&format!("/invitations/{id}/{word}"), json!({})).await.ok();
        Stage::expect(stage.heard().await, case, expected);
    }
    case!("a member leaves", bruno.delete(&format!("{path}/members/me")), went);
    ines.patch(&path, json!({ "joining": "open" })).await.ok();
    stage.heard().await;
    case!(
        "somebody comes in by themselves",
        bruno.post(&join, json!({})),
        ["members community", "members community", "members community me", "", ""]
    );

    let asking = ["", "", "request", "", "request requests"];
    let wish = json!({
        "id": uuid::Uuid::now_v7(), "send": true, "name": "Achats numériques", "purpose": "Acheter mieux, ensemble.", "model": "network",
        "visibility": "private", "joining": "approval", "features": ["documents"], "co_leaders": [],
    });
    let request = case!("a community is asked for", bruno.post("/requests", wish), asking);
    let request = request["id"].as_str().unwrap();
    case!(
        "a word is said about a request",
        bruno.post(&format!("/requests/{request}/messages"), json!({ "text": "C’est pressé." })),
        asking
    );
    let revision = bruno.get(&format!("/requests/{request}")).await.ok()["revision"].clone();
    let decision = json!({ "revision": revision, "decision": "accept", "reason": "" });
    case!(
        "a request is accepted",
        lucie.post(&format!("/admin/requests/{request}/decision"), decision),
        ["", "", "request me", "", "request requests"]
    );

    case!("somebody changes their name", david.patch("/me", json!({ "service": "DREAL" })), ["", "me", "", "", ""]);
    case!("somebody has caught up", david.put("/news", json!({ "until": null })), ["", "news", "", "", ""]);
    let settings = json!({ "name": "Unisson", "who_may_create": "approval" });
    case!("the instance is set up", lucie.put("/admin/instance", settings), ["", "", "", "", "me"]);
    // A suspension ends the sign-ins, and so what is open.
    lucie.patch(&format!("/admin/people/{CHLOE}"), json!({ "suspended": true })).await.ok();
    let chloe = stage.feeds.remove(3);
    let (heard, code) = ended(chloe).await;
    assert_eq!(code, 4401);
    assert!(heard.iter().all(|kind| kind == "me"), "{heard:?}");
    node.stop().await;
}

/// The id of the one in a list that has this there.
fn one_of<'a>(list: &'a Value, at: &str, this: &str) -> &'a str {
    let found = list["items"].as_array().expect("a list").iter().find(|item| item.pointer(at) == Some(&json!(this)));
    found.and_then(|item| item["id"].as_str()).unwrap_or_else(|| panic!("no {at} {this} in {list}"))
}

/// What is said until it is closed, and the code.
async fn ended(mut feed: Feed) -> (Vec<String>, u16) {
    let mut heard = Vec::new();
    loop {
        match feed.next().await {
            Ok(said) => heard.push(said["kind"].as_str().expect("a kind").to_owned()),
            Err(code) => return (heard, code),
        }
    }
}
