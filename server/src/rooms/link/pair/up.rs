//! What comes up: a stream of bytes, carried in pieces.
//!
//! A piece is taken as it arrives, byte by byte, and waits while the link is busy; a piece that breaks off in the middle
//! has still brought what came of it. Whoever sends a piece again takes over from the one that is still at it.

use std::sync::{Mutex, PoisonError};

use tokio::{
    io::{AsyncWriteExt, DuplexStream, duplex},
    sync::{self, MutexGuard},
};
use tokio_util::sync::CancellationToken;

/// What may lie between the pieces and the link.
const PIPE_BYTES: usize = 64 << 10;

/// Why a piece is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The piece came again, and that one is being taken now.
    Replaced,
    /// What lies before it has not come.
    Ahead,
    /// The link has ended.
    Over,
}

/// The carrier's end.
pub struct Up {
    stream: sync::Mutex<Stream>,
    /// Cancelled when the next piece takes over.
    turn: Mutex<CancellationToken>,
}

struct Stream {
    pipe: DuplexStream,
    /// How much of the stream has been taken.
    taken: u64,
}

impl Up {
    /// And the link's end.
    pub fn new() -> (Self, DuplexStream) {
        let (read, pipe) = duplex(PIPE_BYTES);
        let up = Self { stream: sync::Mutex::new(Stream { pipe, taken: 0 }), turn: Mutex::default() };
        (up, read)
    }

    /// The right to bring a piece. Takes it from whoever has it.
    pub async fn turn(&self) -> Result<Turn<'_>, Refused> {
        let mine = CancellationToken::new();
        let before = {
            let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *turn, mine.clone())
        };
        before.cancel();
        tokio::select! {
            () = mine.cancelled() => Err(Refused::Replaced),
            stream = self.stream.lock() => Ok(Turn { stream, replaced: mine.clone() }),
        }
    }
}

pub struct Turn<'a> {
    stream: MutexGuard<'a, Stream>,
    replaced: CancellationToken,
}

impl Turn<'_> {
    /// Resolves when somebody else has taken over.
    pub async fn replaced(&self) {
        self.replaced.cancelled().await;
    }

    /// Takes bytes that stand at `at` in the stream; what was taken before is passed over. May be dropped at any time:
    /// what has been taken then is known.
    pub async fn take(&mut self, at: u64, bytes: &[u8]) -> Result<(), Refused> {
        let Stream { pipe, taken } = &mut *self.stream;
        let known = taken.checked_sub(at).ok_or(Refused::Ahead)?;
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let mut rest = bytes.get(known..).unwrap_or_default();
        while !rest.is_empty() {
            let written = tokio::select! {
                () = self.replaced.cancelled() => return Err(Refused::Replaced),
                written = pipe.write(rest) => written,
            };
            let count = written.map_err(|_| Refused::Over)?;
            *taken += count as u64;
            rest = &rest[count..];
        }
        Ok(())
    }

    /// The client takes its leave: the link hears all that was taken, and then the end.
    pub async fn end(mut self) {
        let _ = self.stream.pipe.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn read(from: &mut DuplexStream, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most];
        let count = from.read(&mut bytes).await.unwrap();
        bytes.truncate(count);
        bytes
    }

    #[tokio::test]
    async fn a_piece_that_comes_again_is_taken_once_and_one_that_comes_too_early_not_at_all() {
        let (up, mut from) = Up::new();
        up.turn().await.unwrap().take(0, b"abc").await.unwrap();
        up.turn().await.unwrap().take(0, b"abc").await.unwrap();
        up.turn().await.unwrap().take(1, b"bcde").await.unwrap();
        assert_eq!(up.turn().await.unwrap().take(6, b"g").await, Err(Refused::Ahead));
        up.turn().await.unwrap().take(2, b"c").await.unwrap();
        assert_eq!(read(&mut from, 100).await, b"abcde");
        up.turn().await.unwrap().end().await;
        assert_eq!(read(&mut from, 100).await, b"");
    }

    #[tokio::test]
    async fn a_piece_that_is_stuck_is_replaced_by_the_same_again() {
        let (up, mut from) = Up::new();
        let piece = vec![7; PIPE_BYTES + 10];
        let mut first = up.turn().await.unwrap();
        let mut stuck = Box::pin(first.take(0, &piece));
        assert!(futures_util::poll!(stuck.as_mut()).is_pending());
        let mut second = Box::pin(up.turn());
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        assert_eq!(stuck.await, Err(Refused::Replaced));
        drop(first);
        let mut second = second.await.unwrap();
        let (taken, all) = tokio::join!(second.take(0, &piece), async {
            let mut all = Vec::new();
            while all.len() < piece.len() {
                all.extend(read(&mut from, 1 << 20).await);
            }
            all
        });
        taken.unwrap();
        assert_eq!(all, piece);
    }

    #[tokio::test]
    async fn nothing_is_taken_once_the_link_has_ended() {
        let (up, from) = Up::new();
        drop(from);
        assert_eq!(up.turn().await.unwrap().take(0, b"abc").await, Err(Refused::Over));
    }
}
