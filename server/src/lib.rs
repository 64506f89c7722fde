//! The server of Unisson, as a library: what moves.
//!
//! The house has floors, and a room imports only from floors below its own (`tests/it/architecture.rs`
//! holds the table):
//!
//! | floor | rooms |
//! |---|---|
//! | 7 | `main` (with [`cli`], [`doctor`]) |
//! | 6 | [`app`]: the roof, where everything is put together, and [`seed`], the demonstration |
//! | 5 | features: [`account`], [`admin`], [`communities`], [`documents`] |
//! | 4 | [`state`]: what a request handler can reach |
//! | 3 | [`rooms`] (the live engine), [`live`] (the feed), [`auth`] (who is it) |
//! | 2 | [`bus`], [`http`], [`mail`] (letters), [`workers`], [`telemetry`] |
//! | 1 | [`access`] (who may), [`config`], [`shutdown`] |
//! | 0 | the crate `crdt_store`: what rests |
//!
//! [`serve`] starts a node; tests start several in one process.

pub mod access;
pub mod account;
pub mod admin;
pub mod app;
pub mod auth;
pub mod bus;
pub mod cli;
pub mod communities;
pub mod config;
pub mod doctor;
pub mod documents;
pub mod http;
pub mod live;
pub mod mail;
pub mod rooms;
pub mod seed;
pub mod shutdown;
pub mod state;
pub mod telemetry;
pub mod workers;

pub use app::{Running, StartError, serve};
