//! The HTTP kit. It knows no feature and no person.
//!
//! * [`problem`]: every refusal leaves as `application/problem+json`, in the reader's language
//! * [`context`]: what surrounds a request: its id, its span, its figures, its panics, its problems
//! * [`headers`]: the security headers and the content policies
//! * [`origin`]: the defence against requests forged by other sites
//! * [`client`]: the address a request comes from
//! * [`extract`]: `Json`, `Path` and `Query` that refuse with problems
//! * [`fields`]: what people write, looked at; [`csv`]: tables for spreadsheets
//! * [`listen`]: the serving loop
//! * [`page`]: limits and cursors of lists
//! * [`language`]: French or English
//! * [`upgrade`]: from a request to a WebSocket over a metered stream, and [`port`]: the network below it
//! * [`assets`]: the built client; [`docs`]: the readable API

pub mod assets;
pub mod client;
pub mod context;
pub mod csv;
pub mod docs;
pub mod extract;
pub mod fields;
pub mod headers;
pub mod language;
pub mod listen;
pub mod origin;
pub mod page;
pub mod port;
pub mod problem;
pub mod upgrade;

pub use language::Language;
pub use problem::{Kind, Problem};
