//! People: accounts, their role on the instance, and what they say of themselves.
//!
//! Addresses are kept in lower case ([`address`]), so that one person has one account.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use crate::audit::{self, Act, Subject};
use crate::communities::{self, MemberRole};
use crate::db::at::{At, MaybeAt};
use crate::db::{Db, Tx};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, UserId};

words! {
    /// What a person is to the instance.
    Role {
        /// Runs the instance.
        Administrator = "administrator",
        /// A civil servant.
        Agent = "agent",
        /// Someone invited from elsewhere, who sees only their communities.
        Outsider = "outsider",
    }
}

words! {
    /// Who finds a person in the directory.
    Directory {
        /// Every agent.
        Agents = "agents",
        /// Only who shares a community with them.
        Communities = "communities",
    }
}

/// An address as it is kept and compared.
pub fn address(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The name that others see.
    pub name: String,
    /// Their address, where they gave one.
    pub email: Option<String>,
    /// What they are to the instance.
    pub role: Role,
    /// The language of their pages and mails: `fr`, `en`.
    pub language: String,
    /// Where they work, as others see it.
    pub service: Option<String>,
    /// Who finds them.
    pub directory: Directory,
    /// When the account came into being.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when they may not come in.
    #[sqlx(try_from = "MaybeAt")]
    #[serde(with = "time::serde::rfc3339::option")]
    pub suspended_at: Option<OffsetDateTime>,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// The name that others see.
    pub name: String,
    /// Their address; of several accounts only one may have it.
    pub email: Option<String>,
    /// What they are to the instance.
    pub role: Role,
    /// `fr` or `en`.
    pub language: String,
}

/// What a person changes of themselves; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The name that others see.
    pub name: Option<String>,
    /// `fr` or `en`.
    pub language: Option<String>,
    /// Where they work; `Some(None)` takes it away.
    pub service: Option<Option<String>>,
    /// Who finds them.
    pub directory: Option<Directory>,
}

/// The people of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Users {
    db: Db,
}

impl Users {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes an account. [`StoreError::Conflict`] where the id or the address is taken.
    pub async fn create(&self, user: NewUser) -> Result<User> {
        let mut tx = self.db.begin().await?;
        let made = create(&mut tx, self.db.now(), &user).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// The account of an address, which is made where there is none.
    pub async fn for_email(&self, user: NewUser) -> Result<User> {
        let mut tx = self.db.begin().await?;
        let found = for_email(&mut tx, self.db.now(), &user).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The account of an address, however it is written.
    pub async fn by_email(&self, email: &str) -> Result<Option<User>> {
        on!(
            self.db.reader(),
            maybe User,
            "select id, name, email, role, language, service, directory, created_at, suspended_at
             from users where email = $1",
            address(email)
        )
    }

    /// Makes the account, or leaves it as it is where the id is there already.
    pub async fn ensure(&self, user: NewUser) -> Result<User> {
        on!(
            self.db.writer(),
            run,
            "insert into users (id, name, email, role, language, created_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (id) do nothing",
            user.id,
            &user.name,
            user.email.as_deref().map(address),
            user.role,
            &user.language,
            self.db.now()
        )?;
        self.get(user.id).await?.ok_or(StoreError::NotFound { what: "person" })
    }

    /// The account of that id.
    pub async fn get(&self, id: UserId) -> Result<Option<User>> {
        on!(
            self.db.reader(),
            maybe User,
            "select id, name, email, role, language, service, directory, created_at, suspended_at
             from users where id = $1",
            id
        )
    }

    /// Accounts in the order of their ids, from the one after `after`.
    pub async fn list(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>> {
        let after = after.map_or(uuid::Uuid::nil(), |id| id.0);
        on!(
            self.db.reader(),
            all User,
            "select id, name, email, role, language, service, directory, created_at, suspended_at
             from users where id > $1 order by id limit $2",
            after,
            i64::from(limit)
        )
    }

    /// Changes what a person says of themselves. [`StoreError::NotFound`] where nobody is.
    pub async fn change(&self, id: UserId, change: &UserChange) -> Result<User> {
        on!(
            self.db.writer(),
            maybe User,
            "update users set name = coalesce($2, name), language = coalesce($3, language),
                directory = coalesce($4, directory), service = case when $5 then $6 else service end
             where id = $1
             returning id, name, email, role, language, service, directory, created_at, suspended_at",
            id,
            &change.name,
            &change.language,
            change.directory,
            change.service.is_some(),
            change.service.clone().flatten()
        )?
        .ok_or(StoreError::NotFound { what: "person" })
    }

    /// Makes a person something else to the instance, by nobody's hand: at the command line, or because the identity
    /// provider knows them. Recorded. [`StoreError::NotFound`] where nobody is.
    pub async fn set_role(&self, id: UserId, role: Role) -> Result<User> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let before = get(&mut tx, id).await?;
        if before.role == role {
            return Ok(before);
        }
        let user = give_role(&mut tx, now, &before, role).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Locks a person out, or lets them in again.
    pub async fn set_suspended(&self, id: UserId, suspended: Suspension) -> Result<User> {
        let at = match suspended {
            Suspension::Suspended => Some(self.db.now()),
            Suspension::Lifted => None,
        };
        on!(
            self.db.writer(),
            maybe User,
            "update users set suspended_at = $2 where id = $1
             returning id, name, email, role, language, service, directory, created_at, suspended_at",
            id,
            at
        )?
        .ok_or(StoreError::NotFound { what: "person" })
    }
}

/// Whether a person may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspension {
    /// They may not.
    Suspended,
    /// They may again.
    Lifted,
}

#[derive(sqlx::FromRow)]
struct Keeping {
    community_id: CommunityId,
    role: MemberRole,
}

/// Somebody from outside keeps no order: where they did, they take part from now on. `by`: whose act it is, if anybody's.
pub(crate) async fn step_down(tx: &mut Tx, now: At, by: Option<UserId>, user: UserId) -> Result<()> {
    let keeping = on!(
        in tx,
        all Keeping,
        "select community_id, role from memberships where user_id = $1 and role in ('leader', 'moderator')
         order by community_id",
        user
    )?;
    for Keeping { community_id, role } in keeping {
        communities::held(tx, community_id).await?;
        on!(
            in tx,
            run,
            "update memberships set role = 'member' where community_id = $1 and user_id = $2",
            community_id,
            user
        )?;
        let act = Act {
            by: by.unwrap_or(user),
            action: "member.role",
            community: Some(community_id),
            subject: Some(Subject::Person(user)),
            details: json!({ "role": [role, MemberRole::Member] }),
        };
        match by {
            Some(_) => audit::record(tx, now, act).await?,
            None => audit::record_of_nobody(tx, now, act).await?,
        }
    }
    Ok(())
}

/// A role by nobody's hand, within a use case.
pub(crate) async fn give_role(tx: &mut Tx, now: At, before: &User, role: Role) -> Result<User> {
    let id = before.id;
    if role == Role::Outsider {
        step_down(tx, now, None, id).await?;
    }
    let user = on!(
        in tx,
        one User,
        "update users set role = $2 where id = $1
         returning id, name, email, role, language, service, directory, created_at, suspended_at",
        id,
        role
    )?;
    let details = json!({ "role": [before.role, role] });
    let act = Act { by: id, action: "person.role", community: None, subject: Some(Subject::Person(id)), details };
    audit::record_of_nobody(tx, now, act).await?;
    Ok(user)
}

/// Makes an account within a use case.
pub(crate) async fn create(tx: &mut Tx, now: At, user: &NewUser) -> Result<User> {
    on!(
        in tx,
        one User,
        "insert into users (id, name, email, role, language, created_at)
         values ($1, $2, $3, $4, $5, $6)
         returning id, name, email, role, language, service, directory, created_at, suspended_at",
        user.id,
        &user.name,
        user.email.as_deref().map(address),
        user.role,
        &user.language,
        now
    )
}

/// The account of an address within a use case; it is made where there is none. Of several that race for one address,
/// all get the same account.
pub(crate) async fn for_email(tx: &mut Tx, now: At, user: &NewUser) -> Result<User> {
    let Some(email) = user.email.as_deref().map(address) else {
        return Err(StoreError::Unacceptable { what: "person", reason: "no address" });
    };
    on!(
        in tx,
        run,
        "insert into users (id, name, email, role, language, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (email) do nothing",
        user.id,
        &user.name,
        &email,
        user.role,
        &user.language,
        now
    )?;
    on!(
        in tx,
        one User,
        "select id, name, email, role, language, service, directory, created_at, suspended_at
         from users where email = $1",
        &email
    )
}

/// The account of that id within a use case.
pub(crate) async fn get(tx: &mut Tx, id: UserId) -> Result<User> {
    on!(
        in tx,
        maybe User,
        "select id, name, email, role, language, service, directory, created_at, suspended_at
         from users where id = $1",
        id
    )?
    .ok_or(StoreError::NotFound { what: "person" })
}
