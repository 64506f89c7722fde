//! What documents and deployment files say, held against the tree: a doc that can be checked is checked.

use std::{collections::BTreeSet, path::Path, process::Command};

use unisson::config::Layer;

use crate::source::{files, read, root};

/// Words of `text` that start with `start` and go on in letters, digits, `_` or `-`.
fn words_after<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    text.match_indices(start)
        .map(|(at, _)| {
            let rest = &text[at + start.len()..];
            let end = rest.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_' && sign != '-');
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|word| !word.is_empty())
        .collect()
}

fn documents() -> Vec<(String, String)> {
    let mut all = files("docs", &[".md"]);
    for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        all.push((name.to_owned(), read(name)));
    }
    all
}

#[test]
fn every_rule_that_is_said_to_hold_has_a_test_named_after_it() {
    let mut tests = String::new();
    for folder in ["server/src", "server/tests", "crdt-store", "tests", "benches"] {
        for (_, text) in files(folder, &[".rs", ".mjs", ".ts"]) {
            tests.push_str(&text);
        }
    }
    let mut rules = 0;
    let mut bare = Vec::new();
    for line in read("docs/SYNC.md").lines().filter(|line| line.starts_with("| S")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [rule, _, state] = cells[..] else { panic!("three cells are expected: {line}") };
        rules += 1;
        let name = format!("{}_", rule.to_lowercase());
        let is_tested = ["fn ", "'", "\"", "`"].iter().any(|before| tests.contains(&format!("{before}{name}")));
        match state {
            "holds" if !is_tested => bare.push(rule.to_owned()),
            "holds" | "one node" | "to come" => {}
            other => panic!("{rule}: {other:?} is no state"),
        }
    }
    assert_eq!(rules, 25, "docs/SYNC.md lists every rule once");
    assert!(bare.is_empty(), "said to hold, and no test is named after them: {bare:?}");
}

#[test]
fn the_readme_names_every_variable_and_no_other() {
    let known = read("server/src/config.rs");
    let code = known.split("#[cfg(test)]").next().unwrap_or_default();
    let known = words_after(code, "\"UNISSON_");
    let readme = read("README.md");
    let named = words_after(&readme, "`UNISSON_");
    let missing: Vec<_> = known.difference(&named).collect();
    assert!(missing.is_empty(), "README.md does not name UNISSON_{missing:?}");
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "README.md names variables that the server does not know: UNISSON_{unknown:?}");
}

#[test]
fn every_make_target_that_a_document_names_exists() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> =
        makefile.lines().filter_map(|line| line.split_once(": ##")).map(|(name, _)| name).collect();
    for (path, text) in documents() {
        for name in words_after(&text, "`make ") {
            assert!(targets.contains(name), "{path} names `make {name}`, which the Makefile does not have");
        }
    }
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut broken = Vec::new();
    for (path, text) in documents() {
        let folder = root().join(&path).parent().map(Path::to_path_buf).unwrap_or_default();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default().split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
                broken.push(format!("{path} -> {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_architecture_document_names_every_room() {
    let text = read("docs/ARCHITECTURE.md");
    for folder in ["server/src", "crdt-store/src", "web-client/src"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("the folder is there").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && name != "tests" {
                assert!(
                    text.contains(&format!("`{name}`")) || text.contains(&format!("{name}/")),
                    "{folder}/{name} is not in docs/ARCHITECTURE.md"
                );
            }
        }
    }
}

#[test]
fn the_example_configuration_has_every_key() {
    let Layer {
        listen,
        database,
        // Several nodes want PostgreSQL, and the example is one on SQLite: the key stands there as a comment.
        redis: None,
        public_url,
        demo,
        open,
        open_to_network,
        metrics_listen,
        log,
        drain_seconds,
        limits,
        workers,
        oidc,
        mail,
    } = Layer::from_file(&root().join("deploy/unisson.toml")).expect("the example is read")
    else {
        panic!("the example names Redis");
    };
    // That what it says is what counts without it, `config` holds by a test of its own.
    assert!(listen.is_some() && database.is_some() && public_url.is_some() && metrics_listen.is_some());
    assert!(demo.is_some() && open.is_some() && open_to_network.is_some());
    assert!(log.is_some() && drain_seconds.is_some() && limits.is_some() && workers.is_some());
    // Nobody signs in by a provider that is an example: these keys stand there as comments.
    assert!(oidc == Some(Default::default()) && mail == Some(Default::default()));
    for key in ["issuer", "client_id", "client_secret", "name", "scopes", "agent_domains", "others", "trust_email"] {
        assert!(read("deploy/unisson.toml").contains(&format!("\n# {key} = ")), "oidc.{key}");
    }
    for key in ["smtp", "from", "user", "password"] {
        assert!(read("deploy/unisson.toml").contains(&format!("\n# {key} = ")), "mail.{key}");
    }
    assert!(read("deploy/unisson.toml").contains("# redis = "));
}

#[test]
fn the_operations_document_explains_every_key_of_the_configuration() {
    let told = read("docs/OPERATIONS.md");
    let mut section = String::new();
    let mut keys = 0;
    for line in read("deploy/unisson.toml").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            keys += 1;
            assert!(told.contains(&format!("`{section}{key}`")), "docs/OPERATIONS.md has no `{section}{key}`");
        }
    }
    assert!(keys > 20, "the example was read");
}

/// Runs a program, if it is on this machine: whether it was content, and what it said.
fn run(program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn systemd_takes_the_unit_and_finds_it_closed() {
    let folder = std::env::temp_dir().join(format!("unisson-unit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let file = folder.join("unisson.service");
    // The program need not be installed where the test runs.
    let unit = read("deploy/unisson.service").replace("ExecStart=/usr/bin/unisson", "ExecStart=/bin/true");
    std::fs::write(&file, unit).expect("the unit is written");
    let path = file.to_string_lossy();
    let verified = run("systemd-analyze", &["verify", &path]);
    // Tenths: 10 is fully open, and what systemd calls "OK" ends at 4.9.
    let closed = run("systemd-analyze", &["security", "--offline=true", "--threshold=20", "--no-pager", &path]);
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    let Some((is_valid, said)) = verified else {
        eprintln!("systemd-analyze is not on this machine: the unit was not checked");
        return;
    };
    assert!(is_valid && said.trim().is_empty(), "{said}");
    if let Some((is_closed, said)) = closed {
        assert!(is_closed, "{said}");
    }
}
