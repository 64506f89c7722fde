//! The pipe between the pool and a worker.
//!
//! Both ways go frames: four bytes of length, little-endian, and a body of lib0 numbers and byte strings.
//! The first frame tells a worker its limits and the version both have to speak; the worker repeats the
//! version once it has set them. Then jobs and answers take turns.
//!
//! The pool does not trust a worker, which may have been taken over by what it was fed: a length is never
//! allocated before the bytes are there, and an answer that does not read is a crash.

use std::io::{self, Read, Write};

use bytes::Bytes;
use crdt_store::{
    doc::{Compacted, Form},
    update::lib0,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Answer, Job};

/// Changes with every change of this file: a new program must not talk to the old one it replaces.
pub(super) const VERSION: u64 = 1;

/// More than any document may weigh, many times over.
const MAX_FRAME: u32 = 1 << 30;

/// A frame that does not read.
#[derive(Debug, thiserror::Error)]
#[error("a frame between pool and worker does not read")]
pub(super) struct Garbled;

/// What a worker says to a job.
pub(super) type Reply = Result<Answer, String>;

pub(super) fn encode_hello(memory_bytes: u64) -> Vec<u8> {
    let mut out = Vec::new();
    lib0::write_var_uint(&mut out, VERSION);
    lib0::write_var_uint(&mut out, memory_bytes.min(lib0::MAX_SAFE_INTEGER));
    out
}

/// The limit of memory in bytes, from a pool of the same version.
pub(super) fn decode_hello(frame: &[u8]) -> Result<u64, Garbled> {
    let mut rest = frame;
    if uint(&mut rest)? != VERSION {
        return Err(Garbled);
    }
    uint(&mut rest)
}

pub(super) fn encode_ready() -> Vec<u8> {
    let mut out = Vec::new();
    lib0::write_var_uint(&mut out, VERSION);
    out
}

pub(super) fn is_ready(frame: &[u8]) -> bool {
    frame == encode_ready()
}

pub(super) fn encode_job(job: &Job) -> Vec<u8> {
    let (tag, parts) = match job {
        Job::Diff { parts, .. } => (0, parts),
        Job::Compact { parts } => (1, parts),
        Job::Verify { parts, .. } => (2, parts),
        Job::Covers { parts, .. } => (3, parts),
        Job::Read { parts, .. } => (4, parts),
        Job::Edit { parts, .. } => (5, parts),
        Job::Check { parts } => (6, parts),
    };
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum::<usize>() + 64);
    out.push(tag);
    write_list(&mut out, parts);
    match job {
        Job::Diff { state_vector: more, .. } | Job::Verify { index: more, .. } | Job::Covers { update: more, .. } => {
            lib0::write_var_bytes(&mut out, more);
        }
        Job::Read { form, .. } => out.push(match form {
            Form::Text => 0,
            Form::Json => 1,
            Form::StateHash => 2,
        }),
        // An edit is a small tree, written by people who work on this program: JSON will do.
        Job::Edit { edit, .. } => {
            lib0::write_var_bytes(&mut out, &serde_json::to_vec(edit).unwrap_or_default());
        }
        Job::Compact { .. } | Job::Check { .. } => {}
    }
    out
}

pub(super) fn decode_job(frame: Bytes) -> Result<Job, Garbled> {
    let mut rest = &frame[..];
    let tag = byte(&mut rest)?;
    let parts = list(&frame, &mut rest)?;
    let job = match tag {
        0 => Job::Diff { parts, state_vector: bytes(&frame, &mut rest)? },
        1 => Job::Compact { parts },
        2 => Job::Verify { parts, index: bytes(&frame, &mut rest)? },
        3 => Job::Covers { parts, update: bytes(&frame, &mut rest)? },
        4 => {
            let form = match byte(&mut rest)? {
                0 => Form::Text,
                1 => Form::Json,
                2 => Form::StateHash,
                _ => return Err(Garbled),
            };
            Job::Read { parts, form }
        }
        5 => {
            let edit = lib0::read_var_bytes(&mut rest).map_err(|_| Garbled)?;
            Job::Edit { parts, edit: serde_json::from_slice(edit).map_err(|_| Garbled)? }
        }
        6 => Job::Check { parts },
        _ => return Err(Garbled),
    };
    end(rest)?;
    Ok(job)
}

pub(super) fn encode_reply(reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    match reply {
        Ok(Answer::Update(update)) => {
            out.push(0);
            lib0::write_var_bytes(&mut out, update);
        }
        Ok(Answer::Compacted(compacted)) => {
            out.push(1);
            write_list(&mut out, &compacted.parts);
            lib0::write_var_bytes(&mut out, &compacted.index);
        }
        Ok(Answer::Verdict(verdict)) => out.extend([2, u8::from(*verdict)]),
        Ok(Answer::Text(text)) => {
            out.push(3);
            lib0::write_var_string(&mut out, text);
        }
        Ok(Answer::Fault(fault)) => {
            out.push(4);
            lib0::write_var_uint(&mut out, fault.map_or(0, |part| part as u64 + 1));
        }
        Err(reason) => {
            out.push(5);
            lib0::write_var_string(&mut out, reason);
        }
    }
    out
}

pub(super) fn decode_reply(frame: Bytes) -> Result<Reply, Garbled> {
    let mut rest = &frame[..];
    let reply = match byte(&mut rest)? {
        0 => Ok(Answer::Update(bytes(&frame, &mut rest)?)),
        1 => Ok(Answer::Compacted(Compacted { parts: list(&frame, &mut rest)?, index: bytes(&frame, &mut rest)? })),
        2 => Ok(Answer::Verdict(byte(&mut rest)? == 1)),
        3 => Ok(Answer::Text(string(&mut rest)?)),
        4 => {
            let fault = uint(&mut rest)?.checked_sub(1);
            Ok(Answer::Fault(fault.map(usize::try_from).transpose().map_err(|_| Garbled)?))
        }
        5 => Err(string(&mut rest)?),
        _ => return Err(Garbled),
    };
    end(rest)?;
    Ok(reply)
}

fn write_list(out: &mut Vec<u8>, list: &[Bytes]) {
    lib0::write_var_uint(out, list.len() as u64);
    for item in list {
        lib0::write_var_bytes(out, item);
    }
}

fn uint(rest: &mut &[u8]) -> Result<u64, Garbled> {
    lib0::read_var_uint(rest).map_err(|_| Garbled)
}

fn byte(rest: &mut &[u8]) -> Result<u8, Garbled> {
    lib0::read_u8(rest).map_err(|_| Garbled)
}

fn string(rest: &mut &[u8]) -> Result<String, Garbled> {
    lib0::read_var_string(rest).map(str::to_owned).map_err(|_| Garbled)
}

fn bytes(frame: &Bytes, rest: &mut &[u8]) -> Result<Bytes, Garbled> {
    lib0::read_var_bytes(rest).map(|slice| frame.slice_ref(slice)).map_err(|_| Garbled)
}

fn list(frame: &Bytes, rest: &mut &[u8]) -> Result<Vec<Bytes>, Garbled> {
    let count = lib0::read_count(rest, 1).map_err(|_| Garbled)?;
    (0..count).map(|_| bytes(frame, rest)).collect()
}

fn end(rest: &[u8]) -> Result<(), Garbled> {
    lib0::expect_end(rest).map_err(|_| Garbled)
}

fn length(body: &[u8]) -> io::Result<[u8; 4]> {
    match u32::try_from(body.len()) {
        Ok(length) if length <= MAX_FRAME => Ok(length.to_le_bytes()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame is too long")),
    }
}

fn check_length(length: [u8; 4]) -> io::Result<u64> {
    match u32::from_le_bytes(length) {
        length if length <= MAX_FRAME => Ok(u64::from(length)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long")),
    }
}

fn whole(body: Vec<u8>, length: u64) -> io::Result<Bytes> {
    if body.len() as u64 == length { Ok(body.into()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The worker's side: `None` when the pipe has ended.
pub(super) fn read_frame(pipe: &mut impl Read) -> io::Result<Option<Bytes>> {
    let mut length = [0; 4];
    match pipe.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = check_length(length)?;
    let mut body = Vec::new();
    pipe.take(length).read_to_end(&mut body)?;
    whole(body, length).map(Some)
}

pub(super) fn write_frame(pipe: &mut impl Write, body: &[u8]) -> io::Result<()> {
    pipe.write_all(&length(body)?)?;
    pipe.write_all(body)?;
    pipe.flush()
}

/// The pool's side.
pub(super) async fn receive(pipe: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let mut length = [0; 4];
    pipe.read_exact(&mut length).await?;
    let length = check_length(length)?;
    let mut body = Vec::new();
    pipe.take(length).read_to_end(&mut body).await?;
    whole(body, length)
}

pub(super) async fn send(pipe: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> io::Result<()> {
    pipe.write_all(&length(body)?).await?;
    pipe.write_all(body).await?;
    pipe.flush().await
}

#[cfg(test)]
mod tests {
    use crdt_store::doc::{Block, Change, Edit, Span};

    use super::*;

    fn parts() -> Vec<Bytes> {
        vec![Bytes::from_static(b"one"), Bytes::new(), Bytes::from(vec![7; 70_000])]
    }

    #[test]
    fn jobs_arrive_as_they_were_sent() {
        let change = Change::Append(vec![Block::Paragraph(vec![Span::bold("é")])]);
        let jobs = [
            Job::Diff { parts: parts(), state_vector: Bytes::from_static(&[0]) },
            Job::Compact { parts: vec![] },
            Job::Verify { parts: parts(), index: Bytes::from_static(b"index") },
            Job::Covers { parts: parts(), update: Bytes::from_static(b"update") },
            Job::Read { parts: parts(), form: Form::StateHash },
            Job::Edit { parts: parts(), edit: Edit { client: 53, change } },
            Job::Check { parts: parts() },
        ];
        for job in jobs {
            assert_eq!(decode_job(encode_job(&job).into()).expect("it reads"), job);
        }
    }

    #[test]
    fn answers_arrive_as_they_were_sent() {
        let replies = [
            Ok(Answer::Update(Bytes::from_static(b"update"))),
            Ok(Answer::Compacted(Compacted { parts: parts(), index: Bytes::from_static(b"index") })),
            Ok(Answer::Verdict(true)),
            Ok(Answer::Verdict(false)),
            Ok(Answer::Text("é".to_owned())),
            Ok(Answer::Fault(None)),
            Ok(Answer::Fault(Some(0))),
            Err("no".to_owned()),
        ];
        for reply in replies {
            assert_eq!(decode_reply(encode_reply(&reply).into()).expect("it reads"), reply);
        }
    }

    #[tokio::test]
    async fn a_declared_length_allocates_nothing() {
        let mut lie: &[u8] = &[0xff, 0xff, 0xff, 0x3f, 1, 2, 3];
        let error = receive(&mut lie).await.expect_err("the bytes never came");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let mut too_long: &[u8] = &[0xff; 8];
        assert!(receive(&mut too_long).await.is_err());
        for garbled in [&[][..], &[9], &[0, 5, 1], &[2, 1, 1], &[1, 0xff, 0xff, 0x7f]] {
            assert!(decode_reply(Bytes::copy_from_slice(garbled)).is_err());
        }
    }
}
