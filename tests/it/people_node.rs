//! A node in this process with the demo people, a client that hides nothing, and the letters of its outbox.

use std::{collections::BTreeMap, net::SocketAddr};

use crdt_store::{Db, DbOptions, UserId, users::Role};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use unisson::{
    Running,
    config::{Config, Layer, Workers},
    shutdown::Shutdown,
};
use uuid::Uuid;

use crate::kit::{Folder, program};

pub const AWA: &str = "01930000-0000-7000-8000-000000000001";
pub const BRUNO: &str = "01930000-0000-7000-8000-000000000002";
pub const CHLOE: &str = "01930000-0000-7000-8000-000000000003";
pub const DAVID: &str = "01930000-0000-7000-8000-000000000004";
pub const INES: &str = "01930000-0000-7000-8000-000000000005";
pub const LUCIE: &str = "01930000-0000-7000-8000-000000000006";

/// Awa leads, Bruno moderates, Chloé is an outsider in it.
pub const NETWORK: &str = "chefs-de-projet-numerique";
/// Inès leads.
pub const PRIVATE: &str = "sobriete-energetique";
/// Lucie leads.
pub const SECRET: &str = "projet-archives-2030";

pub struct Node {
    running: Running,
    shutdown: Shutdown,
    pub db: Db,
    _folder: Folder,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// It went well, and this is what it says.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// It was refused so.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let json = self.json();
        assert_eq!(json["code"], code, "{json}");
        json
    }
}

impl Node {
    pub async fn demo() -> Self {
        let folder = Folder::new();
        let database = folder.sqlite("u.sqlite");
        Self::start(folder, database, None).await
    }

    /// Alone on a database.
    pub async fn on(database: &str) -> Self {
        Self::start(Folder::new(), database.to_owned(), None).await
    }

    /// One of several on a database.
    pub async fn beside(database: &str, redis: &str) -> Self {
        Self::start(Folder::new(), database.to_owned(), Some(redis.to_owned())).await
    }

    async fn start(folder: Folder, database: String, redis: Option<String>) -> Self {
        let layer = Layer {
            demo: Some(true),
            listen: Some("127.0.0.1:0".to_owned()),
            database: Some(database.clone()),
            redis,
            metrics_listen: Some(String::new()),
            workers: Some(Workers { program: program(), size: 1, ..Workers::default() }),
            ..Layer::default()
        };
        let shutdown = Shutdown::new();
        let config = Config::from_layer(layer).expect("a configuration");
        let running = unisson::serve(config, shutdown.clone()).await.expect("it starts");
        let db = Db::open(&database, DbOptions::default()).await.expect("its database");
        Self { running, shutdown, db, _folder: folder }
    }

    pub async fn stop(self) {
        self.db.close().await;
        self.shutdown.start();
        assert!(self.running.join.await.expect("it ends"));
    }

    pub fn address(&self) -> SocketAddr {
        self.running.addr
    }

    /// Makes somebody an administrator as well.
    pub async fn promote(&self, id: &str) {
        let id = UserId(Uuid::try_parse(id).expect("an id"));
        self.db.users().set_role(id, Role::Administrator).await.expect("a role");
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.running.addr).await.expect("it listens");
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.running.addr);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).await.expect("it reads");
        let _ = stream.write_all(body.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        parse(&answer)
    }

    /// Signs in as a demo person.
    pub async fn as_person(&self, id: &str) -> Person<'_> {
        let body = format!(r#"{{"id":"{id}"}}"#);
        let answer = self.send("POST", "/auth/demo", &[("content-type", "application/json")], &body).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        Person { node: self, cookie: cookie_of(&answer) }
    }

    pub fn nobody(&self) -> Person<'_> {
        Person { node: self, cookie: String::new() }
    }

    /// Takes the letters out of the outbox: address, kind, text.
    pub async fn letters(&self) -> Vec<(String, String, String)> {
        let mut letters = Vec::new();
        while let Some(mail) = self.db.mails().claim(Uuid::now_v7()).await.expect("the outbox") {
            letters.push((mail.recipient, mail.kind, mail.text));
        }
        letters
    }
}

/// Somebody at their browser.
pub struct Person<'a> {
    node: &'a Node,
    pub cookie: String,
}

impl Person<'_> {
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        if !self.cookie.is_empty() {
            headers.push(("cookie", &self.cookie));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.node.send(method, &format!("/api/v1{path}"), &headers, &body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask("PUT", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, None).await
    }
}

pub fn cookie_of(answer: &Answer) -> String {
    let set = answer.headers.get("set-cookie").map(String::as_str).unwrap_or_default();
    set.split(';').next().unwrap_or_default().to_owned()
}

/// The members of a list under that name.
pub fn each<'a>(list: &'a Value, name: &str) -> Vec<&'a Value> {
    list["items"].as_array().expect("a list").iter().map(|item| &item[name]).collect()
}

fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).expect("a status");
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &answer[end + 4..];
    let chunked = headers.get("transfer-encoding").is_some_and(|value| value == "chunked");
    let body = if chunked { join_chunks(rest) } else { rest.to_vec() };
    Answer { status, headers, body: String::from_utf8(body).expect("text") }
}

fn join_chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&rest[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.expect("a chunk's size");
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}
