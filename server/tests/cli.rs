//! The program as a person or a supervisor meets it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod kit;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
};

use kit::{Folder, program};

fn run(arguments: &[&str]) -> Output {
    run_with(arguments, &[])
}

fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn refuses(output: &Output, code: i32, word: &str) {
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains(word), "{word:?} in {told:?}");
    assert!(output.stdout.is_empty());
}

/// A node as a process: killed at the end of the test if it still runs.
struct Served {
    child: Child,
    address: String,
    log: BufReader<std::process::ChildStderr>,
}

impl Served {
    fn start(folder: &Folder, more: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--database", &folder.database()])
            .args(more)
            .env_clear()
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended before it listened");
        }
        let json: serde_json::Value = serde_json::from_str(&line).expect("one JSON object a line");
        let address = json["message"].as_str().unwrap().rsplit_once("http://").unwrap().1.to_owned();
        Self { child, address, log }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{request}\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminate(mut self) -> (Option<i32>, String) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_names_every_command_and_version_is_told() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    for command in ["serve", "worker", "migrate", "seed", "token", "doctor", "openapi"] {
        assert!(text(&help.stdout).contains(command), "{command}");
    }
    assert!(text(&run(&["--version"]).stdout).starts_with("unisson "));
    assert!(text(&run(&["serve", "--help"]).stdout).contains("--redis"));
}

#[test]
fn a_wrong_setting_is_one_line_and_exit_2() {
    let folder = Folder::new();
    let database = folder.database();
    refuses(&run(&["serve", "--open", "--database", "mysql://x/y"]), 2, "mysql");
    refuses(&run(&["serve", "--open", "--listen", "nowhere", "--database", &database]), 2, "nowhere");
    refuses(&run(&["serve", "--open", "--listen", "0.0.0.0:0", "--database", &database]), 2, "--open-to-network");
    refuses(&run(&["serve", "--config", "/none/such.toml"]), 2, "/none/such.toml");
    refuses(&run(&["serve", "--redis", "redis://127.0.0.1"]), 2, "PostgreSQL");
    refuses(&run(&["serve", "--no-such-flag"]), 2, "--no-such-flag");
    refuses(&run(&["serve", "--log", "unisson=loud", "--database", &database]), 2, "unisson=loud");
    refuses(&run_with(&["serve"], &[("UNISSON_DEMO", "perhaps")]), 2, "UNISSON_DEMO");
    let file = folder.0.join("unisson.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\ndatabse = \"sqlite:x\"\n").unwrap();
    refuses(&run(&["serve", "--config", &file.display().to_string()]), 2, "line 2");
    std::fs::write(&file, "listen = \n").unwrap();
    refuses(&run_with(&["serve"], &[("UNISSON_CONFIG", &file.display().to_string())]), 2, "line 1");
    assert!(!std::path::Path::new(&folder.0.join("u.sqlite")).exists(), "nothing was made");
}

#[test]
fn what_stands_in_the_way_of_a_start_is_one_line() {
    let folder = Folder::new();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let output = run(&["serve", "--listen", &address, "--metrics-listen", "", "--database", &folder.database()]);
    refuses(&output, 1, "in use");

    let letter = folder.0.join("letter.sqlite");
    std::fs::write(&letter, "not a database, but long enough to be taken for one by a careless reader of files")
        .unwrap();
    let database = format!("sqlite:{}", letter.display());
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--database", &database]);
    refuses(&output, 1, "not a database");
}

#[test]
fn sigterm_drains_and_exits_0_and_the_log_keeps_secrets() {
    let folder = Folder::new();
    let served = Served::start(&folder, &["--demo", "--log", "debug"]);
    assert!(served.ask("GET /healthz HTTP/1.1").starts_with("HTTP/1.1 200"));
    let secret = "unisson_login=c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U";
    let refused = served.ask(&format!("GET /api/v1/me?token=eyJhbGciOiJIUzI1NiJ9.x.y HTTP/1.1\r\ncookie: {secret}"));
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let (code, log) = served.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("\"http.route\":\"/api/v1/me\"") || log.contains("/api/v1/me"), "{log}");
    for kept in ["c2VjcmV0", "eyJhbG", "127.0.0.1:0"] {
        assert!(!log.contains(kept), "{kept} in the log:\n{log}");
    }
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "not JSON: {line}");
    }
}

#[test]
fn a_token_stands_alone_on_its_line() {
    let folder = Folder::new();
    let database = folder.database();
    let base = ["token", "--database", &database, "--document", "notes/été", "--access", "write", "--user", "alice"];
    let output = run(&base);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let token = text(&output.stdout);
    assert_eq!((token.lines().count(), token.trim().split('.').count()), (1, 3));
    assert!(output.stderr.is_empty());
    let mut odd = base.to_vec();
    odd.extend(["--ttl", "forever"]);
    refuses(&run(&odd), 2, "forever");
}

#[test]
fn migrate_and_seed_say_what_they_did_and_do_it_once() {
    let folder = Folder::new();
    let database = folder.database();
    assert!(text(&run(&["migrate", "--database", &database]).stdout).contains("migrations applied"));
    assert!(text(&run(&["migrate", "--database", &database]).stdout).contains("up to date"));
    assert!(text(&run(&["seed", "--database", &database]).stdout).contains("is laid"));
    assert!(text(&run(&["seed", "--database", &database]).stdout).contains("already"));
}

#[test]
fn the_doctor_names_the_mend() {
    let folder = Folder::new();
    let letter = folder.0.join("letter.sqlite");
    std::fs::write(&letter, "not a database, but long enough to be taken for one by a careless reader of files")
        .unwrap();
    let database = format!("sqlite:{}", letter.display());
    let output = run(&["doctor", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--database", &database]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.lines().any(|line| line.starts_with("PROBLEM") && line.contains("Mend:")), "{told}");
    assert!(told.lines().any(|line| line.starts_with("ok       workers")), "{told}");
    assert!(output.stderr.is_empty());
}

#[test]
fn the_api_is_printed_as_it_is_committed() {
    let printed = run(&["openapi"]).stdout;
    let committed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    assert!(printed == committed, "server/openapi.json is not the code's: run `make openapi`");
}
