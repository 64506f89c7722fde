//! The two dialects on the wire, as bytes: what a frame says, and how ours are written.
//!
//! Both share lib0's variable integers and the sync messages; the Hocuspocus dialect puts the document's
//! name in front, so one [`Address`] (empty for y-websocket) tells all the difference there is on the way
//! out. Readers copy nothing: what they return are slices of the frame that came in.

pub mod hocuspocus;
pub mod yjs;

use bytes::Bytes;
use crdt_store::update::lib0;

/// Why a frame could not be read. Never an offence to the others in the room: the frame is refused alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("the frame ends in the middle of a value")]
    Truncated,
    #[error("the frame has bytes left over")]
    Trailing,
    #[error("no such message type")]
    UnknownType,
    #[error("the document's name is longer than a name may be")]
    NameTooLong,
}

/// A document's name may be this long, in bytes.
pub const NAME_BYTES_MAX: usize = 512;

/// What a client writes in front of its messages: a name, and a suffix of its own. What is longer is no address.
pub const ADDRESS_BYTES_MAX: usize = 4_096;

/// A sync message of either dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sync {
    /// "This is what I have": a state vector.
    Step1(Bytes),
    /// "This is what you lack": the answer to a step 1.
    Step2(Bytes),
    /// An edit made just now.
    Update(Bytes),
}

/// What one message of a client says, whatever its dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    Sync(Sync),
    Awareness(Bytes),
    QueryAwareness,
    /// A token for this document. `versioned`: the client speaks the fourth version of its protocol.
    Auth {
        token: String,
        versioned: bool,
    },
    /// The client leaves this document.
    Leave,
    /// Known, and without effect here.
    Ignored,
}

/// The socket's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Yjs,
    Hocuspocus,
}

/// How messages to one session of one document begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    dialect: Dialect,
    prefix: Bytes,
}

impl Address {
    /// One document per socket: nothing in front.
    pub fn yjs() -> Self {
        Self { dialect: Dialect::Yjs, prefix: Bytes::new() }
    }

    /// `name` as the client wrote it, with the suffix of its own that it may hold.
    pub fn hocuspocus(name: &[u8]) -> Self {
        let mut prefix = Vec::with_capacity(name.len() + 2);
        lib0::write_var_bytes(&mut prefix, name);
        Self { dialect: Dialect::Hocuspocus, prefix: prefix.into() }
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn start(&self, payload: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.prefix.len() + payload + 12);
        out.extend_from_slice(&self.prefix);
        out
    }

    fn sync(&self, kind: u8, payload: &[u8]) -> Bytes {
        let mut out = self.start(payload.len());
        out.extend_from_slice(&[0, kind]);
        lib0::write_var_bytes(&mut out, payload);
        out.into()
    }

    pub fn step1(&self, state_vector: &[u8]) -> Bytes {
        self.sync(0, state_vector)
    }

    pub fn step2(&self, update: &[u8]) -> Bytes {
        self.sync(1, update)
    }

    pub fn update(&self, update: &[u8]) -> Bytes {
        self.sync(2, update)
    }

    pub fn awareness(&self, entries: &[u8]) -> Bytes {
        let mut out = self.start(entries.len());
        out.push(1);
        lib0::write_var_bytes(&mut out, entries);
        out.into()
    }

    /// Nothing new, for a client that counts the seconds since it last heard something.
    pub fn heartbeat(&self) -> Bytes {
        self.awareness(&[0])
    }

    /// Refused: the document, or in the y-websocket dialect one message.
    pub fn denied(&self, reason: &str) -> Bytes {
        let mut out = self.start(reason.len());
        out.push(2);
        out.push(match self.dialect {
            Dialect::Yjs => 0,
            Dialect::Hocuspocus => 1,
        });
        lib0::write_var_string(&mut out, reason);
        out.into()
    }

    /// How far the token goes. Only the Hocuspocus dialect has a word for it.
    pub fn scope(&self, may_write: bool) -> Option<Bytes> {
        if self.dialect == Dialect::Yjs {
            return None;
        }
        let mut out = self.start(12);
        out.extend_from_slice(&[2, 2]);
        lib0::write_var_string(&mut out, if may_write { "read-write" } else { "readonly" });
        Some(out.into())
    }

    /// Asks for a token once more. Only the Hocuspocus dialect has a word for it.
    pub fn token_again(&self) -> Option<Bytes> {
        if self.dialect == Dialect::Yjs {
            return None;
        }
        let mut out = self.start(2);
        out.extend_from_slice(&[2, 0]);
        Some(out.into())
    }

    /// Stored, or refused. Only the Hocuspocus dialect has a word for it.
    pub fn sync_status(&self, stored: bool) -> Option<Bytes> {
        if self.dialect == Dialect::Yjs {
            return None;
        }
        let mut out = self.start(2);
        out.extend_from_slice(&[8, u8::from(stored)]);
        Some(out.into())
    }

    /// A word of the server about the document, for clients that know it.
    pub fn stateless(&self, text: &str) -> Option<Bytes> {
        if self.dialect == Dialect::Yjs {
            return None;
        }
        let mut out = self.start(text.len());
        out.push(5);
        lib0::write_var_string(&mut out, text);
        Some(out.into())
    }
}

/// Reads through one frame, handing out slices of it.
pub struct FrameReader {
    frame: Bytes,
    at: usize,
}

impl FrameReader {
    pub fn new(frame: Bytes) -> Self {
        Self { frame, at: 0 }
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.frame.len()
    }

    pub fn var_uint(&mut self) -> Result<u64, WireError> {
        let mut rest = &self.frame[self.at..];
        let value = lib0::read_var_uint(&mut rest).map_err(|_| WireError::Truncated)?;
        self.at = self.frame.len() - rest.len();
        Ok(value)
    }

    pub fn var_bytes(&mut self) -> Result<Bytes, WireError> {
        let len = self.var_uint()?;
        let left = self.frame.len() - self.at;
        let len = usize::try_from(len).ok().filter(|len| *len <= left).ok_or(WireError::Truncated)?;
        let slice = self.frame.slice(self.at..self.at + len);
        self.at += len;
        Ok(slice)
    }

    /// A string that is not UTF-8 is read as one that nothing is called by.
    pub fn var_string(&mut self) -> Result<String, WireError> {
        Ok(String::from_utf8_lossy(&self.var_bytes()?).into_owned())
    }

    /// The body of a sync message, in either dialect.
    pub fn sync(&mut self) -> Result<Sync, WireError> {
        match self.var_uint()? {
            0 => Ok(Sync::Step1(self.var_bytes()?)),
            1 => Ok(Sync::Step2(self.var_bytes()?)),
            2 => Ok(Sync::Update(self.var_bytes()?)),
            _ => Err(WireError::UnknownType),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_one_dialect_differs_from_the_other_by_the_name_alone() {
        let (yjs, hocus) = (Address::yjs(), Address::hocuspocus(b"doc"));
        assert_eq!(&yjs.update(&[7, 8])[..], [0, 2, 2, 7, 8]);
        assert_eq!(&hocus.update(&[7, 8])[..], [3, b'd', b'o', b'c', 0, 2, 2, 7, 8]);
        assert_eq!(&yjs.heartbeat()[..], [1, 1, 0]);
        assert_eq!(yjs.sync_status(true), None);
        assert_eq!(&hocus.sync_status(false).unwrap()[4..], [8, 0]);
        assert_eq!(&yjs.denied("no")[..], [2, 0, 2, b'n', b'o']);
        assert_eq!(&hocus.denied("no")[4..], [2, 1, 2, b'n', b'o']);
    }

    #[test]
    fn a_length_beyond_the_frame_is_refused_without_an_allocation() {
        let mut reader = FrameReader::new(Bytes::from_static(&[0xff, 0xff, 0xff, 0x7f, 1]));
        assert_eq!(reader.var_bytes(), Err(WireError::Truncated));
    }
}
