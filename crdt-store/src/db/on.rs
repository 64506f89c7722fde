//! `on!`: one SQL text, run on whichever engine is behind the handle.
//!
//! ```text
//! on!(self.db.reader(), all User, "select id, name from users where role = $1", role)
//! on!(in tx, run, "update documents set title = $2 where id = $1", id, title)
//! ```
//!
//! The word before the SQL says what comes back: `run` the number of rows touched,
//! `one`/`maybe`/`all T` rows of `T: FromRow`. `in tx` runs inside a [`Tx`](super::Tx).
//! The arguments are bound in order as `$1`, `$2`…; times are bound as `At`.

/// A row of one column: `one One<i64>`.
#[derive(sqlx::FromRow)]
pub(crate) struct One<T>(pub T);

macro_rules! on {
    (in $tx:expr, run, $sql:expr $(, $arg:expr)* $(,)?) => {
        match &mut *$tx {
            $crate::db::Tx::Sqlite(tx) => {
                sqlx::query($sql)$(.bind($arg))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            $crate::db::Tx::Postgres(tx) => {
                sqlx::query($sql)$(.bind($arg))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::error::StoreError::from)
    };
    (in $tx:expr, one $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!(@rows in $tx, fetch_one, $row, $sql $(, $arg)*)
    };
    (in $tx:expr, maybe $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!(@rows in $tx, fetch_optional, $row, $sql $(, $arg)*)
    };
    (in $tx:expr, all $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!(@rows in $tx, fetch_all, $row, $sql $(, $arg)*)
    };
    (@rows in $tx:expr, $fetch:ident, $row:ty, $sql:expr $(, $arg:expr)*) => {
        match &mut *$tx {
            $crate::db::Tx::Sqlite(tx) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.$fetch(&mut **tx).await
            }
            $crate::db::Tx::Postgres(tx) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.$fetch(&mut **tx).await
            }
        }
        .map_err($crate::error::StoreError::from)
    };
    ($pool:expr, run, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $pool {
            $crate::db::Pool::Sqlite(pool) => {
                sqlx::query($sql)$(.bind($arg))*.execute(pool).await.map(|done| done.rows_affected())
            }
            $crate::db::Pool::Postgres(pool) => {
                sqlx::query($sql)$(.bind($arg))*.execute(pool).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::error::StoreError::from)
    };
    ($pool:expr, one $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!(@rows $pool, fetch_one, $row, $sql $(, $arg)*)
    };
    ($pool:expr, maybe $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!(@rows $pool, fetch_optional, $row, $sql $(, $arg)*)
    };
    ($pool:expr, all $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!(@rows $pool, fetch_all, $row, $sql $(, $arg)*)
    };
    (@rows $pool:expr, $fetch:ident, $row:ty, $sql:expr $(, $arg:expr)*) => {
        match $pool {
            $crate::db::Pool::Sqlite(pool) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.$fetch(pool).await
            }
            $crate::db::Pool::Postgres(pool) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.$fetch(pool).await
            }
        }
        .map_err($crate::error::StoreError::from)
    };
}
