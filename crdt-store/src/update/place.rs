//! Where a structure stands: in the list of a shared type, or at a key of it.
//!
//! A structure names its parent only when it names no neighbours; otherwise it stands where they do. Honest
//! clients never name neighbours of two places; integrating such a structure corrupts yrs's lists and
//! lengths. So the index keeps for every run of clocks where it stands, and the guard compares.

use std::num::NonZeroU64;

use super::{Malformed, lib0};

/// A list, or a key, as a number: 62 bits of a hash (SipHash-2-4) of the parent's id or root name, and of the
/// key. To find two that are equal takes 2^31 trials, and gains the crash of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(NonZeroU64);

/// Set in every number, so that none is 0; and in those of keys: lists and keys are told apart for certain.
const SOME: u64 = 1 << 62;
const KEYED: u64 = 1 << 63;

impl Place {
    fn new(hash: u64, keyed: bool) -> Place {
        let number = hash & !KEYED | SOME | if keyed { KEYED } else { 0 };
        Place(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }

    /// Whether it is a key's.
    pub(super) fn is_keyed(self) -> bool {
        self.0.get() & KEYED != 0
    }

    pub(super) fn number(self) -> u64 {
        self.0.get()
    }

    /// What [`Place::number`] gave.
    pub(super) fn from_number(number: u64) -> Option<Place> {
        NonZeroU64::new(number).filter(|number| number.get() & SOME != 0).map(Place)
    }
}

/// Reads the place that a structure without origins names; `head` is what follows its info byte.
pub(super) fn read(head: &[u8], keyed: bool) -> Result<Place, Malformed> {
    let mut input = head;
    let mut hash = Sip::new();
    match lib0::read_var_uint(&mut input)? {
        0 => {
            hash.word(lib0::read_var_uint(&mut input)?);
            hash.word(lib0::read_var_uint(&mut input)?);
        }
        _ => hash.text(lib0::read_var_bytes(&mut input)?, 1),
    }
    if keyed {
        hash.text(lib0::read_var_bytes(&mut input)?, 2);
    }
    Ok(Place::new(hash.finish(), keyed))
}

/// SipHash-2-4 over words, with a fixed key: what it gives is stored with the index and may never change.
struct Sip([u64; 4], u64);

impl Sip {
    fn new() -> Sip {
        let (low, high) = (0x1b87_3593_cc9e_2d51_u64, 0xe654_6b64_85eb_ca6b_u64);
        Sip(
            [
                low ^ 0x736f_6d65_7073_6575,
                high ^ 0x646f_7261_6e64_6f6d,
                low ^ 0x6c79_6765_6e65_7261,
                high ^ 0x7465_6462_7974_6573,
            ],
            0,
        )
    }

    /// A text with its length and what it is, so that no two lists of parts look alike.
    fn text(&mut self, text: &[u8], what: u64) {
        self.word(what << 56 | text.len() as u64);
        for part in text.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn word(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
        self.1 += 1;
    }

    fn finish(mut self) -> u64 {
        self.word(self.1 << 56);
        self.0[2] ^= 0xff;
        for _ in 0..4 {
            self.round();
        }
        self.0[0] ^ self.0[1] ^ self.0[2] ^ self.0[3]
    }

    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }
}
