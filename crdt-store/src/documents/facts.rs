//! The facts of who may reach a document, of one visit or of all that a node has at once.
//!
//! Facts only: what follows from them is the policy's affair, in the server. Whether a sign-in or a membership is over
//! is for whoever asks to say, by their own clock.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Documents, Shared, Sharing, check_name};
use crate::communities::{MemberRole, Visibility};
use crate::db::Pool;
use crate::db::at::MaybeAt;
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, DocumentId, Epoch, LoginId, UserId};
use crate::users::Role;

/// Everything a policy needs to judge one person's access to one document.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AccessFacts {
    /// The document.
    pub document_id: DocumentId,
    /// Its lineage.
    pub epoch: Epoch,
    /// Who may reach it.
    pub visibility: Sharing,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// Since when it takes no updates.
    #[sqlx(try_from = "MaybeAt")]
    pub frozen_at: Option<OffsetDateTime>,
    /// Since when it is gone.
    #[sqlx(try_from = "MaybeAt")]
    pub deleted_at: Option<OffsetDateTime>,
    /// How far its address takes a colleague, where that was said.
    pub link_access: Option<Shared>,
    /// Until when it does.
    #[sqlx(try_from = "MaybeAt")]
    pub link_expires_at: Option<OffsetDateTime>,
    /// Where it belongs.
    pub community_id: Option<CommunityId>,
    /// Who learns of its community.
    pub community_visibility: Option<Visibility>,
    /// Since when its community rests.
    #[sqlx(try_from = "MaybeAt")]
    pub community_archived_at: Option<OffsetDateTime>,
    /// What the person was made in that community, expired or not.
    pub member_role: Option<MemberRole>,
    /// Until when.
    #[sqlx(try_from = "MaybeAt")]
    pub member_expires_at: Option<OffsetDateTime>,
    /// What the person was given by name.
    pub share_access: Option<Shared>,
    /// Whether they need not belong to the community for it.
    pub share_is_guests: Option<bool>,
    /// The end of the latest of the person's entries into the community, as an administrator; over or not.
    #[sqlx(try_from = "MaybeAt")]
    pub entry_ends_at: Option<OffsetDateTime>,
    /// What the person is to the instance; `None` for nobody, or who has no account.
    pub user_role: Option<Role>,
    /// Since when the person may not come in.
    #[sqlx(try_from = "MaybeAt")]
    pub user_suspended_at: Option<OffsetDateTime>,
    /// When the sign-in ends that was asked about; `None` where it is gone, somebody else's, or was not asked about.
    #[sqlx(try_from = "MaybeAt")]
    pub login_ends_at: Option<OffsetDateTime>,
}

/// Somebody at a document: whose access to what, and by which sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visit {
    /// The document.
    pub document: DocumentId,
    /// Who; `None` for nobody in particular.
    pub user: Option<UserId>,
    /// The sign-in that says so, if one does.
    pub login: Option<LoginId>,
}

/// The facts of one of many visits.
#[derive(sqlx::FromRow)]
struct Numbered {
    number: i64,
    #[sqlx(flatten)]
    facts: AccessFacts,
}

/// The facts of [`AccessFacts`] in one statement: from where, about whom, and by which sign-in.
macro_rules! facts {
    ($before:literal, $from:literal, $user:literal, $login:literal, $where:literal) => {
        concat!(
            "select ",
            $before,
            "d.id as document_id, d.epoch, d.visibility, d.created_by, d.frozen_at,
                    d.deleted_at, d.link_access, d.link_expires_at, d.community_id,
                    c.visibility as community_visibility, c.archived_at as community_archived_at,
                    m.role as member_role, m.expires_at as member_expires_at,
                    s.access as share_access, s.guest as share_is_guests,
                    (select max(e.expires_at) from admin_entries e
                     where e.community_id = d.community_id and e.user_id = ",
            $user,
            ") as entry_ends_at,
                    u.role as user_role, u.suspended_at as user_suspended_at, l.expires_at as login_ends_at
             from ",
            $from,
            " left join communities c on c.id = d.community_id
             left join memberships m on m.community_id = d.community_id and m.user_id = ",
            $user,
            " left join document_shares s on s.document_id = d.id and s.user_id = ",
            $user,
            " left join users u on u.id = ",
            $user,
            " left join logins l on l.id = ",
            $login,
            " and l.user_id = ",
            $user,
            $where
        )
    };
}

impl Documents {
    /// What a policy needs to judge the access of `user` to the document of that id.
    pub async fn facts_for_access(&self, id: DocumentId, user: Option<UserId>) -> Result<Option<AccessFacts>> {
        on!(
            self.db.reader(),
            maybe AccessFacts,
            facts!("", "documents d", "$2", "$3", " where d.id = $1"),
            id,
            user,
            None::<LoginId>
        )
    }

    /// The same, by the document's plain room name, and of a sign-in.
    pub async fn facts_for_access_by_name(
        &self,
        name: &str,
        user: Option<UserId>,
        login: Option<LoginId>,
    ) -> Result<Option<AccessFacts>> {
        if check_name(name).is_err() {
            return Ok(None);
        }
        on!(
            self.db.reader(),
            maybe AccessFacts,
            facts!("", "documents d", "$2", "$3", " where d.name = $1"),
            name,
            user,
            login
        )
    }

    /// The same of many at once, in their order; `None` where there is no such document. One question, which looks
    /// each up by its key.
    pub async fn facts_for_visits(&self, visits: &[Visit]) -> Result<Vec<Option<AccessFacts>>> {
        let found: Vec<Numbered> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                let hex = |id: Uuid| id.simple().to_string();
                let asked: Vec<[Option<String>; 3]> = visits
                    .iter()
                    .map(|visit| {
                        [Some(hex(visit.document.0)), visit.user.map(|id| hex(id.0)), visit.login.map(|id| hex(id.0))]
                    })
                    .collect();
                let asked = serde_json::to_string(&asked)
                    .map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))?;
                sqlx::query_as(facts!(
                    "q.number, ",
                    "(select key + 1 as number, unhex(value ->> 0) as document_id, unhex(value ->> 1) as user_id,
                             unhex(value ->> 2) as login_id
                      from json_each($1)) q
                     join documents d on d.id = q.document_id",
                    "q.user_id",
                    "q.login_id",
                    ""
                ))
                .bind(asked)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                let documents: Vec<Uuid> = visits.iter().map(|visit| visit.document.0).collect();
                let users: Vec<Option<Uuid>> = visits.iter().map(|visit| visit.user.map(|id| id.0)).collect();
                let logins: Vec<Option<Uuid>> = visits.iter().map(|visit| visit.login.map(|id| id.0)).collect();
                sqlx::query_as(facts!(
                    "q.number, ",
                    "unnest($1::uuid[], $2::uuid[], $3::uuid[])
                        with ordinality as q (document_id, user_id, login_id, number)
                     join documents d on d.id = q.document_id",
                    "q.user_id",
                    "q.login_id",
                    ""
                ))
                .bind(documents)
                .bind(users)
                .bind(logins)
                .fetch_all(pool)
                .await?
            }
        };
        let mut facts: Vec<Option<AccessFacts>> = vec![None; visits.len()];
        for Numbered { number, facts: of } in found {
            // Numbers count from 1.
            if let Some(place) = usize::try_from(number - 1).ok().and_then(|at| facts.get_mut(at)) {
                *place = Some(of);
            }
        }
        Ok(facts)
    }
}
