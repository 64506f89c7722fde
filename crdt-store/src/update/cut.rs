//! Cutting a structure that is known in part.
//!
//! A client that merged what it wrote sends structures that begin below what is known. What is known is cut
//! off, as Yjs cuts when it encodes from an offset: the rest follows its own last known clock and stands where
//! that stands, whatever the structure said of its left and its parent. Nothing that arrives twice can so
//! disagree with itself.

use super::{ClientId, Malformed, lib0};

/// What stands for one half of a character that is cut in two.
const REPLACEMENT: &str = "\u{fffd}";

/// The structure `bytes` of `client` without its first `offset` clocks, `next` being where it then begins.
pub(super) fn from_offset(bytes: &[u8], client: ClientId, next: u32, offset: u32) -> Result<Vec<u8>, Malformed> {
    let mut input = bytes;
    let info = lib0::read_u8(&mut input)?;
    if info == 0 {
        let len = lib0::read_var_uint(&mut input)?;
        let mut out = vec![0];
        lib0::write_var_uint(&mut out, len.saturating_sub(u64::from(offset)));
        return Ok(out);
    }
    let mut out = Vec::with_capacity(bytes.len() + 16);
    out.push(info | 0x80);
    lib0::write_var_uint(&mut out, client);
    lib0::write_var_uint(&mut out, u64::from(next.saturating_sub(1)));
    if info & 0x80 != 0 {
        skip_id(&mut input)?;
    }
    if info & 0x40 != 0 {
        let right = input;
        skip_id(&mut input)?;
        out.extend_from_slice(right.get(..right.len() - input.len()).unwrap_or_default());
    }
    if info & 0xc0 == 0 {
        if lib0::read_var_uint(&mut input)? == 0 {
            skip_id(&mut input)?;
        } else {
            lib0::read_var_bytes(&mut input)?;
        }
        if info & 0x20 != 0 {
            lib0::read_var_bytes(&mut input)?;
        }
    }
    match info & 0x1f {
        1 => {
            let len = lib0::read_var_uint(&mut input)?;
            lib0::write_var_uint(&mut out, len.saturating_sub(u64::from(offset)));
        }
        4 => {
            let (half, rest) = split_text(lib0::read_var_string(&mut input)?, offset);
            let half = if half { REPLACEMENT } else { "" };
            lib0::write_var_uint(&mut out, (half.len() + rest.len()) as u64);
            out.extend_from_slice(half.as_bytes());
            out.extend_from_slice(rest.as_bytes());
        }
        8 => {
            let count = lib0::read_var_uint(&mut input)?;
            for _ in 0..offset {
                super::content::read_value(&mut input, 0)?;
            }
            lib0::write_var_uint(&mut out, count.saturating_sub(u64::from(offset)));
            out.extend_from_slice(input);
        }
        // Every other content has one clock, and can't be known in part.
        _ => return Err(Malformed::UnknownContent),
    }
    Ok(out)
}

fn skip_id(input: &mut &[u8]) -> Result<(), Malformed> {
    lib0::read_var_uint(input)?;
    lib0::read_var_uint(input).map(drop)
}

/// What is left of a text without its first `offset` UTF-16 units, and whether a character was cut in two.
fn split_text(text: &str, offset: u32) -> (bool, &str) {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        if units >= offset {
            return (units > offset, text.get(at..).unwrap_or_default());
        }
        units += character.len_utf16() as u32;
    }
    (units > offset, "")
}
