//! What a worker can be asked, and what it answers.

use bytes::Bytes;
use crdt_store::doc::{Compacted, Edit, Form};

/// One question about one document, given as its parts (see [`crdt_store::doc`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// What somebody with this encoded state vector lacks: [`Answer::Update`].
    Diff { parts: Vec<Bytes>, state_vector: Bytes },
    /// The document written anew: [`Answer::Compacted`].
    Compact { parts: Vec<Bytes> },
    /// Whether the parts make a document that holds all an encoded index says: [`Answer::Verdict`].
    Verify { parts: Vec<Bytes>, index: Bytes },
    /// Whether the document would stay as it is if this update were applied: [`Answer::Verdict`].
    Covers { parts: Vec<Bytes>, update: Bytes },
    /// The document for readers: [`Answer::Text`].
    Read { parts: Vec<Bytes>, form: Form },
    /// The update that makes a change: [`Answer::Update`].
    Edit { parts: Vec<Bytes>, edit: Edit },
    /// The first part that can't be applied, if any: [`Answer::Fault`].
    Check { parts: Vec<Bytes> },
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Update(Bytes),
    Compacted(Compacted),
    Verdict(bool),
    Text(String),
    Fault(Option<usize>),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The worker died of this job.
    #[error("the worker crashed")]
    Crashed,
    #[error("the worker took too long and was ended")]
    TimedOut,
    #[error("the worker ran out of memory")]
    OutOfMemory,
    /// The worker is well, and says no.
    #[error("the worker refused: {0}")]
    Refused(String),
    /// Too many jobs are waiting already.
    #[error("the workers are busy")]
    Busy,
    /// The node is stopping.
    #[error("the workers are closed")]
    Closed,
}
