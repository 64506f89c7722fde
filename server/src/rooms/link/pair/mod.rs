//! A line made of two one-way streams, for networks that let no WebSocket through.
//!
//! Up comes a stream of bytes that is carried in pieces ([`up`]): each piece says where in the stream it begins, so one
//! that is sent again is taken once. Frames stand in it one after the other, each behind its length in four bytes, the
//! highest first. Down goes a sequence of numbered frames ([`down`]): each is kept until the client says that it has it,
//! so a stream that broke goes on where it was. What carries the pieces is no concern of this module.

pub mod down;
pub mod up;

use std::{sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

use super::{
    super::{
        outbox::{Closing, Outgoing},
        settings::Settings,
    },
    Close, Gate, Gone, Heard, Line,
};
use down::Down;

/// The length before a frame.
const HEAD_BYTES: usize = 4;
/// Small frames are read together, and copied out, so that none keeps the others in memory.
const TOGETHER_BYTES: usize = 4 << 10;
const STEP_BYTES: usize = 64 << 10;
/// Whoever opens a connection and never reads is not waited for as long as somebody who was here.
const FIRST_READER: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The link's end of both streams.
pub struct PairLine<R> {
    from: R,
    read: BytesMut,
    down: Arc<Down>,
    gate: Arc<dyn Gate>,
    frame_bytes: usize,
    write_timeout: Duration,
    resume_within: Duration,
}

impl<R> PairLine<R> {
    /// `from` is the reading end of an [`up::Up`], perhaps behind something that measures it.
    pub fn new(from: R, down: Arc<Down>, gate: Arc<dyn Gate>, settings: &Settings) -> Self {
        Self {
            from,
            read: BytesMut::new(),
            down,
            gate,
            frame_bytes: settings.frame_bytes,
            write_timeout: settings.write_timeout,
            resume_within: settings.resume_within,
        }
    }

    /// How much more has to be read before there is a frame; `None`: it is longer than any may be.
    fn missing(&self) -> Option<usize> {
        let Some(head) = self.read.first_chunk::<HEAD_BYTES>() else {
            return Some(HEAD_BYTES - self.read.len());
        };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        (length <= self.frame_bytes).then(|| (HEAD_BYTES + length).saturating_sub(self.read.len()))
    }

    /// The frame that has been read to its end.
    fn cut(&mut self) -> Bytes {
        let length = self.read.get_u32() as usize;
        if length <= TOGETHER_BYTES {
            let frame = Bytes::copy_from_slice(&self.read[..length]);
            self.read.advance(length);
            return frame;
        }
        let frame = self.read.split_to(length).freeze();
        // What follows in the same buffer goes into another.
        self.read = BytesMut::from(&self.read[..]);
        frame
    }
}

impl<R: AsyncRead + Unpin + Send> Line for PairLine<R> {
    const TRANSPORT: &'static str = "http";

    async fn hear(&mut self) -> Heard {
        loop {
            let Some(missing) = self.missing() else {
                return Heard::Offence((Closing::TooBig, "frame too big"));
            };
            if missing == 0 {
                self.gate.message_read();
                return Heard::Frame(self.cut());
            }
            let most = missing.clamp(TOGETHER_BYTES, STEP_BYTES);
            self.read.reserve(most);
            match (&mut self.from).take(most as u64).read_buf(&mut self.read).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Heard::End,
            }
        }
    }

    async fn write(&mut self, batch: &mut Vec<Outgoing>) -> Result<Option<Close>, Gone> {
        for outgoing in batch.drain(..) {
            match outgoing {
                Outgoing::Frame(frame) | Outgoing::Part(frame) => {
                    timeout(self.write_timeout, self.down.push(frame)).await.map_err(|_| Gone)?;
                }
                Outgoing::Close(closing, reason) => return Ok(Some((closing, reason))),
            }
        }
        Ok(None)
    }

    async fn tend(&mut self, _: Duration) -> Result<(), Gone> {
        let patience = if self.down.was_read() { self.resume_within } else { self.resume_within.min(FIRST_READER) };
        match self.down.unread_for() {
            Some(away) if away > patience => Err(Gone),
            _ => Ok(()),
        }
    }

    async fn part(&mut self) {}

    async fn close(&mut self, close: Close) {
        self.down.close(close);
        // Gives whoever is away a moment to come back and hear it.
        let _ = timeout(CLOSE_TIMEOUT, self.down.told()).await;
    }
}

impl<R> Drop for PairLine<R> {
    fn drop(&mut self) {
        self.down.end();
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::outbox::Outgoing, up::Up, *};

    struct Open;

    impl Gate for Open {
        fn admit(&self) {}
        fn message_read(&self) {}
        fn bytes_read(&self) -> u64 {
            0
        }
    }

    fn line() -> (Up, Arc<Down>, PairLine<tokio::io::DuplexStream>) {
        let (up, pipe) = Up::new();
        let down = Down::new(100);
        let settings = Settings {
            frame_bytes: 200_000,
            write_timeout: Duration::from_millis(100),
            resume_within: Duration::from_millis(100),
            ..Settings::default()
        };
        (up, down.clone(), PairLine::new(pipe, down, Arc::new(Open), &settings))
    }

    fn framed(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }

    #[tokio::test]
    async fn frames_are_found_wherever_the_pieces_are_cut() {
        let large: Vec<u8> = (0..150_000_u32).map(|at| at as u8).collect();
        let stream = [framed(b"one"), framed(&large), framed(b""), framed(b"two"), framed(&large[..5_000])].concat();
        for step in [1_000, 4_097, 65_536, stream.len()] {
            let (up, _down, mut line) = line();
            let bring = async {
                for (number, piece) in stream.chunks(step).enumerate() {
                    up.turn().await.unwrap().take((number * step) as u64, piece).await.unwrap();
                }
                up.turn().await.unwrap().end().await;
            };
            let hear = async {
                let mut heard = Vec::new();
                while let Heard::Frame(frame) = line.hear().await {
                    heard.push(frame);
                }
                heard
            };
            let ((), heard) = tokio::join!(bring, hear);
            assert_eq!(heard, [&b"one"[..], &large, b"", b"two", &large[..5_000]], "cut every {step} bytes");
        }
    }

    #[tokio::test]
    async fn s18_a_frame_that_says_it_is_larger_than_any_may_be_is_an_offence_at_once() {
        let (up, _down, mut line) = line();
        up.turn().await.unwrap().take(0, &200_001_u32.to_be_bytes()).await.unwrap();
        assert!(matches!(line.hear().await, Heard::Offence((Closing::TooBig, _))));
    }

    #[tokio::test]
    async fn s17_who_takes_nothing_is_given_up_and_so_is_who_stays_away() {
        let (_up, down, mut line) = line();
        let reader = down.read(0).unwrap_or_else(|_| panic!("from the start"));
        let mut batch =
            vec![Outgoing::Frame(Bytes::from_static(&[0; 80])), Outgoing::Frame(Bytes::from_static(&[0; 80]))];
        assert!(line.write(&mut batch).await.is_err(), "the window is full and nobody says what has come");
        assert!(line.tend(Duration::ZERO).await.is_ok(), "somebody is there");
        drop(reader);
        assert!(line.tend(Duration::ZERO).await.is_ok());
        while line.tend(Duration::ZERO).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(down.unread_for().is_some_and(|away| away > Duration::from_millis(100)));
    }

    #[tokio::test]
    async fn s22_the_word_to_close_waits_a_little_for_whoever_is_between_two_streams() {
        let (_up, down, mut line) = line();
        let restart = (Closing::Restart, "restarting");
        let mut closing = Box::pin(line.close(restart));
        assert!(futures_util::poll!(closing.as_mut()).is_pending());
        let mut reader = down.read(0).unwrap_or_else(|_| panic!("from the start"));
        assert_eq!(reader.next(10).await, Some(down::Piece::Close(restart)));
        closing.await;
    }
}
