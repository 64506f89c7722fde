//! What goes down: numbered frames, kept until the client has said that it has them.
//!
//! Bounded in bytes: what is on its way and not yet confirmed is at most a window, and whoever writes waits for room. So
//! nothing is ever dropped that a client may still ask for, and a stream that nobody reads stops its writer. One reader
//! at a time: the next one takes over.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::Notify, time::Instant};

use super::super::Close;

/// Why there is nothing to read at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The client has said before that it has more.
    Past,
    /// No such frame has been sent.
    Future,
}

/// What a reader is handed.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A frame, or a slice of it.
    Frame { number: u64, bytes: Bytes, starts: bool, ends: bool },
    /// Nothing comes behind it.
    Close(Close),
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Open,
    /// Every reader is told.
    Closed(Close),
    Over,
}

struct Track {
    /// Sent, or to be sent, and not confirmed.
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// The number of the first of them. The very first frame is number 1.
    first: u64,
    reader: Option<Arc<Notify>>,
    unread_since: Instant,
    was_read: bool,
    end: End,
    told: bool,
}

impl Track {
    /// The number that the next frame gets.
    fn next(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    fn wake(&self) {
        if let Some(reader) = &self.reader {
            reader.notify_one();
        }
    }
}

pub struct Down {
    track: Mutex<Track>,
    /// For the one who writes.
    moved: Notify,
    window: usize,
}

impl Down {
    pub fn new(window: usize) -> Arc<Self> {
        let track = Track {
            frames: VecDeque::new(),
            bytes: 0,
            first: 1,
            reader: None,
            unread_since: Instant::now(),
            was_read: false,
            end: End::Open,
            told: false,
        };
        Arc::new(Self { track: Mutex::new(track), moved: Notify::new(), window })
    }

    fn track(&self) -> MutexGuard<'_, Track> {
        self.track.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a frame, when the window has room for it. A frame larger than that goes alone.
    pub(super) async fn push(&self, frame: Bytes) {
        loop {
            {
                let mut track = self.track();
                if track.frames.is_empty() || track.bytes + frame.len() <= self.window {
                    track.bytes += frame.len();
                    track.frames.push_back(frame);
                    track.wake();
                    return;
                }
            }
            self.moved.notified().await;
        }
    }

    /// The client has everything up to `number`. False: there is no such frame.
    pub fn seen(&self, number: u64) -> bool {
        let mut track = self.track();
        if number >= track.next() {
            return false;
        }
        while track.first <= number {
            let Some(frame) = track.frames.pop_front() else { break };
            track.bytes -= frame.len();
            track.first += 1;
        }
        self.moved.notify_one();
        true
    }

    /// Reads on behind frame `after`, in the place of whoever reads now.
    pub fn read(self: &Arc<Self>, after: u64) -> Result<Reader, Missing> {
        if !self.seen(after) {
            return Err(Missing::Future);
        }
        let mut track = self.track();
        if after + 1 < track.first {
            return Err(Missing::Past);
        }
        let news = Arc::new(Notify::new());
        track.wake();
        track.reader = Some(news.clone());
        track.was_read = true;
        Ok(Reader { down: self.clone(), news, next: after + 1, offset: 0, done: false })
    }

    /// Resolves when nobody reads.
    pub async fn unread(&self) {
        while self.track().reader.is_some() {
            self.moved.notified().await;
        }
    }

    /// For how long nobody has been reading; `None`: somebody is.
    pub fn unread_for(&self) -> Option<Duration> {
        let track = self.track();
        track.reader.is_none().then(|| track.unread_since.elapsed())
    }

    /// Whether there ever was a reader.
    pub(super) fn was_read(&self) -> bool {
        self.track().was_read
    }

    pub(super) fn close(&self, close: Close) {
        let mut track = self.track();
        if track.end == End::Open {
            track.end = End::Closed(close);
        }
        track.wake();
    }

    /// Whoever reads is sent away.
    pub(super) fn end(&self) {
        let mut track = self.track();
        track.end = End::Over;
        track.wake();
    }

    /// Resolves when a reader has been handed the word to close.
    pub(super) async fn told(&self) {
        while !self.track().told {
            self.moved.notified().await;
        }
    }

    fn leave(&self, reader: &Arc<Notify>) {
        let mut track = self.track();
        if track.reader.as_ref().is_some_and(|present| Arc::ptr_eq(present, reader)) {
            track.reader = None;
            track.unread_since = Instant::now();
            self.moved.notify_one();
        }
    }
}

/// A client's place in what goes down.
pub struct Reader {
    down: Arc<Down>,
    news: Arc<Notify>,
    next: u64,
    /// How much of that frame has been handed out.
    offset: usize,
    done: bool,
}

impl Reader {
    /// The next piece, of at most `most` bytes, if there is one now.
    pub fn try_next(&mut self, most: usize) -> Option<Piece> {
        if self.done {
            return None;
        }
        let mut track = self.down.track();
        let replaced = !track.reader.as_ref().is_some_and(|reader| Arc::ptr_eq(reader, &self.news));
        if replaced || track.end == End::Over {
            self.done = true;
            return None;
        }
        if self.next < track.first {
            // Confirmed before it was sent: the client's own affair.
            (self.next, self.offset) = (track.first, 0);
        }
        let place = usize::try_from(self.next - track.first).unwrap_or(usize::MAX);
        if let Some(frame) = track.frames.get(place) {
            let end = frame.len().min(self.offset.saturating_add(most));
            let piece = Piece::Frame {
                number: self.next,
                bytes: frame.slice(self.offset..end),
                starts: self.offset == 0,
                ends: end == frame.len(),
            };
            (self.next, self.offset) = if end == frame.len() { (self.next + 1, 0) } else { (self.next, end) };
            return Some(piece);
        }
        let End::Closed(close) = track.end else { return None };
        self.done = true;
        track.told = true;
        self.down.moved.notify_one();
        Some(Piece::Close(close))
    }

    /// Waits for the next piece. `None`: there will be none here.
    pub async fn next(&mut self, most: usize) -> Option<Piece> {
        loop {
            if let Some(piece) = self.try_next(most) {
                return Some(piece);
            }
            if self.done {
                return None;
            }
            self.news.notified().await;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.down.leave(&self.news);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::super::outbox::Closing, *};

    fn frame(number: u64, text: &'static str) -> Piece {
        Piece::Frame { number, bytes: Bytes::from_static(text.as_bytes()), starts: true, ends: true }
    }

    #[tokio::test]
    async fn a_reader_that_comes_back_gets_what_it_has_not_confirmed_and_no_other() {
        let down = Down::new(100);
        for text in ["one", "two", "three"] {
            down.push(Bytes::from_static(text.as_bytes())).await;
        }
        let mut first = down.read(0).unwrap();
        assert_eq!(first.next(100).await, Some(frame(1, "one")));
        assert_eq!(first.next(100).await, Some(frame(2, "two")));
        let mut second = down.read(1).unwrap();
        assert_eq!(first.next(100).await, None, "one reader at a time");
        drop(first);
        assert_eq!(down.unread_for(), None, "who was replaced takes nobody else along");
        assert_eq!(second.next(100).await, Some(frame(2, "two")));
        assert_eq!(second.next(100).await, Some(frame(3, "three")));
        drop(second);
        assert!(down.unread_for().is_some());
        assert!(down.seen(2));
        assert!(down.seen(1), "late news");
        assert_eq!(down.read(0).err(), Some(Missing::Past));
        assert_eq!(down.read(4).err(), Some(Missing::Future));
        assert!(!down.seen(u64::MAX));
        assert_eq!(down.read(2).unwrap().next(100).await, Some(frame(3, "three")));
    }

    #[tokio::test]
    async fn s17_a_writer_waits_while_the_window_is_full_of_what_nobody_confirms() {
        let down = Down::new(10);
        down.push(Bytes::from_static(b"larger than any window")).await;
        let mut waiting = Box::pin(down.push(Bytes::from_static(b"more")));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        let mut reader = down.read(0).unwrap();
        assert!(reader.try_next(100).is_some());
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "handed out is not confirmed");
        assert!(down.seen(1));
        waiting.await;
        assert_eq!(reader.next(100).await, Some(frame(2, "more")));
    }

    #[tokio::test]
    async fn a_large_frame_is_handed_out_in_slices_and_begins_anew_for_the_next_reader() {
        let down = Down::new(100);
        down.push(Bytes::from_static(b"abcdefgh")).await;
        let mut reader = down.read(0).unwrap();
        let slice = |text: &'static [u8], starts, ends| {
            Some(Piece::Frame { number: 1, bytes: Bytes::from_static(text), starts, ends })
        };
        assert_eq!(reader.try_next(3), slice(b"abc", true, false));
        assert_eq!(reader.try_next(3), slice(b"def", false, false));
        assert_eq!(down.read(0).unwrap().try_next(3), slice(b"abc", true, false));
    }

    #[tokio::test]
    async fn the_word_to_close_comes_last_and_whoever_waits_is_woken() {
        let down = Down::new(100);
        let mut reader = down.read(0).unwrap();
        let mut waiting = Box::pin(reader.next(100));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        down.push(Bytes::from_static(b"one")).await;
        down.close((Closing::Restart, "restarting"));
        assert_eq!(waiting.await, Some(frame(1, "one")));
        assert_eq!(reader.next(100).await, Some(Piece::Close((Closing::Restart, "restarting"))));
        down.told().await;
        assert_eq!(reader.next(100).await, None);
        down.end();
        assert_eq!(down.read(1).unwrap().next(100).await, None);
    }
}
