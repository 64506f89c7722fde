//! The structures inside an update, by where they lie in its bytes.
//!
//! Compaction cuts one large update into several. `yrs` can encode a document from a state vector on, but
//! not up to one, so the cut is made in the bytes: a [`Section`] lists what one client wrote, and
//! [`Section::write`] copies any range of its clocks, splitting a structure where the range ends inside it.
//! The bytes come from `yrs` itself; what does not look as expected is an error, never a guess.

use crate::update::lib0;

use super::DocError;

type ClientId = u64;

/// What a structure refers to: its origins, and the shared type it is in.
pub(super) type Needs = [Option<(ClientId, u64)>; 3];

const GC: u8 = 0;
const DELETED: u8 = 1;
const BINARY: u8 = 3;
const STRING: u8 = 4;
const EMBED: u8 = 5;
const FORMAT: u8 = 6;
const TYPE: u8 = 7;
const ANY: u8 = 8;
const DOC: u8 = 9;

const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
const KIND: u8 = 0x1f;

/// Deeper than the guard lets a value be.
const MAX_ANY_DEPTH: u32 = 200;

fn unsound(what: impl std::fmt::Display) -> DocError {
    DocError::Unsound(what.to_string())
}

/// One structure: its clocks, and where its bytes are in the update.
#[derive(Debug, Clone, Copy)]
struct Block {
    clock: u64,
    len: u64,
    start: usize,
    end: usize,
}

/// What one client wrote, without gaps from `first` to `end`.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) client: ClientId,
    pub(super) first: u64,
    pub(super) end: u64,
    blocks: Vec<Block>,
}

/// An update taken apart.
pub(super) struct Layout<'a> {
    bytes: &'a [u8],
    pub(super) sections: Vec<Section>,
    /// The delete set, as it is in the update.
    pub(super) deletes: &'a [u8],
}

/// The part of a structure before its content.
struct Head {
    info: u8,
    origin: Option<(ClientId, u64)>,
    right_origin: Option<(ClientId, u64)>,
    parent: Option<(ClientId, u64)>,
    /// Where the content begins.
    content: usize,
}

impl<'a> Layout<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DocError> {
        let mut rest = bytes;
        let mut sections = Vec::new();
        for _ in 0..uint(&mut rest)? {
            let count = uint(&mut rest)?;
            let client = uint(&mut rest)?;
            let first = uint(&mut rest)?;
            let mut end = first;
            let mut blocks = Vec::new();
            for _ in 0..count {
                let start = bytes.len() - rest.len();
                let len = skip_block(bytes, &mut rest)?;
                blocks.push(Block { clock: end, len, start, end: bytes.len() - rest.len() });
                end += len;
            }
            sections.push(Section { client, first, end, blocks });
        }
        Ok(Self { bytes, sections, deletes: rest })
    }

    /// About how many bytes the clocks `from..to` of a section take.
    pub(super) fn weigh(&self, section: usize, from: u64, to: u64) -> usize {
        let section = &self.sections[section];
        if to <= from {
            return 0;
        }
        section.offset(to).saturating_sub(section.offset(from)) + 24
    }

    /// The ids that the structure at `clock` refers to, and the clock after it.
    pub(super) fn needs(&self, section: usize, clock: u64) -> Result<(Needs, u64), DocError> {
        let section = &self.sections[section];
        let block = section.at(clock).ok_or_else(|| unsound("a clock outside its section"))?;
        let end = block.clock + block.len;
        let head = head(self.bytes, block.start)?;
        if clock > block.clock {
            return Ok(([None, head.right_origin, None], end));
        }
        Ok(([head.origin, head.right_origin, head.parent], end))
    }

    /// Whether the structures of a section can be parted before `clock`.
    pub(super) fn can_part(&self, section: usize, clock: u64) -> Result<bool, DocError> {
        let Some(block) = self.sections[section].at(clock) else { return Ok(true) };
        if block.clock == clock {
            return Ok(true);
        }
        let head = head(self.bytes, block.start)?;
        match head.info & KIND {
            GC | DELETED | ANY => Ok(true),
            STRING => {
                let mut content = &self.bytes[head.content..block.end];
                Ok(byte_offset(string(&mut content)?, clock - block.clock).is_some())
            }
            _ => Ok(false),
        }
    }

    /// The last clock in `from..to` before which the section can be parted so that what comes first takes
    /// at most about `room` bytes; `to` if there is none.
    pub(super) fn part_within(&self, section: usize, from: u64, to: u64, room: usize) -> Result<u64, DocError> {
        let Some(block) = self.sections[section].at(from) else { return Ok(to) };
        let size = (block.end - block.start) as u64;
        let mut clock = from + (block.len * room as u64 / size.max(1)).max(1);
        while clock < to {
            if self.can_part(section, clock)? {
                return Ok(clock);
            }
            clock += 1;
        }
        Ok(to)
    }

    /// Appends the clocks `from..to` of a section, framed as a section of an update.
    pub(super) fn write(&self, section: usize, from: u64, to: u64, out: &mut Vec<u8>) -> Result<(), DocError> {
        let section = &self.sections[section];
        let first = section.find(from).ok_or_else(|| unsound("a cut outside its section"))?;
        let last = section.find(to - 1).ok_or_else(|| unsound("a cut outside its section"))?;
        lib0::write_var_uint(out, (last - first + 1) as u64);
        lib0::write_var_uint(out, section.client);
        lib0::write_var_uint(out, from);
        for block in &section.blocks[first..=last] {
            let start = from.max(block.clock) - block.clock;
            let end = to.min(block.clock + block.len) - block.clock;
            if start == 0 && end == block.len {
                out.extend_from_slice(&self.bytes[block.start..block.end]);
            } else {
                self.write_slice(section.client, block, start, end, out)?;
            }
        }
        Ok(())
    }

    /// Writes the elements `start..end` of one structure as Yjs does when it splits an item: both halves keep
    /// the right origin, the right half has the element before it as origin and leaves its parent out.
    fn write_slice(
        &self,
        client: ClientId,
        block: &Block,
        start: u64,
        end: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), DocError> {
        let head = head(self.bytes, block.start)?;
        if start == 0 {
            out.extend_from_slice(&self.bytes[block.start..head.content]);
        } else if head.info & KIND == GC {
            out.push(GC);
        } else {
            out.push(head.info | HAS_ORIGIN);
            lib0::write_var_uint(out, client);
            lib0::write_var_uint(out, block.clock + start - 1);
            if let Some((client, clock)) = head.right_origin {
                lib0::write_var_uint(out, client);
                lib0::write_var_uint(out, clock);
            }
        }
        let mut content = &self.bytes[head.content..block.end];
        match head.info & KIND {
            GC | DELETED => lib0::write_var_uint(out, end - start),
            STRING => {
                let text = string(&mut content)?;
                let bounds = byte_offset(text, start).zip(byte_offset(text, end));
                let (from, to) = bounds.ok_or_else(|| unsound("a cut inside a character"))?;
                lib0::write_var_uint(out, (to - from) as u64);
                out.extend_from_slice(&text.as_bytes()[from..to]);
            }
            ANY => {
                uint(&mut content)?;
                for _ in 0..start {
                    skip_any(&mut content, 0)?;
                }
                let values = content;
                for _ in start..end {
                    skip_any(&mut content, 0)?;
                }
                lib0::write_var_uint(out, end - start);
                out.extend_from_slice(&values[..values.len() - content.len()]);
            }
            kind => return Err(unsound(format_args!("content of kind {kind} can't be split"))),
        }
        Ok(())
    }
}

impl Section {
    fn find(&self, clock: u64) -> Option<usize> {
        if clock < self.first || clock >= self.end {
            return None;
        }
        Some(self.blocks.partition_point(|block| block.clock + block.len <= clock))
    }

    fn at(&self, clock: u64) -> Option<&Block> {
        self.blocks.get(self.find(clock)?)
    }

    /// About where in the update's bytes a clock lies.
    fn offset(&self, clock: u64) -> usize {
        match self.at(clock) {
            Some(block) => {
                let size = (block.end - block.start) as u64;
                block.start + (size * (clock - block.clock) / block.len) as usize
            }
            None if clock < self.end => self.blocks.first().map_or(0, |block| block.start),
            None => self.blocks.last().map_or(0, |block| block.end),
        }
    }
}

/// The byte at which the UTF-16 unit `units` of a text begins, unless it is the second half of a character.
fn byte_offset(text: &str, units: u64) -> Option<usize> {
    let mut seen = 0;
    for (offset, character) in text.char_indices() {
        if seen >= units {
            return (seen == units).then_some(offset);
        }
        seen += character.len_utf16() as u64;
    }
    (seen == units).then_some(text.len())
}

fn uint(rest: &mut &[u8]) -> Result<u64, DocError> {
    lib0::read_var_uint(rest).map_err(unsound)
}

fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a str, DocError> {
    lib0::read_var_string(rest).map_err(unsound)
}

fn skip(rest: &mut &[u8], count: u64) -> Result<(), DocError> {
    lib0::read_bytes(rest, count).map_err(unsound)?;
    Ok(())
}

fn byte(rest: &mut &[u8]) -> Result<u8, DocError> {
    lib0::read_u8(rest).map_err(unsound)
}

fn id(rest: &mut &[u8]) -> Result<(ClientId, u64), DocError> {
    Ok((uint(rest)?, uint(rest)?))
}

fn head(bytes: &[u8], start: usize) -> Result<Head, DocError> {
    let mut rest = &bytes[start..];
    let info = byte(&mut rest)?;
    let mut head = Head { info, origin: None, right_origin: None, parent: None, content: 0 };
    if info & KIND != GC {
        if info & HAS_ORIGIN != 0 {
            head.origin = Some(id(&mut rest)?);
        }
        if info & HAS_RIGHT_ORIGIN != 0 {
            head.right_origin = Some(id(&mut rest)?);
        }
        if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) == 0 {
            if uint(&mut rest)? == 1 {
                string(&mut rest)?;
            } else {
                head.parent = Some(id(&mut rest)?);
            }
            if info & HAS_KEY != 0 {
                string(&mut rest)?;
            }
        }
    }
    head.content = bytes.len() - rest.len();
    Ok(head)
}

/// Passes one structure and says how many clocks it takes.
fn skip_block<'a>(bytes: &'a [u8], rest: &mut &'a [u8]) -> Result<u64, DocError> {
    let head = head(bytes, bytes.len() - rest.len())?;
    *rest = &bytes[head.content..];
    let len = match head.info & KIND {
        GC | DELETED => uint(rest)?,
        BINARY => {
            let size = uint(rest)?;
            skip(rest, size)?;
            1
        }
        STRING => string(rest)?.chars().map(|c| c.len_utf16() as u64).sum(),
        EMBED => {
            string(rest)?;
            1
        }
        FORMAT => {
            string(rest)?;
            string(rest)?;
            1
        }
        TYPE => {
            // XmlElement and XmlHook carry a name.
            if matches!(uint(rest)?, 3 | 5) {
                string(rest)?;
            }
            1
        }
        ANY => {
            let count = uint(rest)?;
            for _ in 0..count {
                skip_any(rest, 0)?;
            }
            count
        }
        DOC => {
            string(rest)?;
            skip_any(rest, 0)?;
            1
        }
        kind => return Err(unsound(format_args!("unexpected content of kind {kind}"))),
    };
    if len == 0 {
        return Err(unsound("an empty structure"));
    }
    Ok(len)
}

fn skip_any(rest: &mut &[u8], depth: u32) -> Result<(), DocError> {
    if depth > MAX_ANY_DEPTH {
        return Err(unsound("a value is nested too deeply"));
    }
    match byte(rest)? {
        0x78..=0x79 | 0x7e..=0x7f => {}
        0x7d => while byte(rest)? & 0x80 != 0 {},
        0x7c => skip(rest, 4)?,
        0x7a | 0x7b => skip(rest, 8)?,
        0x77 => {
            string(rest)?;
        }
        0x76 => {
            for _ in 0..uint(rest)? {
                string(rest)?;
                skip_any(rest, depth + 1)?;
            }
        }
        0x75 => {
            for _ in 0..uint(rest)? {
                skip_any(rest, depth + 1)?;
            }
        }
        0x74 => {
            let size = uint(rest)?;
            skip(rest, size)?;
        }
        tag => return Err(unsound(format_args!("unknown kind of value {tag}"))),
    }
    Ok(())
}
