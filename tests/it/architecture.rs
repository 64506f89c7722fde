//! Who may import whom (docs/ARCHITECTURE.md). The walls inside a crate hold because these tests fail otherwise.

use std::collections::BTreeMap;

use crate::source::{Named, files, lines_naming, own_paths, read};

/// The rooms of the server by floor, from the ground up. A room imports from floors below its own, and from
/// its own folder; beyond that only what [`NEIGHBOURS`] names.
const FLOORS: &[(u8, &[&str])] = &[
    (1, &["access", "config", "shutdown"]),
    (2, &["bus", "http", "mail", "workers", "telemetry"]),
    (3, &["rooms", "live", "auth"]),
    (4, &["state"]),
    (5, &["account", "admin", "communities", "documents"]),
    (6, &["app", "seed"]),
    (7, &["main", "cli", "doctor"]),
];

/// Rooms of one floor that know each other.
const NEIGHBOURS: &[(&str, &[&str])] =
    &[("mail", &["http"]), ("main", &["cli", "doctor"]), ("cli", &["doctor"]), ("app", &["seed"])];

/// What a room may not import although it lies below.
const CLOSED: &[(&str, &[&str])] = &[
    ("rooms", &["http", "config", "telemetry"]),
    ("live", &["http", "config", "telemetry", "workers"]),
    ("auth", &["bus", "workers", "telemetry"]),
    ("state", &["bus", "telemetry"]),
];

/// Where a crate may be named: prefixes of paths.
const CRATES: &[(&str, &[&str])] = &[
    ("sqlx", &["crdt-store/src/", "crdt-store/tests/"]),
    ("yrs", &["crdt-store/src/doc/", "crdt-store/tests/", "tests/"]),
    ("redis", &["server/src/bus/redis.rs"]),
    (
        "axum",
        &[
            "server/src/http/",
            "server/src/auth/",
            "server/src/state.rs",
            "server/src/account/",
            "server/src/communities/",
            "server/src/admin/",
            "server/src/documents/",
            "server/src/app",
            "server/src/config",
        ],
    ),
    ("ring", &["server/src/auth/"]),
    ("lettre", &["server/src/mail/"]),
    ("reqwest", &["server/src/auth/oidc/"]),
    ("rustls", &["server/src/auth/oidc/"]),
];

/// The walls between crates: what a manifest may not ask for.
const MANIFESTS: &[(&str, &[&str])] = &[
    ("crdt-store", &["axum", "hyper", "redis", "tokio-tungstenite", "unisson", "ring", "utoipa"]),
    ("server", &["sqlx", "yrs"]),
];

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, rooms)| rooms.contains(&room)).map(|(floor, _)| *floor)
}

fn listed(table: &[(&str, &[&str])], room: &str, other: &str) -> bool {
    table.iter().any(|(name, others)| *name == room && others.contains(&other))
}

/// What is wrong with `room` naming `path`, if anything is.
fn offence(room: &str, path: &[String]) -> Option<String> {
    let other = path.first()?.as_str();
    if other == room || other == "*" {
        return None;
    }
    let Some(below) = floor(other) else {
        // Re-exports of the crate's root hide where a thing lives.
        return Some(format!("{other} is not a room of the table"));
    };
    if listed(NEIGHBOURS, room, other) {
        return None;
    }
    if below >= floor(room).unwrap_or(0) {
        return Some(format!("{other} is on floor {below}, not below {room}"));
    }
    listed(CLOSED, room, other).then(|| format!("{room} may not know {other}"))
}

/// `server/src/http/problem.rs` → `["http", "problem"]`.
fn module_of(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("server/src/").trim_end_matches(".rs");
    inner.split('/').filter(|name| *name != "mod").collect()
}

#[test]
fn every_room_of_the_server_is_in_the_table() {
    let missing: Vec<String> = files("server/src", &[".rs"])
        .into_iter()
        .map(|(path, _)| module_of(&path)[0].to_owned())
        .filter(|room| room != "lib" && floor(room).is_none())
        .collect();
    assert!(missing.is_empty(), "give these a floor in tests/it/architecture.rs and docs/ARCHITECTURE.md: {missing:?}");
}

#[test]
fn a_room_imports_only_from_below() {
    let mut wrong = Vec::new();
    for (path, text) in files("server/src", &[".rs"]) {
        let module = module_of(&path);
        if module[0] == "lib" {
            continue;
        }
        for Named { path: named, line } in own_paths(&text, &module) {
            if let Some(why) = offence(module[0], &named) {
                wrong.push(format!("{path}:{line} names {}: {why}", named.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} imports against the table:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_program_is_put_together_from_the_library() {
    // `main` and what hangs on it speak to the library from outside, so the floors hold for them as well.
    let mut wrong = Vec::new();
    for (path, text) in files("server/src", &[".rs"]) {
        let room = module_of(&path)[0].to_owned();
        if room != "main" && !lines_naming(&text, "unisson").is_empty() {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "only the binary names its own library by name: {wrong:?}");
}

#[test]
fn a_crate_is_named_only_where_it_belongs() {
    let mut wrong = Vec::new();
    for folder in ["server/src", "crdt-store", "tests", "benches"] {
        for (path, text) in files(folder, &[".rs"]) {
            if path.contains("/src/") && path.contains("/tests") {
                continue;
            }
            for (name, places) in CRATES {
                if !places.iter().any(|place| path.starts_with(place)) {
                    wrong.extend(lines_naming(&text, name).iter().map(|line| format!("{path}:{line} names {name}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "crates named outside their place:\n{}", wrong.join("\n"));
}

#[test]
fn the_guard_knows_neither_yrs_nor_sql() {
    let wrong: Vec<String> = files("crdt-store/src/update", &[".rs"])
        .into_iter()
        .filter(|(path, _)| !path.contains("/tests"))
        .filter(|(_, text)| ["yrs", "sqlx", "tokio"].iter().any(|name| !lines_naming(text, name).is_empty()))
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "the update format is read without yrs, SQL or a runtime: {wrong:?}");
}

#[test]
fn a_manifest_keeps_the_walls_between_crates() {
    for (member, forbidden) in MANIFESTS {
        let text = read(&format!("{member}/Cargo.toml"));
        let asked: Vec<&str> = text
            .lines()
            .skip_while(|line| line.trim() != "[dependencies]")
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .collect();
        for name in *forbidden {
            assert!(!asked.contains(name), "{member} may not depend on {name}");
        }
    }
}

/// The rooms of the pages: what is drawn holds words, so `ui` stands on `i18n`. `embed` and `app` are roofs; a feature never knows another.
const WEB_FLOORS: &[(&str, u8)] =
    &[("api", 1), ("i18n", 1), ("ui", 2), ("editor", 3), ("sync", 3), ("features", 4), ("app", 5), ("embed", 5)];

/// The specifiers that a TypeScript file imports.
fn imports(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        for start in ["from \"", "import \"", "import(\"", "import.meta.glob(\""] {
            if let Some((before, rest)) = line.split_once(start)
                && !before.trim_start().starts_with("//")
                && let Some((name, _)) = rest.split_once('"')
            {
                found.push(name);
            }
        }
    }
    found
}

/// Where a relative specifier leads, from the folder of the importing file.
fn resolve(from: &str, specifier: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Room of a file below `web-client/src`, and for a feature which one.
fn web_room(path: &str) -> (Option<u8>, &str, &str) {
    let mut parts = path.split('/');
    let room = parts.next().unwrap_or_default();
    let inner = if room == "features" { parts.next().unwrap_or_default() } else { "" };
    (WEB_FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor), room, inner)
}

#[test]
fn a_room_of_the_pages_imports_only_from_below() {
    const SRC: &str = "web-client/src/";
    let mut wrong = Vec::new();
    let mut by_room: BTreeMap<String, usize> = BTreeMap::new();
    for (path, text) in files(SRC, &[".ts", ".tsx"]) {
        let path = path.trim_start_matches(SRC);
        let (floor, room, feature) = web_room(path);
        // Files beside the rooms (the entry, declarations) are the roof's.
        let Some(floor) = floor else { continue };
        *by_room.entry(room.to_owned()).or_default() += 1;
        for specifier in imports(&text) {
            if !specifier.starts_with('.') {
                if room == "editor" && specifier.starts_with("@tanstack/") {
                    wrong.push(format!("{path} imports {specifier}: the editor knows no address and no query"));
                }
                continue;
            }
            let Some(target) = resolve(path, specifier) else { continue };
            let (below, other, other_feature) = web_room(&target);
            if other == room && other_feature == feature {
                continue;
            }
            let is_door = other != "features" || target.split('/').count() == 2 || target.ends_with("/index");
            match below {
                Some(below) if below < floor && is_door => {}
                Some(_) if !is_door => {
                    wrong.push(format!("{path} imports {specifier}: a feature is entered by its index"))
                }
                _ => wrong.push(format!("{path} imports {specifier}: {other} is not below {room}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} imports against the table:\n{}", wrong.len(), wrong.join("\n"));
    assert!(by_room.contains_key("features"), "nothing was read: {by_room:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_offence(room: &str, path: &str) -> bool {
        offence(room, &path.split("::").map(str::to_owned).collect::<Vec<_>>()).is_some()
    }

    #[test]
    fn the_table_says_no_where_it_should() {
        assert!(is_offence("documents", "communities::Community"));
        assert!(is_offence("rooms", "http::upgrade"));
        assert!(is_offence("access", "config::Config"));
        assert!(is_offence("rooms", "serve"));
        assert!(!is_offence("documents", "rooms::Rooms"));
        assert!(!is_offence("rooms", "rooms::wire"));
    }

    #[test]
    fn specifiers_are_resolved_against_the_importing_file() {
        assert_eq!(
            imports("import { t } from \"../../i18n\";\nconst P = lazy(() => import(\"./page\"));"),
            ["../../i18n", "./page"]
        );
        assert_eq!(resolve("features/documents/list.tsx", "../../i18n").as_deref(), Some("i18n"));
        assert_eq!(resolve("features/documents/list.tsx", "./row").as_deref(), Some("features/documents/row"));
    }
}
