//! Documents as a merged whole: pure functions from the bytes of a log to bytes.
//!
//! A document is handed in as its *parts*: the updates of its log in order, each a Yjs V1 update that
//! applies after those before it. Everything here builds a throw-away document from them and answers
//! one question about it. This is the only place that names `yrs`, and `yrs` is not safe on hostile
//! bytes: the server calls these functions only inside `unisson worker` processes, on bytes the guard
//! ([`crate::update`]) has let through. The one exception makes a document from words of our own:
//! [`seed_rich_text`].

mod blocks;
mod compact;
mod read;
mod rich_text;
mod whole;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use compact::compact;
pub use read::read;
pub use rich_text::{Block, Span, Task, edit, seed_rich_text};
pub use whole::{check, covers, diff, verify};

/// Why a document could not be built or answered for. `part` counts from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocError {
    #[error("part {part} is not an update: {reason}")]
    Undecodable { part: usize, reason: String },
    #[error("part {part} can't be integrated: {reason}")]
    Unfit { part: usize, reason: String },
    #[error("part {part} lacks something it refers to")]
    Pending { part: usize },
    #[error("the state vector can't be read")]
    BadStateVector,
    #[error("the index can't be read")]
    BadIndex,
    #[error("the result does not pass the guard: {0}")]
    Unsound(String),
    #[error("the edit does not fit the document: {0}")]
    BadEdit(String),
}

/// A document written anew: what a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// Updates that apply one after the other, at most [`PART_BYTES`] each where that is possible;
    /// the deletes are in the last.
    pub parts: Vec<Bytes>,
    /// The encoded `update::Index` of the whole document, its delete set complete.
    pub index: Bytes,
}

/// The size in bytes a part of a snapshot should not exceed.
pub const PART_BYTES: usize = 256 * 1024;

/// What `read` makes of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The words of the rich text `default`, one block a line.
    Text,
    /// The rich text `default` as ProseMirror JSON.
    Json,
    /// A digest that is the same for any two documents of the same content, whatever their history.
    StateHash,
}

/// A change made by the server itself, under a client id that nobody else has used in the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    pub client: u64,
    pub change: Change,
}

/// What an [`Edit`] does to the rich text `default`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Blocks are added at the end.
    Append(Vec<Block>),
    /// What is there goes, the blocks come in its place.
    Replace(Vec<Block>),
}
