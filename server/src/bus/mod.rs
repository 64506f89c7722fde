//! Across nodes: what one node tells the others about a document.
//!
//! The log is the truth and the bus a hint: what is lost here delays and never loses. Rooms publish what they
//! take and what has landed, and listen while they are open. [`local`] is the bus of a node that is alone,
//! [`redis`] the one of several.

mod envelope;
pub mod local;
pub mod redis;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use crdt_store::{DocumentId, Epoch};
use uuid::Uuid;

pub use envelope::{Envelope, News, Person};

/// A node for as long as its process runs.
pub type NodeId = Uuid;

/// What is spoken of: one lineage of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    pub document: DocumentId,
    pub epoch: Epoch,
}

impl fmt::Display for Topic {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}", self.document, self.epoch)
    }
}

/// No document has this id: here nodes tell one another what the feed tells their people, as [`News::Notify`].
pub const FEED: Topic = Topic { document: DocumentId(Uuid::nil()), epoch: 0 };

/// And here, of whom they have with them in which community.
pub const HERE: Topic = Topic { document: DocumentId(Uuid::nil()), epoch: 1 };

/// What comes in about a topic.
#[derive(Debug)]
pub enum Heard {
    Envelope(Envelope),
    /// The bus was away and is back: what was said meanwhile is lost.
    Back,
}

/// Who listens. Called on the bus's own task: it must not wait.
pub type Ear = Arc<dyn Fn(Heard) + Send + Sync>;

/// Resolves when what others say from now on is heard, or when that can't be had just now.
pub type Subscribed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a node stands to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// There are no others.
    Alone,
    Connected,
    /// What the others say is not heard just now.
    Cut,
}

/// Takes envelopes to the other nodes, as far as there are any.
pub trait Bus: Send + Sync + 'static {
    /// This node's name in envelopes.
    fn node(&self) -> NodeId;

    fn link(&self) -> Link;

    /// False where nobody ever listens: nothing need be put into words.
    fn has_listeners(&self) -> bool {
        self.link() != Link::Alone
    }

    /// Hands bytes over. Never waits; what can't be taken is dropped and counted.
    fn publish(&self, topic: Topic, envelope: Bytes);

    fn subscribe(&self, topic: Topic, ear: Ear) -> Subscribed;

    fn unsubscribe(&self, topic: Topic);
}
