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
//! | [`identities`], [`attempts`], [`email_links`], [`throttles`] | what signing in remembers |
//! | [`bulk`] | many rows at once, for a data set of demonstration |
//! | [`entries`], [`feeds`] | administrators who look into a community; what a node asks for its feed |
//! | [`requests`], [`invitations`], [`joins`] | how communities and members come about |
//! | [`directory`] | people in lists |
//! | [`audit`], [`instance`] | what was done; the instance as administrators see it |
//! | [`names`] | names folded, for sorting and finding |
//! | [`mails`] | the outbox of mails |
//! | [`exports`] | all that is held of one person |
//! | [`db`] | opening, migrating and asking SQLite or PostgreSQL |

#[macro_use]
mod words;
#[macro_use]
pub mod db;

pub mod attempts;
pub mod audit;
pub mod bulk;
pub mod communities;
pub mod directory;
pub mod doc;
pub mod documents;
pub mod email_links;
pub mod entries;
pub mod error;
pub mod exports;
pub mod feeds;
pub mod identities;
pub mod ids;
pub mod instance;
pub mod invitations;
pub mod joins;
pub mod log;
pub mod logins;
pub mod mails;
pub mod names;
pub mod requests;
pub mod settings;
pub mod throttles;
pub mod update;
pub mod users;

pub use attempts::Attempts;
pub use audit::Audit;
pub use bulk::Bulk;
pub use communities::Communities;
pub use db::{Db, DbOptions, Engine};
pub use directory::People;
pub use documents::Documents;
pub use email_links::EmailLinks;
pub use entries::Entries;
pub use error::{Result, StoreError};
pub use exports::Exports;
pub use feeds::Feeds;
pub use identities::Identities;
pub use ids::{ClientId, Clock, CommunityId, DocumentId, EntryId, Epoch, LoginId, MailId, Seq, UserId, VersionId};
pub use instance::Instance;
pub use invitations::Invitations;
pub use joins::Joins;
pub use log::Log;
pub use logins::Logins;
pub use mails::Mails;
pub use requests::Requests;
pub use settings::Settings;
pub use throttles::Throttles;
pub use users::Users;
