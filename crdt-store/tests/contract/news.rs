//! What is news for whom, and until when.

use crdt_store::communities::MemberRole;
use crdt_store::documents::{NewSharing, Shared, Sharing, Why};
use crdt_store::users::Role;
use crdt_store::{Db, DbOptions, DocumentId, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use crate::kit::Stage;
use crate::{community, person, written};

fn tomorrow() -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::DAY
}

fn in_two_days() -> OffsetDateTime {
    tomorrow() + Duration::DAY
}

fn next_month() -> OffsetDateTime {
    in_two_days() + Duration::days(30)
}

/// The same database, at another time.
async fn at(stage: &Stage, clock: fn() -> OffsetDateTime) -> Db {
    Db::open(&stage.address, DbOptions { clock, ..DbOptions::default() }).await.unwrap()
}

async fn news(db: &Db, user: UserId) -> Vec<(String, Why)> {
    let found = db.documents().news(user, 10).await.unwrap().documents;
    found.into_iter().map(|fresh| (fresh.listed.document.title, fresh.why)).collect()
}

fn of<const N: usize>(titles: [(&str, Why); N]) -> Vec<(String, Why)> {
    titles.into_iter().map(|(title, why)| (title.to_owned(), why)).collect()
}

contract! {
    async fn news_are_what_others_changed_since_one_looked(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let home = community(db, "home", awa).await;
        written(db, "before", awa, Some(home)).await;
        db.communities().add_member(home, bruno, MemberRole::Member, None).await.unwrap();
        let plan = written(db, "plan", awa, Some(home)).await;
        written(db, "diary", awa, None).await;
        assert_eq!(news(db, bruno).await, of([("plan", Why::Created)]));
        assert_eq!(news(db, awa).await, of([]), "one's own are no news");
        db.documents().see(bruno, plan).await.unwrap();
        db.documents().see(bruno, DocumentId::fresh()).await.unwrap();
        assert_eq!(news(db, bruno).await, of([]));

        let later = at(&stage, tomorrow).await;
        later.documents().rename(plan, "the plan", Some(awa)).await.unwrap();
        assert_eq!(news(&later, bruno).await, of([("the plan", Why::Changed)]));
        // Looking at it with a clock that is behind takes nothing back.
        later.documents().see(bruno, plan).await.unwrap();
        db.documents().see(bruno, plan).await.unwrap();
        assert_eq!(news(&later, bruno).await, of([]));
        let latest = at(&stage, in_two_days).await;
        latest.documents().rename(plan, "our plan", Some(bruno)).await.unwrap();
        assert_eq!(news(&latest, bruno).await, of([]));
        assert_eq!(news(&latest, awa).await, of([("our plan", Why::Changed)]), "Awa has never looked at it");
        latest.communities().remove_member(home, bruno).await.unwrap();
        latest.documents().rename(plan, "Awa's plan", Some(awa)).await.unwrap();
        assert_eq!(news(&latest, bruno).await, of([]));
        later.close().await;
        latest.close().await;
    }

    async fn what_one_is_named_at_is_news_until_one_has_looked(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let home = community(db, "home", awa).await;
        let plan = written(db, "plan", awa, Some(home)).await;
        db.communities().add_member(home, bruno, MemberRole::Member, None).await.unwrap();
        let people = vec![(chloe, Shared::Read)];
        let sharing = NewSharing { visibility: Sharing::Restricted, link: None, people };
        db.documents().share(plan, &sharing, awa).await.unwrap();
        assert_eq!(news(db, chloe).await, of([("plan", Why::Shared)]));
        assert_eq!(news(db, bruno).await, of([]), "it is restricted to others");
        db.documents().see(chloe, plan).await.unwrap();
        assert_eq!(news(db, chloe).await, of([]));
        let later = at(&stage, tomorrow).await;
        later.documents().rename(plan, "the plan", Some(awa)).await.unwrap();
        assert_eq!(news(&later, chloe).await, of([("the plan", Why::Changed)]));
        later.documents().delete(plan).await.unwrap();
        assert_eq!(news(&later, chloe).await, of([]));
        later.close().await;
    }

    async fn who_has_caught_up_can_take_it_back(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let home = community(db, "home", awa).await;
        db.communities().add_member(home, bruno, MemberRole::Member, None).await.unwrap();
        for title in ["one", "two", "three"] {
            written(db, title, awa, Some(home)).await;
        }
        let shown = db.documents().news(bruno, 2).await.unwrap();
        assert_eq!(shown.documents.len(), 2);
        written(db, "four", awa, Some(home)).await;
        assert_eq!(db.documents().catch_up(bruno, Some(shown.as_of)).await.unwrap(), None);
        assert_eq!(news(db, bruno).await, of([("four", Why::Created)]), "what came meanwhile was not seen");
        let before = db.documents().catch_up(bruno, None).await.unwrap();
        assert_eq!(before, Some(shown.as_of));
        assert_eq!(news(db, bruno).await.len(), 4);
        // The future can't be caught up with.
        db.documents().catch_up(bruno, Some(next_month())).await.unwrap();
        let later = at(&stage, tomorrow).await;
        let five = written(&later, "five", awa, Some(home)).await;
        assert_eq!(news(&later, bruno).await, of([("five", Why::Created)]));
        later.documents().see(bruno, five).await.unwrap();
        let nobody = db.documents().catch_up(UserId::fresh(), None).await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })), "{nobody:?}");
        assert_eq!(db.exports().of(bruno).await.unwrap().visits.len(), 1);

        assert_eq!(later.documents().forget_visits().await.unwrap(), 0);
        let latest = at(&stage, next_month).await;
        assert_eq!(news(&latest, bruno).await, of([]), "after a month nothing is news");
        assert_eq!(latest.documents().forget_visits().await.unwrap(), 1);
        later.close().await;
        latest.close().await;
    }
}
