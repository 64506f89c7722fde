//! People, their sign-ins, and the instance's settings.

use crdt_store::logins::NewLogin;
use crdt_store::users::{Directory, NewUser, Role, Suspension, UserChange};
use crdt_store::{LoginId, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use crate::person;

fn login(user_id: UserId, secret: u8, expires_at: OffsetDateTime) -> NewLogin {
    NewLogin {
        id: LoginId::fresh(),
        user_id,
        secret_hash: vec![secret; 32],
        expires_at,
        user_agent: Some("Firefox".to_owned()),
    }
}

contract! {
    async fn a_person_is_kept_as_they_came(stage) {
        let users = stage.db.users();
        let lucie = person(&stage.db, "Lucie Perrin", Role::Administrator).await;
        assert_eq!(users.get(lucie.id).await.unwrap(), Some(lucie.clone()));
        let in_english = UserChange { language: Some("en".to_owned()), ..UserChange::default() };
        let english = users.change(lucie.id, &in_english).await.unwrap();
        assert_eq!((english.language.as_str(), english.name.as_str()), ("en", "Lucie Perrin"));
        let of = |service: Option<&str>| UserChange { service: Some(service.map(str::to_owned)), ..UserChange::default() };
        assert_eq!(users.change(lucie.id, &of(Some("DINUM"))).await.unwrap().service.as_deref(), Some("DINUM"));
        let hidden = UserChange { directory: Some(Directory::Communities), ..UserChange::default() };
        let hidden = users.change(lucie.id, &hidden).await.unwrap();
        assert_eq!((hidden.service.as_deref(), hidden.directory), (Some("DINUM"), Directory::Communities));
        assert_eq!(users.change(lucie.id, &of(None)).await.unwrap().service, None);
        let nobody = users.change(UserId::fresh(), &in_english).await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
        assert_eq!(users.get(UserId::fresh()).await.unwrap(), None);
    }

    async fn ensuring_a_person_twice_leaves_them_as_they_are(stage) {
        let users = stage.db.users();
        let new = |name: &str| NewUser {
            id: UserId(uuid::Uuid::from_u128(1)),
            name: name.to_owned(),
            email: Some("awa@example.org".to_owned()),
            role: Role::Agent,
            language: "fr".to_owned(),
        };
        let first = users.ensure(new("Awa Diallo")).await.unwrap();
        let second = users.ensure(new("Somebody else")).await.unwrap();
        assert_eq!(first, second);
        let taken = users.create(NewUser { id: UserId::fresh(), ..new("x") }).await.unwrap_err();
        assert!(taken.is_conflict(), "{taken}");
        assert_eq!(users.list(None, 10).await.unwrap(), [first]);
    }

    async fn people_are_listed_in_pages(stage) {
        for no in 0..5 {
            person(&stage.db, &no.to_string(), Role::Agent).await;
        }
        let first = stage.db.users().list(None, 3).await.unwrap();
        let rest = stage.db.users().list(Some(first[2].id), 3).await.unwrap();
        let names: Vec<_> = first.iter().chain(&rest).map(|user| user.name.as_str()).collect();
        assert_eq!(names, ["0", "1", "2", "3", "4"]);
    }

    async fn a_login_is_found_by_its_secret_until_it_ends(stage) {
        let logins = stage.db.logins();
        let awa = person(&stage.db, "Awa", Role::Agent).await;
        let now = OffsetDateTime::now_utc();
        let made = logins.create(login(awa.id, 1, now + Duration::hours(1))).await.unwrap();
        logins.create(login(awa.id, 2, now - Duration::hours(1))).await.unwrap();

        let (found, user) = logins.by_secret_hash(&[1; 32]).await.unwrap().unwrap();
        assert_eq!((found, user), (made.clone(), awa.clone()));
        assert!(logins.by_secret_hash(&[2; 32]).await.unwrap().is_none());
        assert!(logins.by_secret_hash(&[3; 32]).await.unwrap().is_none());
        assert_eq!(logins.list(awa.id).await.unwrap().len(), 1);
        assert_eq!(logins.delete_expired().await.unwrap(), 1);

        logins.touch(made.id, now + Duration::hours(2)).await.unwrap();
        let (touched, _) = logins.by_secret_hash(&[1; 32]).await.unwrap().unwrap();
        assert!(touched.last_seen_at > made.last_seen_at && touched.expires_at > made.expires_at);

        assert!(logins.delete(made.id).await.unwrap());
        assert!(!logins.delete(made.id).await.unwrap());
        assert!(logins.by_secret_hash(&[1; 32]).await.unwrap().is_none());
    }

    async fn a_suspended_person_has_no_login(stage) {
        let (users, logins) = (stage.db.users(), stage.db.logins());
        let awa = person(&stage.db, "Awa", Role::Agent).await;
        let later = OffsetDateTime::now_utc() + Duration::hours(1);
        logins.create(login(awa.id, 1, later)).await.unwrap();
        users.set_suspended(awa.id, Suspension::Suspended).await.unwrap();
        assert!(logins.by_secret_hash(&[1; 32]).await.unwrap().is_none());
        users.set_suspended(awa.id, Suspension::Lifted).await.unwrap();
        assert!(logins.by_secret_hash(&[1; 32]).await.unwrap().is_some());
    }

    async fn all_who_set_a_key_at_once_get_the_same_value(stage) {
        let racers: Vec<_> = (0u8..8)
            .map(|racer| {
                let settings = stage.db.settings();
                tokio::spawn(async move { settings.get_or_create("token_key", &[racer; 32]).await.unwrap() })
            })
            .collect();
        let mut values = std::collections::BTreeSet::new();
        for racer in racers {
            values.insert(racer.await.unwrap());
        }
        assert_eq!(values.len(), 1);
        let settings = stage.db.settings();
        assert_eq!(settings.get("token_key").await.unwrap(), values.pop_first());
        assert_eq!(settings.get("other").await.unwrap(), None);
        settings.set("token_key", b"new").await.unwrap();
        assert_eq!(settings.get_or_create("token_key", b"x").await.unwrap(), b"new");
    }
}
