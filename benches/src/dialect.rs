//! The two dialects as a client speaks them: the frames that the benches send, and what they need to know of
//! those that come back. Callers: [`crate::client`], [`crate::swarm`], [`crate::cold`].

use bytes::Bytes;
use crdt_store::update::{Malformed, lib0};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// y-websocket: one document per socket.
    Yjs,
    /// Hocuspocus: the document's name in front of each message.
    Hocuspocus,
}

/// What a frame from the server says.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// "What do you have?"
    Step1,
    /// "This is what you lack": its size.
    Step2(usize),
    Update(Bytes),
    /// Where others are.
    Awareness,
    /// One message stored, or refused.
    Status(bool),
    Denied,
    /// A ping that wants its pong.
    Ping,
    Other,
}

impl Dialect {
    /// How a message about `name` begins.
    pub fn address(self, name: &str) -> Vec<u8> {
        let mut address = Vec::new();
        if self == Self::Hocuspocus {
            lib0::write_var_string(&mut address, name);
        }
        address
    }

    /// What a client says first: its token where the dialect has one, and that it has nothing yet.
    pub fn greetings(self, name: &str) -> Vec<Bytes> {
        let mut step1 = self.address(name);
        step1.extend_from_slice(&[0, 0, 1, 0]);
        match self {
            Self::Yjs => vec![step1.into()],
            Self::Hocuspocus => {
                let mut auth = self.address(name);
                auth.extend_from_slice(&[2, 0]);
                // An open server asks for none, and looks at one that is shown.
                lib0::write_var_string(&mut auth, "");
                vec![auth.into(), step1.into()]
            }
        }
    }

    /// The answer of a client that has nothing the server lacks.
    pub fn nothing(self, name: &str) -> Bytes {
        let mut step2 = self.address(name);
        step2.extend_from_slice(&[0, 1, 2, 0, 0]);
        step2.into()
    }

    pub fn update(self, name: &str, update: &[u8]) -> Bytes {
        let mut frame = self.address(name);
        frame.extend_from_slice(&[0, 2]);
        lib0::write_var_bytes(&mut frame, update);
        frame.into()
    }

    /// `entries` as the library writes them.
    pub fn awareness(self, name: &str, entries: &[u8]) -> Bytes {
        let mut frame = self.address(name);
        frame.push(1);
        lib0::write_var_bytes(&mut frame, entries);
        frame.into()
    }

    /// # Errors
    /// If the frame breaks off in the middle.
    pub fn read(self, frame: &Bytes) -> Result<Heard, Malformed> {
        let mut rest: &[u8] = frame;
        if self == Self::Hocuspocus {
            match rest {
                [9] => return Ok(Heard::Ping),
                [10] => return Ok(Heard::Other),
                _ => lib0::read_var_bytes(&mut rest)?,
            };
        }
        match (lib0::read_var_uint(&mut rest)?, self) {
            (0, _) => {}
            (1, _) => return Ok(Heard::Awareness),
            (2, Self::Hocuspocus) => {
                return Ok(if lib0::read_var_uint(&mut rest)? == 1 { Heard::Denied } else { Heard::Other });
            }
            (2, Self::Yjs) => return Ok(Heard::Denied),
            (8, Self::Hocuspocus) => return Ok(Heard::Status(lib0::read_var_uint(&mut rest)? == 1)),
            _ => return Ok(Heard::Other),
        }
        let kind = lib0::read_var_uint(&mut rest)?;
        let body = lib0::read_var_bytes(&mut rest)?;
        Ok(match kind {
            0 => Heard::Step1,
            1 => Heard::Step2(body.len()),
            2 => Heard::Update(frame.slice_ref(body)),
            _ => Heard::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        for dialect in [Dialect::Yjs, Dialect::Hocuspocus] {
            let frame = dialect.update("room", &[1, 2, 3]);
            assert_eq!(dialect.read(&frame), Ok(Heard::Update(Bytes::from_static(&[1, 2, 3]))));
            assert_eq!(dialect.read(&dialect.nothing("room")), Ok(Heard::Step2(2)));
            assert_eq!(dialect.read(&dialect.greetings("room").pop().unwrap()), Ok(Heard::Step1));
        }
        assert_eq!(Dialect::Hocuspocus.read(&Bytes::from_static(&[1, b'd', 8, 1])), Ok(Heard::Status(true)));
        assert_eq!(Dialect::Hocuspocus.read(&Bytes::from_static(&[9])), Ok(Heard::Ping));
    }
}
