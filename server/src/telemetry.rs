//! The log and the figures of a process.
//!
//! Lines are JSON when nobody reads along on a terminal. They hold no content, no token, no cookie and no
//! person's address; what a request or a room says of itself is written where that happens.

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
            const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
                .ok()?;
            let handle = builder.install_recorder().ok()?;
            describe();
            Some(handle)
        })
        .clone()
}

fn describe() {
    metrics::describe_histogram!(
        "unisson_http_request_seconds",
        metrics::Unit::Seconds,
        "Time to answer a request, by method, matched route and status"
    );
    metrics::describe_gauge!("unisson_connections", "Open TCP connections of the public listener");
    metrics::describe_counter!("unisson_logins_total", "People who signed in");
    metrics::gauge!("unisson_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}
