//! The outbox.

use crdt_store::mails::{Handed, MailState, NewMail};
use crdt_store::{Db, DbOptions, MailId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::kit::Stage;

pub fn letter(recipient: &str) -> NewMail {
    NewMail {
        id: MailId::fresh(),
        recipient: recipient.to_owned(),
        language: "fr".to_owned(),
        kind: "sign-in".to_owned(),
        subject: "Votre lien".to_owned(),
        text: "secret".to_owned(),
        html: "<p>secret</p>".to_owned(),
        expires_at: OffsetDateTime::now_utc() + Duration::hours(1),
    }
}

/// The same database a day later.
pub async fn later(stage: &Stage) -> Db {
    fn tomorrow() -> OffsetDateTime {
        OffsetDateTime::now_utc() + Duration::days(1)
    }
    Db::open(&stage.address, DbOptions { clock: tomorrow, ..DbOptions::default() }).await.unwrap()
}

const NODE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

contract! {
    async fn a_mail_is_taken_out_by_one_node_and_settled_by_it(stage) {
        let mails = stage.db.mails();
        assert_eq!(mails.claim(NODE).await.unwrap(), None);
        let first = letter("a@example.org");
        mails.put(&first).await.unwrap();
        mails.put(&letter("b@example.org")).await.unwrap();
        assert_eq!(mails.waiting().await.unwrap().count, 2);

        let taken = mails.claim(NODE).await.unwrap().unwrap();
        assert_eq!((taken.id, taken.attempts, taken.text.as_str()), (first.id, 1, "secret"));
        let other = mails.claim(OTHER).await.unwrap().unwrap();
        assert_eq!(other.recipient, "b@example.org");
        assert_eq!(mails.claim(NODE).await.unwrap(), None);
        assert!(!mails.settle(taken.id, OTHER, &Handed::Sent).await.unwrap());
        assert_eq!(mails.state(taken.id).await.unwrap(), Some(MailState::Handing));
        assert!(mails.settle(taken.id, NODE, &Handed::Sent).await.unwrap());
        assert!(!mails.settle(taken.id, NODE, &Handed::Failed("no".to_owned())).await.unwrap());
        assert_eq!(mails.state(taken.id).await.unwrap(), Some(MailState::Sent));
        let waiting = mails.waiting().await.unwrap();
        assert_eq!((waiting.count, waiting.since), (0, None));
    }

    async fn many_nodes_take_each_mail_once(stage) {
        for no in 0..12 {
            stage.db.mails().put(&letter(&format!("{no}@example.org"))).await.unwrap();
        }
        let senders: Vec<_> = (0..4u128)
            .map(|node| {
                let mails = stage.db.mails();
                tokio::spawn(async move {
                    let mut taken = Vec::new();
                    while mails.waiting().await.unwrap().count > 0 {
                        taken.extend(mails.claim(Uuid::from_u128(node)).await.unwrap().map(|mail| mail.id));
                    }
                    taken
                })
            })
            .collect();
        let mut taken = Vec::new();
        for sender in senders {
            taken.extend(sender.await.unwrap());
        }
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(taken.len(), 12);
    }

    async fn what_was_not_accepted_is_tried_again_when_it_is_due(stage) {
        let mails = stage.db.mails();
        let mail = letter("a@example.org");
        mails.put(&mail).await.unwrap();
        mails.claim(NODE).await.unwrap().unwrap();
        let soon = OffsetDateTime::now_utc() + Duration::minutes(5);
        assert!(mails.settle(mail.id, NODE, &Handed::Later(soon, "greylisted".to_owned())).await.unwrap());
        assert_eq!(mails.state(mail.id).await.unwrap(), Some(MailState::Queued));
        assert_eq!(mails.claim(NODE).await.unwrap(), None);
        assert_eq!(mails.waiting().await.unwrap().count, 0);
        let now = OffsetDateTime::now_utc();
        mails.put(&letter("b@example.org")).await.unwrap();
        let taken = mails.claim(NODE).await.unwrap().unwrap();
        mails.settle(taken.id, NODE, &Handed::Later(now, "greylisted".to_owned())).await.unwrap();
        assert_eq!(mails.claim(OTHER).await.unwrap().unwrap().attempts, 2);
    }

    async fn a_mail_whose_node_died_is_uncertain_and_never_taken_again(stage) {
        let mails = stage.db.mails();
        let mail = letter("a@example.org");
        mails.put(&mail).await.unwrap();
        mails.claim(NODE).await.unwrap().unwrap();
        let now = OffsetDateTime::now_utc();
        assert_eq!(mails.give_up(now - Duration::minutes(5)).await.unwrap(), 0);
        assert_eq!(mails.give_up(now + Duration::seconds(1)).await.unwrap(), 1);
        assert_eq!(mails.state(mail.id).await.unwrap(), Some(MailState::Uncertain));
        assert_eq!(mails.uncertain().await.unwrap(), 1);
        assert_eq!(mails.claim(OTHER).await.unwrap(), None);
        // The node was only slow, and knows better.
        assert!(!mails.settle(mail.id, NODE, &Handed::Later(now, "late".to_owned())).await.unwrap());
        assert!(mails.settle(mail.id, NODE, &Handed::Sent).await.unwrap());
        assert_eq!(mails.state(mail.id).await.unwrap(), Some(MailState::Sent));
    }

    async fn a_mail_that_is_worth_nothing_any_more_is_not_sent(stage) {
        stage.db.mails().put(&letter("a@example.org")).await.unwrap();
        let tomorrow = later(&stage).await;
        let mails = tomorrow.mails();
        assert_eq!(mails.claim(NODE).await.unwrap(), None);
        assert_eq!(mails.expire().await.unwrap(), 1);
        assert_eq!(mails.expire().await.unwrap(), 0);
        let then = OffsetDateTime::now_utc() + Duration::days(2);
        assert_eq!(mails.forget(then).await.unwrap(), 1);
        tomorrow.close().await;
    }
}
