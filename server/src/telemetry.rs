//! The log and the figures of a process.
//!
//! Lines are JSON when nobody reads along on a terminal. They hold no content, no token, no cookie and no
//! person's address; what a request or a room says of itself is written where that happens. Every figure is
//! described here once: a test holds the list against the source and against docs/OPERATIONS.md.

use std::{
    io::{self, IsTerminal},
    sync::OnceLock,
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

/// Why the log can't start.
#[derive(Debug, thiserror::Error)]
#[error("log: {0:?} is not a level or a list of levels, such as info or warn,unisson=debug")]
pub struct BadFilter(String);

/// Starts the log of this process, on its standard error. Once is enough.
pub fn start_log(filter: &str) -> Result<(), BadFilter> {
    let wanted = EnvFilter::try_new(filter).map_err(|_| BadFilter(filter.to_owned()))?;
    let log = fmt().with_env_filter(wanted).with_writer(io::stderr);
    // A second start, by a test that runs two nodes, keeps the first one's log.
    let _ = match io::stderr().is_terminal() {
        true => log.with_target(false).try_init(),
        false => log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    Ok(())
}

/// The figures of this process, which all its nodes share.
pub fn figures() -> Option<PrometheusHandle> {
    static FIGURES: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    FIGURES
        .get_or_init(|| {
            // From a relayed letter (a tenth of a millisecond) to a job of a worker (half a minute).
            const SECONDS: &[f64] = &[
                0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
                30.0,
            ];
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                .ok()?;
            let handle = builder.install_recorder().ok()?;
            describe();
            Some(handle)
        })
        .clone()
}

const COUNTERS: &[(&str, &str)] = &[
    ("unisson_answers_total", "Differences between a document and what a client had that a worker computed"),
    ("unisson_bus_dropped_total", "Messages to other nodes that were not sent: Redis was away or slow"),
    ("unisson_bus_gaps_total", "Updates of other nodes that build on something the bus had not brought"),
    ("unisson_bus_malformed_total", "Messages of other nodes that could not be read"),
    ("unisson_bus_missed_total", "Messages of other nodes that a busy room had no room for; it reads the log later"),
    ("unisson_bus_published_total", "Messages sent to the other nodes"),
    ("unisson_bus_put_off_total", "Updates of other nodes left to the log: too many were not yet seen in it"),
    ("unisson_bus_received_total", "Messages of other nodes that came"),
    ("unisson_bus_reconnections_total", "Times Redis came back"),
    ("unisson_bus_repaired_updates_total", "Updates read from the log because the bus had not brought them"),
    ("unisson_bus_repairs_total", "Times a room caught up from the log"),
    ("unisson_bus_rescued_total", "Updates of another node that this one wrote, for that node had not"),
    ("unisson_commit_documents_total", "Documents written by commits"),
    ("unisson_commit_failures_total", "Commits that the database refused; they are tried again"),
    ("unisson_commits_total", "Commits of updates to the database"),
    ("unisson_compaction_failures_total", "Compactions that failed; they are tried again"),
    ("unisson_compactions_total", "Documents whose log was merged into a snapshot"),
    ("unisson_logins_total", "People who signed in"),
    ("unisson_mail_connection_failures_total", "Times the mail server was away or refused the conversation"),
    ("unisson_mails_failed_total", "Letters that were refused, or not sent in time"),
    ("unisson_mails_put_off_total", "Letters that were not accepted yet; they are tried again"),
    ("unisson_mails_sent_total", "Letters that a mail server accepted"),
    ("unisson_mails_uncertain_total", "Letters that may have been accepted or not, and are not sent again"),
    ("unisson_quarantined_total", "Stored updates that could not be merged and were set aside"),
    ("unisson_rights_failures_total", "Looks at the rights of all sessions that the database did not answer"),
    ("unisson_room_open_failures_total", "Documents that could not be opened"),
    ("unisson_socket_pauses_total", "Messages that waited because their connection talked faster than it may"),
    ("unisson_sockets_overflown_total", "Connections closed because their reader was too slow"),
    ("unisson_updates_received_total", "Updates that clients sent"),
    ("unisson_updates_relayed_total", "Updates put into the queue of another session"),
    ("unisson_worker_starts_total", "Worker processes that were started"),
];

/// Those with labels.
const COUNTERS_BY: &[(&str, &str)] = &[
    ("unisson_refusals_total", "Updates and openings that were refused, by reason"),
    ("unisson_rights_changed_total", "Open sessions whose right has changed, by what they may do now"),
    ("unisson_sign_in_refusals_total", "Sign-ins that were refused, by the code that the person was shown"),
    ("unisson_sockets_closed_total", "Connections that the server closed, by close code"),
    ("unisson_worker_deaths_total", "Worker processes that died at work, by cause"),
    ("unisson_worker_jobs_total", "Jobs given to workers, by kind and outcome"),
];

const GAUGES: &[(&str, &str)] = &[
    ("process_cpu_seconds_total", "Processor time of the server, its workers not counted"),
    ("process_max_fds", "Files and sockets that the process may hold open"),
    ("process_open_fds", "Files and sockets that the process holds open"),
    ("process_resident_memory_bytes", "Memory of the server, its workers not counted"),
    ("unisson_bus_connected", "1 while the node hears the others; 0 while it is cut off from Redis"),
    ("unisson_bus_heard_bytes", "Updates of other nodes that are known here and not yet seen in the log"),
    ("unisson_compactions_waiting", "Documents that wait to be compacted"),
    ("unisson_connections", "Open TCP connections of the public listener"),
    ("unisson_info", "1, with the version as a label"),
    ("unisson_mails_oldest_seconds", "How long the first letter in the outbox has been due"),
    ("unisson_mails_waiting", "Letters in the outbox that are due"),
    ("unisson_outbox_bytes", "What waits to be sent on all connections; told every 5 seconds"),
    ("unisson_part_up", "1 while a part of the node is well, by part; looked at every 10 seconds"),
    ("unisson_pending_bytes", "Updates that were accepted and are not in the database yet"),
    ("unisson_rooms", "Documents in memory"),
    ("unisson_sessions", "Sessions in rooms: one for each document that somebody has open"),
    ("unisson_sockets", "Open collaboration connections"),
    ("unisson_worker_jobs_waiting", "Jobs that wait for a worker"),
];

const SECONDS: &[(&str, &str)] = &[
    ("unisson_commit_seconds", "Time of one commit in the database"),
    ("unisson_compaction_seconds", "Time to merge the log of a document"),
    ("unisson_http_request_seconds", "Time to answer a request, by method, matched route and status"),
    ("unisson_relay_seconds", "From an update read off a connection to the queues of all who see it"),
    ("unisson_rights_seconds", "Time of one look at the rights of all sessions"),
    ("unisson_room_open_seconds", "Time to open a document: its log read, its index made"),
    ("unisson_save_seconds", "From an update accepted to its batch in the database: what people wait for \"saved\""),
    ("unisson_worker_job_seconds", "Time of a worker's job, by kind"),
];

fn describe() {
    for (name, text) in COUNTERS.iter().chain(COUNTERS_BY) {
        metrics::describe_counter!(*name, *text);
    }
    // A counter that begins at 1 has not grown in the eyes of Prometheus: all begin at 0.
    for (name, _) in COUNTERS {
        metrics::counter!(*name).increment(0);
    }
    for (name, text) in GAUGES {
        metrics::describe_gauge!(*name, *text);
    }
    for (name, text) in SECONDS {
        metrics::describe_histogram!(*name, metrics::Unit::Seconds, *text);
    }
    metrics::gauge!("unisson_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Figures of the process itself, under the names that Prometheus' own clients use. On Linux; elsewhere nothing.
pub fn look_at_process() {
    let own = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    if let Some(bytes) = own("status").as_deref().and_then(resident_bytes) {
        metrics::gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Some(seconds) = own("stat").as_deref().and_then(cpu_seconds) {
        metrics::gauge!("process_cpu_seconds_total").set(seconds);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(open.count() as f64);
    }
    if let Some(most) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        metrics::gauge!("process_max_fds").set(most as f64);
    }
}

fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// The kernel counts in hundredths of a second, whatever its own clock does.
fn cpu_seconds(stat: &str) -> Option<f64> {
    // The program's name may hold spaces: what follows it is counted.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_of_a_process_is_read() {
        assert_eq!(resident_bytes("Name:\tunisson\nVmRSS:\t   20480 kB\nThreads: 4\n"), Some(20_971_520.0));
        let stat = "77 (a (odd) name) S 1 77 77 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 5 0 100 0 0";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("nonsense"), None);
        assert_eq!(resident_bytes("VmRSS:\tmuch\n"), None);
    }
}
