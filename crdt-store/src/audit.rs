//! What was done: rights, decisions, administrators' acts. It only grows, which the tables hold by triggers.
//!
//! An entry is written by the transaction of the act it tells of ([`record`]), so that there is never the one without
//! the other. Names are looked up when it is read: whoever erased their account has none any more.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::db::at::{At, cut};
use crate::db::{Db, Engine, Tx};
use crate::error::Result;
use crate::ids::{CommunityId, DocumentId, UserId};

/// What an act was done to, besides its community.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Person(UserId),
    Request(Uuid),
    Invitation(Uuid),
    Document(DocumentId),
}

impl Subject {
    fn parts(self) -> (&'static str, Uuid) {
        match self {
            Self::Person(id) => ("person", id.0),
            Self::Request(id) => ("request", id),
            Self::Invitation(id) => ("invitation", id),
            Self::Document(id) => ("document", id.0),
        }
    }
}

/// An act to be recorded.
#[derive(Debug)]
pub(crate) struct Act<'a> {
    /// Who did it.
    pub by: UserId,
    /// What: a noun and a verb, `member.removed`.
    pub action: &'a str,
    pub community: Option<CommunityId>,
    pub subject: Option<Subject>,
    /// What was and what is; no secret, no address of somebody who has no account.
    pub details: Value,
}

/// Writes an act down within its use case.
pub(crate) async fn record(tx: &mut Tx, now: At, act: Act<'_>) -> Result<()> {
    let by = act.by;
    write(tx, now, Some(by), act).await
}

/// The same of what no person did: the command line, or what the identity provider says of somebody. `act.by` is left
/// out.
pub(crate) async fn record_of_nobody(tx: &mut Tx, now: At, act: Act<'_>) -> Result<()> {
    write(tx, now, None, act).await
}

async fn write(tx: &mut Tx, now: At, by: Option<UserId>, act: Act<'_>) -> Result<()> {
    let (kind, subject) = act.subject.map(Subject::parts).unzip();
    on!(
        in tx,
        run,
        "insert into audit (id, at, actor_id, action, community_id, subject_kind, subject_id, details)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        Uuid::now_v7(),
        now,
        by,
        act.action,
        act.community,
        kind,
        subject,
        act.details.to_string()
    )?;
    Ok(())
}

/// An act, with the names that belong to its ids today.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Recorded {
    /// Its id.
    pub id: Uuid,
    /// When.
    #[sqlx(try_from = "At")]
    pub at: OffsetDateTime,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// Their name.
    pub actor_name: Option<String>,
    /// What.
    pub action: String,
    /// Where.
    pub community_id: Option<CommunityId>,
    /// Its name in addresses.
    pub community_slug: Option<String>,
    /// Its name.
    pub community_name: Option<String>,
    /// `person`, `request`, `invitation`, `document`.
    pub subject_kind: Option<String>,
    /// To whom or what.
    pub subject_id: Option<Uuid>,
    /// The name of the person, or the request.
    pub subject_name: Option<String>,
    /// JSON.
    pub details: String,
}

/// Which acts.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Of one community.
    pub community: Option<CommunityId>,
    /// By one person.
    pub actor: Option<UserId>,
    /// Of one kind.
    pub action: Option<String>,
    /// From then on.
    pub from: Option<OffsetDateTime>,
    /// Before then.
    pub to: Option<OffsetDateTime>,
}

/// Where a list goes on: the last act shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Its id.
    pub id: Uuid,
}

/// The record. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Audit {
    db: Db,
}

/// `$1`, `$2` where the list goes on, `$3` from when, `$4` how many, `$5` to `$7` community, person, action: the first that
/// is asked for chooses the index.
macro_rules! recorded {
    ($where:literal) => {
        recorded!("audit", $where)
    };
    ($from:expr, $where:literal) => {
        concat!(
            "select a.id, a.at, a.actor_id, u.name as actor_name, a.action, a.community_id, c.slug as community_slug,
                    c.name as community_name, a.subject_kind, a.subject_id,
                    coalesce(s.name, r.name) as subject_name, a.details
             from ",
            $from,
            " a
             left join users u on u.id = a.actor_id
             left join communities c on c.id = a.community_id
             left join users s on s.id = a.subject_id and a.subject_kind = 'person'
             left join community_requests r on r.id = a.subject_id and a.subject_kind = 'request'
             where (a.at, a.id) < ($1, $2) and a.at >= $3 and ",
            $where,
            " order by a.at desc, a.id desc limit $4"
        )
    };
}

/// The ids of the latest acts by a person and on a person, each by its own index.
macro_rules! concerning {
    ($where:literal) => {
        concat!(
            "select l.id from (select a.id from audit a where (a.at, a.id) < ($1, $2) and ",
            $where,
            " order by a.at desc, a.id desc limit $4) l"
        )
    };
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            concerning!("a.actor_id = $5"),
            " union ",
            concerning!("a.subject_kind = 'person' and a.subject_id = $5"),
            $after
        )
    };
}

impl Audit {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Acts, the latest first, from the one after `after`.
    pub async fn list(&self, sought: &Sought, after: Option<After>, limit: u32) -> Result<Vec<Recorded>> {
        let far = time::macros::datetime!(9999-12-31 23:59:59 UTC);
        let (mut at, mut id) = after.map_or((far, Uuid::max()), |after| (after.at, after.id));
        if let Some(to) = sought.to
            && to <= at
        {
            (at, id) = (to, Uuid::nil());
        }
        let at = At(cut(at));
        let from = At(cut(sought.from.unwrap_or(OffsetDateTime::UNIX_EPOCH)));
        let limit = i64::from(limit);
        let Sought { community, actor, action, .. } = sought;
        match (community, actor, action) {
            (Some(community), _, _) => on!(
                self.db.reader(),
                all Recorded,
                recorded!("a.community_id = $5 and ($6 is null or a.actor_id = $6) and ($7 is null or a.action = $7)"),
                at,
                id,
                from,
                limit,
                *community,
                *actor,
                action
            ),
            (None, Some(actor), _) => on!(
                self.db.reader(),
                all Recorded,
                recorded!("a.actor_id = $5 and ($6 is null or a.action = $6)"),
                at,
                id,
                from,
                limit,
                *actor,
                action
            ),
            (None, None, Some(action)) => {
                on!(self.db.reader(), all Recorded, recorded!("a.action = $5"), at, id, from, limit, action)
            }
            (None, None, None) => on!(self.db.reader(), all Recorded, recorded!("1 = 1"), at, id, from, limit),
        }
    }

    /// Acts of a person and on a person, the latest first: for their own export.
    pub async fn concerning(&self, person: UserId, limit: u32) -> Result<Vec<Recorded>> {
        on!(
            self.db.reader(),
            all Recorded,
            match self.db.engine() {
                Engine::Sqlite => {
                    recorded!(concerning!("(select b.* from audit b where b.id in (", "))"), "1 = 1")
                }
                // As an array, so that the ids lead to the rows and not all rows to the ids.
                Engine::Postgres => recorded!(
                    concerning!(
                        "(select b.* from unnest(array(",
                        ")) as mine (id) join audit b on b.id = mine.id)"
                    ),
                    "1 = 1"
                ),
            },
            At(time::macros::datetime!(9999-12-31 23:59:59 UTC)),
            Uuid::max(),
            At(OffsetDateTime::UNIX_EPOCH),
            i64::from(limit),
            person
        )
    }

    /// Records an act that changes nothing in the database, such as an export.
    pub async fn note(&self, by: UserId, action: &str, community: Option<CommunityId>, details: Value) -> Result<()> {
        let mut tx = self.db.begin().await?;
        record(&mut tx, self.db.now(), Act { by, action, community, subject: None, details }).await?;
        tx.commit().await
    }
}
