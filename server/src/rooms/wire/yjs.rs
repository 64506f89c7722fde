//! The y-websocket dialect: one document per socket, several messages in a frame.

use bytes::Bytes;

use super::{FrameReader, Incoming, WireError};

/// All messages of one frame. A frame that breaks off in the middle says nothing at all.
pub fn read(frame: Bytes) -> Result<Vec<Incoming>, WireError> {
    let mut reader = FrameReader::new(frame);
    let mut messages = Vec::with_capacity(1);
    while !reader.is_at_end() {
        messages.push(match reader.var_uint()? {
            0 => Incoming::Sync(reader.sync()?),
            1 => Incoming::Awareness(reader.var_bytes()?),
            2 => {
                // A client has nothing to say about rights: what follows belongs to that message.
                reader.var_uint()?;
                reader.var_bytes()?;
                Incoming::Ignored
            }
            3 => Incoming::QueryAwareness,
            _ => return Err(WireError::UnknownType),
        });
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::{super::Sync, *};

    #[test]
    fn a_frame_may_hold_several_messages() {
        let frame = Bytes::from_static(&[0, 0, 1, 0, 1, 2, 9, 9, 3]);
        let read = read(frame).unwrap();
        assert_eq!(
            read,
            [
                Incoming::Sync(Sync::Step1(Bytes::from_static(&[0]))),
                Incoming::Awareness(Bytes::from_static(&[9, 9])),
                Incoming::QueryAwareness
            ]
        );
    }

    #[test]
    fn a_frame_cut_anywhere_is_refused_whole() {
        let whole = [0u8, 2, 3, 1, 2, 3, 1, 2, 9, 9];
        for end in 1..whole.len() {
            // Cut between two messages it is a shorter frame.
            if end != 6 {
                assert!(read(Bytes::copy_from_slice(&whole[..end])).is_err(), "cut at {end}");
            }
        }
    }
}
