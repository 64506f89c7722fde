//! The command line.
//!
//! Exit codes: 0 done; 1 could not be done; 2 told wrongly (flags, variables, file). Each failure is one line on
//! the standard error. `worker` is for the program itself: it starts without a runtime and reads no settings.

use std::{io::Write, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, error::ErrorKind};
use crdt_store::{
    UserId,
    users::{NewUser, Role},
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    app, auth,
    auth::token::{Claims, MAX_TTL, Scope},
    config::{Config, ConfigError, Layer, unknown_variables},
    doctor, http, seed,
    shutdown::Shutdown,
    telemetry, workers,
};

/// The system refused something that was rightly asked.
const FAILED: u8 = 1;
/// What was asked makes no sense.
const WRONG: u8 = 2;

#[derive(Parser)]
#[command(name = "unisson", version, about = "Real-time collaboration server for professional communities")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages, the API and the sockets
    Serve(ServeArgs),
    /// Answer jobs on standard input (started by `serve`)
    Worker,
    /// Bring the database's tables to this version's
    Migrate(Place),
    /// Lay the demonstration: people, communities, documents
    Seed(SeedArgs),
    /// Print a signed token for one document
    Token(TokenArgs),
    /// Make an account, or change its role; with --link, print an address to sign in at once
    Account(AccountArgs),
    /// Say what is wrong with this installation, and the mend
    Doctor(DoctorArgs),
    /// Copy a SQLite database into a new file, while it is in use
    Backup(BackupArgs),
    /// Print the description of the API
    Openapi,
}

/// Where the settings and the database are.
#[derive(Args, Clone, Default)]
struct Place {
    /// Read settings from this TOML file [env: UNISSON_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite:PATH or postgres://USER@HOST/NAME [env: UNISSON_DATABASE] [default: sqlite:./data/unisson.sqlite]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

#[derive(Args, Clone, Default)]
struct ServeArgs {
    #[command(flatten)]
    place: Place,
    /// Address and port for people and clients [env: UNISSON_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Redis, for several nodes on one PostgreSQL: redis://, rediss:// or redis+cluster:// [env: UNISSON_REDIS]
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// The address people type, if another than the one listened on [env: UNISSON_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Lay the demonstration and let anyone sign in as its people [env: UNISSON_DEMO]
    #[arg(long)]
    demo: bool,
    /// Let anyone who reaches the server open any document by name [env: UNISSON_OPEN]
    #[arg(long)]
    open: bool,
    /// With --open: on an address that the network reaches [env: UNISSON_OPEN_TO_NETWORK]
    #[arg(long)]
    open_to_network: bool,
    /// Address and port of /metrics, empty for none [env: UNISSON_METRICS_LISTEN] [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    /// What is logged: a level, or a list such as warn,unisson=debug [env: UNISSON_LOG] [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Args)]
struct SeedArgs {
    #[command(flatten)]
    place: Place,
    /// How much: what one can look through, or as much as an administration has, to measure with
    #[arg(long, value_enum, default_value_t = Scale::Demo)]
    scale: Scale,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scale {
    /// Six people, three communities, a few documents
    Demo,
    /// 1,500 people, 120 communities, 6,000 documents
    Small,
    /// 25,000 people, 2,000 communities, 200,000 documents
    Full,
}

#[derive(Args)]
struct DoctorArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// Only ask the node that runs with these settings whether it is ready: 0 or 1, for containers
    #[arg(long)]
    running: bool,
    /// Read every document through, and print the hash of what each holds
    #[arg(long, conflicts_with = "running")]
    documents: bool,
}

#[derive(Args)]
struct BackupArgs {
    #[command(flatten)]
    place: Place,
    /// The new file, which must not exist
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum TokenAccess {
    Read,
    Write,
}

#[derive(Clone, Copy, ValueEnum)]
enum AccountRole {
    Administrator,
    Agent,
    Outsider,
}

#[derive(Args)]
struct AccountArgs {
    #[command(flatten)]
    place: Place,
    /// Whose: of an address there is one account
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// The name that others see, for a new account [default: what stands before the @]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What the person is to the instance [default for a new account: agent]
    #[arg(long)]
    role: Option<AccountRole>,
    /// The language of a new account's pages and mails
    #[arg(long, value_name = "LANGUAGE", value_parser = ["fr", "en"], default_value = "fr")]
    language: String,
    /// Print an address at which they sign in, once and within 15 minutes
    #[arg(long)]
    link: bool,
}

#[derive(Args)]
struct TokenArgs {
    #[command(flatten)]
    place: Place,
    /// The document's name; with write access it comes into being at first use
    #[arg(long, value_name = "NAME")]
    document: String,
    #[arg(long, value_enum)]
    access: TokenAccess,
    /// The person: an account's id, or any text that always means the same person
    #[arg(long, value_name = "ID")]
    user: String,
    /// The name shown to the others, for a person without an account
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How long it counts: 90s, 15m, 1h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_ttl)]
    ttl: Duration,
}

impl Place {
    fn layer(&self) -> Layer {
        Layer { database: self.database.clone(), ..Layer::default() }
    }

    fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.layer(), self.config.as_deref())?)
    }
}

impl ServeArgs {
    fn load(self) -> Result<Config, Failure> {
        let said = |flag: bool| flag.then_some(true);
        let flags = Layer {
            listen: self.listen,
            redis: self.redis,
            public_url: self.public_url,
            demo: said(self.demo),
            open: said(self.open),
            open_to_network: said(self.open_to_network),
            metrics_listen: self.metrics_listen,
            log: self.log,
            ..self.place.layer()
        };
        Ok(Config::load(flags, self.place.config.as_deref())?)
    }
}

/// How a command ended badly.
struct Failure {
    code: u8,
    line: String,
}

impl Failure {
    fn failed(error: impl std::fmt::Display) -> Self {
        Self { code: FAILED, line: error.to_string() }
    }

    fn wrong(error: impl std::fmt::Display) -> Self {
        Self { code: WRONG, line: error.to_string() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::wrong(error)
    }
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let ended = match cli.command {
        Command::Worker => return workers::worker_main(),
        Command::Openapi => openapi(),
        Command::Serve(args) => args.load().and_then(|config| block_on(serve(config))),
        Command::Migrate(place) => place.load().and_then(|config| block_on(migrate(config))),
        Command::Seed(args) => args.place.load().and_then(|config| block_on(lay(config, args.scale))),
        Command::Backup(args) => args.place.load().and_then(|config| block_on(backup(config, args.to))),
        Command::Token(args) => args.place.load().and_then(|config| block_on(token(config, args))),
        Command::Account(args) => args.place.load().and_then(|config| block_on(account(config, args))),
        Command::Doctor(args) => match args.serve.load() {
            Ok(config) => block_on(doctor(config, args.running, args.documents)),
            Err(failure) => Err(failure),
        },
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, line }) => {
            if !line.is_empty() {
                // What the system says may hold line ends of its own.
                eprintln!("unisson: {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            ExitCode::from(code)
        }
    }
}

/// Help and version as clap writes them; a mistake as one line.
fn explain(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(WRONG)
        }
        _ => {
            let text = error.render().to_string();
            let told: Vec<&str> = text.split("\n\n").next().unwrap_or_default().split_whitespace().collect();
            let told = told.join(" ");
            eprintln!("unisson: {} (unisson --help tells more)", told.strip_prefix("error: ").unwrap_or(&told));
            ExitCode::from(WRONG)
        }
    }
}

fn block_on<F: Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?.block_on(work)
}

async fn serve(config: Config) -> Result<(), Failure> {
    telemetry::start_log(&config.log).map_err(Failure::wrong)?;
    // Before anything is bound, so that a signal in the middle of the start is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let shutdown = Shutdown::new();
    let running = app::serve(config, shutdown.clone()).await.map_err(Failure::failed)?;
    for name in unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        tracing::warn!(variable = name, "a variable that means nothing here: is its name right?");
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.start();
    match running.join.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::failed("some edits could not be written before the end: clients still hold them")),
        Err(error) => Err(Failure::failed(error)),
    }
}

async fn migrate(config: Config) -> Result<(), Failure> {
    let db = app::open(&config).await.map_err(Failure::failed)?;
    let applied = db.migrate().await.map_err(Failure::failed)?;
    db.close().await;
    match applied {
        0 => say(&format!("{} is up to date", db.name())),
        1 => say(&format!("{}: 1 migration applied", db.name())),
        count => say(&format!("{}: {count} migrations applied", db.name())),
    }
}

async fn backup(config: Config, to: PathBuf) -> Result<(), Failure> {
    let db = app::open(&config).await.map_err(Failure::failed)?;
    let copied = db.copy_to(&to).await.map_err(Failure::failed)?;
    db.close().await;
    match copied {
        true => say(&format!("{} is copied into {}", db.name(), to.display())),
        false => Err(Failure::wrong("a PostgreSQL database is copied by its own tools: pg_dump --format=custom")),
    }
}

async fn lay(config: Config, scale: Scale) -> Result<(), Failure> {
    let db = app::open(&config).await.map_err(Failure::failed)?;
    db.migrate().await.map_err(Failure::failed)?;
    let now = (config.clock)();
    let tell = |line: &str| eprintln!("{line}");
    let seeded = match scale {
        Scale::Demo => seed::plant(&db, now).await,
        Scale::Small => seed::scale::lay(&db, seed::scale::SMALL, now, tell).await,
        Scale::Full => seed::scale::lay(&db, seed::scale::FULL, now, tell).await,
    };
    let seeded = seeded.map_err(Failure::failed)?;
    db.close().await;
    match seeded {
        seed::Seeded::Laid => say(&format!("the demonstration is laid in {}", db.name())),
        seed::Seeded::There => say(&format!("{} holds the demonstration already", db.name())),
    }
}

/// The first administrator has to come from somewhere.
async fn account(config: Config, args: AccountArgs) -> Result<(), Failure> {
    if !auth::is_address(args.email.trim()) {
        return Err(Failure::wrong("--email: not an address"));
    }
    let role = args.role.map(|role| match role {
        AccountRole::Administrator => Role::Administrator,
        AccountRole::Agent => Role::Agent,
        AccountRole::Outsider => Role::Outsider,
    });
    let db = app::open(&config).await.map_err(Failure::failed)?;
    db.migrate().await.map_err(Failure::failed)?;
    let local = args.email.trim().split('@').next().unwrap_or_default();
    let new = NewUser {
        id: UserId::fresh(),
        name: args.name.unwrap_or_else(|| local.to_owned()),
        email: Some(args.email.clone()),
        role: role.unwrap_or(Role::Agent),
        language: args.language,
    };
    let mut user = db.users().for_email(new).await.map_err(Failure::failed)?;
    if let Some(role) = role.filter(|role| *role != user.role) {
        user = db.users().set_role(user.id, role).await.map_err(Failure::failed)?;
    }
    let link = match args.link {
        true => {
            let auth = auth::Auth::open(&config, &db).await.map_err(Failure::failed)?;
            let path = auth.link_for(user.id).await.map_err(Failure::failed)?;
            Some(format!("{}{path}", config.origin(config.listen)))
        }
        false => None,
    };
    db.close().await;
    say(&format!("{} ({}) is {}", user.name, user.email.unwrap_or_default(), user.role))?;
    link.map_or(Ok(()), |link| say(&link))
}

async fn token(config: Config, args: TokenArgs) -> Result<(), Failure> {
    let db = app::open(&config).await.map_err(Failure::failed)?;
    db.migrate().await.map_err(Failure::failed)?;
    let key = auth::token_key(&db).await.map_err(Failure::failed)?;
    db.close().await;
    let now = (config.clock)().unix_timestamp();
    let seconds = i64::try_from(args.ttl.as_secs()).unwrap_or(i64::MAX);
    let claims = Claims {
        sub: args.user,
        name: args.name,
        doc: args.document,
        access: match args.access {
            TokenAccess::Read => Scope::Read,
            TokenAccess::Write => Scope::Write,
        },
        exp: now.saturating_add(seconds),
        iat: now,
    };
    if claims.sub.is_empty() || claims.doc.is_empty() {
        return Err(Failure::wrong("--user and --document can't be empty"));
    }
    say(&key.sign(&claims).map_err(Failure::failed)?)
}

async fn doctor(config: Config, running: bool, documents: bool) -> Result<(), Failure> {
    if documents {
        return read_documents(config).await;
    }
    let findings = match running {
        true => vec![doctor::running::ask(&config).await],
        false => doctor::examine(&config).await,
    };
    let mut well = true;
    for finding in &findings {
        well &= finding.is_well();
        say(&finding.to_string())?;
    }
    // Every problem has its own line already.
    if well { Ok(()) } else { Err(Failure::failed("")) }
}

async fn read_documents(config: Config) -> Result<(), Failure> {
    let mut unheard = false;
    let read = doctor::documents::read_all(&config, |line| unheard |= say(&line).is_err()).await;
    let sum = read.map_err(Failure::failed)?;
    let told = format!("{} documents, {} failing, {} updates set aside", sum.documents, sum.failing, sum.set_aside);
    match sum.failing == 0 && !unheard {
        true => {
            eprintln!("{told}");
            Ok(())
        }
        false => Err(Failure::failed(told)),
    }
}

fn openapi() -> Result<(), Failure> {
    let text = http::docs::text(&app::open_api()).map_err(Failure::failed)?;
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::failed)
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").map_err(Failure::failed)
}

/// `90s`, `15m`, `1h`, `7d`; more than a second and at most what is ever taken.
fn parse_ttl(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).len());
    let factor = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("s, m, h or d after the number".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "a number and s, m, h or d: 90s, 15m, 1h, 7d".to_owned())?;
    let ttl = Duration::from_secs(number.saturating_mul(factor));
    match ttl.as_secs() {
        0 => Err("at least a second".to_owned()),
        seconds if seconds > MAX_TTL.whole_seconds().unsigned_abs() => Err("at most 366d".to_owned()),
        _ => Ok(ttl),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_has_a_unit_and_bounds() {
        assert_eq!(parse_ttl("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(parse_ttl("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_ttl("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for odd in ["", "h", "0s", "1y", "-1h", "400d", "1 h 2", "99999999999999999999d"] {
            assert!(parse_ttl(odd).is_err(), "{odd}");
        }
    }
}
