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
    /// No worker can be started, which says nothing about the job.
    #[error("no worker can be started")]
    Unavailable,
    /// Too many jobs are waiting already.
    #[error("the workers are busy")]
    Busy,
    /// The node is stopping.
    #[error("the workers are closed")]
    Closed,
}

impl Job {
    /// The name used in metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Diff { .. } => "diff",
            Self::Compact { .. } => "compact",
            Self::Verify { .. } => "verify",
            Self::Covers { .. } => "covers",
            Self::Read { .. } => "read",
            Self::Edit { .. } => "edit",
            Self::Check { .. } => "check",
        }
    }
}

impl JobError {
    /// Whether the job itself is to blame: another worker would fail at it too.
    pub fn is_of_the_job(&self) -> bool {
        matches!(self, Self::Crashed | Self::TimedOut | Self::OutOfMemory | Self::Refused(_))
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::TimedOut => "timed-out",
            Self::OutOfMemory => "out-of-memory",
            Self::Refused(_) => "refused",
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::Closed => "closed",
        }
    }
}
