//! The contents of structures: read past, and checked on the way.
//!
//! Contents are refused where Yjs and yrs would read them differently, where one of them would fail, or
//! where they would be led to allocate or recurse beyond what the bytes are worth.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Malformed, lib0};

/// How deep arrays and maps may be nested in a value.
pub(crate) const MAX_VALUE_DEPTH: u32 = 64;

/// What a structure is to those that refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A content that can't be a parent.
    Plain,
    /// A shared type.
    Type,
    /// Collected or deleted: it may have been anything.
    Gone,
    /// Not a structure: stands for what the sender lacks.
    Skip,
}

/// Reads one content of kind `reference` and returns what it is and how many clocks it takes.
#[inline]
pub(crate) fn read(input: &mut &[u8], reference: u8) -> Result<(Kind, u64), Malformed> {
    match reference {
        1 => Ok((Kind::Gone, lib0::read_var_uint(input)?)),
        2 => Err(Malformed::ContentJson),
        3 => {
            lib0::read_var_bytes(input)?;
            Ok((Kind::Plain, 1))
        }
        4 => Ok((Kind::Plain, read_text(input)?)),
        5 => {
            check_json(lib0::read_var_bytes(input)?)?;
            Ok((Kind::Plain, 1))
        }
        6 => {
            lib0::read_var_string(input)?;
            check_json(lib0::read_var_bytes(input)?)?;
            Ok((Kind::Plain, 1))
        }
        7 => {
            read_type(input)?;
            Ok((Kind::Type, 1))
        }
        8 => {
            let count = lib0::read_count(input, 1)?;
            for _ in 0..count {
                read_value(input, 0)?;
            }
            Ok((Kind::Plain, count as u64))
        }
        9 => {
            lib0::read_var_string(input)?;
            // Yjs reads the options off this value: it must be a map.
            if input.first() != Some(&0x76) {
                return Err(Malformed::InvalidSubDocument);
            }
            read_value(input, 0)?;
            Ok((Kind::Plain, 1))
        }
        _ => Err(Malformed::UnknownContent),
    }
}

/// A shared type's kind. yrs reads it as one byte, Yjs as a number: what both read alike is below 128.
fn read_type(input: &mut &[u8]) -> Result<(), Malformed> {
    match lib0::read_u8(input)? {
        // array, map, text, XML fragment, XML text
        0 | 1 | 2 | 4 | 6 => Ok(()),
        3 => lib0::read_var_string(input).map(drop),
        5 => Err(Malformed::XmlHook),
        _ => Err(Malformed::UnknownType),
    }
}

/// A text, measured in UTF-16 units: one for each character, two for those outside the first plane.
#[inline]
fn read_text(input: &mut &[u8]) -> Result<u64, Malformed> {
    let bytes = lib0::read_var_bytes(input)?;
    if bytes.is_ascii() {
        return Ok(bytes.len() as u64);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::InvalidUtf8)?;
    let units: usize = text.bytes().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0)).sum();
    Ok(units as u64)
}

/// One value of lib0's `any`.
pub(super) fn read_value(input: &mut &[u8], depth: u32) -> Result<(), Malformed> {
    match lib0::read_u8(input)? {
        // undefined, null, false, true
        0x7f | 0x7e | 0x79 | 0x78 => Ok(()),
        0x7d => lib0::read_var_int(input).map(drop),
        0x7c => lib0::read_bytes(input, 4).map(drop),
        0x7b | 0x7a => lib0::read_bytes(input, 8).map(drop),
        0x77 => lib0::read_var_string(input).map(drop),
        0x74 => lib0::read_var_bytes(input).map(drop),
        tag @ (0x76 | 0x75) => {
            if depth >= MAX_VALUE_DEPTH {
                return Err(Malformed::ValueTooDeep);
            }
            let is_map = tag == 0x76;
            let count = lib0::read_count(input, if is_map { 2 } else { 1 })?;
            for _ in 0..count {
                if is_map {
                    lib0::read_var_string(input)?;
                }
                read_value(input, depth + 1)?;
            }
            Ok(())
        }
        _ => Err(Malformed::UnknownValue),
    }
}

/// Whether the bytes are JSON that Yjs and yrs both read. Formatting is nearly always one of a few short
/// literals, which need no parser.
pub(crate) fn check_json(bytes: &[u8]) -> Result<(), Malformed> {
    match bytes {
        b"null" | b"true" | b"false" | b"{}" | b"[]" | b"\"\"" => return Ok(()),
        _ => {}
    }
    // serde_json stops at 128 levels by itself.
    match serde_json::from_slice::<Checked>(bytes) {
        Ok(Checked) => Ok(()),
        Err(_) if std::str::from_utf8(bytes).is_err() => Err(Malformed::InvalidUtf8),
        Err(_) => Err(Malformed::InvalidJson),
    }
}

/// Any JSON value, decoded as far as needed to know that it can be (numbers in range, whole surrogate
/// pairs) and dropped at once. `IgnoredAny` would look at neither.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Checked, D::Error> {
        deserializer.deserialize_any(CheckedVisitor)
    }
}

struct CheckedVisitor;

impl<'de> Visitor<'de> for CheckedVisitor {
    type Value = Checked;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Checked, E> {
        // yrs holds whole numbers in 64 signed bits.
        i64::try_from(number).map(|_| Checked).map_err(|_| E::custom("a number out of range"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Checked, A::Error> {
        while items.next_element::<Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Checked, A::Error> {
        while entries.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(Checked)
    }
}
