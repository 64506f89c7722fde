//! Every door, asked as everybody.
//!
//! Each operation of the API's description, and each socket, is asked as every kind of person about things of a public, a
//! private and a secret community. [`TABLE`] says what is expected; an operation that is not in it fails the test. What is
//! not there for somebody answers as what never was: the same bytes, but for the request's own id.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use crdt_store::{
    CommunityId, Db, DbOptions, DocumentId, MailId, UserId,
    communities::{Feature, MemberRole, NewCommunity, Visibility},
    documents::{NewDocument, Sharing},
    invitations::NewInvitation,
    mails::NewMail,
    update::lib0,
    users::Suspension,
};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};
use unisson::config::{Config, Layer, Workers};
use uuid::Uuid;

use crate::kit::{Folder, PATIENCE, program};

const AWA: &str = "01930000-0000-7000-8000-000000000001";
const BRUNO: &str = "01930000-0000-7000-8000-000000000002";
const CHLOE: &str = "01930000-0000-7000-8000-000000000003";
const DAVID: &str = "01930000-0000-7000-8000-000000000004";
const INES: &str = "01930000-0000-7000-8000-000000000005";
const LUCIE: &str = "01930000-0000-7000-8000-000000000006";

/// Everybody who asks, in the order of the letters below: a visitor; an outsider of another community, and one of this; an
/// agent who is not in it; a reader, a member, a moderator, a leader of it; an administrator; somebody who is suspended.
const WHO: [(&str, Option<&str>, Option<MemberRole>); 10] = [
    ("visitor", None, None),
    ("outsider elsewhere", Some(CHLOE), None),
    ("outsider inside", Some(CHLOE), Some(MemberRole::Member)),
    ("agent outside", Some(DAVID), None),
    ("reader", Some(DAVID), Some(MemberRole::Reader)),
    ("member", Some(DAVID), Some(MemberRole::Member)),
    ("moderator", Some(DAVID), Some(MemberRole::Moderator)),
    ("leader", Some(DAVID), Some(MemberRole::Leader)),
    ("administrator", Some(LUCIE), None),
    ("suspended", Some(BRUNO), Some(MemberRole::Leader)),
];

const VISIBILITIES: [Visibility; 3] = [Visibility::Public, Visibility::Private, Visibility::Secret];

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

/// Things to ask about.
#[derive(Clone)]
struct Things {
    slug: String,
    document: String,
    member: String,
    invitation: String,
    join: String,
    anothers: String,
}

impl Things {
    fn fill(&self, text: &str) -> String {
        text.replace("{request}", REQUEST)
            .replace("{slug}", &self.slug)
            .replace("{document}", &self.document)
            .replace("{member}", &self.member)
            .replace("{invitation}", &self.invitation)
            .replace("{join}", &self.join)
            .replace("{anothers}", &self.anothers)
            .replace("{fresh}", &Uuid::now_v7().to_string())
    }

    /// Things like these that never were.
    fn never(&self) -> Self {
        let fresh = || Uuid::now_v7().to_string();
        Self {
            slug: format!("never-{}", Uuid::now_v7().simple()),
            document: fresh(),
            member: fresh(),
            invitation: fresh(),
            join: fresh(),
            anothers: fresh(),
        }
    }
}

struct Place {
    db: Db,
    at: SocketAddr,
    /// By account: the cookie.
    cookies: BTreeMap<&'static str, String>,
    asked: String,
}

struct Answer {
    status: u16,
    /// All of it, without what is of the moment.
    bytes: String,
}

fn id(text: &str) -> UserId {
    text.parse().expect("an id")
}

impl Place {
    /// A community of Inès', where Awa is a member, with something of each kind; `who` is in it as `role`.
    async fn stage(&self, visibility: Visibility, who: Option<&str>, role: Option<MemberRole>) -> Things {
        let db = &self.db;
        let community = CommunityId::fresh();
        let slug = format!("sweep-{}", community.0.simple());
        let name = "Balayage".to_owned();
        let new = NewCommunity { id: community, slug: slug.clone(), name, purpose: String::new(), visibility };
        db.communities().create(new, id(INES)).await.expect("a community");
        db.communities().add_member(community, id(AWA), MemberRole::Member, None).await.expect("a member");
        if let (Some(who), Some(role)) = (who, role) {
            db.communities().add_member(community, id(who), role, None).await.expect("a member");
        }
        let document = DocumentId::fresh();
        let new = NewDocument {
            id: document,
            name: None,
            title: "Balayage".to_owned(),
            community_id: Some(community),
            visibility: Sharing::Inherit,
            created_by: Some(id(INES)),
            seed: None,
        };
        db.documents().create_in(Feature::Documents, new).await.expect("a document");
        let invitation = Uuid::now_v7();
        let expires_at = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(40_000);
        let email = format!("{}@elsewhere.example", invitation.simple());
        let letter = NewMail {
            id: MailId::fresh(),
            recipient: email.clone(),
            language: "fr".to_owned(),
            kind: "invitation".to_owned(),
            subject: "x".to_owned(),
            text: "x".to_owned(),
            html: "x".to_owned(),
            expires_at,
        };
        let new = NewInvitation {
            id: invitation,
            email,
            role: MemberRole::Member,
            secret_hash: invitation.as_bytes().repeat(2),
            expires_at,
            member_until: None,
            letter,
        };
        db.invitations().invite(community, id(INES), &[new]).await.expect("an invitation");
        // Lucie asks where David is asked about, and David where Lucie is: whoever asks is not who sweeps.
        let asks = if who == Some(DAVID) { LUCIE } else { DAVID };
        db.joins().ask(community, id(asks), "", &[]).await.expect("somebody asks");
        let waiting = db.joins().waiting(community, None, 1).await.expect("who waits");
        Things {
            slug,
            document: document.to_string(),
            member: AWA.to_owned(),
            invitation: invitation.to_string(),
            join: waiting.first().map_or_else(|| Uuid::now_v7().to_string(), |one| one.id.to_string()),
            anothers: self.asked.clone(),
        }
    }

    async fn send(&self, method: &str, path: &str, who: Option<&str>, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.at).await.expect("the node answers");
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.at);
        if let Some(cookie) = who.and_then(|who| self.cookies.get(who)) {
            let _ = write!(head, "cookie: {cookie}\r\n");
        }
        let length = body.len();
        let _ = write!(head, "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time").expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let request_id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap_or_default();
        let kept: Vec<&str> = answer.split("\r\n").filter(|line| !line.starts_with("date: ")).collect();
        let mut bytes = kept.join("\r\n");
        if !request_id.is_empty() {
            bytes = bytes.replace(request_id.trim(), "ID");
        }
        Answer { status, bytes }
    }

    /// What a socket says first: `Ok` what was said, or the status of the refusal.
    async fn speak(&self, path: &str, who: Option<&str>, hello: Option<Vec<u8>>) -> Result<Vec<u8>, u16> {
        let mut request = format!("ws://{}{path}", self.at).into_client_request().expect("an address");
        if let Some(cookie) = who.and_then(|who| self.cookies.get(who)) {
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).expect("a cookie"));
        }
        let stream = TcpStream::connect(self.at).await.expect("the node answers");
        let mut socket = match client_async(request, stream).await {
            Ok((socket, _)) => socket,
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        };
        let Some(hello) = hello else { return Ok(Vec::new()) };
        socket.send(Message::binary(hello)).await.expect("it is sent");
        timeout(PATIENCE, async {
            loop {
                match socket.next().await {
                    Some(Ok(Message::Binary(said))) => return Ok(said.to_vec()),
                    Some(Ok(Message::Close(Some(frame)))) => return Ok(frame.reason.as_bytes().to_vec()),
                    Some(Ok(_)) => {}
                    other => panic!("{path}: {other:?}"),
                }
            }
        })
        .await
        .expect("it says something")
    }
}

async fn place(folder: &Folder) -> (Place, unisson::shutdown::Shutdown, unisson::Running) {
    let database = folder.sqlite("u.sqlite");
    let layer = Layer {
        listen: Some("127.0.0.1:0".to_owned()),
        database: Some(database.clone()),
        metrics_listen: Some(String::new()),
        demo: Some(true),
        workers: Some(Workers { program: program(), size: 1, ..Workers::default() }),
        ..Layer::default()
    };
    let shutdown = unisson::shutdown::Shutdown::new();
    let config = Config::from_layer(layer).expect("a configuration");
    let running = unisson::serve(config, shutdown.clone()).await.expect("a node");
    let db = Db::open(&database, DbOptions::default()).await.expect("its database");
    let mut place = Place { db, at: running.addr, cookies: BTreeMap::new(), asked: String::new() };
    for person in [AWA, BRUNO, CHLOE, DAVID, INES, LUCIE] {
        let answer = place.send("POST", "/auth/demo", None, &format!(r#"{{"id":"{person}"}}"#)).await;
        let set = answer.bytes.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        place.cookies.insert(person, set.split(';').next().expect("its value").to_owned());
    }
    place.db.users().set_suspended(id(BRUNO), Suspension::Suspended).await.expect("suspended");
    // A request of Awa's, handed in.
    place.asked = Uuid::now_v7().to_string();
    let wish = REQUEST.replace("{fresh}", &place.asked).replace("\"send\":false", "\"send\":true");
    let wish = wish.replace(r#""name":"","purpose":"""#, r#""name":"Balayage","purpose":"Tout demander""#);
    let made = place.send("POST", "/api/v1/requests", Some(AWA), &wish).await;
    assert!(made.status < 300, "{}", made.bytes);
    (place, shutdown, running)
}

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
    let folder = Folder::new();
    let (place, shutdown, running) = place(&folder).await;
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
    place.db.close().await;
    shutdown.start();
    running.join.await.expect("it stops");
    assert!(asked > 1_000, "{asked} questions were asked");
    assert!(wrong.is_empty(), "{} answers of {asked} are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

/// The first words of a client in the Hocuspocus dialect: a document's name, and no token.
fn hocuspocus(document: &str) -> Vec<u8> {
    let mut hello = Vec::new();
    lib0::write_var_string(&mut hello, document);
    lib0::write_var_uint(&mut hello, 2);
    lib0::write_var_uint(&mut hello, 0);
    lib0::write_var_string(&mut hello, "");
    hello
}

#[tokio::test(flavor = "multi_thread")]
async fn every_socket_answers_everybody_as_the_table_says() {
    let folder = Folder::new();
    let (place, shutdown, running) = place(&folder).await;
    let mut wrong = Vec::new();
    for (visibility, letters) in VISIBILITIES.into_iter().zip(READS_IT) {
        for ((name, who, role), expected) in WHO.into_iter().zip(letters.chars()) {
            let may = expected == 'o';
            let things = place.stage(visibility, who, role).await;
            let never = things.never();

            // Hocuspocus: the name, then whether it may (2) and what; a refusal (0) has a reason.
            let said = place.speak("/collab", who, Some(hocuspocus(&things.document))).await.expect("a socket");
            let rest = said.strip_prefix(&name_of(&things.document)[..]).expect("it names the document");
            if rest.starts_with(&[2, 2]) != may {
                wrong.push(format!("/collab {visibility} as {name}: {rest:?}"));
            }
            let twin = place.speak("/collab", who, Some(hocuspocus(&never.document))).await.expect("a socket");
            let twin = twin.strip_prefix(&name_of(&never.document)[..]).expect("it names the document");
            if !may && rest != twin {
                wrong.push(format!("/collab {visibility} as {name} tells that it is there: {rest:?}, {twin:?}"));
            }

            // y-websocket: step 1 answered by step 2, or a refusal.
            let step1 = || Some(vec![0, 0, 1, 0]);
            let said = place.speak(&format!("/yjs/{}", things.document), who, step1()).await;
            if said.as_ref().is_ok_and(|said| said.first() == Some(&0)) != may {
                wrong.push(format!("/yjs {visibility} as {name}: {said:?}"));
            }
            let twin = place.speak(&format!("/yjs/{}", never.document), who, step1()).await;
            if !may && said != twin {
                wrong.push(format!("/yjs {visibility} as {name} tells that it is there: {said:?}, {twin:?}"));
            }

            // The feed is for whoever is signed in, whatever they may read.
            let feed = place.speak("/live", who, None).await;
            if feed.is_ok() != (expected != '1') {
                wrong.push(format!("/live as {name}: {feed:?}"));
            }
        }
    }
    place.db.close().await;
    shutdown.start();
    timeout(Duration::from_secs(40), running.join).await.expect("in time").expect("it stops");
    assert!(wrong.is_empty(), "sockets that answer otherwise:\n{}", wrong.join("\n"));
}

fn name_of(document: &str) -> Vec<u8> {
    let mut name = Vec::new();
    lib0::write_var_string(&mut name, document);
    name
}
