//! Figures, alerts and the dashboard: what one names, the others know.

use std::collections::BTreeSet;

use crate::source::{files, read};

/// Names of figures in a text: `unisson_…` and `process_…`, as Prometheus writes them.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
    text.split(|sign: char| !is_part(sign))
        .filter(|word| (word.starts_with("unisson_") || word.starts_with("process_")) && word.len() > 8)
        .map(|word| {
            let bare = ["_bucket", "_count", "_sum"].iter().find_map(|end| word.strip_suffix(end));
            bare.filter(|bare| bare.ends_with("_seconds")).unwrap_or(word).to_owned()
        })
        .collect()
}

/// The names that the server hands to `counter!`, `gauge!` and `histogram!`.
fn kept() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["server/src", "crdt-store/src"] {
        for (_, text) in files(folder, &[".rs"]) {
            for made in ["counter!(", "gauge!(", "histogram!("] {
                for (at, _) in text.match_indices(made) {
                    let before = text[..at].chars().next_back();
                    if before == Some('_') {
                        continue; // describe_counter! and its kin
                    }
                    let rest = text[at + made.len()..].trim_start();
                    if let Some(name) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                        found.insert(name.to_owned());
                    }
                }
            }
        }
    }
    found
}

fn described() -> BTreeSet<String> {
    let text = read("server/src/telemetry.rs");
    let lists = text.split("fn describe").next().expect("the lists come first");
    lists
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\""))
        .filter_map(|line| line.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn none(which: &str, names: impl Iterator<Item = String>) {
    let names: Vec<String> = names.collect();
    assert!(names.is_empty(), "{which}: {names:?}");
}

#[test]
fn every_figure_is_described_and_every_description_is_of_a_figure() {
    let (kept, described) = (kept(), described());
    assert!(kept.len() > 30, "the source was read");
    none("kept by the server, and not described in telemetry.rs", kept.difference(&described).cloned());
    none("described in telemetry.rs, and kept by nobody", described.difference(&kept).cloned());
}

#[test]
fn the_operations_document_tells_of_every_figure_and_of_no_other() {
    let (kept, told) = (kept(), named(&read("docs/OPERATIONS.md")));
    none("not in docs/OPERATIONS.md", kept.difference(&told).cloned());
    none("in docs/OPERATIONS.md, and kept by nobody", told.difference(&kept).cloned());
}

#[test]
fn alerts_and_dashboard_ask_for_figures_that_are_kept() {
    let kept = kept();
    let alerts = named(&read("deploy/prometheus/alerts.yaml"));
    let dashboard = named(&read("deploy/grafana/unisson.json"));
    none("asked for by an alert, and kept by nobody", alerts.difference(&kept).cloned());
    none("shown by the dashboard, and kept by nobody", dashboard.difference(&kept).cloned());
    none("kept, and shown nowhere on the dashboard", kept.difference(&dashboard).cloned());
}

#[test]
fn names_are_told_apart_from_their_series() {
    let found = named("rate(unisson_save_seconds_bucket[5m]) unisson_worker_jobs_waiting process_open_fds unisson_");
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["process_open_fds", "unisson_save_seconds", "unisson_worker_jobs_waiting"]
    );
}
