//! The feed from outside: who is let in, what is said to whom, and when it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod kit;

use std::time::Duration;

use crdt_store::{Db, DbOptions, UserId, communities::MemberRole, users::Suspension};
use futures_util::{SinkExt, StreamExt};
use kit::{AWA, BRUNO, CHLOE, DAVID, Node};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

const FILLED: &str = "chefs-de-projet-numerique";
const PRIVATE: &str = "sobriete-energetique";
/// What has ended or changed is seen by then.
const REACHES_WITHIN: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<TcpStream>;

async fn open(node: &Node, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/live", node.running.addr).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let stream = TcpStream::connect(node.running.addr).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn feed(node: &Node, cookie: &str) -> Socket {
    open(node, &[("cookie", cookie)]).await.unwrap()
}

/// The next event.
async fn next(socket: &mut Socket) -> Value {
    let text = timeout(REACHES_WITHIN, async {
        loop {
            match socket.next().await.unwrap().unwrap() {
                Message::Text(text) => return text,
                Message::Ping(_) => {}
                other => panic!("no event: {other:?}"),
            }
        }
    });
    serde_json::from_str(&text.await.expect("an event in time")).unwrap()
}

/// The code it is closed with, and what was said before.
async fn closed(socket: &mut Socket) -> u16 {
    let code = timeout(REACHES_WITHIN, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                other => panic!("not closed with a code: {other:?}"),
            }
        }
    });
    code.await.expect("closed in time")
}

async fn db(node: &Node) -> Db {
    Db::open(&node.folder.database(), DbOptions::default()).await.unwrap()
}

fn id(text: &str) -> UserId {
    text.parse().unwrap()
}

async fn make_document(node: &Node, cookie: &str, community: &str, title: &str) {
    let body = json!({ "title": title, "community": community });
    let made = node.send_as(cookie, "POST", "/api/v1/documents", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
}

#[tokio::test]
async fn the_feed_is_for_those_who_are_signed_in_and_for_our_own_pages() {
    let node = Node::demo().await;
    assert_eq!(open(&node, &[]).await.err(), Some(401));
    assert_eq!(open(&node, &[("cookie", "unisson_login=x")]).await.err(), Some(401));
    let cookie = node.sign_in(AWA).await;
    let foreign = [("cookie", cookie.as_str()), ("origin", "https://elsewhere.example")];
    assert_eq!(open(&node, &foreign).await.err(), Some(403));
    let own = format!("http://{}", node.running.addr);
    assert!(open(&node, &[("cookie", cookie.as_str()), ("origin", &own)]).await.is_ok());
    let plain = node.get_as(&cookie, "/live").await;
    plain.is_problem(400, "bad-request");
}

#[tokio::test]
async fn members_are_told_of_their_community_and_others_are_not() {
    let node = Node::demo().await;
    let (awa, david) = (node.sign_in(AWA).await, node.sign_in(DAVID).await);
    let chloe = node.sign_in(CHLOE).await;
    let (mut of_awa, mut of_david) = (feed(&node, &awa).await, feed(&node, &david).await);
    let mut of_chloe = feed(&node, &chloe).await;
    make_document(&node, &awa, PRIVATE, "Plan de chauffe").await;
    let expected = json!({ "kind": "documents", "community": PRIVATE });
    assert_eq!(next(&mut of_awa).await, expected);
    assert_eq!(next(&mut of_david).await, expected);
    // She hears of the next one, and so heard nothing of the first.
    make_document(&node, &awa, FILLED, "Ordre du jour").await;
    assert_eq!(next(&mut of_chloe).await, json!({ "kind": "documents", "community": FILLED }));
    // Who is not in it any more is not told, though the socket stays.
    let db = db(&node).await;
    let community = db.communities().by_slug(PRIVATE, None).await.unwrap().unwrap().community.id;
    db.communities().remove_member(community, id(DAVID)).await.unwrap();
    assert_eq!(next(&mut of_david).await, json!({ "kind": "documents", "community": FILLED }));
    make_document(&node, &awa, PRIVATE, "Second plan").await;
    db.communities().add_member(community, id(DAVID), MemberRole::Reader, None).await.unwrap();
    make_document(&node, &awa, FILLED, "Autre ordre du jour").await;
    assert_eq!(next(&mut of_david).await, json!({ "kind": "documents", "community": FILLED }));
    db.close().await;
}

#[tokio::test]
async fn s15_an_ended_login_and_a_suspension_close_the_feed() {
    let node = Node::demo().await;
    let (awa, again, bruno) = (node.sign_in(AWA).await, node.sign_in(AWA).await, node.sign_in(BRUNO).await);
    let (mut one, mut other) = (feed(&node, &awa).await, feed(&node, &again).await);
    let mut of_bruno = feed(&node, &bruno).await;
    let json = [("content-type", "application/json"), ("cookie", awa.as_str())];
    node.send("POST", "/auth/logout", &json, "").await;
    assert_eq!(closed(&mut one).await, 4401);
    let db = db(&node).await;
    db.users().set_suspended(id(BRUNO), Suspension::Suspended).await.unwrap();
    assert_eq!(closed(&mut of_bruno).await, 4403);
    // Another browser of the same person stays.
    make_document(&node, &again, FILLED, "Toujours là").await;
    assert_eq!(next(&mut other).await, json!({ "kind": "documents", "community": FILLED }));
    db.close().await;
}

#[tokio::test]
async fn a_client_that_talks_is_closed_and_all_are_when_the_node_stops() {
    let node = Node::demo().await;
    let cookie = node.sign_in(AWA).await;
    for odd in [Message::text("hello"), Message::binary(vec![1; 4]), Message::text("x".repeat(5_000))] {
        let mut socket = feed(&node, &cookie).await;
        socket.send(odd).await.unwrap();
        assert_eq!(closed(&mut socket).await, 1003);
    }
    let mut socket = feed(&node, &cookie).await;
    let stopping = tokio::spawn(node.stop());
    assert_eq!(closed(&mut socket).await, 1012);
    assert!(stopping.await.unwrap());
}

#[tokio::test]
async fn s18_a_person_has_so_many_feeds_and_no_more() {
    let limits = unisson::config::Limits { sockets_per_person: 2, ..unisson::config::Limits::default() };
    let layer = unisson::config::Layer { demo: Some(true), limits: Some(limits), ..unisson::config::Layer::default() };
    let node = Node::start(layer).await;
    let cookie = node.sign_in(AWA).await;
    let first = feed(&node, &cookie).await;
    let _second = feed(&node, &cookie).await;
    assert_eq!(open(&node, &[("cookie", &cookie)]).await.err(), Some(429));
    drop(first);
    let again = timeout(REACHES_WITHIN, async {
        while open(&node, &[("cookie", &cookie)]).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    again.await.expect("a place is given back");
}
