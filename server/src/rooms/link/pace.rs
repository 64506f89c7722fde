//! How fast one connection may talk. What goes beyond is not refused: the connection isn't read for a moment.
//!
//! Everything that people do stays far below. Edits have a large reserve, since whoever was away or imports something
//! sends a hundred thousand at once; what is answered with more work than it costs to send has its price. Callers: the
//! two dialects.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::{
    settings::Settings,
    wire::{Incoming, Sync},
};

/// Seconds of talk that may come at once.
const CHATTER_RESERVE: u32 = 20;
const EDITS_RESERVE: u32 = 150;

/// Prices of what is no edit. A token is verified and looked up, a step 1 is answered with a document.
const TOKEN: u32 = 4;
const STEP1: u32 = 2;
const WORD: u32 = 1;

#[derive(Debug)]
pub(super) struct Pace {
    chatter: Bucket,
    edits: Bucket,
}

impl Pace {
    pub fn new(settings: &Settings, now: Instant) -> Self {
        Self {
            chatter: Bucket::new(settings.chatter_per_second, CHATTER_RESERVE, now),
            edits: Bucket::new(settings.edits_per_second, EDITS_RESERVE, now),
        }
    }

    /// Returns when this message, which came at `now`, may be looked at.
    pub async fn message(&mut self, message: &Incoming, now: Instant) {
        wait(self.pause(message, now)).await;
    }

    /// The same, of something small or without meaning.
    pub async fn word(&mut self, now: Instant) {
        wait(self.chatter.spend(WORD, now)).await;
    }

    fn pause(&mut self, message: &Incoming, now: Instant) -> Option<Duration> {
        match message {
            Incoming::Sync(Sync::Update(_) | Sync::Step2(_)) => self.edits.spend(1, now),
            Incoming::Sync(Sync::Step1(_)) => self.chatter.spend(STEP1, now),
            Incoming::Auth { .. } => self.chatter.spend(TOKEN, now),
            Incoming::Awareness(_) | Incoming::QueryAwareness | Incoming::Leave | Incoming::Ignored => {
                self.chatter.spend(WORD, now)
            }
        }
    }
}

async fn wait(pause: Option<Duration>) {
    if let Some(pause) = pause {
        metrics::counter!("unisson_socket_pauses_total").increment(1);
        sleep(pause).await;
    }
}

/// Fills steadily up to a reserve, and may run into debt by what was asked for last.
#[derive(Debug)]
struct Bucket {
    per_second: u32,
    reserve: u32,
    left: f64,
    at: Instant,
}

impl Bucket {
    /// `per_second` of 0 is without limit.
    fn new(per_second: u32, seconds: u32, now: Instant) -> Self {
        let reserve = per_second.saturating_mul(seconds);
        Self { per_second, reserve, left: f64::from(reserve), at: now }
    }

    /// How long to wait before this is paid for.
    fn spend(&mut self, price: u32, now: Instant) -> Option<Duration> {
        if self.per_second == 0 {
            return None;
        }
        let rate = f64::from(self.per_second);
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        self.at = self.at.max(now);
        self.left = (self.left + gained).min(f64::from(self.reserve)) - f64::from(price);
        (self.left < 0.0).then(|| Duration::from_secs_f64(-self.left / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s17_a_reserve_is_spent_at_once_and_then_it_goes_at_its_pace() {
        let start = Instant::now();
        let mut bucket = Bucket::new(100, 2, start);
        for _ in 0..200 {
            assert_eq!(bucket.spend(1, start), None);
        }
        assert_eq!(bucket.spend(1, start), Some(Duration::from_millis(10)));
        assert_eq!(bucket.spend(4, start), Some(Duration::from_millis(50)));
        assert_eq!(bucket.spend(1, start + Duration::from_millis(100)), None);
        let later = start + Duration::from_secs(3600);
        assert_eq!((0..).take_while(|_| bucket.spend(1, later).is_none()).count(), 200);
    }

    #[test]
    fn s17_tokens_are_dear_and_edits_have_a_purse_of_their_own() {
        let settings = Settings { chatter_per_second: 10, edits_per_second: 1, ..Settings::default() };
        let now = Instant::now();
        let mut pace = Pace::new(&settings, now);
        let token = Incoming::Auth { token: String::new(), versioned: true };
        for _ in 0..50 {
            assert_eq!(pace.pause(&token, now), None, "200 words of reserve are 50 tokens");
        }
        assert_eq!(pace.pause(&Incoming::Sync(Sync::Update(bytes::Bytes::new())), now), None);
        assert_eq!(pace.pause(&token, now), Some(Duration::from_millis(400)));
    }

    #[test]
    fn without_a_pace_nobody_waits() {
        let mut bucket = Bucket::new(0, 20, Instant::now());
        assert_eq!(bucket.spend(u32::MAX, Instant::now()), None);
    }
}
