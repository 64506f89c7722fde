//! What is known of one client: its next clock, where its structures stand, and what they are.

use super::content::Kind;
use super::index::MAX_DEPTH;
use super::place::Place;
use super::{CLOCK_LIMIT, Malformed, lib0};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) next: u32,
    stands: Runs<Stand>,
    kinds: Runs<Kind>,
}

/// Where a structure stands, and how deep that is nested: 0 right under a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) depth: u8,
    /// None of what was collected, and of what stands beside that only.
    pub(super) place: Option<Place>,
}

impl Stand {
    pub(super) const NOWHERE: Stand = Stand { depth: 0, place: None };
}

/// How much was known before, to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) next: u32,
    stands: usize,
    kinds: usize,
}

impl Known {
    /// Adds what is between the next clock and `end`.
    #[inline]
    pub(super) fn grow(&mut self, end: u32, stand: Stand, kind: Kind) {
        self.stands.push(self.next, stand);
        self.kinds.push(self.next, kind);
        self.next = end;
    }

    #[inline]
    pub(super) fn stand(&self, clock: u32) -> Stand {
        self.stands.get(clock).unwrap_or(Stand::NOWHERE)
    }

    /// Whether other structures may name a clock as their parent: a type, or what may have been one.
    pub(super) fn may_hold(&self, clock: u32) -> bool {
        self.kinds.get(clock) != Some(Kind::Plain)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { next: self.next, stands: self.stands.0.len(), kinds: self.kinds.0.len() }
    }

    pub(super) fn go_back(&mut self, mark: Mark) {
        self.next = mark.next;
        self.stands.0.truncate(mark.stands);
        self.kinds.0.truncate(mark.kinds);
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        lib0::write_var_uint(out, u64::from(self.next));
        self.stands.encode(out, |stand, out| {
            out.push(stand.depth);
            let number = stand.place.map_or(0, Place::number);
            out.extend_from_slice(&number.to_le_bytes());
        });
        self.kinds.encode(out, |kind, out| {
            out.push(match kind {
                Kind::Plain => 0,
                Kind::Type => 1,
                Kind::Gone | Kind::Skip => 2,
            });
        });
    }

    pub(super) fn read(input: &mut &[u8]) -> Result<Known, Malformed> {
        let next = lib0::read_var_uint(input)?;
        if next >= CLOCK_LIMIT {
            return Err(Malformed::ClockTooLarge);
        }
        let stands = Runs::read(input, next, |input| {
            let depth = lib0::read_u8(input)?;
            let number = *input.first_chunk().ok_or(Malformed::UnexpectedEnd)?;
            lib0::read_bytes(input, 8)?;
            let place = match u64::from_le_bytes(number) {
                0 => None,
                number => Some(Place::from_number(number).ok_or(Malformed::Inconsistent)?),
            };
            if depth > MAX_DEPTH { Err(Malformed::Inconsistent) } else { Ok(Stand { depth, place }) }
        })?;
        let kinds = Runs::read(input, next, |input| match lib0::read_u8(input)? {
            0 => Ok(Kind::Plain),
            1 => Ok(Kind::Type),
            2 => Ok(Kind::Gone),
            _ => Err(Malformed::Inconsistent),
        })?;
        Ok(Known { next: next as u32, stands, kinds })
    }
}

/// Values by runs of clocks: where each begins, the first at 0.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Runs<T>(Vec<(u32, T)>);

impl<T> Default for Runs<T> {
    fn default() -> Runs<T> {
        Runs(Vec::new())
    }
}

impl<T: Copy + PartialEq> Runs<T> {
    #[inline]
    fn push(&mut self, from: u32, value: T) {
        if self.0.last().is_none_or(|last| last.1 != value) {
            self.0.push((from, value));
        }
    }

    #[inline]
    fn get(&self, clock: u32) -> Option<T> {
        match self.0.last() {
            Some(last) if last.0 <= clock => Some(last.1),
            _ => {
                let after = self.0.partition_point(|run| run.0 <= clock);
                after.checked_sub(1).and_then(|at| self.0.get(at)).map(|run| run.1)
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
        lib0::write_var_uint(out, self.0.len() as u64);
        let mut last = 0;
        for (from, value) in &self.0 {
            lib0::write_var_uint(out, u64::from(from - last));
            write(*value, out);
            last = *from;
        }
    }

    /// Reads runs of clocks under `next`; there is one at least, which begins at 0.
    fn read(
        input: &mut &[u8],
        next: u64,
        read: impl Fn(&mut &[u8]) -> Result<T, Malformed>,
    ) -> Result<Runs<T>, Malformed> {
        let mut runs = Vec::new();
        let mut from = 0;
        for place in 0..lib0::read_count(input, 2)? {
            let step = lib0::read_var_uint(input)?;
            // Both have at most 53 bits: the sum fits.
            from += step;
            if from >= next || (place > 0) != (step > 0) {
                return Err(Malformed::Inconsistent);
            }
            runs.push((from as u32, read(input)?));
        }
        if runs.is_empty() { Err(Malformed::Inconsistent) } else { Ok(Runs(runs)) }
    }
}
