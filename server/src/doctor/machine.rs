//! The machine and its place in the network: limits, memory, clock, and the address people type.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use super::{Finding, note, problem, well};
use crate::{config::Config, rooms::Settings};

/// With fewer files a node serves few people.
const FILES_FEW: u64 = 1_024;
const FILES_GOOD: u64 = 65_536;
/// The clock was surely set once it is past the making of this program (2025).
const NOT_BEFORE: Duration = Duration::from_secs(1_735_689_600);
/// A node with its rooms, beside workers and budgets.
const NODE_BYTES: u64 = 256 << 20;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![clock()];
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    findings.push(open_files(files));
    if let Some(bytes) = memory_bytes() {
        findings.push(memory(config, bytes));
    }
    findings
}

fn clock() -> Finding {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since > NOT_BEFORE => well("clock", "set"),
        _ => problem(
            "clock",
            "not set: tokens and logins would end at once",
            "set it, and keep it by NTP (timedatectl set-ntp true)",
        ),
    }
}

fn open_files(files: u64) -> Finding {
    let said = format!("{files} at once, one for each connection");
    match files {
        0..FILES_FEW => problem("open files", said, "ulimit -n 65536, LimitNOFILE= in a unit, ulimits in a container"),
        FILES_FEW..FILES_GOOD => note("open files", format!("{said}; raise it (ulimit -n) before thousands come")),
        _ => well("open files", said),
    }
}

/// What this process may have: the machine's, or less where a container or a unit says so.
fn memory_bytes() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = total_of(&read("/proc/meminfo")?)?;
    let own = read("/proc/self/cgroup")
        .and_then(|text| text.lines().find_map(|line| Some(line.strip_prefix("0::")?.to_owned())));
    let allowed = own.and_then(|own| read(&format!("/sys/fs/cgroup{own}/memory.max"))?.trim().parse().ok());
    Some(allowed.unwrap_or(u64::MAX).min(machine))
}

fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn memory(config: &Config, bytes: u64) -> Finding {
    let mib = |bytes: u64| bytes >> 20;
    let settings = Settings::default();
    let workers = config.workers.count() as u64 * config.workers.memory_bytes;
    let incoming = settings.strangers_bytes + settings.incoming_bytes;
    let most = workers + incoming + NODE_BYTES;
    let said = format!(
        "{} MiB; {} workers may take {} MiB together, messages on their way in {} MiB",
        mib(bytes),
        config.workers.count(),
        mib(workers),
        mib(incoming)
    );
    match most > bytes {
        true => {
            note("memory", format!("{said}: under attack that is too much, lower workers.size or workers.memory_bytes"))
        }
        false => well("memory", said),
    }
}

/// The address people type, against where the node listens.
pub(super) async fn public_address(config: &Config) -> Option<Finding> {
    let url = config.public_url.as_deref()?;
    let (scheme, authority) = url.split_once("://")?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(0)),
        _ => (authority, if scheme == "https" { 443 } else { 80 }),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback());
    if scheme == "http" && !local {
        let said = format!("{url}: cookies and text travel in clear. Put a proxy with TLS in front and say https://");
        return Some(note("public address", said));
    }
    if scheme == "https" && port == config.listen.port() && !config.listen.ip().is_loopback() {
        return Some(problem(
            "public address",
            format!("{url} leads to this node's own port, which speaks no TLS"),
            "listen on another port, and let a proxy with TLS take this one",
        ));
    }
    match tokio::net::lookup_host((host, port)).await {
        Ok(_) => Some(well("public address", format!("{url} is a name that is known here"))),
        Err(_) => Some(note("public address", format!("{url}: no address is known here for that name"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layer;

    fn told(listen: &str, url: &str) -> Config {
        let layer = Layer { listen: Some(listen.to_owned()), public_url: Some(url.to_owned()), ..Layer::default() };
        Config::from_layer(layer).expect("good")
    }

    #[tokio::test]
    async fn an_address_that_can_not_work_behind_a_proxy_is_told() {
        let judged = async |listen, url| public_address(&told(listen, url)).await.expect("there is one");
        assert!(matches!(judged("127.0.0.1:8080", "http://unisson.example").await, Finding::Note { .. }));
        assert!(!judged("0.0.0.0:443", "https://unisson.example").await.is_well());
        assert!(matches!(judged("127.0.0.1:8080", "https://localhost:8443").await, Finding::Well { .. }));
        assert!(matches!(judged("127.0.0.1:8080", "https://[::1]:8443").await, Finding::Well { .. }));
        assert!(public_address(&Config::from_layer(Layer::default()).expect("good")).await.is_none());
    }

    #[test]
    fn limits_are_judged_by_what_the_node_may_need() {
        assert!(!open_files(256).is_well());
        assert!(matches!(open_files(4_096), Finding::Note { .. }));
        assert!(matches!(open_files(262_144), Finding::Well { .. }));
        let config = Config::from_layer(Layer::default()).expect("good");
        assert!(matches!(memory(&config, 1 << 30), Finding::Note { .. }));
        assert!(matches!(memory(&config, 1 << 40), Finding::Well { .. }));
        assert_eq!(total_of("MemTotal:       24576 kB\nMemFree: 1 kB\n"), Some(24_576 * 1024));
    }
}
