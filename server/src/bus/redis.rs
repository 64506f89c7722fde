//! The bus over Redis: publish and subscribe, one multiplexed connection a node.
//!
//! One task owns the connection. It hands over what has gathered while the previous handful was on its way, and
//! subscribes for the rooms that are open. When Redis is away it tries again with growing pauses, and drops what
//! is published meanwhile: the log has it. When it is back, every topic is subscribed again and every listener
//! is told [`Heard::Back`].
//!
//! What comes in goes from Redis' own reader straight to the listener's ear, which doesn't wait. On a Redis
//! Cluster the channels are sharded. This is the only file that names the `redis` crate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use dashmap::DashMap;
use futures_util::future::join_all;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisError, Value,
    aio::MultiplexedConnection, cluster::ClusterClient, cluster_async::ClusterConnection, cmd, pipe,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Bus, Ear, Envelope, Heard, Link, NodeId, Subscribed, Topic};

/// Channels begin with this, and patterns for access lists may rely on it.
const PREFIX: &str = "unisson:doc:";
/// Scheme of an address list that names nodes of a Redis Cluster: `redis+cluster://host:port,host:port`.
const CLUSTER: &str = "redis+cluster://";
const CLUSTER_TLS: &str = "rediss+cluster://";

/// Bytes that wait for Redis. What comes beyond is dropped; the log has it.
const WAITING_MAX: usize = 16 << 20;
/// Commands in one handful.
const HANDFUL: usize = 512;
const ANSWER_IN: Duration = Duration::from_secs(2);
const CONNECT_IN: Duration = Duration::from_secs(3);
/// A quiet connection is asked for a sign of life so often.
const PING_EVERY: Duration = Duration::from_secs(1);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(2);

/// Why an address can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadAddress(String);

/// What doctors want to know of a Redis that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub version: String,
    /// What it does when its memory is full.
    pub when_full: String,
    /// From publishing to hearing it.
    pub round_trip: Duration,
}

enum Task {
    Publish(Topic, Bytes),
    Subscribe(Topic, oneshot::Sender<()>),
    Unsubscribe(Topic),
}

struct Shared {
    node: NodeId,
    ears: DashMap<Topic, Ear>,
    connected: AtomicBool,
    waiting: AtomicUsize,
    tasks: mpsc::UnboundedSender<Task>,
    dropped: metrics::Counter,
    published: metrics::Counter,
    received: metrics::Counter,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
}

impl Redis {
    /// Checks the address, and makes the bus and the task that runs it until `end`. Redis need not be there yet.
    pub fn new(
        url: &str,
        end: CancellationToken,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), BadAddress> {
        let address = Address::parse(url)?;
        let (tasks, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            node: Uuid::new_v4(),
            ears: DashMap::new(),
            connected: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            tasks,
            dropped: metrics::counter!("unisson_bus_dropped_total"),
            published: metrics::counter!("unisson_bus_published_total"),
            received: metrics::counter!("unisson_bus_received_total"),
        });
        metrics::gauge!("unisson_bus_connected").set(0.0);
        let running = run(address, shared.clone(), queue, end);
        Ok((Self { shared }, running))
    }

    pub fn is_connected(&self) -> bool {
        self.shared.connected.load(Ordering::Relaxed)
    }
}

impl Bus for Redis {
    fn node(&self) -> NodeId {
        self.shared.node
    }

    fn publish(&self, topic: Topic, envelope: Bytes) {
        let shared = &self.shared;
        let waiting = shared.waiting.load(Ordering::Relaxed);
        if !self.is_connected() || waiting + envelope.len() > WAITING_MAX {
            shared.dropped.increment(1);
            return;
        }
        shared.waiting.fetch_add(envelope.len(), Ordering::Relaxed);
        let _ = shared.tasks.send(Task::Publish(topic, envelope));
    }

    fn subscribe(&self, topic: Topic, ear: Ear) -> Subscribed {
        self.shared.ears.insert(topic, ear);
        let (done, subscribed) = oneshot::channel();
        let _ = self.shared.tasks.send(Task::Subscribe(topic, done));
        Box::pin(async move {
            let _ = timeout(ANSWER_IN, subscribed).await;
        })
    }

    fn unsubscribe(&self, topic: Topic) {
        self.shared.ears.remove(&topic);
        let _ = self.shared.tasks.send(Task::Unsubscribe(topic));
    }

    fn link(&self) -> Link {
        if self.is_connected() { Link::Connected } else { Link::Cut }
    }
}

impl Shared {
    /// Called by the reader of the connection with everything that Redis says unasked.
    fn hear(&self, push: PushInfo, lost: &mpsc::Sender<()>) {
        match push.kind {
            PushKind::Message | PushKind::SMessage => {
                let mut data = push.data.into_iter();
                let (Some(Value::BulkString(channel)), Some(Value::BulkString(message))) = (data.next(), data.next())
                else {
                    return;
                };
                // Redis sends a node its own words as well.
                if Envelope::sender(&message) == Some(self.node) {
                    return;
                }
                self.received.increment(1);
                let Some(ear) = topic_of(&channel).and_then(|topic| self.ears.get(&topic).map(|ear| ear.clone()))
                else {
                    return;
                };
                match Envelope::decode(&Bytes::from(message)) {
                    Ok(envelope) => ear(Heard::Envelope(envelope)),
                    Err(malformed) => {
                        metrics::counter!("unisson_bus_malformed_total").increment(1);
                        tracing::warn!(reason = malformed.code(), "bus.hear met an envelope that can't be read");
                    }
                }
            }
            PushKind::Disconnection => {
                let _ = lost.try_send(());
            }
            _ => {}
        }
    }

    fn taken(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }
}

fn channel_of(topic: Topic) -> String {
    format!("{PREFIX}{topic}")
}

fn topic_of(channel: &[u8]) -> Option<Topic> {
    let rest = std::str::from_utf8(channel).ok()?.strip_prefix(PREFIX)?;
    let (document, epoch) = rest.rsplit_once(':')?;
    Some(Topic { document: document.parse().ok()?, epoch: epoch.parse().ok()? })
}

/// Where Redis is, checked.
#[derive(Clone)]
enum Address {
    One(Box<Client>),
    Cluster(Vec<String>),
}

impl Address {
    fn parse(url: &str) -> Result<Self, BadAddress> {
        let wrong = |error: RedisError| BadAddress(format!("the address of Redis can't be used: {error}"));
        for (scheme, each) in [(CLUSTER, "redis://"), (CLUSTER_TLS, "rediss://")] {
            if let Some(rest) = url.strip_prefix(scheme) {
                // One name and password may stand before the first host, for all of them.
                let (login, hosts) = rest.rsplit_once('@').map_or(("", rest), |(login, hosts)| (login, hosts));
                let at = if login.is_empty() { "" } else { "@" };
                let nodes: Vec<String> = hosts.split(',').map(|host| format!("{each}{login}{at}{host}")).collect();
                for node in &nodes {
                    Client::open(node.as_str()).map_err(wrong)?;
                }
                return Ok(Self::Cluster(nodes));
            }
        }
        // Pushed messages need the third version of the protocol, whatever the address says.
        let info = redis::IntoConnectionInfo::into_connection_info(url).map_err(wrong)?;
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Client::open(info.set_redis_settings(settings)).map(|client| Self::One(Box::new(client))).map_err(wrong)
    }

    async fn connect(&self, hear: impl Fn(PushInfo) + Send + Sync + 'static) -> Result<Line, RedisError> {
        let hear = move |push| -> Result<(), redis::aio::SendError> {
            hear(push);
            Ok(())
        };
        match self {
            Self::One(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_push_sender(hear)
                    .set_connection_timeout(Some(CONNECT_IN))
                    .set_response_timeout(Some(ANSWER_IN));
                Ok(Line::One(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Self::Cluster(nodes) => {
                let client = ClusterClient::builder(nodes.clone())
                    .use_protocol(ProtocolVersion::RESP3)
                    .connection_timeout(CONNECT_IN)
                    .response_timeout(ANSWER_IN)
                    .push_sender(hear)
                    .build()?;
                let connecting = timeout(CONNECT_IN, client.get_async_connection());
                let line =
                    connecting.await.map_err(|_| RedisError::from((ErrorKind::Io, "connecting took too long")))??;
                Ok(Line::Cluster(line))
            }
        }
    }
}

/// A connection that stands.
enum Line {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Line {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), RedisError> {
        let channels: Vec<String> = topics.iter().copied().map(channel_of).collect();
        match self {
            Self::One(line) => line.subscribe(&channels).await,
            Self::Cluster(line) => {
                // Channels of different slots can't be named in one command.
                for channel in channels {
                    line.ssubscribe(channel).await?;
                }
                Ok(())
            }
        }
    }

    async fn unsubscribe(&mut self, topic: Topic) -> Result<(), RedisError> {
        match self {
            Self::One(line) => line.unsubscribe(channel_of(topic)).await,
            Self::Cluster(line) => line.sunsubscribe(channel_of(topic)).await,
        }
    }

    async fn publish(&mut self, messages: &[(Topic, Bytes)]) -> Result<(), RedisError> {
        match self {
            Self::One(line) => {
                let mut pipe = pipe();
                for (topic, envelope) in messages {
                    pipe.cmd("PUBLISH").arg(channel_of(*topic)).arg(&envelope[..]).ignore();
                }
                pipe.query_async(line).await
            }
            Self::Cluster(line) => {
                let sending = messages.iter().map(|(topic, envelope)| {
                    let mut line = line.clone();
                    async move {
                        let publish: Cmd = cmd("SPUBLISH").arg(channel_of(*topic)).arg(&envelope[..]).take();
                        publish.query_async::<i64>(&mut line).await.map(|_| ())
                    }
                });
                join_all(sending).await.into_iter().collect()
            }
        }
    }

    async fn ping(&mut self) -> Result<(), RedisError> {
        let ping = cmd("PING");
        match self {
            Self::One(line) => ping.query_async(line).await,
            Self::Cluster(line) => ping.query_async(line).await,
        }
    }
}

async fn run(address: Address, shared: Arc<Shared>, mut queue: mpsc::UnboundedReceiver<Task>, end: CancellationToken) {
    let mut pause = RETRY_FIRST;
    let mut told = false;
    let mut met_before = false;
    loop {
        let (lost, mut is_lost) = mpsc::channel(1);
        let hear = {
            let shared = shared.clone();
            move |push| shared.hear(push, &lost)
        };
        let connected = tokio::select! {
            connected = address.connect(hear) => connected,
            () = end.cancelled() => return,
        };
        let began = Instant::now();
        let outcome = match connected {
            Ok(line) => {
                let talking = talk(line, &shared, &mut queue, &mut is_lost, met_before);
                tokio::select! {
                    outcome = talking => outcome,
                    () = end.cancelled() => return,
                }
            }
            Err(error) => Err(error),
        };
        let was_connected = shared.connected.swap(false, Ordering::Relaxed);
        metrics::gauge!("unisson_bus_connected").set(0.0);
        met_before |= was_connected;
        if was_connected || !told {
            told = true;
            let error = outcome.err().map(|error| error.to_string()).unwrap_or_default();
            tracing::warn!(error, "Redis is away: other nodes' edits come by way of the database, more slowly");
        }
        if was_connected && began.elapsed() > RETRY_LAST {
            pause = RETRY_FIRST;
        }
        let waiting = sleep(pause);
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                () = &mut waiting => break,
                () = end.cancelled() => return,
                Some(task) = queue.recv() => leave(&shared, task),
            }
        }
        pause = (pause * 2).min(RETRY_LAST);
    }
}

/// What is asked while Redis is away. Subscriptions are made up for when it is back.
fn leave(shared: &Shared, task: Task) {
    match task {
        Task::Publish(_, envelope) => {
            shared.taken(envelope.len());
            shared.dropped.increment(1);
        }
        Task::Subscribe(_, done) => drop(done.send(())),
        Task::Unsubscribe(_) => {}
    }
}

/// Serves the queue until the connection is lost.
async fn talk(
    mut line: Line,
    shared: &Shared,
    queue: &mut mpsc::UnboundedReceiver<Task>,
    is_lost: &mut mpsc::Receiver<()>,
    again: bool,
) -> Result<(), RedisError> {
    line.ping().await?;
    let topics: Vec<Topic> = shared.ears.iter().map(|ear| *ear.key()).collect();
    for some in topics.chunks(HANDFUL) {
        line.subscribe(some).await?;
    }
    shared.connected.store(true, Ordering::Relaxed);
    metrics::gauge!("unisson_bus_connected").set(1.0);
    tracing::info!(topics = topics.len(), "Redis is here");
    if again {
        metrics::counter!("unisson_bus_reconnections_total").increment(1);
        let ears: Vec<Ear> = shared.ears.iter().map(|ear| ear.clone()).collect();
        for ear in ears {
            ear(Heard::Back);
        }
    }
    let mut tasks = Vec::with_capacity(HANDFUL);
    let mut ping = interval(PING_EVERY);
    loop {
        tokio::select! {
            taken = queue.recv_many(&mut tasks, HANDFUL) => {
                if taken == 0 {
                    return Ok(());
                }
                let outcome = serve(&mut line, shared, &mut tasks).await;
                // What was not served is not served later either: its order would be lost.
                for task in tasks.drain(..) {
                    leave(shared, task);
                }
                outcome?;
            }
            _ = ping.tick() => line.ping().await?,
            _ = is_lost.recv() => {
                // A cluster's line mends itself; whoever was cut off is told what was missed.
                if let Line::Cluster(_) = line {
                    line.ping().await?;
                    let ears: Vec<Ear> = shared.ears.iter().map(|ear| ear.clone()).collect();
                    for ear in ears {
                        ear(Heard::Back);
                    }
                } else {
                    return Err(RedisError::from((ErrorKind::Io, "the connection was closed")));
                }
            }
        }
    }
}

/// Serves a handful, runs of the same kind together, in order. What is left in `tasks` was not served.
async fn serve(line: &mut Line, shared: &Shared, tasks: &mut Vec<Task>) -> Result<(), RedisError> {
    let mut messages: Vec<(Topic, Bytes)> = Vec::new();
    let mut subscribing: Vec<(Topic, oneshot::Sender<()>)> = Vec::new();
    let mut unsubscribing: Vec<Topic> = Vec::new();
    for task in tasks.drain(..) {
        match task {
            Task::Publish(topic, envelope) => {
                shared.taken(envelope.len());
                messages.push((topic, envelope));
            }
            Task::Subscribe(topic, done) => subscribing.push((topic, done)),
            Task::Unsubscribe(topic) => unsubscribing.push(topic),
        }
    }
    // A room that closes and opens again asks in that order; what counts is who listens now.
    unsubscribing.retain(|topic| !shared.ears.contains_key(topic));
    if !subscribing.is_empty() {
        let topics: Vec<Topic> = subscribing.iter().map(|(topic, _)| *topic).collect();
        line.subscribe(&topics).await?;
        for (_, done) in subscribing {
            let _ = done.send(());
        }
    }
    if !messages.is_empty() {
        match line.publish(&messages).await {
            Ok(()) => shared.published.increment(messages.len() as u64),
            Err(error) => {
                shared.dropped.increment(messages.len() as u64);
                return Err(error);
            }
        }
    }
    for topic in unsubscribing {
        line.unsubscribe(topic).await?;
    }
    Ok(())
}

/// Asks Redis how it is, and whether what is published is heard.
pub async fn check(url: &str) -> Result<Health, String> {
    let address = Address::parse(url).map_err(|error| error.to_string())?;
    let (heard, mut hearing) = mpsc::unbounded_channel();
    let hear = move |push: PushInfo| {
        if matches!(push.kind, PushKind::Message | PushKind::SMessage) {
            let _ = heard.send(());
        }
    };
    let mut line = address.connect(hear).await.map_err(|error| error.to_string())?;
    checked(&mut line, &mut hearing).await.map_err(|error| error.to_string())
}

async fn checked(line: &mut Line, hearing: &mut mpsc::UnboundedReceiver<()>) -> Result<Health, RedisError> {
    let topic = Topic { document: crdt_store::DocumentId(Uuid::new_v4()), epoch: 0 };
    line.subscribe(&[topic]).await?;
    let began = Instant::now();
    line.publish(&[(topic, Bytes::from_static(b"check"))]).await?;
    timeout(ANSWER_IN, hearing.recv())
        .await
        .map_err(|_| RedisError::from((ErrorKind::Io, "what is published isn't heard")))?;
    let round_trip = began.elapsed();
    let asked = cmd("INFO").arg("server").arg("memory").take();
    let info: String = match line {
        Line::One(line) => asked.query_async(line).await?,
        // Every node of a cluster answers for itself: one of them will do.
        Line::Cluster(line) => {
            let answers: std::collections::HashMap<String, String> = asked.query_async(line).await?;
            answers.into_values().next().unwrap_or_default()
        }
    };
    let fact = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or("unknown").trim().to_owned()
    };
    Ok(Health { version: fact("redis_version"), when_full: fact("maxmemory_policy"), round_trip })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_names_its_topic() {
        let topic = Topic { document: crdt_store::DocumentId(Uuid::from_u128(77)), epoch: 3 };
        assert_eq!(topic_of(channel_of(topic).as_bytes()), Some(topic));
        assert_eq!(topic_of(b"unisson:doc:nonsense"), None);
        assert_eq!(topic_of(b"other:00000000-0000-0000-0000-000000000001:1"), None);
    }

    #[test]
    fn addresses_are_checked_before_anything_is_started() {
        assert!(Address::parse("redis://localhost:6379/0").is_ok());
        assert!(Address::parse("rediss://user:secret@redis.example:6380/0").is_ok());
        assert!(matches!(Address::parse("redis+cluster://a:1,b:2"), Ok(Address::Cluster(nodes)) if nodes.len() == 2));
        assert!(Address::parse("http://localhost").is_err());
        assert!(Address::parse("localhost:6379").is_err());
    }
}
