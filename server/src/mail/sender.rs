//! The task that empties the outbox: one a node, one letter at a time.
//!
//! A conversation with the mail server is opened before a letter is taken out, so that a mail server that is away costs
//! no letter an attempt. What was taken out is settled as what happened to it; where the node dies in between, the
//! letter becomes uncertain and stays unsent (`crdt_store::mails`).

use std::time::Duration;

use crdt_store::{
    Db, Engine, StoreError,
    mails::{Handed, Mail as Row},
};
use lettre::message::Mailbox;
use uuid::Uuid;

use super::{
    Mail, message,
    smtp::{self, Fate, Line},
};
use crate::{config::MailServer, shutdown::Shutdown};

/// Between two looks at the outbox; a [`Mail::nudge`] comes before.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The first wait for a mail server that is away, doubled up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A letter that a node took out so long ago will not be settled by it: longer than all steps together.
const LEASE: time::Duration = time::Duration::minutes(10);
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// What was settled is remembered so long.
const REMEMBERED: time::Duration = time::Duration::days(30);
/// After another node has taken the letter that this one was about to take.
const YIELD: Duration = Duration::from_millis(5);
/// Between two tries to note down what became of a letter.
const SETTLE_AGAIN: Duration = Duration::from_millis(500);

struct Sender {
    mail: Mail,
    db: Db,
    node: Uuid,
    relay: Option<(MailServer, Mailbox)>,
    shutdown: Shutdown,
}

/// Runs until the node drains.
pub async fn run(mail: Mail, db: Db, relay: Option<MailServer>, shutdown: Shutdown) {
    let relay = relay.and_then(|relay| match relay.from.parse::<Mailbox>() {
        Ok(from) => Some((relay, from)),
        Err(_) => {
            tracing::error!("mail.from is not an address that mail servers take: no letter is sent");
            None
        }
    });
    let sender = Sender { mail, db, node: Uuid::now_v7(), relay, shutdown };
    // On a file no other node can be at work.
    if sender.db.engine() == Engine::Sqlite {
        sender.give_up(time::Duration::ZERO).await;
    }
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    tidy.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut wait = FIRST_WAIT;
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            () = sender.shutdown.draining() => return,
            _ = tidy.tick() => {
                sender.tidy().await;
                continue;
            }
            // A mail server that is away is not asked more often for being needed more.
            () = sender.mail.0.wake.notified(), if pause <= LOOK_EVERY => {}
            () = tokio::time::sleep(pause) => {}
        }
        sender.ask_the_name().await;
        pause = match sender.round().await {
            Ok(()) => {
                wait = FIRST_WAIT;
                LOOK_EVERY
            }
            Err(Stop::Away) => {
                wait = (wait * 2).min(LONGEST_WAIT);
                wait.max(LOOK_EVERY + Duration::from_millis(1))
            }
            Err(Stop::Store(error)) => {
                tracing::warn!(%error, "the outbox can't be looked at");
                LONGEST_WAIT.min(LOOK_EVERY * 5)
            }
        };
    }
}

enum Stop {
    /// The mail server takes nothing now.
    Away,
    Store(StoreError),
}

impl Sender {
    /// Another node may have been told another name.
    async fn ask_the_name(&self) {
        match self.db.instance().policy().await {
            Ok(policy) => self.mail.call_it(&policy.name),
            Err(error) => tracing::debug!(%error, "the instance's name can't be asked for"),
        }
    }

    /// Sends what is due.
    async fn round(&self) -> Result<(), Stop> {
        let Some((relay, from)) = &self.relay else { return Ok(()) };
        let mut line: Option<Line> = None;
        while !self.shutdown.is_draining() && self.db.mails().waiting().await.map_err(Stop::Store)?.count > 0 {
            let mut open = match line.take() {
                Some(open) => open,
                None => smtp::open(relay, &self.mail.0.site).await.map_err(|error| {
                    metrics::counter!("unisson_mail_connection_failures_total").increment(1);
                    tracing::warn!(%error, "the mail server takes nothing");
                    Stop::Away
                })?,
            };
            let Some(row) = self.db.mails().claim(self.node).await.map_err(Stop::Store)? else {
                // Another node was faster: there may be more.
                line = Some(open);
                tokio::time::sleep(YIELD).await;
                continue;
            };
            let fate = self.hand(&mut open, from, &row).await;
            let is_accepted = fate == Fate::Accepted;
            self.settle(&row, fate).await;
            if is_accepted {
                line = Some(open);
            }
        }
        if let Some(line) = line {
            line.end().await;
        }
        Ok(())
    }

    async fn hand(&self, line: &mut Line, from: &Mailbox, row: &Row) -> Fate {
        let written = message::recipient(row).and_then(|to| Ok((message::compose(row, from, &to)?, to)));
        match written {
            Ok((message, to)) => line.hand(&from.email, &to, &message).await,
            Err(unfit) => Fate::Never(unfit.to_string()),
        }
    }

    /// Notes down what became of a letter. While the database is away it tries again: what is not noted is uncertain.
    async fn settle(&self, row: &Row, fate: Fate) {
        let kind = row.kind.as_str();
        let handed = match fate {
            Fate::Accepted => {
                metrics::counter!("unisson_mails_sent_total").increment(1);
                tracing::debug!(mail.id = %row.id, kind, "a letter was accepted");
                Handed::Sent
            }
            Fate::NotNow(reason) => {
                metrics::counter!("unisson_mails_put_off_total").increment(1);
                tracing::info!(mail.id = %row.id, kind, reason, attempts = row.attempts, "a letter has to wait");
                Handed::Later(self.mail.now() + patience(row.attempts), reason)
            }
            Fate::Never(reason) => {
                metrics::counter!("unisson_mails_failed_total").increment(1);
                tracing::warn!(mail.id = %row.id, kind, reason, "a letter was refused");
                Handed::Failed(reason)
            }
            Fate::Unknown(reason) => {
                metrics::counter!("unisson_mails_uncertain_total").increment(1);
                tracing::error!(mail.id = %row.id, kind, reason, "a letter may have been accepted or not: it is not sent again");
                Handed::Uncertain(reason)
            }
        };
        loop {
            match self.db.mails().settle(row.id, self.node, &handed).await {
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, mail.id = %row.id, "what became of a letter could not be noted"),
            }
            tokio::select! {
                () = self.shutdown.ended() => return,
                () = tokio::time::sleep(SETTLE_AGAIN) => {}
            }
        }
    }

    async fn give_up(&self, lease: time::Duration) {
        match self.db.mails().give_up(self.mail.now() - lease).await {
            Ok(0) => {}
            Ok(count) => {
                metrics::counter!("unisson_mails_uncertain_total").increment(count);
                tracing::error!(
                    count,
                    "letters were being handed over when their node went away: they may have been accepted or not, and are not sent again"
                );
            }
            Err(error) => tracing::warn!(%error, "letters of nodes that went away can't be looked for"),
        }
    }

    /// What every node does now and then; twice does no harm.
    async fn tidy(&self) {
        self.give_up(LEASE).await;
        let mails = self.db.mails();
        let done = async {
            let expired = mails.expire().await?;
            mails.forget(self.mail.now() - REMEMBERED).await?;
            Ok::<_, StoreError>((expired, mails.waiting().await?))
        };
        match done.await {
            Ok((expired, waiting)) => {
                if expired > 0 {
                    metrics::counter!("unisson_mails_failed_total").increment(expired);
                    tracing::warn!(count = expired, "letters were not sent in time");
                }
                if waiting.count > 0 && self.relay.is_none() {
                    tracing::warn!(count = waiting.count, "letters wait, and no mail server is configured (mail.smtp)");
                }
                let since = waiting.since.map_or(0.0, |since| (self.mail.now() - since).as_seconds_f64().max(0.0));
                metrics::gauge!("unisson_mails_waiting").set(waiting.count as f64);
                metrics::gauge!("unisson_mails_oldest_seconds").set(since);
            }
            Err(error) => tracing::warn!(%error, "the outbox can't be tidied"),
        }
    }
}

/// How long a letter waits after so many attempts.
fn patience(attempts: i32) -> time::Duration {
    match attempts {
        ..=1 => time::Duration::minutes(1),
        2 => time::Duration::minutes(5),
        3 => time::Duration::minutes(15),
        4 => time::Duration::minutes(30),
        _ => time::Duration::hours(1),
    }
}
