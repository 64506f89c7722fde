//! A throw-away PostgreSQL that syncs to disk as a real one does, or databases on the one that
//! `UNISSON_TEST_POSTGRES` names.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    server::{Folder, free_port},
    usage::Tree,
};

pub struct Postgres {
    bin: PathBuf,
    /// The server's URL without a database.
    base: String,
    cluster: Option<Folder>,
    databases: u32,
}

impl Postgres {
    /// `None` when there is no PostgreSQL on this machine.
    pub fn start() -> Result<Option<Self>> {
        let Some(bin) = binaries() else { return Ok(None) };
        if let Ok(url) = std::env::var("UNISSON_TEST_POSTGRES") {
            let (base, _) = url.rsplit_once('/').context("UNISSON_TEST_POSTGRES names no database")?;
            return Ok(Some(Self { bin, base: base.to_owned(), cluster: None, databases: 0 }));
        }
        let folder = Folder::new("postgres")?;
        if is_root() {
            check(Command::new("chown").arg("postgres").arg(&folder.0))?;
        }
        let (data, log) = (folder.0.join("data"), folder.0.join("log"));
        let port = free_port()?;
        check(
            as_postgres(&bin.join("initdb"), &folder.0)
                .args(["--no-sync", "-U", "unisson", "-A", "trust", "-E", "UTF8", "--locale=C", "-D"])
                .arg(&data),
        )?;
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''");
        check(
            as_postgres(&bin.join("pg_ctl"), &folder.0)
                .args(["-w", "-o", &options, "-D"])
                .arg(&data)
                .arg("-l")
                .arg(&log)
                .arg("start"),
        )?;
        let base = format!("postgres://unisson@127.0.0.1:{port}");
        Ok(Some(Self { bin, base, cluster: Some(folder), databases: 0 }))
    }

    /// What its processes take, if it is our own.
    pub fn usage(&self) -> Option<Tree> {
        let file = self.cluster.as_ref()?.0.join("data/postmaster.pid");
        fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok().map(Tree)
    }

    /// The URL of an empty database.
    pub fn database(&mut self) -> Result<String> {
        self.databases += 1;
        let name = format!("unisson_bench_{}_{}", std::process::id(), self.databases);
        check(Command::new(self.bin.join("psql")).arg(format!("{}/postgres", self.base)).args([
            "-q",
            "-c",
            &format!("create database {name}"),
        ]))?;
        Ok(format!("{}/{name}", self.base))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        match &self.cluster {
            Some(folder) => {
                let mut stop = as_postgres(&self.bin.join("pg_ctl"), &folder.0);
                let _ = check(stop.args(["-m", "immediate", "-w", "-D"]).arg(folder.0.join("data")).arg("stop"));
            }
            None => {
                for number in 1..=self.databases {
                    let name = format!("unisson_bench_{}_{number}", std::process::id());
                    let _ = check(Command::new(self.bin.join("psql")).arg(format!("{}/postgres", self.base)).args([
                        "-q",
                        "-c",
                        &format!("drop database {name} with (force)"),
                    ]));
                }
            }
        }
    }
}

fn binaries() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path());
    installed.max_by_key(|path| version(path)).map(|path| path.join("bin")).filter(|bin| bin.join("initdb").exists())
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Its programs refuse to run as root.
fn as_postgres(program: &Path, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

fn check(command: &mut Command) -> Result<()> {
    // To a file: a daemon keeps a pipe open for ever.
    let output = tempfile()?;
    let status = command
        .stdin(Stdio::null())
        .stdout(output.0.try_clone()?)
        .stderr(output.0.try_clone()?)
        .status()
        .with_context(|| format!("can't run {:?}", command.get_program()))?;
    let said = fs::read_to_string(&output.1).unwrap_or_default();
    fs::remove_file(&output.1)?;
    if !status.success() {
        bail!("{:?} failed: {}", command.get_program(), said.trim());
    }
    Ok(())
}

fn tempfile() -> Result<(fs::File, PathBuf)> {
    let path = std::env::temp_dir().join(format!("unisson-bench-output-{}", std::process::id()));
    Ok((fs::File::create(&path)?, path))
}
