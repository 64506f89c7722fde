//! Documents: what they are called, where they belong, and the facts of who may reach them.
//!
//! A document's `name` is its plain room name: the id's text for the application's own
//! documents, any text of 1 to 512 bytes for those that come into being by a token or on
//! an open server. Its bytes are the log's ([`crate::log`]).

mod facts;
mod sharing;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::communities::{Feature, MemberRole, Visibility};
use crate::db::at::{At, MaybeAt};
use crate::db::{Db, Engine};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, DocumentId, Epoch, Seq, UserId};
use crate::log::{Entry, seed_row};
pub use facts::{AccessFacts, Visit};
pub use news::{Fresh, News, Why};
pub use sharing::{LinkTerms, NamedPerson, NewSharing, SharingOf};

/// A document's name is at most this long, in bytes.
pub const NAME_BYTES: usize = 512;

words! {
    /// Who may reach a document.
    Sharing {
        /// Whoever may reach its community's documents.
        Inherit = "inherit",
        /// Its creator, and whom they name.
        Restricted = "restricted",
        /// Whoever has its address.
        Link = "link",
    }
}

words! {
    /// What somebody is given at a document, by name or by its address.
    Shared {
        /// Its text.
        Read = "read",
        /// To say something beside it.
        Comment = "comment",
        /// To write in it.
        Write = "write",
        /// To say who may.
        Manage = "manage",
    }
}

/// A document, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its plain room name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where it belongs.
    pub community_id: Option<CommunityId>,
    /// In which of its community's lists it stands.
    pub feature: Feature,
    /// Who may reach it.
    pub visibility: Sharing,
    /// Its lineage.
    pub epoch: Epoch,
    /// The last row of its log.
    pub head_seq: Seq,
    /// Bytes of the updates that were appended, in this epoch.
    pub size_bytes: i64,
    /// Since when it takes no updates.
    #[sqlx(try_from = "MaybeAt")]
    pub frozen_at: Option<OffsetDateTime>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
    /// Who last wrote in it.
    pub updated_by: Option<UserId>,
    /// When; moves with each commit.
    #[sqlx(try_from = "At")]
    pub updated_at: OffsetDateTime,
    /// Since when it is gone.
    #[sqlx(try_from = "MaybeAt")]
    pub deleted_at: Option<OffsetDateTime>,
}

/// A document to be made.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Its id.
    pub id: DocumentId,
    /// Its plain room name; `None` for the id's text.
    pub name: Option<String>,
    /// What people call it.
    pub title: String,
    /// Where it belongs.
    pub community_id: Option<CommunityId>,
    /// Who may reach it.
    pub visibility: Sharing,
    /// Who makes it.
    pub created_by: Option<UserId>,
    /// A V1 update that is its first content (S12).
    pub seed: Option<Bytes>,
}

/// What became of making a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is new, and seeded.
    New(Document),
    /// That id was there already; nothing was changed.
    There(Document),
}

impl Made {
    /// The document, new or not.
    pub fn into_document(self) -> Document {
        match self {
            Self::New(document) | Self::There(document) => document,
        }
    }
}

/// A document in a list, with the names that belong to its ids.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Listed {
    /// The document.
    #[sqlx(flatten)]
    pub document: Document,
    /// The slug of its community.
    pub community_slug: Option<String>,
    /// The name of its community.
    pub community_name: Option<String>,
    /// Who learns of its community.
    pub community_visibility: Option<Visibility>,
    /// Since when its community rests.
    #[sqlx(try_from = "MaybeAt")]
    pub community_archived_at: Option<OffsetDateTime>,
    /// What the asking person is in that community today.
    pub role: Option<MemberRole>,
    /// They have entered it as an administrator, and may still.
    pub entered: bool,
    /// What they were given by name.
    pub share_access: Option<Shared>,
    /// Whether they need not belong to the community for it.
    pub share_is_guests: Option<bool>,
    /// How far the document's address takes a colleague, where that was said.
    pub link_access: Option<Shared>,
    /// Whether it still does.
    pub link_lasts: bool,
    /// The name of who made it.
    pub created_by_name: Option<String>,
    /// The name of who last wrote in it.
    pub updated_by_name: Option<String>,
}

/// Which documents a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of one community, except what is restricted to others.
    Community(CommunityId),
    /// Of these, those of one of its lists.
    List(CommunityId, Feature),
    /// Those the person made, those of the communities they belong to, and those they were named at.
    /// What they made in a community that they no longer belong to is not among them.
    Mine,
}

/// Where a list goes on: the last document shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// When it was last written in.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// Its id.
    pub id: DocumentId,
}

/// The documents of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Documents {
    db: Db,
}

/// The columns of [`Document`], after a table's short name.
macro_rules! document {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "d.id, d.name, d.title, d.community_id, d.feature, d.visibility, d.epoch, d.head_seq, d.size_bytes,
             d.frozen_at, d.created_by, d.created_at, d.updated_by, d.updated_at, d.deleted_at",
            $after
        )
    };
}

/// The columns and joins of [`Listed`], and `$more` columns: `$1` is the person, `$2` now, `$3` to `$5` where the list
/// goes on.
macro_rules! listed {
    ($with:literal, $from:literal) => {
        listed!($with, "", $from)
    };
    ($with:expr, $more:literal, $from:literal) => {
        concat!(
            $with,
            document!(
                "select ",
                ", c.slug as community_slug, c.name as community_name,
                c.visibility as community_visibility, c.archived_at as community_archived_at,
                m.role, exists (select 1 from admin_entries e
                    where e.community_id = d.community_id and e.user_id = $1 and e.expires_at > $2) as entered,
                s.access as share_access, s.guest as share_is_guests, d.link_access,
                (d.link_expires_at is null or d.link_expires_at > $2) as link_lasts,
                cu.name as created_by_name, uu.name as updated_by_name "
            ),
            $more,
            " ",
            $from,
            " left join communities c on c.id = d.community_id
              left join memberships m on m.community_id = d.community_id and m.user_id = $1
                and (m.expires_at is null or m.expires_at > $2)
              left join document_shares s on s.document_id = d.id and s.user_id = $1
              left join users cu on cu.id = d.created_by
              left join users uu on uu.id = d.updated_by
              where d.deleted_at is null and (d.updated_hour, d.updated_at, d.id) < ($3, $4, $5)"
        )
    };
}

/// The documents of [`Scope::Mine`]: `$6` is how many. Of each community only so many are looked at; SQLite has no words
/// for that, and reads on.
macro_rules! mine {
    (plain) => {
        mine!(
            @ "join documents theirs on theirs.community_id = k.community_id
                and theirs.visibility <> 'restricted' and theirs.deleted_at is null
                and (theirs.updated_hour, theirs.updated_at, theirs.id) < ($3, $4, $5)"
        )
    };
    (lateral) => {
        mine!(
            @ "cross join lateral (
                select t.id, t.updated_hour, t.updated_at from documents t
                where t.community_id = k.community_id and t.visibility <> 'restricted' and t.deleted_at is null
                    and (t.updated_hour, t.updated_at, t.id) < ($3, $4, $5)
                order by t.updated_hour desc, t.updated_at desc, t.id desc limit $6) theirs"
        )
    };
    (@ $theirs:literal) => {
        concat!(
            "with mine as (
                select own.id, own.updated_hour, own.updated_at from documents own
                where own.created_by = $1 and (own.updated_hour, own.updated_at, own.id) < ($3, $4, $5)
                    and own.deleted_at is null
                    and (own.community_id is null or exists (
                        select 1 from memberships k
                        where k.community_id = own.community_id and k.user_id = $1
                            and (k.expires_at is null or k.expires_at > $2)))
                union
                select theirs.id, theirs.updated_hour, theirs.updated_at from memberships k ",
            $theirs,
            " where k.user_id = $1 and (k.expires_at is null or k.expires_at > $2)
                union
                select named.id, named.updated_hour, named.updated_at from document_shares k
                join documents named on named.id = k.document_id
                where k.user_id = $1 and named.deleted_at is null
                    and (named.updated_hour, named.updated_at, named.id) < ($3, $4, $5)
                    and (k.guest or exists (
                        select 1 from memberships n
                        where n.community_id = named.community_id and n.user_id = $1
                            and (n.expires_at is null or n.expires_at > $2)))
            ), page as (
                select id from mine order by updated_hour desc, updated_at desc, id desc limit $6
            ) ",
            listed!("", "from page join documents d on d.id = page.id"),
            " order by d.updated_hour desc, d.updated_at desc, d.id desc limit $6"
        )
    };
}

// After the macros, which it uses.
mod news;

impl Documents {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes a document, seeded in the same transaction (S12): the seed is row 1 of its log.
    /// The same id again changes nothing. [`StoreError::Conflict`] where the name is taken.
    pub async fn create(&self, new: NewDocument) -> Result<Made> {
        self.create_in(Feature::Documents, new).await
    }

    /// The same, in one of its community's lists.
    pub async fn create_in(&self, feature: Feature, new: NewDocument) -> Result<Made> {
        let name = match new.name {
            Some(name) => name,
            None => new.id.to_string(),
        };
        check_name(&name)?;
        let now = self.db.now();
        let size = new.seed.as_ref().map_or(0, Bytes::len);
        let mut tx = self.db.begin().await?;
        let rows = on!(
            in &mut tx,
            run,
            "insert into documents (id, name, title, community_id, visibility, epoch, head_seq,
                snapshot_seq, size_bytes, created_by, created_at, updated_by, updated_at, updated_hour, feature)
             values ($1, $2, $3, $4, $5, 1, $6, 0, $7, $8, $9, $8, $9, $10, $11)
             on conflict do nothing",
            new.id,
            &name,
            &new.title,
            new.community_id,
            new.visibility,
            i64::from(new.seed.is_some()),
            i64::try_from(size).unwrap_or(i64::MAX),
            new.created_by,
            now,
            now.hour(),
            feature
        )?;
        if rows > 0
            && let Some(seed) = new.seed
        {
            let mut entry = Entry::by_server(seed);
            entry.person = new.created_by;
            seed_row(&mut tx, new.id, 1, entry, now).await?;
        }
        let document = on!(
            in &mut tx,
            maybe Document,
            document!("select ", " from documents d where d.id = $1"),
            new.id
        )?;
        tx.commit().await?;
        match document {
            Some(document) if rows > 0 => Ok(Made::New(document)),
            Some(document) => Ok(Made::There(document)),
            None => Err(StoreError::Conflict { constraint: "documents_name_key".to_owned() }),
        }
    }

    /// The document of that name, which comes into being where there is none: empty, outside
    /// any community, reachable by its name. Of several that race, all get the same one.
    pub async fn ensure_by_name(&self, name: &str, creator: Option<UserId>) -> Result<Document> {
        if let Some(document) = self.by_name(name).await? {
            return Ok(document);
        }
        check_name(name)?;
        let now = self.db.now();
        on!(
            self.db.writer(),
            run,
            "insert into documents (id, name, title, community_id, visibility, epoch, head_seq,
                snapshot_seq, size_bytes, created_by, created_at, updated_by, updated_at, updated_hour)
             values ($1, $2, $2, null, $3, 1, 0, 0, 0, $4, $5, $4, $5, $6)
             on conflict (name) do nothing",
            DocumentId::fresh(),
            name,
            Sharing::Link,
            creator,
            now,
            now.hour()
        )?;
        self.by_name(name).await?.ok_or(StoreError::NotFound { what: "document" })
    }

    /// The document of that id, deleted or not.
    pub async fn by_id(&self, id: DocumentId) -> Result<Option<Document>> {
        on!(
            self.db.reader(),
            maybe Document,
            document!("select ", " from documents d where d.id = $1"),
            id
        )
    }

    /// The document of that plain room name, deleted or not.
    pub async fn by_name(&self, name: &str) -> Result<Option<Document>> {
        if check_name(name).is_err() {
            return Ok(None);
        }
        on!(
            self.db.reader(),
            maybe Document,
            document!("select ", " from documents d where d.name = $1"),
            name
        )
    }

    /// A document with the names that belong to its ids, as `user` would see it in a list.
    pub async fn listed(&self, id: DocumentId, user: UserId) -> Result<Option<Listed>> {
        on!(
            self.db.reader(),
            maybe Listed,
            concat!(listed!("", "from documents d"), " and d.id = $6"),
            user,
            self.db.now(),
            far().hour(),
            far(),
            Uuid::max(),
            id
        )
    }

    /// The documents of `scope` as `user` sees them, the last written in first, from the one
    /// after `after`. What is restricted is shown to its creator and to whom it names.
    pub async fn list(&self, scope: Scope, user: UserId, after: Option<Cursor>, limit: u32) -> Result<Vec<Listed>> {
        let (updated_at, id) = match after {
            Some(after) => (At(after.updated_at), after.id.0),
            None => (far(), Uuid::max()),
        };
        match scope {
            Scope::Community(community) => on!(
                self.db.reader(),
                all Listed,
                concat!(
                    listed!("", "from documents d"),
                    " and d.community_id = $6
                        and (d.visibility <> 'restricted' or d.created_by = $1 or s.user_id is not null)
                     order by d.updated_hour desc, d.updated_at desc, d.id desc limit $7"
                ),
                user,
                self.db.now(),
                updated_at.hour(),
                updated_at,
                id,
                community,
                i64::from(limit)
            ),
            Scope::List(community, feature) => on!(
                self.db.reader(),
                all Listed,
                concat!(
                    listed!("", "from documents d"),
                    " and d.community_id = $6 and d.feature = $8
                        and (d.visibility <> 'restricted' or d.created_by = $1 or s.user_id is not null)
                     order by d.updated_hour desc, d.updated_at desc, d.id desc limit $7"
                ),
                user,
                self.db.now(),
                updated_at.hour(),
                updated_at,
                id,
                community,
                i64::from(limit),
                feature
            ),
            Scope::Mine => {
                let (now, limit, hour) = (self.db.now(), i64::from(limit), updated_at.hour());
                match self.db.engine() {
                    Engine::Sqlite => {
                        on!(self.db.reader(), all Listed, mine!(plain), user, now, hour, updated_at, id, limit)
                    }
                    Engine::Postgres => {
                        on!(self.db.reader(), all Listed, mine!(lateral), user, now, hour, updated_at, id, limit)
                    }
                }
            }
        }
    }

    /// Gives a document another title. [`StoreError::NotFound`] where there is none, or no more.
    pub async fn rename(&self, id: DocumentId, title: &str, by: Option<UserId>) -> Result<Document> {
        let now = self.db.now();
        let rows = on!(
            self.db.writer(),
            run,
            "update documents set title = $2, updated_by = $3, updated_at = $4, updated_hour = $5
             where id = $1 and deleted_at is null",
            id,
            title,
            by,
            now,
            now.hour()
        )?;
        self.changed(id, rows).await
    }

    /// Puts a document away: it takes no updates and is in no list. Its bytes stay.
    pub async fn delete(&self, id: DocumentId) -> Result<()> {
        on!(
            self.db.writer(),
            run,
            "update documents set deleted_at = coalesce(deleted_at, $2) where id = $1",
            id,
            self.db.now()
        )?;
        Ok(())
    }

    async fn changed(&self, id: DocumentId, rows: u64) -> Result<Document> {
        let document = match rows {
            0 => None,
            _ => self.by_id(id).await?,
        };
        document.ok_or(StoreError::NotFound { what: "document" })
    }
}

/// Later than anything that happens.
fn far() -> At {
    At(time::macros::datetime!(9999-12-31 23:59:59 UTC))
}

/// PostgreSQL's text holds no NUL, and an index entry no more than a page.
fn check_name(name: &str) -> Result<()> {
    let reason = match name {
        "" => "it is empty",
        _ if name.len() > NAME_BYTES => "it is longer than 512 bytes",
        _ if name.contains('\0') => "it holds a NUL",
        _ => return Ok(()),
    };
    Err(StoreError::Unacceptable { what: "the document's name", reason })
}
