//! What rests: the Yjs update format, pure functions over Yjs bytes, and every
//! SQL statement of Unisson.
//!
//! Nothing here knows sockets, HTTP or Redis. The server sees use cases, never a
//! transaction: a method of [`Log`], [`Documents`], [`Users`]… is a whole one.
//!
//! | module | holds |
//! |---|---|
//! | [`update`] | reader and guard of the V1 update format; no Yrs |
//! | [`doc`] | pure Yrs functions, bytes in and bytes out; the only place that names `yrs` |
//! | [`log`] | the update log: append, load, snapshots, versions, quarantine, attribution |
//! | [`documents`], [`communities`], [`users`], [`logins`], [`settings`] | one file a noun |
//! | [`db`] | opening, migrating and asking SQLite or PostgreSQL |

#[macro_use]
mod words;
#[macro_use]
pub mod db;

pub mod communities;
pub mod doc;
pub mod documents;
pub mod error;
pub mod ids;
pub mod log;
pub mod logins;
pub mod settings;
pub mod update;
pub mod users;

pub use communities::Communities;
pub use db::{Db, DbOptions, Engine};
pub use documents::Documents;
pub use error::{Result, StoreError};
pub use ids::{ClientId, Clock, CommunityId, DocumentId, Epoch, LoginId, Seq, UserId, VersionId};
pub use log::Log;
pub use logins::Logins;
pub use settings::Settings;
pub use users::Users;
