//! `/readyz` says which part is ill: Redis gone is a degraded node, the database gone is none to send people to.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
};

use crate::kit::{Folder, Postgres, Process, Served, ask, free_port, program, tool, wait_for};

fn says(address: SocketAddr, status: u16, words: &[&str]) -> bool {
    let Ok(answer) = ask(address, "GET", "/readyz", b"") else { return false };
    answer.status == status && words.iter().all(|word| answer.text.contains(word))
}

/// What a supervisor is told by its exit code.
fn is_well(address: SocketAddr) -> bool {
    let asked = ["doctor", "--running", "--listen", &address.to_string()].map(str::to_owned);
    let output = Command::new(program()).args(asked).env_remove("UNISSON_CONFIG").output().expect("the doctor starts");
    output.status.success()
}

#[test]
fn a_node_says_which_part_is_ill_and_whether_people_should_come() {
    let (Some(redis), Some(postgres)) = (tool("redis-server"), Postgres::start()) else { return };
    let folder = Folder::new();
    let port = free_port();
    let start = || {
        let child = Command::new(&redis)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .current_dir(&folder.0)
            .stdout(Stdio::null())
            .spawn();
        Process(child.expect("Redis starts"))
    };
    let running = start();
    let node = Served::open_with(&postgres.url, "127.0.0.1:0", &["--redis", &format!("redis://127.0.0.1:{port}/")]);
    let at = node.address;
    wait_for("all is well", || says(at, 200, &[r#""redis":"ok""#, r#""database":"ok""#, r#""degraded":false"#]));
    assert!(is_well(at));

    running.end();
    wait_for("Redis is missed", || says(at, 200, &[r#""ready":true"#, r#""degraded":true"#, r#""redis":"failing""#]));
    assert!(is_well(at), "a node without Redis goes on");
    let again = start();
    wait_for("Redis is back", || says(at, 200, &[r#""redis":"ok""#, r#""degraded":false"#]));

    drop(postgres);
    wait_for("the database is missed", || says(at, 503, &[r#""ready":false"#, r#""database":"failing""#]));
    assert!(!is_well(at), "nobody should be sent there");
    drop((node, again));
}
