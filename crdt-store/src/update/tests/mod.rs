//! Tests of the guard: by hand, against yrs, and by chance.

use super::*;

mod build;
mod codecs;
mod generate;
mod replica;
mod sequences;
mod structure;
