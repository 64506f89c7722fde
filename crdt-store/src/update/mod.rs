//! The Yjs V1 update format, and the guard in front of everything that trusts it.
//!
//! yrs and every browser in a room integrate what they are handed without much suspicion, and hostile or
//! merely unlucky bytes make them overflow their stacks, fill the memory or corrupt it. So an update passes
//! two checks before anything else touches it:
//!
//! 1. **Structure** ([`Update::parse`]): the bytes are what the format says, to the last one; no count is
//!    larger than what the bytes can hold; nothing is nested without bound.
//! 2. **Cause** ([`Index::admit`]): what a structure refers to is known, clocks have no gap, and what is known
//!    already is cut off. What lacks something is held back by the caller and tried again.
//!
//! What passes both, applied in the order of its admission, never leaves anything pending in a document.
//!
//! Nothing here interprets content, names yrs, panics, or recurses deeper than a constant. Memory is bounded
//! by a small multiple of the input (see [`Update`]); no allocation follows a declared count.
//!
//! Callers: rooms (every message), the log (opening, compaction), workers (checks).

mod admit;
pub mod awareness;
mod compose;
mod content;
mod cut;
mod delete_set;
mod divide;
mod frame;
mod index;
mod judge;
mod known;
pub mod lib0;
mod malformed;
mod next;
mod parse;
mod place;
mod ranges;
mod shape;
mod state_vector;

#[cfg(test)]
mod tests;

pub use admit::{Accepted, Admission, Refusal, Rule};
pub use compose::{compose, deletes_only};
pub use delete_set::DeleteSet;
pub use index::{Index, Limits, MAX_DEPTH};
pub use malformed::Malformed;
pub use parse::Update;
pub use ranges::{Ranges, needs};
pub use state_vector::StateVector;

/// Who made a structure: an id that a client draws for itself, at most 53 bits.
pub type ClientId = u64;

/// A structure's place in what its client made. Held as 64 bits; valid ones stay under 2^31.
pub type Clock = u64;

/// Clocks, lengths added, stay under this: yrs and others count offsets in signed 32 bits.
pub(crate) const CLOCK_LIMIT: u64 = 1 << 31;
