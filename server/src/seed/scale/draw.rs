//! Chance that is the same each time: a generator with a seed, and what is drawn from it.

use crdt_store::{CommunityId, DocumentId, UserId};
use uuid::{Builder, Uuid};

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, and without, `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).unsigned_abs().saturating_add(1);
        low.saturating_add((self.next() % span) as i64)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, of: u64) -> bool {
        self.next() % 100 < of
    }

    /// From 0 to 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Many small ones and a few large ones: from `least` to `most`, after Pareto.
    pub fn size(&mut self, least: f64, most: f64, alpha: f64) -> usize {
        let part = 1.0 - self.part();
        (least / part.powf(1.0 / alpha)).min(most) as usize
    }

    /// Small numbers far more often than large ones: from 0 to `most`.
    pub fn recent(&mut self, most: i64) -> i64 {
        let part = self.part();
        (part * part * part * most as f64) as i64
    }

    /// One of them; the list is not empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A word of a list that is not empty.
    pub fn word(&mut self, from: &[&'static str]) -> &'static str {
        self.pick(from).copied().unwrap_or_default()
    }

    /// An id of version 7 which sorts by `number`, whatever day it is.
    pub fn id(&mut self, kind: Kind, number: usize) -> Uuid {
        // The first of January 2024, and a second for each.
        const FIRST_MS: u64 = 1_704_067_200_000;
        let mut random = [0; 10];
        for (to, from) in random.iter_mut().zip(self.next().to_be_bytes().into_iter().chain([kind as u8, 0])) {
            *to = from;
        }
        Builder::from_unix_timestamp_millis(FIRST_MS + number as u64 * 1_000, &random).into_uuid()
    }

    pub fn user(&mut self, number: usize) -> UserId {
        UserId(self.id(Kind::User, number))
    }

    pub fn community(&mut self, number: usize) -> CommunityId {
        CommunityId(self.id(Kind::Community, number))
    }

    pub fn document(&mut self, number: usize) -> DocumentId {
        DocumentId(self.id(Kind::Document, number))
    }
}

/// What an id is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    User,
    Community,
    Document,
    Join,
    Invitation,
    Request,
    Act,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let (mut one, mut other) = (Draw::new(7), Draw::new(7));
        for number in 0..100 {
            assert_eq!(one.id(Kind::Act, number), other.id(Kind::Act, number));
            assert_eq!(one.size(8.0, 900.0, 1.1), other.size(8.0, 900.0, 1.1));
        }
        assert_ne!(one.below(1 << 40), Draw::new(8).below(1 << 40));
        assert_eq!(one.id(Kind::User, 3).get_version_num(), 7);
    }

    #[test]
    fn sizes_are_mostly_small_and_sometimes_large() {
        let mut draw = Draw::new(1);
        let sizes: Vec<usize> = (0..10_000).map(|_| draw.size(8.0, 4_000.0, 1.1)).collect();
        assert!(sizes.iter().all(|size| (8..=4_000).contains(size)));
        let small = sizes.iter().filter(|size| **size < 40).count();
        assert!(small > 7_000 && small < 9_500, "{small}");
        assert!(sizes.iter().any(|size| *size > 1_000));
    }
}
