//! lib0's primitives: what every frame, update and state vector is made of.
//!
//! Readers take a `&mut &[u8]` and leave it behind what they read; on an error it may stand anywhere.
//! Nothing is allocated: byte and text values are slices of the input. Numbers have at most 53 bits, as
//! JavaScript's safe integers do. A number padded with zero groups is read (Yjs reads it, to the same
//! value as yrs) up to eight bytes, where the readers still agree.

use super::Malformed;

/// The largest integer that JavaScript holds exactly, and so the largest number of the protocol.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Bytes of the longest number: 8 groups of 7 bits hold 53.
const MAX_VAR_BYTES: usize = 8;

pub fn read_u8(input: &mut &[u8]) -> Result<u8, Malformed> {
    let (first, rest) = input.split_first().ok_or(Malformed::UnexpectedEnd)?;
    *input = rest;
    Ok(*first)
}

/// `varUint`: little-endian groups of 7 bits, the top bit says that another follows.
#[inline]
pub fn read_var_uint(input: &mut &[u8]) -> Result<u64, Malformed> {
    match input.split_first() {
        Some((first, rest)) if *first < 0x80 => {
            *input = rest;
            Ok(u64::from(*first))
        }
        _ => read_long_var_uint(input),
    }
}

#[inline]
fn read_long_var_uint(input: &mut &[u8]) -> Result<u64, Malformed> {
    let Some(word) = input.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else {
        return read_last_var_uint(input);
    };
    // The first byte without its top bit is the last; the groups are then moved together, two by two.
    let ends = !word & 0x8080_8080_8080_8080;
    if ends == 0 {
        return Err(Malformed::NumberTooLarge);
    }
    let bits = ends.trailing_zeros() + 1;
    let groups = word & (u64::MAX >> (64 - bits)) & 0x7f7f_7f7f_7f7f_7f7f;
    let pairs = (groups & 0x007f_007f_007f_007f) | (groups & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    let value = (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4;
    if value > MAX_SAFE_INTEGER {
        return Err(Malformed::NumberTooLarge);
    }
    *input = input.get((bits / 8) as usize..).unwrap_or_default();
    Ok(value)
}

/// Near the end of the input: fewer than eight bytes are left.
fn read_last_var_uint(input: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0u64;
    for (place, byte) in input.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if *byte < 0x80 {
            *input = input.get(place + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(Malformed::UnexpectedEnd)
}

/// `varInt`: as `varUint`, but the first byte gives a bit to the sign and holds 6.
pub fn read_var_int(input: &mut &[u8]) -> Result<i64, Malformed> {
    let first = read_u8(input)?;
    let negative = first & 0x40 != 0;
    let mut value = u64::from(first & 0x3f);
    let mut more = first & 0x80 != 0;
    let mut shift = 6;
    while more {
        if shift >= 7 * MAX_VAR_BYTES {
            return Err(Malformed::NumberTooLarge);
        }
        let byte = read_u8(input)?;
        value |= u64::from(byte & 0x7f) << shift;
        more = byte & 0x80 != 0;
        shift += 7;
    }
    if value > MAX_SAFE_INTEGER {
        return Err(Malformed::NumberTooLarge);
    }
    let value = value as i64;
    Ok(if negative { -value } else { value })
}

/// Exactly `len` bytes.
#[inline]
pub fn read_bytes<'a>(input: &mut &'a [u8], len: u64) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(len).map_err(|_| Malformed::UnexpectedEnd)?;
    let (taken, rest) = input.split_at_checked(len).ok_or(Malformed::UnexpectedEnd)?;
    *input = rest;
    Ok(taken)
}

/// `varBytes`: a length and that many bytes.
#[inline]
pub fn read_var_bytes<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = read_var_uint(input)?;
    read_bytes(input, len)
}

/// `varString`: `varBytes` of UTF-8.
#[inline]
pub fn read_var_string<'a>(input: &mut &'a [u8]) -> Result<&'a str, Malformed> {
    let bytes = read_var_bytes(input)?;
    std::str::from_utf8(bytes).map_err(|_| Malformed::InvalidUtf8)
}

/// A count of things that take at least `least` bytes each; more than the bytes left can hold is refused
/// before anything is made for it.
#[inline]
pub fn read_count(input: &mut &[u8], least: usize) -> Result<usize, Malformed> {
    let count = read_var_uint(input)?;
    if count > (input.len() / least.max(1)) as u64 {
        return Err(Malformed::CountTooLarge);
    }
    Ok(count as usize)
}

/// Refuses what is left over.
pub fn expect_end(input: &[u8]) -> Result<(), Malformed> {
    if input.is_empty() { Ok(()) } else { Err(Malformed::TrailingBytes) }
}

pub fn write_var_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn write_var_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_var_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub fn write_var_string(out: &mut Vec<u8>, text: &str) {
    write_var_bytes(out, text.as_bytes());
}
