//! A node with people, and things of each kind to ask it about.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crdt_store::{
    CommunityId, DocumentId, MailId, UserId,
    communities::{Feature, MemberRole, NewCommunity, Visibility},
    documents::{NewDocument, Sharing},
    invitations::NewInvitation,
    mails::NewMail,
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
use uuid::Uuid;

use super::REQUEST;
use crate::kit::PATIENCE;
use crate::people_node::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE, Node};

/// Everybody who asks, in the order of the letters below: a visitor; an outsider of another community, and one of this; an
/// agent who is not in it; a reader, a member, a moderator, a leader of it; an administrator; somebody who is suspended.
pub const WHO: [(&str, Option<&str>, Option<MemberRole>); 10] = [
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

pub const VISIBILITIES: [Visibility; 3] = [Visibility::Public, Visibility::Private, Visibility::Secret];

/// Things to ask about.
#[derive(Clone)]
pub struct Things {
    pub community: CommunityId,
    pub slug: String,
    pub document: String,
    pub member: String,
    pub invitation: String,
    pub join: String,
    pub anothers: String,
}

impl Things {
    pub fn fill(&self, text: &str) -> String {
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
    pub fn never(&self) -> Self {
        let fresh = || Uuid::now_v7().to_string();
        Self {
            community: CommunityId::fresh(),
            slug: format!("never-{}", Uuid::now_v7().simple()),
            document: fresh(),
            member: fresh(),
            invitation: fresh(),
            join: fresh(),
            anothers: fresh(),
        }
    }
}

pub struct Place {
    pub node: Node,
    /// By account: the cookie.
    pub cookies: BTreeMap<&'static str, String>,
    pub asked: String,
}

pub struct Answer {
    pub status: u16,
    /// All of it, without what is of the moment.
    pub bytes: String,
}

impl Answer {
    fn read(answer: &[u8]) -> Self {
        let answer = String::from_utf8_lossy(answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let request_id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap_or_default();
        let kept: Vec<&str> = answer.split("\r\n").filter(|line| !line.starts_with("date: ")).collect();
        let mut bytes = kept.join("\r\n");
        if !request_id.is_empty() {
            bytes = bytes.replace(request_id.trim(), "ID");
        }
        Self { status, bytes }
    }
}

pub fn id(text: &str) -> UserId {
    text.parse().expect("an id")
}

impl Place {
    /// A community of Inès', where Awa is a member, with something of each kind; `who` is in it as `role`.
    pub async fn stage(&self, visibility: Visibility, who: Option<&str>, role: Option<MemberRole>) -> Things {
        let db = &self.node.db;
        let community = CommunityId::fresh();
        let slug = format!("sweep-{}", community.0.simple());
        let name = "Balayage".to_owned();
        let new = NewCommunity { id: community, slug: slug.clone(), name, purpose: String::new(), visibility };
        db.communities().create(new, id(INES)).await.expect("a community");
        db.communities().add_member(community, id(AWA), MemberRole::Member, None).await.expect("a member");
        if let (Some(who), Some(role)) = (who, role) {
            db.communities().add_member(community, id(who), role, None).await.expect("a member");
        }
        let document = self.document(community, Feature::Documents).await;
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
            community,
            slug,
            document: document.to_string(),
            member: AWA.to_owned(),
            invitation: invitation.to_string(),
            join: waiting.first().map_or_else(|| Uuid::now_v7().to_string(), |one| one.id.to_string()),
            anothers: self.asked.clone(),
        }
    }

    /// Something of Inès' in one of a community's lists.
    pub async fn document(&self, community: CommunityId, feature: Feature) -> DocumentId {
        let new = NewDocument {
            id: DocumentId::fresh(),
            name: None,
            title: "Balayage".to_owned(),
            community_id: Some(community),
            visibility: Sharing::Inherit,
            created_by: Some(id(INES)),
            seed: None,
        };
        self.node.db.documents().create_in(feature, new).await.expect("a document").into_document().id
    }

    pub async fn send(&self, method: &str, path: &str, who: Option<&str>, body: impl AsRef<[u8]>) -> Answer {
        self.send_with(method, path, who, "", body).await
    }

    /// The same with more headers: whole lines.
    pub async fn send_with(
        &self,
        method: &str,
        path: &str,
        who: Option<&str>,
        headers: &str,
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let body = body.as_ref();
        let mut stream = TcpStream::connect(self.node.address()).await.expect("the node answers");
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.node.address());
        if let Some(cookie) = who.and_then(|who| self.cookies.get(who)) {
            let _ = write!(head, "cookie: {cookie}\r\n");
        }
        let length = body.len();
        let _ = write!(head, "{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).await.expect("it is sent");
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time").expect("an answer");
        Answer::read(&answer)
    }

    /// The first event of a stream: its data, or the status of the refusal.
    pub async fn first_event(&self, path: &str, who: Option<&str>) -> Result<String, u16> {
        let mut stream = TcpStream::connect(self.node.address()).await.expect("the node answers");
        let mut head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n", self.node.address());
        if let Some(cookie) = who.and_then(|who| self.cookies.get(who)) {
            let _ = write!(head, "cookie: {cookie}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("it is sent");
        let mut said = Vec::new();
        let came = async {
            loop {
                let more = stream.read_buf(&mut said).await.expect("it answers") > 0;
                let said = String::from_utf8_lossy(&said);
                let status: u16 = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
                match said.split_once("\ndata: ").and_then(|(_, rest)| rest.split_once('\n')) {
                    Some((data, _)) => return Ok(data.to_owned()),
                    None if status >= 400 => return Err(status),
                    None => assert!(more, "{path} ends without a word: {said}"),
                }
            }
        };
        timeout(PATIENCE, came).await.expect("it says something")
    }

    /// What a socket says first: `Ok` what was said, or the status of the refusal.
    pub async fn speak(&self, path: &str, who: Option<&str>, hello: Option<Vec<u8>>) -> Result<Vec<u8>, u16> {
        let mut request = format!("ws://{}{path}", self.node.address()).into_client_request().expect("an address");
        if let Some(cookie) = who.and_then(|who| self.cookies.get(who)) {
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).expect("a cookie"));
        }
        let stream = TcpStream::connect(self.node.address()).await.expect("the node answers");
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

/// On a database of its own.
pub async fn place() -> Place {
    place_of(Node::demo().await).await
}

pub async fn place_of(node: Node) -> Place {
    let mut cookies = BTreeMap::new();
    for person in [AWA, BRUNO, CHLOE, DAVID, INES, LUCIE] {
        cookies.insert(person, node.as_person(person).await.cookie);
    }
    node.db.users().set_suspended(id(BRUNO), Suspension::Suspended).await.expect("suspended");
    let asked = Uuid::now_v7().to_string();
    let place = Place { node, cookies, asked };
    // A request of Awa's, handed in.
    let wish = REQUEST.replace("{fresh}", &place.asked).replace("\"send\":false", "\"send\":true");
    let wish = wish.replace(r#""name":"","purpose":"""#, r#""name":"Balayage","purpose":"Tout demander""#);
    let made = place.send("POST", "/api/v1/requests", Some(AWA), &wish).await;
    assert!(made.status < 300, "{}", made.bytes);
    place
}
