//! The payload of a row: the entries of one commit, length-framed.
//!
//! ```text
//! payload := 01 entry*
//! entry   := varUint(len) author varUint(len) update
//! author  := flags [person: 16 bytes if flags & 1] session: 16 bytes ranges(own) ranges(brought)
//! ranges  := varUint(n) (varUint(client) varUint(from) varUint(len))*n
//! ```
//! What follows the ranges in an author record is ignored, so that records may grow.
//! Updates come out as slices of the payload; nothing of them is copied.

use std::ops::Range;

use bytes::Bytes;
use uuid::Uuid;

use super::Entry;
use crate::ids::{ClientId, Clock, UserId};

const VERSION: u8 = 1;
const HAS_PERSON: u8 = 1;

/// Writes the payload of a row.
pub(crate) fn encode(entries: &[Entry]) -> Vec<u8> {
    let bytes: usize = entries.iter().map(|entry| entry.bytes.len() + 64).sum();
    let mut payload = Vec::with_capacity(bytes + 1);
    payload.push(VERSION);
    let mut author = Vec::with_capacity(64);
    for entry in entries {
        author.clear();
        author.push(if entry.person.is_some() { HAS_PERSON } else { 0 });
        if let Some(person) = entry.person {
            author.extend_from_slice(person.0.as_bytes());
        }
        author.extend_from_slice(entry.session.as_bytes());
        write_ranges(&mut author, &entry.own);
        write_ranges(&mut author, &entry.brought);
        write_bytes(&mut payload, &author);
        write_bytes(&mut payload, &entry.bytes);
    }
    payload
}

/// Reads the payload of a row; the reason where it is none.
pub(super) fn decode(payload: &Bytes) -> Result<Vec<Entry>, &'static str> {
    let mut rest = Reader { all: payload, at: 0 };
    if rest.byte()? != VERSION {
        return Err("unknown version of the payload");
    }
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let author = rest.bytes()?;
        let bytes = rest.bytes()?;
        let mut record = Reader { all: &author, at: 0 };
        let person = match record.byte()? & HAS_PERSON {
            0 => None,
            _ => Some(UserId(record.uuid()?)),
        };
        let session = record.uuid()?;
        let own = record.ranges()?;
        let brought = record.ranges()?;
        entries.push(Entry { person, session, bytes, brought, own });
    }
    Ok(entries)
}

fn write_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn write_ranges(out: &mut Vec<u8>, ranges: &[(ClientId, Range<Clock>)]) {
    write_uint(out, ranges.len() as u64);
    for (client, clocks) in ranges {
        write_uint(out, *client);
        write_uint(out, clocks.start);
        write_uint(out, clocks.end.saturating_sub(clocks.start));
    }
}

struct Reader<'a> {
    all: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn is_empty(&self) -> bool {
        self.at == self.all.len()
    }

    fn byte(&mut self) -> Result<u8, &'static str> {
        let byte = *self.all.get(self.at).ok_or("cut short")?;
        self.at += 1;
        Ok(byte)
    }

    fn uint(&mut self) -> Result<u64, &'static str> {
        let mut value = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number is too long")
    }

    fn take(&mut self, len: usize) -> Result<Bytes, &'static str> {
        let end = self.at.checked_add(len).ok_or("cut short")?;
        if end > self.all.len() {
            return Err("cut short");
        }
        let bytes = self.all.slice(self.at..end);
        self.at = end;
        Ok(bytes)
    }

    fn bytes(&mut self) -> Result<Bytes, &'static str> {
        let len = usize::try_from(self.uint()?).map_err(|_| "cut short")?;
        self.take(len)
    }

    fn uuid(&mut self) -> Result<Uuid, &'static str> {
        Uuid::from_slice(&self.take(16)?).map_err(|_| "cut short")
    }

    fn ranges(&mut self) -> Result<Vec<(ClientId, Range<Clock>)>, &'static str> {
        let count = self.uint()?;
        let mut ranges = Vec::new();
        for _ in 0..count {
            let client = self.uint()?;
            let from = self.uint()?;
            let to = from.checked_add(self.uint()?).ok_or("a clock is too large")?;
            ranges.push((client, from..to));
        }
        Ok(ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(person: Option<UserId>, bytes: &'static [u8]) -> Entry {
        Entry {
            person,
            session: Uuid::now_v7(),
            bytes: Bytes::from_static(bytes),
            brought: vec![(u64::from(u32::MAX), 0..7), (1 << 52, 3..4)],
            own: vec![(5, 100..1 << 31)],
        }
    }

    #[test]
    fn entries_read_back_as_they_were_written() {
        let entries =
            vec![entry(Some(UserId::fresh()), b"first"), entry(None, b""), Entry::by_server(Bytes::from(vec![7; 300]))];
        let payload = Bytes::from(encode(&entries));
        assert_eq!(decode(&payload), Ok(entries));
    }

    #[test]
    fn every_cut_payload_is_refused_or_shorter() {
        let entries = vec![entry(Some(UserId::fresh()), b"first"), entry(None, b"second")];
        let payload = Bytes::from(encode(&entries));
        for len in 0..payload.len() {
            match decode(&payload.slice(..len)) {
                Ok(fewer) => assert!(fewer.len() < entries.len()),
                Err(reason) => assert!(!reason.is_empty()),
            }
        }
    }

    #[test]
    fn a_declared_count_does_not_drive_an_allocation() {
        let mut author = vec![0];
        author.extend_from_slice(Uuid::nil().as_bytes());
        write_uint(&mut author, u64::MAX >> 1);
        let mut payload = vec![VERSION];
        write_bytes(&mut payload, &author);
        write_bytes(&mut payload, b"");
        assert_eq!(decode(&Bytes::from(payload)), Err("cut short"));
    }

    #[test]
    fn what_an_author_record_gains_later_is_passed_over() {
        let mut author = vec![0];
        author.extend_from_slice(Uuid::nil().as_bytes());
        author.extend_from_slice(&[0, 0, 1, 2, 3]);
        let mut payload = vec![VERSION];
        write_bytes(&mut payload, &author);
        write_bytes(&mut payload, b"update");
        let entries = decode(&Bytes::from(payload)).unwrap();
        assert_eq!(entries, vec![Entry::by_server(Bytes::from_static(b"update"))]);
    }
}
