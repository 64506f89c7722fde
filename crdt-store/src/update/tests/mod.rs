//! Tests of the guard.

use super::*;

mod generate;
mod replica;
mod sequences;
