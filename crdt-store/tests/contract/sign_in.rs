//! Signing in by a provider or by a link in a mail.

use crdt_store::attempts::NewAttempt;
use crdt_store::directory::AccountChange;
use crdt_store::email_links::{NewLink, Purpose, Redeemed};
use crdt_store::identities::{Met, Subject};
use crdt_store::logins::NewLogin;
use crdt_store::mails::MailState;
use crdt_store::users::{NewUser, Role, Suspension, User};
use crdt_store::{Db, LoginId, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use crate::mails::{later, letter};
use crate::person;

fn new(name: &str, email: &str) -> NewUser {
    NewUser {
        id: UserId::fresh(),
        name: name.to_owned(),
        email: Some(email.to_owned()),
        role: Role::Agent,
        language: "fr".to_owned(),
    }
}

fn subject(name: &str) -> Subject {
    Subject { issuer: "https://id.example".to_owned(), subject: name.to_owned() }
}

fn attempt(state: u8, browser: u8) -> NewAttempt {
    NewAttempt {
        state_hash: vec![state; 32],
        browser_hash: vec![browser; 32],
        nonce: "n".repeat(43),
        verifier: "v".repeat(43),
        return_to: "/documents".to_owned(),
        expires_at: OffsetDateTime::now_utc() + Duration::minutes(10),
    }
}

fn link(secret: u8, user: &User, purpose: Purpose) -> NewLink {
    NewLink {
        secret_hash: vec![secret; 32],
        user_id: user.id,
        purpose,
        return_to: "/documents".to_owned(),
        expires_at: OffsetDateTime::now_utc() + Duration::minutes(15),
    }
}

async fn redeem(db: &Db, secret: u8, browser: Option<u8>) -> Redeemed {
    let browser = browser.map(|browser| vec![browser; 32]);
    db.email_links()
        .redeem(&[secret; 32], browser.as_deref(), &|email| email.ends_with("@agents.example"))
        .await
        .unwrap()
}

contract! {
    async fn an_attempt_is_taken_once_and_by_the_browser_that_began(stage) {
        let attempts = stage.db.attempts();
        attempts.create(&attempt(1, 7)).await.unwrap();
        assert_eq!(attempts.take(&[1; 32], &[8; 32]).await.unwrap(), None);
        let taken = attempts.take(&[1; 32], &[7; 32]).await.unwrap().unwrap();
        assert_eq!((taken.nonce.len(), taken.return_to.as_str()), (43, "/documents"));
        assert_eq!(attempts.take(&[1; 32], &[7; 32]).await.unwrap(), None);

        attempts.create(&attempt(2, 7)).await.unwrap();
        let tomorrow = later(&stage).await;
        assert_eq!(tomorrow.attempts().take(&[2; 32], &[7; 32]).await.unwrap(), None);
        assert_eq!(tomorrow.attempts().delete_expired().await.unwrap(), 1);
        tomorrow.close().await;
    }

    async fn a_subject_is_known_by_its_issuer_and_name_and_never_by_its_address(stage) {
        let identities = stage.db.identities();
        let awa = identities.create(&subject("awa"), &new("Awa", "Awa@Example.org")).await.unwrap();
        assert_eq!(awa.email.as_deref(), Some("awa@example.org"));
        let met = identities.meet(&subject("awa"), Some("other@example.org"), None).await.unwrap();
        assert_eq!(met, Met::Known(awa.clone()));
        assert_eq!(identities.of(awa.id).await.unwrap()[0].email.as_deref(), Some("other@example.org"));
        assert!(identities.has(awa.id, "https://id.example").await.unwrap());
        assert!(!identities.has(awa.id, "https://other.example").await.unwrap());

        let meets = |who: &str, verified: Option<&'static str>| {
            let (identities, who) = (identities.clone(), subject(who));
            async move { identities.meet(&who, verified, verified).await.unwrap() }
        };
        assert_eq!(meets("eve", Some("AWA@example.org")).await, Met::SameAddress(awa.clone()));
        assert_eq!(meets("eve", None).await, Met::Nobody);
        assert_eq!(meets("eve", Some("eve@example.org")).await, Met::Nobody);
        let elsewhere = Subject { issuer: "https://other.example".to_owned(), ..subject("awa") };
        assert_eq!(identities.meet(&elsewhere, None, None).await.unwrap(), Met::Nobody);
        let twice = identities.create(&subject("awa"), &new("Awa", "third@example.org")).await.unwrap_err();
        assert!(twice.is_conflict());
        assert_eq!(stage.db.users().by_email("third@example.org").await.unwrap(), None, "nothing is half made");
    }

    async fn a_link_signs_in_once_and_ends_those_beside_it(stage) {
        let awa = stage.db.users().create(new("Awa", "awa@example.org")).await.unwrap();
        let links = stage.db.email_links();
        let mail = letter("awa@example.org");
        links.create(&link(1, &awa, Purpose::SignIn), Some(&mail)).await.unwrap();
        links.create(&link(2, &awa, Purpose::SignIn), None).await.unwrap();
        assert_eq!(stage.db.mails().state(mail.id).await.unwrap(), Some(MailState::Queued));
        assert_eq!(redeem(&stage.db, 9, None).await, Redeemed::Gone);
        assert_eq!(redeem(&stage.db, 1, None).await, Redeemed::By(awa, "/documents".to_owned()));
        assert_eq!(redeem(&stage.db, 1, None).await, Redeemed::Gone);
        assert_eq!(redeem(&stage.db, 2, None).await, Redeemed::Gone);
    }

    async fn of_many_who_use_links_of_an_account_at_once_one_is_let_in(stage) {
        let awa = stage.db.users().create(new("Awa", "awa@example.org")).await.unwrap();
        for number in 1..=4 {
            stage.db.email_links().create(&link(number, &awa, Purpose::SignIn), None).await.unwrap();
        }
        let racers: Vec<_> = (0..16)
            .map(|number| {
                let db = stage.db.clone();
                tokio::spawn(async move { redeem(&db, 1 + number % 4, None).await })
            })
            .collect();
        let mut let_in = 0;
        for racer in racers {
            let_in += usize::from(racer.await.unwrap() != Redeemed::Gone);
        }
        assert_eq!(let_in, 1);
    }

    async fn a_link_is_worth_nothing_late_or_to_who_is_suspended(stage) {
        let awa = stage.db.users().create(new("Awa", "awa@example.org")).await.unwrap();
        stage.db.email_links().create(&link(1, &awa, Purpose::SignIn), None).await.unwrap();
        let tomorrow = later(&stage).await;
        assert_eq!(redeem(&tomorrow, 1, None).await, Redeemed::Gone);
        stage.db.users().set_suspended(awa.id, Suspension::Suspended).await.unwrap();
        assert_eq!(redeem(&stage.db, 1, None).await, Redeemed::Gone);
        stage.db.users().set_suspended(awa.id, Suspension::Lifted).await.unwrap();
        assert!(matches!(redeem(&stage.db, 1, None).await, Redeemed::By(..)), "it was not used up by trying");
        assert_eq!(tomorrow.email_links().delete_expired().await.unwrap(), 1);
        tomorrow.close().await;
    }

    async fn whoever_is_suspended_gets_no_login_and_none_comes_back_with_them(stage) {
        let db = &stage.db;
        let awa = db.users().create(new("Awa", "awa@example.org")).await.unwrap();
        let login = |number: u8| NewLogin {
            id: LoginId::fresh(),
            user_id: awa.id,
            secret_hash: vec![number; 32],
            expires_at: OffsetDateTime::now_utc() + Duration::days(7),
            user_agent: None,
        };
        db.logins().create(login(1)).await.unwrap();
        let by = db.users().create(new("Lucie", "lucie@example.org")).await.unwrap().id;
        let change = |suspension| AccountChange { role: None, suspension: Some(suspension) };
        // Somebody who signs in at this very moment, a hundred times.
        let racers: Vec<_> = (2..102).map(|number| {
            let (logins, login) = (db.logins(), login(number));
            tokio::spawn(async move { logins.create(login).await.is_ok() })
        }).collect();
        db.people().change(awa.id, by, change(Suspension::Suspended)).await.unwrap();
        for racer in racers {
            racer.await.unwrap();
        }
        assert!(matches!(db.logins().create(login(200)).await, Err(StoreError::NotFound { .. })));
        db.people().change(awa.id, by, change(Suspension::Lifted)).await.unwrap();
        assert_eq!(db.logins().list(awa.id).await.unwrap(), []);
        db.logins().create(login(201)).await.unwrap();
    }

    async fn a_merge_connects_in_the_browser_that_came_from_the_provider(stage) {
        let awa = stage.db.users().create(new("Awa", "awa@example.org")).await.unwrap();
        let purpose = Purpose::Merge(subject("awa"), vec![7; 32]);
        stage.db.email_links().create(&link(1, &awa, purpose), None).await.unwrap();
        assert_eq!(redeem(&stage.db, 1, None).await, Redeemed::OtherBrowser);
        assert_eq!(redeem(&stage.db, 1, Some(8)).await, Redeemed::OtherBrowser);
        assert!(!stage.db.identities().has(awa.id, "https://id.example").await.unwrap());
        assert!(matches!(redeem(&stage.db, 1, Some(7)).await, Redeemed::By(..)));
        let met = stage.db.identities().meet(&subject("awa"), None, None).await.unwrap();
        assert_eq!(met, Met::Known(awa));
    }

    async fn somebody_from_outside_whom_the_provider_knows_becomes_an_agent_with_the_merge_alone(stage) {
        let db = &stage.db;
        let awa = db.users().create(NewUser { role: Role::Outsider, ..new("Awa", "awa@agents.example") }).await.unwrap();
        let chloe = db.users().create(NewUser { role: Role::Outsider, ..new("Chloé", "chloe@example.org") }).await.unwrap();
        for (number, user) in [(1, &awa), (2, &chloe)] {
            let purpose = Purpose::Merge(subject(&user.name), vec![7; 32]);
            db.email_links().create(&link(number, user, purpose), None).await.unwrap();
        }
        let role = async |number| match redeem(db, number, Some(7)).await {
            Redeemed::By(user, _) => user.role,
            other => panic!("{other:?}"),
        };
        assert_eq!((role(1).await, role(2).await), (Role::Agent, Role::Outsider));
        let told = db.audit().concerning(awa.id, 9).await.unwrap();
        assert_eq!((told.len(), told[0].details.as_str()), (1, r#"{"role":["outsider","agent"]}"#));
        // Whom an administrator has made somebody from outside since stays so, whatever link they come by.
        db.users().set_role(awa.id, Role::Outsider).await.unwrap();
        db.email_links().create(&link(3, &awa, Purpose::SignIn), None).await.unwrap();
        assert_eq!(role(3).await, Role::Outsider);
    }

    async fn the_account_of_an_address_is_made_once(stage) {
        let racers: Vec<_> = (0..6)
            .map(|no| {
                let users = stage.db.users();
                let email = if no % 2 == 0 { "Chloe@Nord.example" } else { " chloe@nord.example" };
                tokio::spawn(async move { users.for_email(new("Chloé", email)).await.unwrap().id })
            })
            .collect();
        let mut ids = std::collections::BTreeSet::new();
        for racer in racers {
            ids.insert(racer.await.unwrap());
        }
        assert_eq!(ids.len(), 1);
        let nameless = NewUser { email: None, ..new("x", "x") };
        let refused = stage.db.users().for_email(nameless).await;
        assert!(matches!(refused, Err(StoreError::Unacceptable { .. })));
    }

    async fn a_window_counts_and_begins_again(stage) {
        let throttles = stage.db.throttles();
        let hour = Duration::hours(1);
        let racers: Vec<_> = (0..5)
            .map(|_| {
                let throttles = throttles.clone();
                tokio::spawn(async move { throttles.count(&[1; 32], hour).await.unwrap() })
            })
            .collect();
        let mut counts = std::collections::BTreeSet::new();
        for racer in racers {
            counts.insert(racer.await.unwrap());
        }
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(throttles.count(&[2; 32], hour).await.unwrap(), 1);
        let tomorrow = later(&stage).await;
        assert_eq!(tomorrow.throttles().count(&[1; 32], hour).await.unwrap(), 1);
        assert_eq!(tomorrow.throttles().delete_expired().await.unwrap(), 1);
        tomorrow.close().await;
    }

    async fn a_person_ends_their_own_logins_and_nobody_elses(stage) {
        let logins = stage.db.logins();
        let awa = person(&stage.db, "Awa", Role::Agent).await;
        let bruno = person(&stage.db, "Bruno", Role::Agent).await;
        let login = |user: UserId, secret: u8| NewLogin {
            id: LoginId::fresh(),
            user_id: user,
            secret_hash: vec![secret; 32],
            expires_at: OffsetDateTime::now_utc() + Duration::hours(1),
            user_agent: None,
        };
        let mine = logins.create_by_provider(login(awa.id, 1), Some(b"sealed")).await.unwrap();
        assert_eq!(logins.id_token(mine.id).await.unwrap().as_deref(), Some(&b"sealed"[..]));
        let other = logins.create(login(awa.id, 2)).await.unwrap();
        logins.create(login(awa.id, 3)).await.unwrap();
        let his = logins.create(login(bruno.id, 4)).await.unwrap();
        assert_eq!(logins.id_token(his.id).await.unwrap(), None);
        assert!(!logins.delete_of(awa.id, his.id).await.unwrap());
        assert!(logins.delete_of(awa.id, other.id).await.unwrap());
        assert_eq!(logins.delete_others(awa.id, mine.id).await.unwrap(), 1);
        assert_eq!(logins.list(awa.id).await.unwrap(), [mine]);
        assert_eq!(logins.list(bruno.id).await.unwrap(), [his]);
    }

    async fn what_is_held_of_a_person_is_told_whole_and_of_nobody_else(stage) {
        let awa = stage.db.identities().create(&subject("awa"), &new("Awa", "awa@example.org")).await.unwrap();
        let bruno = stage.db.users().create(new("Bruno", "bruno@example.org")).await.unwrap();
        for (user, secret) in [(awa.id, 1), (bruno.id, 2)] {
            let login = NewLogin {
                id: LoginId::fresh(),
                user_id: user,
                secret_hash: vec![secret; 32],
                expires_at: OffsetDateTime::now_utc() + Duration::hours(1),
                user_agent: Some("Firefox".to_owned()),
            };
            stage.db.logins().create(login).await.unwrap();
        }
        let exports = stage.db.exports();
        let held = exports.of(awa.id).await.unwrap();
        assert_eq!(held.account, awa);
        assert_eq!((held.identities.len(), held.logins.len()), (1, 1));
        assert!(held.documents.is_empty() && held.memberships.is_empty() && held.requests.is_empty());
        assert!(exports.of(bruno.id).await.unwrap().identities.is_empty());
        assert!(matches!(exports.of(UserId::fresh()).await, Err(StoreError::NotFound { .. })));
    }
}
