//! Updates that look right, and a document that takes what the guard took: the tests' own.

pub use crate::update::*;

#[path = "../../../crdt-store/src/update/tests/generate.rs"]
pub mod generate;
#[path = "../../../crdt-store/src/update/tests/guarded.rs"]
pub mod guarded;
#[path = "../../../crdt-store/src/update/tests/replica.rs"]
pub mod replica;
#[path = "../../../crdt-store/src/update/tests/sequences.rs"]
pub mod sequences;

use generate::Choices;

/// A fuzzing input as a source of choices.
pub struct Input<'a>(pub &'a [u8]);

impl Choices for Input<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }
}
