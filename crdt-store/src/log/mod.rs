//! The update log: what a document is made of, in the order it was committed.
//!
//! A row is one commit of one document: the original updates that landed together,
//! each with its person and session. `seq` counts 1, 2, 3… per document and epoch
//! without a gap, in commit order, because it is taken under the lock of the
//! document's own row (S3). A snapshot stands for the rows it covers; they are
//! deleted later and in slices (S5).
//!
//! The server's saver calls [`Log::append`]; rooms [`Log::load`] and [`Log::since`];
//! compaction [`Log::due_for_compaction`], [`Log::store_snapshot`] and [`Log::sweep`].
//!
//! | file | holds |
//! |---|---|
//! | `entry` | the row's payload: entries with their author records |
//! | `append` | group commit: the engine is told once for all documents |
//! | `load` | opening a document, and reading on from a seq |
//! | `heads` | how far the logs of many documents have come |
//! | `snapshots` | compare-and-set, what is due, sweeping |
//! | `attributions` | who wrote which clocks |
//! | `quarantine` | updates that cannot be applied |
//! | `versions` | named states, kept whatever compaction does |
//! | `epochs` | a document's new lineage, freezing |

mod append;
mod attributions;
mod census;
mod entry;
mod epochs;
mod heads;
mod load;
mod quarantine;
mod snapshots;
mod versions;

use std::ops::Range;

use bytes::Bytes;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::db::Db;
use crate::ids::{ClientId, Clock, DocumentId, Epoch, Seq, UserId, VersionId};

pub(crate) use append::{Line, seed_row};
pub(crate) use entry::encode as payload_of;
pub use epochs::Freeze;
pub use heads::Head;
pub use versions::NewVersion;

/// Parts of snapshots and versions are at most this long where the document allows it.
pub const PART_BYTES: usize = 256 * 1024;

/// The log of one database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    db: Db,
}

impl Log {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }
}

/// One update as it was accepted, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose right let it in; `None` for the nameless and for the server's own.
    pub person: Option<UserId>,
    /// The session that sent it.
    pub session: Uuid,
    /// A V1 update.
    pub bytes: Bytes,
    /// New clocks under the id of an absent author, which this person only brought (S16).
    pub brought: Vec<(ClientId, Range<Clock>)>,
    /// New clocks under the session's own id.
    pub own: Vec<(ClientId, Range<Clock>)>,
}

impl Entry {
    /// An update of the server's own making: a seed, an edit asked over REST.
    pub fn by_server(bytes: Bytes) -> Self {
        Self { person: None, session: Uuid::nil(), bytes, brought: Vec::new(), own: Vec::new() }
    }
}

/// What one commit adds to one document: becomes one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The document.
    pub document: DocumentId,
    /// The lineage the entries belong to.
    pub epoch: Epoch,
    /// In the order they were accepted; not empty.
    pub entries: Vec<Entry>,
}

/// What became of one [`Batch`]. Only [`Outcome::Landed`] allows an acknowledgement (S1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk, as this row.
    Landed(Seq),
    /// The document has another epoch by now.
    WrongEpoch,
    /// The document takes no updates for the time being.
    Frozen,
    /// The document was deleted, or never was.
    Gone,
}

/// One commit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the log.
    pub seq: Seq,
    /// What landed together, without what is quarantined.
    pub entries: Vec<Entry>,
}

/// The state that stands for the rows up to `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last row it covers.
    pub seq: Seq,
    /// The encoded `update::Index` of its state.
    pub index: Bytes,
    /// V1 updates; each applies after those before it.
    pub parts: Vec<Bytes>,
}

/// A document as the database has it, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The lineage that was asked for.
    pub epoch: Epoch,
    /// The last row's seq; 0 where there is none.
    pub head_seq: Seq,
    /// True while appends are refused.
    pub frozen: bool,
    /// What stands for the first rows.
    pub snapshot: Option<Snapshot>,
    /// All rows after the snapshot, without a gap.
    pub rows: Vec<Row>,
    /// What was left out of the rows, and what earlier compactions left out.
    pub quarantined: Vec<Quarantined>,
}

/// What [`Log::since`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Every row after the one named, without a gap; empty where there is none.
    Rows(Vec<Row>),
    /// Rows right after it were swept behind a snapshot: load the document instead.
    Swept,
}

/// One update that cannot be applied, set aside with its bytes (S6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The document.
    pub document: DocumentId,
    /// The lineage.
    pub epoch: Epoch,
    /// Its row.
    pub seq: Seq,
    /// Its place in the row, from 0, counted before anything was left out.
    pub entry_no: u32,
    /// Why, in a word or two for an administrator.
    pub reason: String,
    /// The update.
    pub bytes: Bytes,
    /// Who sent it.
    pub person: Option<UserId>,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// Who wrote a run of clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// Under this client id,
    pub client: ClientId,
    /// from this clock
    pub from: Clock,
    /// up to, and without, this one.
    pub to: Clock,
    /// The person that answers for it.
    pub person: Option<UserId>,
    /// The session it came in by.
    pub session: Uuid,
    /// True where that person only brought what somebody else's client wrote.
    pub brought: bool,
}

/// A named state, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// The document.
    pub document: DocumentId,
    /// The lineage.
    pub epoch: Epoch,
    /// The last row it holds.
    pub seq: Seq,
    /// What a person called it.
    pub name: String,
    /// Bytes of its parts together.
    pub size_bytes: i64,
    /// Who named it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: OffsetDateTime,
}
