//! The live engine: rooms, sessions, and what goes between them.
//!
//! A [`Registry`] opens each document once, as a room: a task that owns an index of what the document holds,
//! its sessions and what is on its way to the database. It has no document: what needs one is asked of worker
//! processes. Knows no HTTP and no feature; `documents::socket` hands it sockets.
//!
//! | module | holds |
//! |---|---|
//! | [`wire`] | the two dialects as bytes |
//! | [`link`] | one socket: reading, writing, timing, closing |
//! | [`registry`] | all rooms of the node |
//! | `opening` | from the log to a room |
//! | `room` | the state of one room, its turn, coming and going |
//! | `intake` | edits: right, structure, ownership, causality, acknowledgement |
//! | `answers`, `contents` | what is sent to those who join |
//! | `people` | who comes, shows themselves and leaves |
//! | `owners`, `presence` | whose id is it, who is here |
//! | `peers` | other nodes: what is heard, missing, or to be written for them |
//! | `seats`, `rights` | whether what a session may still holds, and what becomes of it |
//! | `sockets` | how many there are |
//! | `batch` | what gathers, what flies, what is owed when it lands |
//! | `saver`, `compactor` | the way to the database, and keeping it short |

mod answers;
mod batch;
mod compactor;
mod contents;
mod intake;
pub mod link;
mod opening;
mod outbox;
mod owners;
mod peers;
mod people;
mod presence;
mod receipt;
pub mod registry;
mod rights;
mod room;
mod saver;
mod seats;
mod session;
pub mod settings;
mod sockets;
pub mod wire;

pub use registry::Registry;
pub use settings::Settings;
