//! Requests for communities: drafts, what was sent, the queue, decisions.
//!
//! A request has a revision that moves with each change of its words or its state. Whoever changes or decides names the
//! revision they saw: of two who decide at once the second is told what the first decided ([`Decided::Already`]).

mod decide;

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{self, Act, Subject};
use crate::communities::{Feature, Joining, Model, Visibility};
use crate::db::at::{At, MaybeAt, cut};
use crate::db::on::One;
use crate::db::{Db, Tx};
use crate::error::{Result, StoreError};
use crate::ids::UserId;
use crate::mails::{self, NewMail};
use crate::users::Role;
pub use decide::{Decided, Decision, Verdict};

words! {
    /// How far a request has come.
    RequestState {
        /// Its author writes it.
        Draft = "draft",
        /// It waits for a decision.
        Received = "received",
        /// Its author is asked for something.
        Changes = "changes",
        /// The community is there.
        Accepted = "accepted",
        /// There will be none.
        Refused = "refused",
    }
}

words! {
    /// Where a request stands for those who decide.
    Queue {
        /// Nowhere: it was not sent.
        Draft = "draft",
        /// To be decided.
        Open = "open",
        /// It is its author's turn.
        Waiting = "waiting",
        /// Decided.
        Closed = "closed",
    }
}

impl RequestState {
    /// Where it stands.
    pub fn queue(self) -> Queue {
        match self {
            Self::Draft => Queue::Draft,
            Self::Received => Queue::Open,
            Self::Changes => Queue::Waiting,
            Self::Accepted | Self::Refused => Queue::Closed,
        }
    }

    /// Its author may still change it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Changes)
    }
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The name.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// As what it begins.
    pub model: Model,
    /// Who learns of it.
    pub visibility: Visibility,
    /// How one comes in.
    pub joining: Joining,
    /// What it is made of.
    pub features: Vec<Feature>,
    /// Who is to lead it as well.
    pub co_leaders: Vec<UserId>,
}

/// A request, with the names that belong to its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: Uuid,
    /// `2026-0001`, once it was sent.
    pub number: Option<String>,
    /// Who asks.
    pub requester: Named,
    /// Their address.
    pub requester_email: Option<String>,
    /// The language of their letters.
    pub requester_language: String,
    /// How far it has come.
    pub state: RequestState,
    /// Moves with each change.
    pub revision: i32,
    /// What is asked for.
    pub wish: Wish,
    /// Communities of a like name when it was sent.
    pub similar_count: i64,
    /// What was said with the last decision.
    pub reason: Option<String>,
    /// Who decided last.
    pub decided_by: Option<Named>,
    /// When.
    pub decided_at: Option<OffsetDateTime>,
    /// What came of it: slug and name.
    pub community: Option<(String, String)>,
    /// When it was begun.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// Somebody, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Named {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Where they work.
    pub service: Option<String>,
    /// What they are to the instance.
    pub role: Role,
}

/// What somebody wrote about a request.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Message {
    /// Its id.
    pub message_id: Uuid,
    /// Who wrote it.
    #[sqlx(flatten)]
    pub author: Named,
    /// What.
    pub text: String,
    /// When.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
}

/// Where a list goes on: the last one shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Its id.
    pub id: Uuid,
}

/// What became of writing a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is so now.
    Done,
    /// Somebody changed or decided it meanwhile: nothing was done.
    Moved,
    /// The person has as many open ones as anybody may.
    TooMany,
}

/// The requests of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests {
    db: Db,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    number: Option<String>,
    requester_id: UserId,
    requester_name: String,
    requester_service: Option<String>,
    requester_role: Role,
    requester_email: Option<String>,
    requester_language: String,
    state: RequestState,
    revision: i32,
    name: String,
    purpose: String,
    model: Model,
    visibility: Visibility,
    joining: Joining,
    features: String,
    co_leaders: String,
    similar_count: i64,
    reason: Option<String>,
    decided_by: Option<UserId>,
    decider_name: Option<String>,
    decider_service: Option<String>,
    #[sqlx(try_from = "MaybeAt")]
    decided_at: Option<OffsetDateTime>,
    community_slug: Option<String>,
    community_name: Option<String>,
    #[sqlx(try_from = "At")]
    created_at: OffsetDateTime,
    #[sqlx(try_from = "At")]
    updated_at: OffsetDateTime,
}

impl TryFrom<Row> for Request {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let unread = |error: serde_json::Error| StoreError::Database(sqlx::Error::Decode(error.into()));
        Ok(Self {
            id: row.id,
            number: row.number,
            requester: Named {
                id: row.requester_id,
                name: row.requester_name,
                service: row.requester_service,
                role: row.requester_role,
            },
            requester_email: row.requester_email,
            requester_language: row.requester_language,
            state: row.state,
            revision: row.revision,
            wish: Wish {
                name: row.name,
                purpose: row.purpose,
                model: row.model,
                visibility: row.visibility,
                joining: row.joining,
                features: serde_json::from_str(&row.features).map_err(unread)?,
                co_leaders: serde_json::from_str(&row.co_leaders).map_err(unread)?,
            },
            similar_count: row.similar_count,
            reason: row.reason,
            decided_by: row.decided_by.zip(row.decider_name).map(|(id, name)| Named {
                id,
                name,
                service: row.decider_service,
                role: Role::Administrator,
            }),
            decided_at: row.decided_at,
            community: row.community_slug.zip(row.community_name),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

macro_rules! request {
    ($where:literal) => {
        concat!(
            "select r.id, r.number, r.requester_id, u.name as requester_name, u.service as requester_service,
                    u.role as requester_role, u.email as requester_email, u.language as requester_language, r.state,
                    r.revision, r.name, r.purpose, r.model, r.visibility, r.joining, r.features, r.co_leaders,
                    r.similar_count, r.reason,
                    r.decided_by, d.name as decider_name, d.service as decider_service, r.decided_at,
                    c.slug as community_slug, c.name as community_name, r.created_at, r.updated_at
             from community_requests r
             join users u on u.id = r.requester_id
             left join users d on d.id = r.decided_by
             left join communities c on c.id = r.community_id
             where ",
            $where
        )
    };
}

/// Drafts and requests that wait, of one person.
const OPEN_MAX: i64 = 20;

impl Requests {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Begins a request, under an id that its author chose: the same again, by them and unsent, writes it.
    pub async fn begin(&self, id: Uuid, requester: UserId, wish: &Wish) -> Result<Written> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let One(open) = on!(
            in &mut tx,
            one One<i64>,
            "select count(*) from community_requests
             where requester_id = $1 and state in ('draft', 'received', 'changes') and id <> $2",
            requester,
            id
        )?;
        if open >= OPEN_MAX {
            return Ok(Written::TooMany);
        }
        let rows = on!(
            in &mut tx,
            run,
            "insert into community_requests (id, requester_id, state, queue, revision, name, purpose, model, visibility,
                joining, features, co_leaders, created_at, updated_at)
             values ($1, $2, 'draft', 'draft', 1, $3, $4, $5, $6, $7, $8, $9, $10, $10)
             on conflict (id) do nothing",
            id,
            requester,
            &wish.name,
            &wish.purpose,
            wish.model,
            wish.visibility,
            wish.joining,
            json!(wish.features).to_string(),
            json!(wish.co_leaders).to_string(),
            now
        )?;
        if rows == 0 {
            return Err(StoreError::Conflict { constraint: "community_requests_id_pkey".to_owned() });
        }
        tx.commit().await?;
        Ok(Written::Done)
    }

    /// Writes a request anew while it is its author's turn.
    pub async fn write(&self, id: Uuid, requester: UserId, revision: i32, wish: &Wish) -> Result<Written> {
        let rows = on!(
            self.db.writer(),
            run,
            "update community_requests set revision = revision + 1, name = $4, purpose = $5, model = $6, visibility = $7,
                joining = $8, features = $9, co_leaders = $10, updated_at = $11
             where id = $1 and requester_id = $2 and revision = $3 and state in ('draft', 'changes')",
            id,
            requester,
            revision,
            &wish.name,
            &wish.purpose,
            wish.model,
            wish.visibility,
            wish.joining,
            json!(wish.features).to_string(),
            json!(wish.co_leaders).to_string(),
            self.db.now()
        )?;
        Ok(if rows > 0 { Written::Done } else { Written::Moved })
    }

    /// Sends a request as it stands: it gets its number, and `letters`, made with that, go out. `similar_count`:
    /// communities of a like name.
    pub async fn send(
        &self,
        id: Uuid,
        requester: UserId,
        revision: i32,
        similar_count: i64,
        letters: &(dyn Fn(&str) -> Vec<NewMail> + Send + Sync),
    ) -> Result<Written> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let Some(number) = sent(&mut tx, now, id, requester, revision).await? else { return Ok(Written::Moved) };
        on!(in &mut tx, run, "update community_requests set similar_count = $2 where id = $1", id, similar_count)?;
        for letter in letters(&number) {
            mails::enqueue(&mut tx, now, &letter).await?;
        }
        tx.commit().await?;
        Ok(Written::Done)
    }

    /// Throws a draft away. False where there is none of theirs.
    pub async fn drop_draft(&self, id: Uuid, requester: UserId) -> Result<bool> {
        let rows = on!(
            self.db.writer(),
            run,
            "delete from community_requests where id = $1 and requester_id = $2 and state = 'draft'",
            id,
            requester
        )?;
        Ok(rows > 0)
    }

    /// One request.
    pub async fn one(&self, id: Uuid) -> Result<Option<Request>> {
        let row = on!(self.db.reader(), maybe Row, request!("r.id = $1"), id)?;
        row.map(Request::try_from).transpose()
    }

    /// A person's own, the last changed first, from the one after `after`.
    pub async fn of(&self, requester: UserId, after: Option<After>, limit: u32) -> Result<Vec<Request>> {
        let (at, id) = begin(after);
        let rows = on!(
            self.db.reader(),
            all Row,
            request!(
                "r.requester_id = $1 and (r.updated_at, r.id) < ($2, $3)
                 order by r.updated_at desc, r.id desc limit $4"
            ),
            requester,
            at,
            id,
            i64::from(limit)
        )?;
        rows.into_iter().map(Request::try_from).collect()
    }

    /// A part of the queue, the last changed first, from the one after `after`.
    pub async fn queue(&self, queue: Queue, after: Option<After>, limit: u32) -> Result<Vec<Request>> {
        let (at, id) = begin(after);
        let rows = on!(
            self.db.reader(),
            all Row,
            request!(
                "r.queue = $1 and (r.updated_at, r.id) < ($2, $3)
                 order by r.updated_at desc, r.id desc limit $4"
            ),
            queue,
            at,
            id,
            i64::from(limit)
        )?;
        rows.into_iter().map(Request::try_from).collect()
    }

    /// How many wait for a decision.
    pub async fn open_count(&self) -> Result<i64> {
        let One(count) =
            on!(self.db.reader(), one One<i64>, "select count(*) from community_requests where queue = 'open'")?;
        Ok(count)
    }

    /// The people of a list of ids, in its order; who is no more is left out.
    pub async fn people(&self, ids: &[UserId]) -> Result<Vec<Named>> {
        let mut people = Vec::with_capacity(ids.len());
        for id in ids {
            let found = on!(
                self.db.reader(),
                maybe Named,
                "select id, name, service, role from users where id = $1 and suspended_at is null",
                *id
            )?;
            people.extend(found);
        }
        Ok(people)
    }

    /// What was written about a request, in its order: the latest 200.
    pub async fn messages(&self, id: Uuid) -> Result<Vec<Message>> {
        let mut found = on!(
            self.db.reader(),
            all Message,
            "select m.id as message_id, u.id, u.name, u.service, u.role, m.text, m.created_at
             from request_messages m join users u on u.id = m.author_id
             where m.request_id = $1 order by m.created_at desc, m.id desc limit 200",
            id
        )?;
        found.reverse();
        Ok(found)
    }

    /// Writes about a request; `letters` go out. The id of what was written.
    pub async fn say(&self, id: Uuid, author: UserId, text: &str, letters: &[NewMail]) -> Result<Uuid> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let message = put_message(&mut tx, now, id, author, text).await?;
        for letter in letters {
            mails::enqueue(&mut tx, now, letter).await?;
        }
        tx.commit().await?;
        Ok(message)
    }
}

fn begin(after: Option<After>) -> (At, Uuid) {
    let far = time::macros::datetime!(9999-12-31 23:59:59 UTC);
    after.map_or((At(far), Uuid::max()), |after| (At(cut(after.at)), after.id))
}

/// Marks a request as sent. Its number; `None` where it has moved.
async fn sent(tx: &mut Tx, now: At, id: Uuid, requester: UserId, revision: i32) -> Result<Option<String>> {
    let rows = on!(
        in tx,
        maybe One<Option<String>>,
        "update community_requests set state = 'received', queue = 'open', revision = revision + 1, updated_at = $4
         where id = $1 and requester_id = $2 and revision = $3 and state in ('draft', 'changes')
         returning number",
        id,
        requester,
        revision,
        now
    )?;
    let Some(One(number)) = rows else { return Ok(None) };
    let number = match number {
        Some(number) => number,
        None => {
            let year = now.0.year();
            let One(count) = on!(
                in tx,
                one One<i64>,
                "insert into counters (name, value) values ($1, 1)
                 on conflict (name) do update set value = counters.value + 1 returning value",
                format!("requests-{year}")
            )?;
            let number = format!("{year}-{count:04}");
            on!(in tx, run, "update community_requests set number = $2 where id = $1", id, &number)?;
            number
        }
    };
    let act = Act {
        by: requester,
        action: "request.sent",
        community: None,
        subject: Some(Subject::Request(id)),
        details: json!({ "number": number }),
    };
    audit::record(tx, now, act).await?;
    Ok(Some(number))
}

async fn put_message(tx: &mut Tx, now: At, id: Uuid, author: UserId, text: &str) -> Result<Uuid> {
    let message = Uuid::now_v7();
    on!(
        in tx,
        run,
        "insert into request_messages (id, request_id, author_id, text, created_at) values ($1, $2, $3, $4, $5)",
        message,
        id,
        author,
        text,
        now
    )?;
    Ok(message)
}

impl From<&Request> for After {
    fn from(request: &Request) -> Self {
        Self { at: request.updated_at, id: request.id }
    }
}
