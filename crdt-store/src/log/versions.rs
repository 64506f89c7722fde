//! Named states of a document. Each holds its own bytes, so that compaction, sweeping and
//! a new epoch leave it as it was.

use bytes::Bytes;
use time::OffsetDateTime;

use super::{Log, Version};
use crate::db::at::At;
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch, Seq, UserId, VersionId};

/// A state to be kept.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The document.
    pub document: DocumentId,
    /// The lineage.
    pub epoch: Epoch,
    /// The last row it holds.
    pub seq: Seq,
    /// What a person calls it.
    pub name: String,
    /// Who names it.
    pub created_by: Option<UserId>,
    /// V1 updates; each applies after those before it.
    pub parts: Vec<Bytes>,
}

#[derive(sqlx::FromRow)]
struct Stored {
    id: VersionId,
    document_id: DocumentId,
    epoch: Epoch,
    seq: Seq,
    name: String,
    size_bytes: i64,
    created_by: Option<UserId>,
    #[sqlx(try_from = "At")]
    created_at: OffsetDateTime,
}

impl From<Stored> for Version {
    fn from(stored: Stored) -> Self {
        Self {
            id: stored.id,
            document: stored.document_id,
            epoch: stored.epoch,
            seq: stored.seq,
            name: stored.name,
            size_bytes: stored.size_bytes,
            created_by: stored.created_by,
            created_at: stored.created_at,
        }
    }
}

impl Log {
    /// Keeps a state under a name. [`StoreError::NotFound`] where there is no such document,
    /// or its log doesn't reach that far.
    pub async fn create_version(&self, new: NewVersion) -> Result<Version> {
        let mut tx = self.db.begin().await?;
        let reached = on!(
            in &mut tx,
            maybe One<i64>,
            "select head_seq from documents
             where id = $1 and deleted_at is null and (epoch > $2 or (epoch = $2 and head_seq >= $3))",
            new.document,
            new.epoch,
            new.seq
        )?;
        if reached.is_none() {
            return Err(StoreError::NotFound { what: "document" });
        }
        let size: usize = new.parts.iter().map(Bytes::len).sum();
        let stored = on!(
            in &mut tx,
            one Stored,
            "insert into versions (id, document_id, epoch, seq, name, parts_count, size_bytes, created_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             returning id, document_id, epoch, seq, name, size_bytes, created_by, created_at",
            VersionId::fresh(),
            new.document,
            new.epoch,
            new.seq,
            &new.name,
            i32::try_from(new.parts.len()).unwrap_or(i32::MAX),
            i64::try_from(size).unwrap_or(i64::MAX),
            new.created_by,
            self.db.now()
        )?;
        for (no, part) in (0i32..).zip(&new.parts) {
            on!(
                in &mut tx,
                run,
                "insert into version_parts (version_id, part_no, bytes) values ($1, $2, $3)",
                stored.id,
                no,
                part.as_ref()
            )?;
        }
        tx.commit().await?;
        Ok(stored.into())
    }

    /// The named states of a document, the newest first.
    pub async fn versions(&self, document: DocumentId) -> Result<Vec<Version>> {
        let stored = on!(
            self.db.reader(),
            all Stored,
            "select id, document_id, epoch, seq, name, size_bytes, created_by, created_at
             from versions where document_id = $1 order by created_at desc, id desc",
            document
        )?;
        Ok(stored.into_iter().map(Version::from).collect())
    }

    /// A named state with its parts.
    pub async fn version(&self, id: VersionId) -> Result<Option<(Version, Vec<Bytes>)>> {
        let stored = on!(
            self.db.reader(),
            maybe Stored,
            "select id, document_id, epoch, seq, name, size_bytes, created_by, created_at
             from versions where id = $1",
            id
        )?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let parts = on!(
            self.db.reader(),
            all One<Vec<u8>>,
            "select bytes from version_parts where version_id = $1 order by part_no",
            id
        )?;
        let parts = parts.into_iter().map(|One(part)| Bytes::from(part)).collect();
        Ok(Some((stored.into(), parts)))
    }
}
