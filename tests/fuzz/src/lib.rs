//! What is fuzzed, compiled from its own files: the guard, the frame readers, and the tests' generator of
//! updates. The crates around them (databases, sockets) would be instrumented for nothing.

// The frame readers know the guard under its crate's name.
extern crate self as crdt_store;

#[path = "../../../crdt-store/src/update/mod.rs"]
pub mod update;

#[path = "../../../server/src/rooms/wire/mod.rs"]
pub mod wire;

pub mod kit;
