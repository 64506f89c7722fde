//! The instance as its administrators see it: what it says of itself, who may create communities, its figures.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::audit::{self, Act};
use crate::db::at::At;
use crate::db::on::One;
use crate::db::{Db, Engine};
use crate::error::{Result, StoreError};
use crate::ids::UserId;
use crate::users::User;

const KEY: &str = "instance";
/// A community in which nothing was written for so long sleeps.
pub const SLEEPS_AFTER: Duration = Duration::days(90);
const USUAL_NAME: &str = "Unisson";

words! {
    /// Who may open a community without being asked why.
    WhoMayCreate {
        /// Every agent.
        Agents = "agents",
        /// Nobody: an administrator decides.
        Approval = "approval",
    }
}

/// What an instance says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Who may create communities.
    pub who_may_create: WhoMayCreate,
    /// Where its legal notice stands. Empty: nowhere.
    pub legal_notice_url: String,
    /// Where help is asked for. Empty: nowhere.
    pub help_email: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: USUAL_NAME.to_owned(),
            who_may_create: WhoMayCreate::Approval,
            legal_notice_url: String::new(),
            help_email: String::new(),
        }
    }
}

/// Its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Requests that wait for a decision.
    pub requests_open: i64,
    /// Communities in which something was written lately.
    pub communities_living: i64,
    /// Others in use.
    pub communities_sleeping: i64,
    /// Communities that nobody leads.
    pub communities_leaderless: i64,
    /// People who were here within a day,
    pub people_active_1: i64,
    /// a week,
    pub people_active_7: i64,
    /// thirty days.
    pub people_active_30: i64,
    /// Memberships from outside that end within thirty days.
    pub outsiders_expiring: i64,
    /// Bytes of the database.
    pub storage_bytes: i64,
}

/// The instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Instance {
    db: Db,
}

impl Instance {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// What it says of itself.
    pub async fn policy(&self) -> Result<Policy> {
        read(self.db.settings().get(KEY).await?)
    }

    /// Says it anew.
    pub async fn set_policy(&self, by: UserId, policy: &Policy) -> Result<()> {
        let bytes = serde_json::to_vec(policy).map_err(unread)?;
        let mut tx = self.db.begin().await?;
        let found = match self.db.engine() {
            Engine::Sqlite => "select value from settings where key = $1",
            // Of two administrators the second waits, and says what the first has left.
            Engine::Postgres => "select value from settings where key = $1 for update",
        };
        let before = read(on!(in &mut tx, maybe One<Vec<u8>>, found, KEY)?.map(|One(value)| value))?;
        if before == *policy {
            return Ok(());
        }
        on!(
            in &mut tx,
            run,
            "insert into settings (key, value) values ($1, $2)
             on conflict (key) do update set value = excluded.value",
            KEY,
            bytes
        )?;
        let details = json!({
            "name": [before.name, policy.name],
            "who_may_create": [before.who_may_create, policy.who_may_create],
            "legal_notice_url": [before.legal_notice_url, policy.legal_notice_url],
            "help_email": [before.help_email, policy.help_email],
        });
        let act = Act { by, action: "instance.changed", community: None, subject: None, details };
        audit::record(&mut tx, self.db.now(), act).await?;
        tx.commit().await
    }

    /// Its figures now.
    pub async fn figures(&self) -> Result<Figures> {
        let now = self.db.now();
        let before = |days| At(now.0 - Duration::days(days));
        let reader = || self.db.reader();
        let One(requests_open) =
            on!(reader(), one One<i64>, "select count(*) from community_requests where queue = 'open'")?;
        let asleep = At(now.0 - SLEEPS_AFTER);
        let One(communities_living) = on!(
            reader(),
            one One<i64>,
            "select count(*) from communities where archived_at is null and active_at >= $1",
            asleep
        )?;
        let One(communities_sleeping) = on!(
            reader(),
            one One<i64>,
            "select count(*) from communities where archived_at is null and active_at < $1",
            asleep
        )?;
        let One(communities_leaderless) = on!(
            reader(),
            one One<i64>,
            "select count(*) from communities where leaders_count = 0 and archived_at is null"
        )?;
        let active = async |days| -> Result<i64> {
            let One(count) =
                on!(reader(), one One<i64>, "select count(*) from users where last_seen_at > $1", before(days))?;
            Ok(count)
        };
        let expiring = match self.db.engine() {
            Engine::Sqlite => {
                "select count(*) from memberships where outsider = 1 and expires_at > $1 and expires_at <= $2"
            }
            Engine::Postgres => {
                "select count(*) from memberships where outsider and expires_at > $1 and expires_at <= $2"
            }
        };
        let soon = At(now.0 + Duration::days(30));
        let One(outsiders_expiring) = on!(reader(), one One<i64>, expiring, now, soon)?;
        let size = match self.db.engine() {
            Engine::Sqlite => "select page_count * page_size from pragma_page_count(), pragma_page_size()",
            Engine::Postgres => "select pg_database_size(current_database())",
        };
        let One(storage_bytes) = on!(reader(), one One<i64>, size)?;
        Ok(Figures {
            requests_open,
            communities_living,
            communities_sleeping,
            communities_leaderless,
            people_active_1: active(1).await?,
            people_active_7: active(7).await?,
            people_active_30: active(30).await?,
            outsiders_expiring,
            storage_bytes,
        })
    }

    /// Who runs it, with an address: at most `limit`.
    pub async fn administrators(&self, limit: u32) -> Result<Vec<User>> {
        on!(
            self.db.reader(),
            all User,
            "select id, name, email, role, language, service, directory, created_at, suspended_at from users
             where role = 'administrator' and suspended_at is null and email is not null limit $1",
            i64::from(limit)
        )
    }

    /// Since when a community sleeps in which nothing is written.
    pub fn sleeps_since(&self) -> OffsetDateTime {
        self.db.now().0 - SLEEPS_AFTER
    }
}

fn read(found: Option<Vec<u8>>) -> Result<Policy> {
    found.map_or_else(|| Ok(Policy::default()), |bytes| serde_json::from_slice(&bytes).map_err(unread))
}

fn unread(error: serde_json::Error) -> StoreError {
    StoreError::Database(sqlx::Error::Decode(error.into()))
}
