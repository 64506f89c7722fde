//! Reading an update once: its structure is checked and an outline of it kept.
//!
//! ```text
//! update := varUint(nClients) { varUint(nStructs) varUint(client) varUint(clock) struct*nStructs } deleteSet
//! struct := 00 varUint(len) GC | 0a varUint(len) Skip
//!         | info [id if info&80] [id if info&40] [if !(info&c0): varUint(1) varString(root) | varUint(0) id;
//!                                                 if info&20: varString(key)] content(info&1f)
//! id     := varUint(client) varUint(clock)
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use smallvec::SmallVec;

use super::content::{self, Kind};
use super::place::{self, Place};
use super::shape::{KEYED, LEFT, NAMED, PARENT, RIGHT, Shape};
use super::{CLOCK_LIMIT, ClientId, Clock, DeleteSet, Malformed, lib0};

/// An update whose structure has been checked, with an outline of what it holds.
///
/// Nothing of the content is copied: structures are known by where they begin. An outline takes at most six
/// times the bytes (12 bytes a structure, 8 an id that it refers to), its delete set at most four times. Most
/// updates are one letter: their outline has room in here.
#[derive(Debug, Clone)]
pub struct Update {
    pub(super) bytes: Bytes,
    /// Every client that is named by sections and ids; the outline holds places in this list.
    pub(super) clients: Clients,
    pub(super) sections: Sections,
    pub(super) records: Records,
    /// What the structures refer to, in their order: origin, right origin or parent.
    pub(super) ids: Ids,
    pub(super) deletes: DeleteSet,
    /// Whether the delete set is written as it would be here.
    pub(super) canonical: bool,
}

pub(super) type Clients = SmallVec<[ClientId; 2]>;
pub(super) type Sections = SmallVec<[Section; 1]>;
pub(super) type Records = SmallVec<[Record; 1]>;
pub(super) type Ids = SmallVec<[Id; 2]>;

/// One client's structures in an update.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) client: u32,
    /// Its records and its ids, as places in the update's lists.
    pub(super) records: Range<usize>,
    pub(super) ids_from: usize,
    /// First clock, the clock after the last structure, and the clock after all (Skips at the end included).
    pub(super) start: u32,
    pub(super) structs_end: u32,
    pub(super) end: u32,
    /// Where the last structure ends in the bytes.
    pub(super) bytes_end: u32,
}

/// One structure: where it begins, its first clock, and its shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) at: u32,
    pub(super) clock: u32,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Id {
    pub(super) client: u32,
    pub(super) clock: u32,
}

impl Update {
    /// Checks the structure of an update, in time and memory linear in its length.
    pub fn parse(bytes: Bytes) -> Result<Update, Malformed> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Malformed::TooLarge);
        }
        let mut outline = Outline::default();
        let mut input = bytes.as_ref();
        // A section has a count, a client, a clock and a structure of two bytes or more.
        let sections = lib0::read_count(&mut input, 5)?;
        for _ in 0..sections {
            outline.read_section(bytes.len(), &mut input)?;
        }
        outline.expect_one_section_a_client()?;
        let (deletes, canonical) = DeleteSet::read(&mut input)?;
        lib0::expect_end(input)?;
        let Outline { names, sections, records, ids, .. } = outline;
        Ok(Update { bytes, clients: names.list, sections, records, ids, deletes, canonical })
    }

    /// The bytes that were parsed.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether it brings nothing at all.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty() && self.deletes.is_empty()
    }

    /// Whether there are structures in it (and not only Skips and deletes).
    pub fn has_structs(&self) -> bool {
        self.sections.iter().any(|section| section.structs_end > section.start)
    }

    /// Each client's section, from its first clock to the end of its last structure, Skips between included.
    pub fn clients(&self) -> impl Iterator<Item = (ClientId, Range<Clock>)> + '_ {
        self.sections
            .iter()
            .map(|section| (self.client(section.client), u64::from(section.start)..u64::from(section.end)))
    }

    /// How many structures there are, Skips included.
    pub fn structs_count(&self) -> usize {
        self.records.len()
    }

    pub fn deletes(&self) -> &DeleteSet {
        &self.deletes
    }

    pub(super) fn client(&self, place: u32) -> ClientId {
        self.clients.get(place as usize).copied().unwrap_or_default()
    }

    /// The place that a record names, which names one.
    pub(super) fn named_place(&self, record: usize) -> Option<Place> {
        let record = self.records.get(record)?;
        let head = self.bytes.get(record.at as usize + 1..)?;
        place::read(head, record.shape.is_keyed()).ok()
    }

    /// The clock after a record of a section.
    pub(super) fn end_clock(&self, section: &Section, record: usize) -> u32 {
        if record + 1 < section.records.end {
            self.records.get(record + 1).map_or(section.end, |next| next.clock)
        } else {
            section.end
        }
    }

    /// Where a record's bytes begin, or where the section's bytes end.
    pub(super) fn offset(&self, section: &Section, record: usize) -> usize {
        let at = if record < section.records.end { self.records.get(record).map(|record| record.at) } else { None };
        at.unwrap_or(section.bytes_end) as usize
    }
}

#[derive(Default)]
struct Outline {
    names: Names,
    sections: Sections,
    records: Records,
    ids: Ids,
}

impl Outline {
    fn read_section(&mut self, total: usize, input: &mut &[u8]) -> Result<(), Malformed> {
        let structs = lib0::read_var_uint(input)?;
        if structs == 0 {
            return Err(Malformed::EmptySection);
        }
        if structs > (input.len() / 2) as u64 {
            return Err(Malformed::CountTooLarge);
        }
        let client = self.names.read(input)?;
        let start = lib0::read_var_uint(input)?;
        if start >= CLOCK_LIMIT {
            return Err(Malformed::ClockTooLarge);
        }

        let (first, ids_from) = (self.records.len(), self.ids.len());
        let mut clock = start;
        let mut structs_end = start;
        for _ in 0..structs {
            let at = (total - input.len()) as u32;
            let (shape, len) = self.read_struct(input, client, clock as u32)?;
            if len == 0 {
                return Err(Malformed::EmptyStruct);
            }
            self.records.push(Record { at, clock: clock as u32, shape });
            // Both have at most 53 bits: the sum fits.
            clock += len;
            if clock >= CLOCK_LIMIT {
                return Err(Malformed::ClockTooLarge);
            }
            if shape.kind() != Kind::Skip {
                structs_end = clock;
            }
        }
        self.sections.push(Section {
            client,
            records: first..self.records.len(),
            ids_from,
            start: start as u32,
            structs_end: structs_end as u32,
            end: clock as u32,
            bytes_end: (total - input.len()) as u32,
        });
        Ok(())
    }

    fn expect_one_section_a_client(&self) -> Result<(), Malformed> {
        if self.sections.len() < 2 {
            return Ok(());
        }
        let mut seen = vec![false; self.names.list.len()];
        for section in &self.sections {
            if let Some(seen) = seen.get_mut(section.client as usize)
                && std::mem::replace(seen, true)
            {
                return Err(Malformed::DuplicateSection);
            }
        }
        Ok(())
    }

    #[inline]
    fn read_struct(&mut self, input: &mut &[u8], client: u32, clock: u32) -> Result<(Shape, u64), Malformed> {
        let info = lib0::read_u8(input)?;
        let reference = info & 0x1f;
        if reference == 0 || reference == 10 {
            // Yjs looks at the low bits only, yrs at the whole byte.
            if info != reference {
                return Err(Malformed::InvalidFlags);
            }
            let kind = if reference == 0 { Kind::Gone } else { Kind::Skip };
            return Ok((Shape::of(kind), lib0::read_var_uint(input)?));
        }
        let mut flags = 0;
        if info & 0x80 != 0 {
            self.read_id(input, client, clock)?;
            flags |= LEFT;
        }
        if info & 0x40 != 0 {
            self.read_id(input, client, clock)?;
            flags |= RIGHT;
        }
        if flags == 0 {
            match lib0::read_var_uint(input)? {
                0 => {
                    self.read_id(input, client, clock)?;
                    flags |= PARENT;
                }
                1 => {
                    lib0::read_var_string(input)?;
                    flags |= NAMED;
                }
                _ => return Err(Malformed::InvalidParent),
            }
            if info & 0x20 != 0 {
                lib0::read_var_string(input)?;
                flags |= KEYED;
            }
        }
        let (kind, len) = content::read(input, reference)?;
        Ok((Shape::of(kind).with(flags), len))
    }

    #[inline]
    fn read_id(&mut self, input: &mut &[u8], own: u32, before: u32) -> Result<(), Malformed> {
        let client = self.names.read(input)?;
        let clock = lib0::read_var_uint(input)?;
        if clock >= CLOCK_LIMIT {
            return Err(Malformed::ClockTooLarge);
        }
        let clock = clock as u32;
        if client == own && clock >= before {
            return Err(Malformed::ForwardReference);
        }
        self.ids.push(Id { client, clock });
        Ok(())
    }
}

/// Clients by place. Most structures refer to the client that the one before referred to; few updates name
/// more than a handful. Where there are more, those lately named are found at once. The tree behind can't be
/// flooded as a hash table can.
#[derive(Default)]
struct Names {
    list: Clients,
    /// All clients and their places, once there are more than a few.
    places: BTreeMap<ClientId, u32>,
    /// Clients and their places by some of their bits, the last one that came; empty while there are few.
    lately: Vec<(ClientId, u32)>,
    last: u32,
    /// The last one as it stood in the bytes: its length, and its bytes as a word, under a mask.
    len: usize,
    word: u64,
    mask: u64,
}

/// Up to this many are looked for in the list itself.
const FEW: usize = 8;

const LATELY: usize = 256;

impl Names {
    /// Reads a client id. The same bytes as the last time are not decoded again.
    #[inline]
    fn read(&mut self, input: &mut &[u8]) -> Result<u32, Malformed> {
        let Some(word) = input.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
            let client = lib0::read_var_uint(input)?;
            return Ok(self.place(client));
        };
        if self.mask != 0 && word & self.mask == self.word {
            *input = input.get(self.len..).unwrap_or_default();
            return Ok(self.last);
        }
        let before = input.len();
        let client = lib0::read_var_uint(input)?;
        self.last = self.place(client);
        self.len = before - input.len();
        self.mask = u64::MAX >> (64 - 8 * self.len);
        self.word = word & self.mask;
        Ok(self.last)
    }

    fn place(&mut self, client: ClientId) -> u32 {
        if self.list.len() > FEW {
            return self.place_among_many(client);
        }
        if let Some(place) = self.list.iter().position(|known| *known == client) {
            return place as u32;
        }
        self.list.push(client);
        self.list.len() as u32 - 1
    }

    fn place_among_many(&mut self, client: ClientId) -> u32 {
        if self.lately.is_empty() {
            self.places = self.list.iter().copied().zip(0..).collect();
            self.lately = vec![(ClientId::MAX, 0); LATELY];
        }
        let bits = client.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let Some(lately) = self.lately.get_mut(bits as usize) else { return 0 };
        if lately.0 != client {
            let place = *self.places.entry(client).or_insert(self.list.len() as u32);
            if place as usize == self.list.len() {
                self.list.push(client);
            }
            *lately = (client, place);
        }
        lately.1
    }
}
