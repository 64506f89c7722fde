//! The servers that are measured: what they are called, how they are started, and where a room is on each.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{client::Door, dialect::Dialect, postgres::Postgres, usage::Tree};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    Relay,
    Unisson,
    UnissonHocuspocus,
    UnissonPostgres,
    /// Another build of ours, next to the first.
    UnissonOther,
    Hocuspocus,
    HocuspocusSqlite,
    YWebsocket,
    YWebsocketLevel,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Relay => "bare relay",
            Self::Unisson => "unisson, SQLite",
            Self::UnissonHocuspocus => "unisson, SQLite, Hocuspocus clients",
            Self::UnissonPostgres => "unisson, PostgreSQL",
            Self::UnissonOther => "unisson, SQLite, the other build",
            Self::Hocuspocus => "@hocuspocus/server, memory",
            Self::HocuspocusSqlite => "@hocuspocus/server, SQLite",
            Self::YWebsocket => "@y/websocket-server, memory",
            Self::YWebsocketLevel => "@y/websocket-server, LevelDB",
        }
    }

    pub fn is_ours(self) -> bool {
        matches!(self, Self::Unisson | Self::UnissonHocuspocus | Self::UnissonPostgres | Self::UnissonOther)
    }

    pub fn is_peer(self) -> bool {
        !self.is_ours() && self != Self::Relay
    }

    /// What is written is there after a restart.
    pub fn keeps(self) -> bool {
        !matches!(self, Self::Relay | Self::Hocuspocus | Self::YWebsocket)
    }

    pub fn dialect(self) -> Dialect {
        match self {
            Self::UnissonHocuspocus | Self::Hocuspocus | Self::HocuspocusSqlite => Dialect::Hocuspocus,
            _ => Dialect::Yjs,
        }
    }
}

/// What servers are started with.
pub struct Programs {
    pub unisson: PathBuf,
    pub other: Option<PathBuf>,
    /// The folder of the peers, when they are installed.
    pub peers: Option<PathBuf>,
    pub postgres: Option<Postgres>,
}

impl Programs {
    /// Why this one can't be measured here.
    pub fn missing(&self, kind: Kind) -> Option<&'static str> {
        match kind {
            Kind::UnissonPostgres if self.postgres.is_none() => Some("no PostgreSQL on this machine"),
            Kind::UnissonOther if self.other.is_none() => Some("--other names no binary"),
            _ if kind.is_peer() && self.peers.is_none() => Some("the peers are not installed"),
            _ => None,
        }
    }
}

/// A server with its data. Ended and removed when dropped.
pub struct Server {
    pub kind: Kind,
    address: SocketAddr,
    metrics: SocketAddr,
    command: Vec<String>,
    database: Option<String>,
    environment: Vec<(&'static str, String)>,
    child: Option<Child>,
    folder: Folder,
}

impl Server {
    pub async fn start(kind: Kind, programs: &mut Programs) -> Result<Self> {
        Self::start_with(kind, programs, None, &[]).await
    }

    /// One of ours on a database that is there already, or with more to say to it.
    pub async fn start_with(
        kind: Kind,
        programs: &mut Programs,
        database: Option<String>,
        arguments: &[&str],
    ) -> Result<Self> {
        if let Some(why) = programs.missing(kind) {
            bail!(why);
        }
        let folder = Folder::new("server")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let file = |name: &str| folder.0.join(name).display().to_string();
        let peer = |script: &str| -> Result<Vec<String>> {
            let peers = programs.peers.as_ref().context("the peers are not installed")?;
            let node = peers.join("node_modules/.bin/node").display().to_string();
            Ok(vec![node, peers.join(script).display().to_string(), address.port().to_string()])
        };
        let program = match kind {
            Kind::UnissonOther => programs.other.as_ref().context("--other names no binary")?,
            _ => &programs.unisson,
        };
        let program = program.display().to_string();
        let listen = address.to_string();
        let unisson = |database: &str| -> Vec<String> {
            let words = [&program, "serve", "--open", "--listen", &listen, "--database", database];
            words.iter().chain(arguments).map(|word| (*word).to_owned()).collect()
        };
        let database = match kind {
            _ if database.is_some() => database,
            Kind::UnissonPostgres => {
                Some(programs.postgres.as_mut().context("no PostgreSQL on this machine")?.database()?)
            }
            _ if kind.is_ours() => Some(format!("sqlite:{}", file("unisson.sqlite"))),
            _ => None,
        };
        let mut environment = vec![("UNISSON_METRICS_LISTEN", metrics.to_string())];
        let command = match kind {
            Kind::Relay => {
                let program = std::env::current_exe()?.display().to_string();
                vec![program, "relay".to_owned(), address.to_string()]
            }
            _ if kind.is_ours() => unisson(database.as_deref().unwrap_or_default()),
            Kind::Hocuspocus => peer("hocuspocus.mjs")?,
            Kind::HocuspocusSqlite => {
                let mut command = peer("hocuspocus.mjs")?;
                command.push(file("hocuspocus.sqlite"));
                command
            }
            Kind::YWebsocket => peer("y-websocket.mjs")?,
            Kind::YWebsocketLevel => {
                environment.push(("YPERSISTENCE", file("level")));
                peer("y-websocket.mjs")?
            }
            Kind::Unisson | Kind::UnissonHocuspocus | Kind::UnissonOther | Kind::UnissonPostgres => {
                bail!("{} has no command", kind.name())
            }
        };
        let mut server = Self { kind, address, metrics, command, database, environment, child: None, folder };
        server.up().await?;
        Ok(server)
    }

    /// Starts it on the data it has, and waits until it listens.
    pub async fn up(&mut self) -> Result<()> {
        let log = fs::File::create(self.folder.0.join("log"))?;
        let [program, arguments @ ..] = &self.command[..] else { bail!("nothing to start") };
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("UNISSON_") {
                command.env_remove(name);
            }
        }
        let child = command
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder.0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("can't start {program}"))?;
        let child = self.child.insert(child);
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.address).await.is_err() {
            let over = child.try_wait()?;
            if over.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.0.join("log")).unwrap_or_default();
                bail!("{} does not listen ({over:?}): {log}", self.kind.name());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub async fn down(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(pid) = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            kill_process(pid, Signal::TERM)?;
        }
        if timeout(STOP_TIMEOUT, child.wait()).await.is_err() {
            child.kill().await?;
        }
        Ok(())
    }

    /// The address of its database; ours only.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    pub fn usage(&self) -> Result<Tree> {
        let id = self.child.as_ref().and_then(Child::id);
        Ok(Tree(id.with_context(|| format!("{} has ended", self.kind.name()))?))
    }

    pub fn door(&self, name: &str) -> Door {
        let path = match self.kind {
            Kind::UnissonHocuspocus => "/collab".to_owned(),
            Kind::Hocuspocus | Kind::HocuspocusSqlite => "/".to_owned(),
            Kind::YWebsocket | Kind::YWebsocketLevel => format!("/{name}"),
            Kind::Relay | Kind::Unisson | Kind::UnissonPostgres | Kind::UnissonOther => format!("/yjs/{name}"),
        };
        Door {
            address: self.address,
            path,
            name: name.to_owned(),
            dialect: self.kind.dialect(),
            answers: self.kind != Kind::Relay,
        }
    }

    /// A figure that the server counts itself; ours only.
    pub async fn counted(&self, name: &str) -> Result<f64> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(self.metrics).await.context("no metrics")?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let values = text.lines().filter(|line| line.starts_with(name));
        Ok(values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
    }
}

/// A folder under the temporary one, removed when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(what: &str) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("unisson-bench-{}-{number}-{what}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The folder of the peers, installed if npm can.
pub fn install_peers(folder: &Path) -> Result<PathBuf> {
    let installed = folder.join("node_modules/.package-lock.json");
    let made = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let is_current =
        made(&installed).is_ok_and(|at| made(&folder.join("package-lock.json")).is_ok_and(|lock| at >= lock));
    if !is_current {
        eprintln!("installing the peers in {}", folder.display());
        let status = std::process::Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .status()
            .context("npm is not installed")?;
        anyhow::ensure!(status.success(), "npm ci failed");
    }
    Ok(folder.to_path_buf())
}
