//! What a node is told: flags, then `UNISSON_*` variables, then a TOML file, then what stands here.
//!
//! [`Layer`] is one source with holes; layers are laid over one another and [`Config::from_layer`] checks the
//! result once. Every mistake is a [`ConfigError`] whose text is one line, for `main` to print before it
//! exits with 2. Nothing is read from the environment anywhere else.

mod mail;
mod oidc;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use time::OffsetDateTime;

pub use mail::{MailLayer, MailServer, Tls};
pub use oidc::{Oidc, OidcLayer, Others};

const PREFIX: &str = "UNISSON_";
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_DATABASE: &str = "sqlite:./data/unisson.sqlite";
const DEFAULT_METRICS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

/// A mistake in what the node was told. One line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("can't read the configuration file {path}: {reason}")]
    File { path: String, reason: String },
    #[error("can't read the file {path} that {name} names: {reason}")]
    Secret { name: &'static str, path: String, reason: String },
    #[error("{path}, line {line}: {reason}")]
    Syntax { path: String, line: usize, reason: String },
    #[error("{name}: {reason}")]
    Value { name: &'static str, reason: String },
}

fn wrong(name: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value { name, reason: reason.into() }
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where people and clients come in.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// Where nodes tell each other what happens. `None`: this node is alone, or hears of the others by the database.
    pub redis: Option<String>,
    /// The address people type, without a slash at its end. `None`: the one that is listened on.
    pub public_url: Option<String>,
    /// Demo people can sign in with one press.
    pub demo: bool,
    /// Anyone who reaches the server may open any document by name.
    pub open: bool,
    /// The identity provider that people sign in by.
    pub oidc: Option<Oidc>,
    /// Where letters are handed over. `None`: none are sent.
    pub mail: Option<MailServer>,
    pub metrics: Metrics,
    /// What is written to the log: `info`, or a list such as `warn,unisson=debug`.
    pub log: String,
    pub limits: Limits,
    pub workers: Workers,
    /// How long a drain may take before the node leaves all the same.
    pub drain_for: Duration,
    /// Where the node's times come from.
    pub clock: Clock,
}

/// A password or the like. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Handed to whoever needs the time, so that tests bring their own.
pub type Clock = fn() -> OffsetDateTime;

/// The one place where the server meets the clock.
fn system_clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Where Prometheus finds the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    Off,
    /// Loopback, because nobody said otherwise: a busy port is only a warning.
    Usual(SocketAddr),
    /// Asked for: a busy port is an error.
    At(SocketAddr),
}

/// What one client or document may take up. Sizes in encoded bytes, checked on the way in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A document, snapshot and log together; a document at its limit stays readable.
    pub document_bytes: usize,
    /// One update of a live client. What was written offline comes in one message, as large as a document.
    pub update_bytes: usize,
    /// The state of one person in presence.
    pub awareness_bytes: usize,
    /// Documents on one socket.
    pub documents_per_socket: usize,
    /// Messages of one socket a second that are no edits (cursors, tokens, questions): what comes faster waits, beyond
    /// twenty seconds' worth at once. 0: as fast as they like.
    pub chatter_per_second: u32,
    /// The same of edits, beyond 150 seconds' worth at once.
    pub edits_per_second: u32,
    /// 0: as many as they like.
    pub sockets_per_person: usize,
    /// 0: as many as they like. People behind one address of a ministry are many.
    pub sockets_per_address: usize,
    /// A room without sessions leaves memory after this long.
    pub idle_room_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 64 << 20,
            update_bytes: 64 << 20,
            awareness_bytes: 16 << 10,
            documents_per_socket: 1_000,
            chatter_per_second: 400,
            edits_per_second: 2_000,
            sockets_per_person: 100,
            sockets_per_address: 2_000,
            idle_room_ms: 30_000,
        }
    }
}

/// The processes that do what needs a Yjs document in memory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workers {
    /// This many at once. 0: as many as half the processors, at least 2.
    pub size: usize,
    /// Address space of each.
    pub memory_bytes: u64,
    pub job_timeout_ms: u64,
    pub jobs_before_recycle: u32,
    /// The program to start with the argument `worker`. Empty: the running one.
    pub program: PathBuf,
}

impl Default for Workers {
    fn default() -> Self {
        Self {
            size: 0,
            memory_bytes: 2 * 1024 * 1024 * 1024,
            job_timeout_ms: 30_000,
            jobs_before_recycle: 500,
            program: PathBuf::new(),
        }
    }
}

impl Workers {
    /// How many processes are started.
    pub fn count(&self) -> usize {
        match self.size {
            0 => std::thread::available_parallelism().map_or(2, |n| (n.get() / 2).max(2)),
            n => n,
        }
    }
}

/// One source of settings, with holes. The file is read into this as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    pub listen: Option<String>,
    pub database: Option<String>,
    pub redis: Option<String>,
    pub public_url: Option<String>,
    pub demo: Option<bool>,
    pub open: Option<bool>,
    pub open_to_network: Option<bool>,
    pub metrics_listen: Option<String>,
    pub log: Option<String>,
    pub drain_seconds: Option<u64>,
    pub limits: Option<Limits>,
    pub workers: Option<Workers>,
    pub oidc: Option<OidcLayer>,
    pub mail: Option<MailLayer>,
}

impl Layer {
    /// This layer, and what it leaves open from `below`.
    pub fn over(self, below: Layer) -> Layer {
        Layer {
            listen: self.listen.or(below.listen),
            database: self.database.or(below.database),
            redis: self.redis.or(below.redis),
            public_url: self.public_url.or(below.public_url),
            demo: self.demo.or(below.demo),
            open: self.open.or(below.open),
            open_to_network: self.open_to_network.or(below.open_to_network),
            metrics_listen: self.metrics_listen.or(below.metrics_listen),
            log: self.log.or(below.log),
            drain_seconds: self.drain_seconds.or(below.drain_seconds),
            limits: self.limits.or(below.limits),
            workers: self.workers.or(below.workers),
            oidc: merged(self.oidc, below.oidc, OidcLayer::over),
            mail: merged(self.mail, below.mail, MailLayer::over),
        }
    }

    /// From a TOML file. A key that means nothing is a mistake, not a wish.
    pub fn from_file(path: &Path) -> Result<Layer, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::File { path: shown.clone(), reason: first_line(&error.to_string()) })?;
        toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            ConfigError::Syntax { path: shown, line, reason: first_line(error.message()) }
        })
    }

    /// From variables, through `variable` so that tests bring their own. An empty one counts as absent,
    /// except the metrics listener's, where empty means off.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Layer, ConfigError> {
        let text = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let truth = |name: &'static str| text(name).map(|value| parse_truth(name, &value)).transpose();
        // What holds a password may lie in a file, where supervisors put secrets.
        let secret = |name: &'static str, file: &'static str| match (text(name), text(file)) {
            (Some(_), Some(_)) => Err(wrong(file, format!("{name} is set as well: leave one of them out"))),
            (None, Some(path)) => secret_in(file, &path).map(Some),
            (value, None) => Ok(value),
        };
        Ok(Layer {
            listen: text("UNISSON_LISTEN"),
            database: secret("UNISSON_DATABASE", "UNISSON_DATABASE_FILE")?,
            redis: secret("UNISSON_REDIS", "UNISSON_REDIS_FILE")?,
            public_url: text("UNISSON_PUBLIC_URL"),
            demo: truth("UNISSON_DEMO")?,
            open: truth("UNISSON_OPEN")?,
            open_to_network: truth("UNISSON_OPEN_TO_NETWORK")?,
            metrics_listen: variable("UNISSON_METRICS_LISTEN"),
            log: text("UNISSON_LOG"),
            drain_seconds: text("UNISSON_DRAIN_SECONDS")
                .map(|value| value.parse().map_err(|_| wrong("UNISSON_DRAIN_SECONDS", "not a number of seconds")))
                .transpose()?,
            limits: None,
            workers: None,
            oidc: Some(OidcLayer::from_variables(&text, &secret)?),
            mail: Some(MailLayer::from_variables(&text, &secret)?),
        })
    }
}

/// Variables that look meant for this program and are not known to it: a likely slip of the pen.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    const KNOWN: &[&str] = &[
        "UNISSON_CONFIG",
        "UNISSON_LISTEN",
        "UNISSON_DATABASE",
        "UNISSON_DATABASE_FILE",
        "UNISSON_REDIS",
        "UNISSON_REDIS_FILE",
        "UNISSON_PUBLIC_URL",
        "UNISSON_DEMO",
        "UNISSON_OPEN",
        "UNISSON_OPEN_TO_NETWORK",
        "UNISSON_METRICS_LISTEN",
        "UNISSON_LOG",
        "UNISSON_DRAIN_SECONDS",
        "UNISSON_OIDC_ISSUER",
        "UNISSON_OIDC_CLIENT_ID",
        "UNISSON_OIDC_CLIENT_SECRET",
        "UNISSON_OIDC_CLIENT_SECRET_FILE",
        "UNISSON_OIDC_NAME",
        "UNISSON_OIDC_SCOPES",
        "UNISSON_OIDC_AGENT_DOMAINS",
        "UNISSON_OIDC_OTHERS",
        "UNISSON_OIDC_TRUST_EMAIL",
        "UNISSON_MAIL_SMTP",
        "UNISSON_MAIL_FROM",
        "UNISSON_MAIL_USER",
        "UNISSON_MAIL_USER_FILE",
        "UNISSON_MAIL_PASSWORD",
        "UNISSON_MAIL_PASSWORD_FILE",
    ];
    names.filter(|name| name.starts_with(PREFIX) && !KNOWN.contains(&name.as_str())).collect()
}

impl Config {
    /// Flags over variables over the file that one of the two names.
    pub fn load(flags: Layer, file: Option<&Path>) -> Result<Config, ConfigError> {
        let variable = |name: &str| std::env::var(name).ok();
        let named = variable("UNISSON_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        let file = file.map(Path::to_path_buf).or(named);
        let base = file.as_deref().map(Layer::from_file).transpose()?.unwrap_or_default();
        Config::from_layer(flags.over(Layer::from_variables(&variable)?.over(base)))
    }

    /// Checks what the layers came to.
    pub fn from_layer(layer: Layer) -> Result<Config, ConfigError> {
        let listen = address("listen", layer.listen.as_deref().unwrap_or(DEFAULT_LISTEN))?;
        let database = layer.database.unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        check_database(&database)?;
        let redis = layer.redis.filter(|redis| !redis.trim().is_empty());
        if let Some(redis) = &redis {
            check_redis(redis, &database)?;
        }
        let open = layer.open.unwrap_or(false);
        if open && !listen.ip().is_loopback() && !layer.open_to_network.unwrap_or(false) {
            return Err(wrong(
                "open",
                format!(
                    "{listen} can be reached from the network, and anyone there could write in every document: say --open-to-network if that is meant"
                ),
            ));
        }
        let metrics = match layer.metrics_listen.as_deref().map(str::trim) {
            None => Metrics::Usual(DEFAULT_METRICS),
            Some("") => Metrics::Off,
            Some(text) => Metrics::At(address("metrics-listen", text)?),
        };
        let drain_for = Duration::from_secs(layer.drain_seconds.unwrap_or(25));
        let public_url = layer.public_url.as_deref().map(public_url).transpose()?;
        let limits = layer.limits.unwrap_or_default();
        check_limits(&limits)?;
        let oidc = layer.oidc.unwrap_or_default().check(public_url.as_deref())?;
        let mail = layer.mail.unwrap_or_default().check(public_url.as_deref())?;
        Ok(Config {
            listen,
            database,
            redis,
            public_url,
            demo: layer.demo.unwrap_or(false),
            open,
            oidc,
            mail,
            metrics,
            log: layer.log.unwrap_or_else(|| "info".to_owned()),
            limits,
            workers: layer.workers.unwrap_or_default(),
            drain_for,
            clock: system_clock,
        })
    }

    /// The address people type, once it is known which one is listened on.
    pub fn origin(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{bound}"))
    }

    /// Whether cookies are to travel over TLS only.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

fn merged<T>(above: Option<T>, below: Option<T>, over: fn(T, T) -> T) -> Option<T> {
    match (above, below) {
        (Some(above), Some(below)) => Some(over(above, below)),
        (above, below) => above.or(below),
    }
}

/// The one line of a file.
fn secret_in(name: &'static str, path: &str) -> Result<String, ConfigError> {
    let refused = |reason: String| ConfigError::Secret { name, path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| refused(first_line(&error.to_string())))?;
    match text.trim() {
        "" => Err(refused("it is empty".to_owned())),
        line if line.contains('\n') => Err(refused("it holds more than one line".to_owned())),
        line => Ok(line.to_owned()),
    }
}

fn address(name: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    let text = text.trim();
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    local
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| wrong(name, format!("{text:?} is not an address and a port, such as 127.0.0.1:8080")))
}

fn check_database(url: &str) -> Result<(), ConfigError> {
    let known = ["sqlite:", "postgres:", "postgresql:"];
    if let Some(rest) = known.iter().find_map(|scheme| url.strip_prefix(scheme)) {
        return match rest.trim_start_matches('/').is_empty() {
            true => Err(wrong("database", "nothing stands after the colon: sqlite:PATH or postgres://user@host/name")),
            false => Ok(()),
        };
    }
    // What was written may hold a password: only its scheme is shown.
    let scheme = url.split_once(':').map_or("no scheme", |(scheme, _)| scheme);
    Err(wrong("database", format!("{scheme:?} is not known here: sqlite:PATH or postgres://user@host/name")))
}

/// The address itself is judged when the bus is made; this names the commonest mistakes, and no password.
fn check_redis(url: &str, database: &str) -> Result<(), ConfigError> {
    let schemes = ["redis://", "rediss://", "redis+cluster://", "rediss+cluster://"];
    if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(wrong("redis", format!("an address begins with one of {}", schemes.join(", "))));
    }
    if database.starts_with("sqlite:") {
        return Err(wrong("redis", "several nodes need one PostgreSQL: SQLite serves a node that is alone"));
    }
    Ok(())
}

fn check_limits(limits: &Limits) -> Result<(), ConfigError> {
    if limits.update_bytes > limits.document_bytes {
        return Err(wrong("limits.update_bytes", "larger than limits.document_bytes"));
    }
    if limits.update_bytes < 64 * 1024 {
        return Err(wrong("limits.update_bytes", "at least 65536, or a paste would not fit"));
    }
    if limits.awareness_bytes < 1024 || limits.documents_per_socket == 0 {
        return Err(wrong("limits", "awareness_bytes is at least 1024, documents_per_socket at least 1"));
    }
    Ok(())
}

fn public_url(text: &str) -> Result<String, ConfigError> {
    let text = text.trim().trim_end_matches('/');
    let uri: axum::http::Uri = text.parse().map_err(|_| wrong("public-url", format!("{text:?} is not a URL")))?;
    let scheme = uri.scheme_str().unwrap_or_default();
    if !matches!(scheme, "http" | "https") || uri.authority().is_none() {
        return Err(wrong("public-url", format!("{text:?} does not start with https:// or http:// and a host")));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || text.contains('@') {
        return Err(wrong(
            "public-url",
            "only a scheme, a host and a port: the service stands at the root of its host",
        ));
    }
    Ok(text.to_ascii_lowercase())
}

fn parse_truth(name: &'static str, text: &str) -> Result<bool, ConfigError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(wrong(name, "neither true nor false")),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer() -> Layer {
        Layer { database: Some("sqlite:x".to_owned()), ..Layer::default() }
    }

    fn postgres() -> Layer {
        Layer { database: Some("postgres://u@h/n".to_owned()), ..Layer::default() }
    }

    #[test]
    fn redis_is_for_several_nodes_on_one_postgresql() {
        let with = |redis: &str| Layer { redis: Some(redis.into()), ..postgres() };
        let config = Config::from_layer(with("redis://:secret@r:6379/0")).expect("good");
        assert_eq!(config.redis.as_deref(), Some("redis://:secret@r:6379/0"));
        assert_eq!(Config::from_layer(with(" ")).expect("good").redis, None);
        assert!(refused(Layer { redis: Some("redis://r".into()), ..layer() }).contains("PostgreSQL"));
    }

    fn refused(layer: Layer) -> String {
        Config::from_layer(layer).expect_err("refused").to_string()
    }

    #[test]
    fn flags_win_over_variables_and_variables_over_the_file() {
        let file = Layer {
            listen: Some("127.0.0.1:1".into()),
            database: Some("sqlite:f".into()),
            demo: Some(true),
            ..Layer::default()
        };
        let variables =
            Layer { listen: Some("127.0.0.1:2".into()), database: Some("sqlite:v".into()), ..Layer::default() };
        let flags = Layer { listen: Some("127.0.0.1:3".into()), ..Layer::default() };
        let config = Config::from_layer(flags.over(variables.over(file))).expect("good");
        assert_eq!((config.listen.port(), config.database.as_str(), config.demo), (3, "sqlite:v", true));
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let config = Config::from_layer(Layer::default()).expect("good");
        assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
        assert_eq!(config.database, DEFAULT_DATABASE);
        assert!(matches!(config.metrics, Metrics::Usual(at) if at.ip().is_loopback()));
        assert!(!config.demo && !config.open && !config.is_secure());
    }

    #[test]
    fn an_empty_metrics_address_turns_them_off() {
        let variables = |name: &str| (name == "UNISSON_METRICS_LISTEN").then(String::new);
        let config = Config::from_layer(Layer::from_variables(&variables).expect("read")).expect("good");
        assert_eq!(config.metrics, Metrics::Off);
    }

    #[test]
    fn every_mistake_is_one_line_and_repeats_no_password() {
        let listen = |text: &str| Layer { listen: Some(text.into()), ..layer() };
        let mistakes = [
            listen("nowhere"),
            listen("1.2.3.4"),
            Layer { database: Some("mysql://me:hunter2@x/y".into()), ..layer() },
            Layer { database: Some("hunter2".into()), ..layer() },
            Layer { database: Some("sqlite:".into()), ..layer() },
            Layer { public_url: Some("unisson.example".into()), ..layer() },
            Layer { public_url: Some("https://x/y".into()), ..layer() },
            Layer { redis: Some("redis://:hunter2@x".into()), ..layer() },
            Layer { redis: Some("http://:hunter2@x".into()), ..postgres() },
            Layer { open: Some(true), ..listen("0.0.0.0:80") },
            Layer { metrics_listen: Some("x".into()), ..layer() },
            Layer { limits: Some(Limits { update_bytes: 1, ..Limits::default() }), ..layer() },
        ];
        for layer in mistakes {
            let text = refused(layer);
            assert!(!text.is_empty() && !text.contains('\n') && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn open_to_the_network_has_to_be_said() {
        let open = Layer { open: Some(true), listen: Some("0.0.0.0:80".into()), ..layer() };
        assert!(Config::from_layer(open.clone()).is_err());
        assert!(Config::from_layer(Layer { open_to_network: Some(true), ..open }).is_ok());
        assert!(Config::from_layer(Layer { open: Some(true), listen: Some("[::1]:80".into()), ..layer() }).is_ok());
    }

    #[test]
    fn an_unknown_key_in_the_file_is_named_with_its_line() {
        let path = std::env::temp_dir().join(format!("unisson-config-{}.toml", uuid::Uuid::now_v7()));
        std::fs::write(&path, "demo = true\nlissten = \"127.0.0.1:1\"\n").expect("written");
        let text = Layer::from_file(&path).expect_err("refused").to_string();
        std::fs::remove_file(&path).expect("removed");
        assert!(text.contains("line 2") && text.contains("lissten") && !text.contains('\n'), "{text}");
    }

    #[test]
    fn the_example_for_operators_is_a_configuration_and_says_the_defaults() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/unisson.toml");
        let layer = Layer::from_file(&path).expect("read");
        assert_eq!(layer.limits, Some(Limits::default()));
        assert_eq!(layer.workers, Some(Workers::default()));
        let config = Config::from_layer(layer).expect("good");
        assert!(config.is_secure() && !config.demo && !config.open);
    }

    #[test]
    fn what_holds_a_password_may_lie_in_a_file_of_one_line() {
        let path = std::env::temp_dir().join(format!("unisson-secret-{}", uuid::Uuid::now_v7()));
        let shown = path.display().to_string();
        let read = |also: Option<&str>| {
            let variables = |name: &str| match name {
                "UNISSON_DATABASE_FILE" => Some(shown.clone()),
                "UNISSON_DATABASE" => also.map(str::to_owned),
                _ => None,
            };
            Layer::from_variables(&variables).map(|layer| layer.database).map_err(|error| error.to_string())
        };
        assert!(read(None).expect_err("not there").contains("UNISSON_DATABASE_FILE"));
        std::fs::write(&path, "postgres://me:hunter2@x/y\n").expect("written");
        assert_eq!(read(None), Ok(Some("postgres://me:hunter2@x/y".to_owned())));
        assert!(read(Some("sqlite:x")).expect_err("both").contains("UNISSON_DATABASE is set as well"));
        std::fs::write(&path, "hunter2\nmore\n").expect("written");
        let told = read(None).expect_err("two lines");
        std::fs::remove_file(&path).expect("removed");
        assert!(!told.contains("hunter2") && !told.contains('\n'), "{told}");
    }

    #[test]
    fn a_truth_is_a_truth() {
        let variables = |name: &str| (name == "UNISSON_DEMO").then(|| "perhaps".to_owned());
        assert!(Layer::from_variables(&variables).is_err());
    }
}
