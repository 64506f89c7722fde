//! The program as operators run it: processes, proxies before them, and a client that hides nothing.
//!
//! Used by the tests of deployment and of backups. What is missing on a machine leaves a test out, with one line that
//! says so.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::source::root;

/// For things that take moments; longer is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test: built by `cargo build`, beside this test.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("UNISSON_BIN") {
        return PathBuf::from(named);
    }
    let own = std::env::current_exe().expect("this test is a program");
    let built = own.ancestors().nth(2).expect("it lies in target/debug/deps").join("unisson");
    assert!(built.exists(), "{} is missing: cargo build -p unisson", built.display());
    built
}

/// A program of this machine, by its places: as installed, or as `scripts/prerequisites` has unpacked it.
pub fn tool(name: &str) -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut places: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    places.extend(["/usr/sbin".into(), "/usr/local/sbin".into(), target.join("tools/usr/bin")]);
    let found = places.into_iter().map(|place| place.join(name)).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("NOT RUN: {name} is not on this machine (scripts/prerequisites installs it)");
    }
    found
}

/// A folder that goes away with the test. Short, for sockets, and open to other accounts.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = PathBuf::from(format!("/tmp/unisson-it-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file is written");
        path
    }

    pub fn sqlite(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name).display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A port that nobody has at the moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("it is bound").port()
}

/// Waits for a condition, with an end.
#[track_caller]
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Runs a program to its end; panics with its words where it is not content.
#[track_caller]
pub fn run(program: &Path, arguments: &[&str]) -> String {
    said(program, Command::new(program).args(arguments).output().expect("it starts"))
}

#[track_caller]
pub fn said(program: &Path, output: Output) -> String {
    let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{}: {words}", program.display());
    words
}

/// A process that ends with the test.
pub struct Process(pub Child);

impl Process {
    /// Asks it to end, and waits for that.
    pub fn end(mut self) {
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        wait_for("a process ends", || self.0.try_wait().expect("it can be asked").is_some());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A node of the program.
pub struct Served {
    pub address: SocketAddr,
    process: Process,
}

impl Served {
    /// Starts one that anybody may write on.
    pub fn open(database: &str, listen: &str) -> Self {
        Self::open_with(database, listen, &[])
    }

    pub fn open_with(database: &str, listen: &str, more: &[&str]) -> Self {
        Self::serve(&[&["--open", "--listen", listen, "--database", database], more].concat())
    }

    /// Starts one with these arguments.
    pub fn serve(arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(["serve", "--metrics-listen", ""])
            .args(arguments)
            .env_remove("UNISSON_CONFIG")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let process = Process(child);
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).expect("its log"), 0, "it ended before it listened");
            let at = line.split_once("listening on http://").map(|(_, rest)| rest);
            if let Some(at) = at.and_then(|rest| rest.split('"').next()) {
                break at.parse().expect("an address");
            }
        };
        // Read on, or the program would wait for a reader.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { address, process }
    }

    pub fn end(self) {
        self.process.end();
    }
}

/// What came back over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

/// One request on a connection of its own.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/octet-stream\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let status = text.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, text })
}

/// A PostgreSQL of this test's own.
pub struct Postgres {
    pub url: String,
    pub programs: PathBuf,
    folder: PathBuf,
}

impl Postgres {
    /// `None` where PostgreSQL is not installed and that was said.
    pub fn start() -> Option<Self> {
        if std::env::var_os("UNISSON_TEST_SKIP_POSTGRES").is_some() {
            eprintln!("NOT RUN: PostgreSQL is not on this machine");
            return None;
        }
        let folder = PathBuf::from(format!("/tmp/unisson-pg-{}", uuid::Uuid::new_v4().simple()));
        let url = run(&Self::kit(), &["start", &folder.display().to_string()]);
        let url = url.lines().last().expect("it says its address").trim().to_owned();
        let mut programs: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .filter(|bin| bin.join("pg_dump").exists())
            .collect();
        programs.sort();
        Some(Self { url, programs: programs.pop().unwrap_or_else(|| "/usr/bin".into()), folder })
    }

    /// What it writes about itself.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Asks it something; a line a row.
    pub fn sql(&self, text: &str) -> String {
        run(&self.programs.join("psql"), &["--no-psqlrc", "--tuples-only", "--no-align", "-c", text, &self.url])
    }

    fn kit() -> PathBuf {
        root().join("crdt-store/tests/kit/postgres.sh")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new(Self::kit()).arg("stop").arg(&self.folder).output();
    }
}
