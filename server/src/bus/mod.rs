//! Across nodes: what one node tells the others about a document.
//!
//! The log is the truth and the bus a hint: what is lost here delays and never loses. [`local`] is the bus of a
//! node that is alone.

pub mod local;

use bytes::Bytes;
use crdt_store::{DocumentId, Epoch, Seq, UserId};
use uuid::Uuid;

/// What a node tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// An update was taken, and is not in the database yet.
    Accepted { document: DocumentId, epoch: Epoch, person: Option<UserId>, session: Uuid, update: Bytes },
    /// The log has a new row.
    Landed { document: DocumentId, epoch: Epoch, seq: Seq },
}

/// Takes envelopes to the other nodes, as far as there are any. Never waits.
pub trait Bus: Send + Sync + 'static {
    fn publish(&self, envelope: Envelope);
}
