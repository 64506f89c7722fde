//! Sign-ins: one row a browser, found by the hash of the secret in its cookie.
//! The secret itself is never stored.

use time::OffsetDateTime;

use crate::db::Db;
use crate::db::at::{At, cut};
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{LoginId, UserId};
use crate::users::{Directory, Role, User};

/// A person's sign-in on one browser.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Whose.
    pub user_id: UserId,
    /// When they signed in.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
    /// When it was last used, give or take what [`Logins::touch`] is spared.
    #[sqlx(try_from = "At")]
    pub last_seen_at: OffsetDateTime,
    /// When it ends.
    #[sqlx(try_from = "At")]
    pub expires_at: OffsetDateTime,
    /// What the browser called itself.
    pub user_agent: Option<String>,
}

/// A sign-in to be made.
#[derive(Debug, Clone)]
pub struct NewLogin {
    /// Its id.
    pub id: LoginId,
    /// Whose.
    pub user_id: UserId,
    /// SHA-256 of the cookie's secret.
    pub secret_hash: Vec<u8>,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

#[derive(sqlx::FromRow)]
struct LoginAndUser {
    #[sqlx(flatten)]
    login: Login,
    user_name: String,
    user_email: Option<String>,
    user_role: Role,
    user_language: String,
    user_service: Option<String>,
    user_directory: Directory,
    #[sqlx(try_from = "At")]
    user_created_at: OffsetDateTime,
    #[sqlx(try_from = "crate::db::at::MaybeAt")]
    user_suspended_at: Option<OffsetDateTime>,
}

/// The sign-ins of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Logins {
    db: Db,
}

impl Logins {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Signs a person in. [`StoreError::NotFound`] where nobody is, or who is may not come in.
    pub async fn create(&self, login: NewLogin) -> Result<Login> {
        self.create_by_provider(login, None).await
    }

    /// Signs a person in who comes from an identity provider, with its token of this sign-in: sealed by the caller, to be
    /// shown there when it ends.
    pub async fn create_by_provider(&self, login: NewLogin, id_token: Option<&[u8]>) -> Result<Login> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        // The person first: whoever is being suspended meanwhile is waited for, and gets no login that outlives it.
        let comes_in = on!(
            in &mut tx,
            run,
            "update users set last_seen_at = $2 where id = $1 and suspended_at is null",
            login.user_id,
            now
        )?;
        if comes_in == 0 {
            return Err(StoreError::NotFound { what: "person who may come in" });
        }
        let made = on!(
            in &mut tx,
            one Login,
            "insert into logins (id, user_id, secret_hash, created_at, last_seen_at, expires_at, user_agent, id_token)
             values ($1, $2, $3, $4, $4, $5, $6, $7)
             returning id, user_id, created_at, last_seen_at, expires_at, user_agent",
            login.id,
            login.user_id,
            &login.secret_hash,
            now,
            At(cut(login.expires_at)),
            &login.user_agent,
            id_token
        )?;
        tx.commit().await?;
        Ok(made)
    }

    /// The sign-in of that secret and its person, unless it has ended or the person is suspended.
    pub async fn by_secret_hash(&self, secret_hash: &[u8]) -> Result<Option<(Login, User)>> {
        let row = on!(
            self.db.reader(),
            maybe LoginAndUser,
            "select l.id, l.user_id, l.created_at, l.last_seen_at, l.expires_at, l.user_agent,
                    u.name as user_name, u.email as user_email, u.role as user_role,
                    u.language as user_language, u.service as user_service,
                    u.directory as user_directory, u.created_at as user_created_at,
                    u.suspended_at as user_suspended_at
             from logins l join users u on u.id = l.user_id
             where l.secret_hash = $1 and l.expires_at > $2 and u.suspended_at is null",
            secret_hash,
            self.db.now()
        )?;
        Ok(row.map(|row| {
            let user = User {
                id: row.login.user_id,
                name: row.user_name,
                email: row.user_email,
                role: row.user_role,
                language: row.user_language,
                service: row.user_service,
                directory: row.user_directory,
                created_at: row.user_created_at,
                suspended_at: row.user_suspended_at,
            };
            (row.login, user)
        }))
    }

    /// Notes that it was used now, its person seen, and until when it holds. A caller does it once in a
    /// while, not at every request.
    pub async fn touch(&self, id: LoginId, expires_at: OffsetDateTime) -> Result<()> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        // The person first, as whoever suspends them does.
        on!(
            in &mut tx,
            run,
            "update users set last_seen_at = $2 where id = (select user_id from logins where id = $1)",
            id,
            now
        )?;
        on!(
            in &mut tx,
            run,
            "update logins set last_seen_at = $2, expires_at = $3 where id = $1",
            id,
            now,
            At(cut(expires_at))
        )?;
        tx.commit().await
    }

    /// The sealed token of the provider, where the sign-in came with one.
    pub async fn id_token(&self, id: LoginId) -> Result<Option<Vec<u8>>> {
        let row = on!(
            self.db.reader(),
            maybe One<Option<Vec<u8>>>,
            "select id_token from logins where id = $1",
            id
        )?;
        Ok(row.and_then(|One(token)| token))
    }

    /// Ends a sign-in of that person; false where it is none of theirs.
    pub async fn delete_of(&self, user_id: UserId, id: LoginId) -> Result<bool> {
        let sql = "delete from logins where id = $1 and user_id = $2";
        Ok(on!(self.db.writer(), run, sql, id, user_id)? > 0)
    }

    /// Ends all sign-ins of a person but one; how many.
    pub async fn delete_others(&self, user_id: UserId, but: LoginId) -> Result<u64> {
        on!(self.db.writer(), run, "delete from logins where user_id = $1 and id <> $2", user_id, but)
    }

    /// Ends a sign-in; true where there was one.
    pub async fn delete(&self, id: LoginId) -> Result<bool> {
        let rows = on!(self.db.writer(), run, "delete from logins where id = $1", id)?;
        Ok(rows > 0)
    }

    /// The running sign-ins of a person, the newest first: as many as a person ever looks through.
    pub async fn list(&self, user_id: UserId) -> Result<Vec<Login>> {
        on!(
            self.db.reader(),
            all Login,
            "select id, user_id, created_at, last_seen_at, expires_at, user_agent
             from logins where user_id = $1 and expires_at > $2
             order by created_at desc, id desc limit 200",
            user_id,
            self.db.now()
        )
    }

    /// Removes what has ended; how many.
    pub async fn delete_expired(&self) -> Result<u64> {
        on!(self.db.writer(), run, "delete from logins where expires_at <= $1", self.db.now())
    }
}
