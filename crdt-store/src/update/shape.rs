//! The shape of a structure: its kind, and what its head says of neighbours and parent.

use super::content::Kind;

/// What is needed to know of a structure besides its place, in a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape(u8);

const KIND: u8 = 0b0000_0011;
pub(super) const LEFT: u8 = 0b0000_0100;
pub(super) const RIGHT: u8 = 0b0000_1000;
pub(super) const PARENT: u8 = 0b0001_0000;
pub(super) const NAMED: u8 = 0b0010_0000;
pub(super) const KEYED: u8 = 0b0100_0000;

impl Shape {
    pub(super) fn of(kind: Kind) -> Shape {
        Shape(match kind {
            Kind::Plain => 0,
            Kind::Type => 1,
            Kind::Gone => 2,
            Kind::Skip => 3,
        })
    }

    /// With some of the flags above.
    pub(super) fn with(self, flags: u8) -> Shape {
        Shape(self.0 | flags)
    }

    pub(super) fn kind(self) -> Kind {
        match self.0 & KIND {
            0 => Kind::Plain,
            1 => Kind::Type,
            2 => Kind::Gone,
            _ => Kind::Skip,
        }
    }

    /// Whether it names a right neighbour, its last id.
    pub(super) fn has_right(self) -> bool {
        self.0 & RIGHT != 0
    }

    /// Whether it was collected: only its length is left.
    pub(super) fn is_collected(self) -> bool {
        self.0 == Shape::of(Kind::Gone).0
    }

    /// Whether it names its parent, by id or by a root's name.
    pub(super) fn names_parent(self) -> bool {
        self.0 & (PARENT | NAMED) != 0
    }

    /// Whether it names a key of its parent.
    pub(super) fn is_keyed(self) -> bool {
        self.0 & KEYED != 0
    }

    /// How many ids it refers to.
    pub(super) fn ids(self) -> usize {
        (self.0 & (LEFT | RIGHT | PARENT)).count_ones() as usize
    }
}
