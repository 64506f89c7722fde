//! A node in this process on a database of its own, and a client that hides nothing.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::PathBuf;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
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

pub const AWA: &str = "01930000-0000-7000-8000-000000000001";
pub const BRUNO: &str = "01930000-0000-7000-8000-000000000002";
pub const CHLOE: &str = "01930000-0000-7000-8000-000000000003";
pub const DAVID: &str = "01930000-0000-7000-8000-000000000004";
pub const INES: &str = "01930000-0000-7000-8000-000000000005";
pub const LUCIE: &str = "01930000-0000-7000-8000-000000000006";

/// The program, for workers and for tests of the command line.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_unisson"))
}

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("unisson-test-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn database(&self) -> String {
        format!("sqlite:{}", self.0.join("u.sqlite").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct Node {
    pub running: Running,
    pub shutdown: Shutdown,
    pub folder: Folder,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// It is a problem of this status and code, whole.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["code"], code, "{json}");
        assert_eq!(json["status"], status);
        assert_eq!(json["type"], format!("urn:unisson:problem:{code}"));
        assert!(json["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert_eq!(json["request_id"], self.header("x-request-id"));
    }
}

impl Node {
    pub async fn demo() -> Self {
        Self::start(Layer { demo: Some(true), ..Layer::default() }).await
    }

    pub async fn start(layer: Layer) -> Self {
        let folder = Folder::new();
        let base = Layer {
            listen: Some("127.0.0.1:0".to_owned()),
            database: Some(folder.database()),
            metrics_listen: Some(String::new()),
            workers: Some(Workers { program: program(), size: 1, ..Workers::default() }),
            ..Layer::default()
        };
        let shutdown = Shutdown::new();
        let config = Config::from_layer(layer.over(base)).unwrap();
        let running = unisson::serve(config, shutdown.clone()).await.unwrap();
        Self { running, shutdown, folder }
    }

    pub async fn stop(self) -> bool {
        self.shutdown.start();
        self.running.join.await.unwrap()
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.running.addr).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.running.addr);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).await.unwrap();
        // A node that refuses a body may close before it has read it all.
        let _ = stream.write_all(body.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        parse(&answer)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// Signs in as a demo person: the cookie header.
    pub async fn sign_in(&self, id: &str) -> String {
        let body = format!(r#"{{"id":"{id}"}}"#);
        let answer = self.send("POST", "/auth/demo", &[("content-type", "application/json")], &body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    pub async fn get_as(&self, cookie: &str, path: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie)], "").await
    }

    pub async fn send_as(&self, cookie: &str, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("cookie", cookie), ("content-type", "application/json")];
        self.send(method, path, &headers, &body.to_string()).await
    }
}

fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    let rest = &answer[end + 4..];
    let chunked = headers.get("transfer-encoding").is_some_and(|value| value == "chunked");
    let body = if chunked { join_chunks(rest) } else { rest.to_vec() };
    Answer { status, headers, body }
}

fn join_chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}
