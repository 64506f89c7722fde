//! What the pages of people and communities cost at the size of an administration: the requests that each makes, one
//! after the other, as several people and at several communities. The list is `pages.json`; a test of the house asks it as
//! well (`tests/it/pages.rs`).

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use crdt_store::{Db, DbOptions, DocumentId, UserId};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use unisson::access::{Access, Guard, Means, Principal, Role};

use crate::{
    postgres::Postgres,
    server::free_port,
    table::{Table, median},
};

const LOADS: usize = 200;
const WARM_UP: usize = 20;
const DECISIONS: usize = 20_000;
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// The pages, and what a decision costs.
pub async fn tables(unisson: &std::path::Path) -> Result<[Table; 2]> {
    let mut own;
    let database = match std::env::var("UNISSON_BENCH_FULL") {
        Ok(database) => database,
        Err(_) => {
            own = Postgres::start()?.context("no PostgreSQL on this machine")?;
            let database = own.database()?;
            let began = Instant::now();
            let laid = Command::new(unisson).args(["seed", "--scale", "full", "--database", &database]).status()?;
            ensure!(laid.success(), "the data set could not be laid");
            eprintln!("laid in {:.0} s", began.elapsed().as_secs_f64());
            database
        }
    };
    let node = Node::start(unisson, &database).await?;
    let pages = node.pages().await?;
    drop(node);
    Ok([pages, decisions(&database).await?])
}

struct Node {
    child: Child,
    at: SocketAddr,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a page took, request by request, in milliseconds.
#[derive(Default)]
struct Took {
    page: Vec<f64>,
    requests: Vec<Vec<f64>>,
}

impl Node {
    async fn start(unisson: &std::path::Path, database: &str) -> Result<Self> {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let child = Command::new(unisson)
            .args(["serve", "--demo", "--metrics-listen", "", "--log", "warn", "--database", database, "--listen"])
            .arg(at.to_string())
            .stdin(Stdio::null())
            .spawn()
            .context("the server does not start")?;
        let node = Self { child, at };
        let end = Instant::now() + STARTS_WITHIN;
        loop {
            if let Ok(mut line) = Line::open(at).await
                && matches!(line.get("/readyz", "").await, Ok((200, _)))
            {
                return Ok(node);
            }
            if Instant::now() > end {
                bail!("the server is not ready");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn pages(&self) -> Result<Table> {
        let list: Value = serde_json::from_str(include_str!("../pages.json"))?;
        let mut table = Table::new(&["page", "requests", "p50 ms", "p95 ms", "slowest request", "its p95 ms"]);
        for page in list.as_array().context("a list of pages")? {
            let name = page["page"].as_str().context("a name")?;
            let words = |key: &str| -> Vec<&str> {
                page[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
            };
            let (people, requests) = (words("as"), words("requests"));
            let mut took = Took { requests: vec![Vec::new(); requests.len()], ..Took::default() };
            let mut line = Line::open(self.at).await?;
            let mut sessions = Vec::new();
            for person in people {
                let cookie = line.sign_in(person).await?;
                let (_, list) = line.get("/api/v1/communities?scope=mine&limit=100", &cookie).await?;
                let slugs: Vec<String> = list["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|item| item["slug"].as_str().map(str::to_owned))
                    .collect();
                let (_, first) = line.get("/api/v1/documents?limit=50", &cookie).await?;
                let next = first["next_cursor"].as_str().unwrap_or_default().to_owned();
                sessions.push((cookie, slugs, next));
            }
            for load in 0..WARM_UP + LOADS {
                let (cookie, slugs, next) = &sessions[load % sessions.len()];
                let slug = slugs.get(load / sessions.len() % slugs.len().max(1)).map_or("", String::as_str);
                let mut sum = 0.0;
                for (at, request) in requests.iter().enumerate() {
                    let path = request.replace("{slug}", slug).replace("{next}", next);
                    let began = Instant::now();
                    let (status, _) = line.get(&path, cookie).await?;
                    let ms = began.elapsed().as_secs_f64() * 1_000.0;
                    ensure!(status == 200, "{path}: {status}");
                    sum += ms;
                    if load >= WARM_UP {
                        took.requests[at].push(ms);
                    }
                }
                if load >= WARM_UP {
                    took.page.push(sum);
                }
            }
            let slowest = (0..requests.len())
                .max_by(|one, other| p95(&took.requests[*one]).total_cmp(&p95(&took.requests[*other])))
                .context("a page asks something")?;
            table.row(vec![
                name.to_owned(),
                requests.len().to_string(),
                format!("{:.1}", median(took.page.iter().copied())),
                format!("{:.1}", p95(&took.page)),
                requests[slowest].trim_start_matches("/api/v1").to_owned(),
                format!("{:.1}", p95(&took.requests[slowest])),
            ]);
        }
        Ok(table)
    }
}

fn p95(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() * 95 / 100).copied().unwrap_or(f64::NAN)
}

/// One connection that is kept.
struct Line(TcpStream);

impl Line {
    async fn open(at: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    async fn get(&mut self, path: &str, cookie: &str) -> Result<(u16, Value)> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: bench\r\ncookie: {cookie}\r\n\r\n");
        let (head, body) = self.ask(&head).await?;
        Ok((status(&head)?, serde_json::from_slice(&body).unwrap_or_default()))
    }

    async fn sign_in(&mut self, person: &str) -> Result<String> {
        let body = format!(r#"{{"id":"{person}"}}"#);
        let length = body.len();
        let head = format!(
            "POST /auth/demo HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let (head, _) = self.ask(&head).await?;
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).context("no cookie")?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    async fn ask(&mut self, request: &str) -> Result<(String, Vec<u8>)> {
        self.0.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        let end = loop {
            if let Some(at) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            ensure!(self.0.read_buf(&mut answer).await? > 0, "the server hung up");
        };
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let length = length.unwrap_or(0);
        while answer.len() < end + length {
            ensure!(self.0.read_buf(&mut answer).await? > 0, "the server hung up");
        }
        Ok((head, answer.split_off(end)))
    }
}

fn status(head: &str) -> Result<u16> {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")
}

/// A right to a document, as a handler's first line asks for it: remembered, and looked up.
async fn decisions(database: &str) -> Result<Table> {
    let db = Db::open(database, DbOptions::default()).await?;
    let clock = DbOptions::default().clock;
    let person: UserId = "01930000-0000-7000-8000-000000000001".parse()?;
    let listed = db.documents().list(crdt_store::documents::Scope::Mine, person, None, 100).await?;
    let documents: Vec<DocumentId> = listed.iter().map(|listed| listed.document.id).collect();
    ensure!(!documents.is_empty(), "she has documents");
    let who = Principal {
        id: Some(person),
        name: String::new(),
        role: Role::Agent,
        language: "fr".to_owned(),
        means: Means::Token,
    };
    let mut table = Table::new(&["a permission decision", "p50 µs", "p95 µs"]);
    for (name, warm) in [("remembered", true), ("looked up", false)] {
        let guard = Guard::new(db.clone(), clock);
        let rounds = if warm { DECISIONS } else { DECISIONS / 10 };
        let mut took = Vec::with_capacity(rounds);
        for round in 0..rounds {
            if !warm {
                guard.forget_all();
            }
            let document = documents[round % documents.len()];
            let began = Instant::now();
            let right = guard.document(&who, document, Access::Read).await;
            took.push(began.elapsed().as_secs_f64() * 1e6);
            ensure!(right.is_ok(), "she reads what is listed");
        }
        // The first look at each, and the look once a second, are not warm.
        let p50 = median(took.iter().copied());
        table.row(vec![name.to_owned(), format!("{p50:.1}"), format!("{:.1}", p95(&took))]);
    }
    db.close().await;
    Ok(table)
}
