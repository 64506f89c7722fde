//! Sockets that are open, have their document and say nothing: how much memory each takes.

use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};
use tokio::{task::JoinSet, time::sleep};

use crate::{client::Client, cold::quiet, server::Server};

const OPENING: usize = 64;
/// Descriptors for everything else.
const SPARE: u64 = 500;

/// As many as asked for, or as this process may open.
pub fn sockets_allowed(wanted: usize) -> usize {
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX).saturating_sub(SPARE);
    wanted.min(usize::try_from(allowed).unwrap_or(usize::MAX))
}

/// Bytes of the server's memory for each of `sockets`, of which `per_room` share a document; and all its memory then.
pub async fn run(server: &Server, sockets: usize, per_room: usize) -> Result<(f64, u64)> {
    let usage = server.usage()?;
    quiet(usage).await?;
    let before = usage.memory()?;
    let mut open = Vec::with_capacity(sockets);
    let mut opening = JoinSet::new();
    for number in 0..sockets {
        if opening.len() == OPENING {
            open.extend(opening.join_next().await.transpose().context("a client broke")?);
        }
        let door = server.door(&format!("idle-{}", number / per_room));
        opening.spawn(async move { Client::open(&door).await.map(|(client, _)| client) });
    }
    while let Some(opened) = opening.join_next().await {
        open.push(opened.context("a client broke")?);
    }
    let open = open.into_iter().collect::<Result<Vec<Client>>>()?;
    sleep(Duration::from_secs(2)).await;
    let after = usage.memory()?;
    Ok((after.saturating_sub(before) as f64 / open.len() as f64, after))
}
