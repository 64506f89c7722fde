//! The Hocuspocus dialect: any number of documents per socket, one message in a frame.

use bytes::Bytes;

use super::{ADDRESS_BYTES_MAX, FrameReader, Incoming, WireError};

/// One frame of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The one-byte frames of the fourth version, which name no document.
    Ping,
    Pong,
    /// A message about the document that `address` names, in the client's own bytes.
    Message {
        address: Bytes,
        message: Incoming,
    },
}

pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// Reads one frame. Leftover bytes behind a message are refused, but behind a token: the version stands there.
pub fn read(frame: Bytes) -> Result<Frame, WireError> {
    match frame[..] {
        [PING] => return Ok(Frame::Ping),
        [PONG] => return Ok(Frame::Pong),
        _ => {}
    }
    let mut reader = FrameReader::new(frame);
    let address = reader.var_bytes()?;
    if address.len() > ADDRESS_BYTES_MAX {
        return Err(WireError::NameTooLong);
    }
    let message = match reader.var_uint()? {
        // 4 is a sync message that says it is a reply; what it says is the same.
        0 | 4 => Incoming::Sync(reader.sync()?),
        1 => Incoming::Awareness(reader.var_bytes()?),
        2 => {
            if reader.var_uint()? != 0 {
                return Err(WireError::UnknownType);
            }
            let token = reader.var_string()?;
            let versioned = !reader.is_at_end();
            return Ok(Frame::Message { address, message: Incoming::Auth { token, versioned } });
        }
        3 => return Ok(Frame::Message { address, message: Incoming::QueryAwareness }),
        7 => return Ok(Frame::Message { address, message: Incoming::Leave }),
        5 | 6 | 8 | 9 | 10 => return Ok(Frame::Message { address, message: Incoming::Ignored }),
        _ => return Err(WireError::UnknownType),
    };
    if !reader.is_at_end() {
        return Err(WireError::Trailing);
    }
    Ok(Frame::Message { address, message })
}

/// The document's name in an address: what stands before the client's own suffix.
pub fn document_name(address: &[u8]) -> &[u8] {
    address.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_frames_are_recognised_before_a_name_is_read() {
        assert_eq!(read(Bytes::from_static(&[9])), Ok(Frame::Ping));
        assert_eq!(read(Bytes::from_static(&[10])), Ok(Frame::Pong));
    }

    #[test]
    fn the_name_ends_before_the_clients_own_suffix() {
        assert_eq!(document_name(b"doc\0session-1"), b"doc");
        assert_eq!(document_name(b"doc"), b"doc");
    }

    #[test]
    fn an_auth_frame_tells_its_version_by_what_follows_the_token() {
        let third = Bytes::from_static(&[1, b'd', 2, 0, 1, b't']);
        let fourth = Bytes::from_static(&[1, b'd', 2, 0, 1, b't', 1, b'4']);
        for (frame, expected) in [(third, false), (fourth, true)] {
            let Ok(Frame::Message { message: Incoming::Auth { token, versioned }, .. }) = read(frame) else {
                panic!("not an auth frame");
            };
            assert_eq!((token.as_str(), versioned), ("t", expected));
        }
    }
}
