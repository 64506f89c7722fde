//! Tests of the guard: by hand, against yrs, and by chance.

use super::*;

mod admission;
mod build;
mod codecs;
mod compose;
mod generate;
mod guarded;
mod hostile;
mod next;
mod oracle;
mod replica;
mod sequences;
mod structure;
