//! Feeds: sign-ins that hold, and who belongs where.

use crdt_store::communities::{MemberRole, NewCommunity, Visibility};
use crdt_store::logins::NewLogin;
use crdt_store::users::{Role, Suspension};
use crdt_store::{CommunityId, Db, LoginId, UserId};
use time::OffsetDateTime;

use crate::person;

const LATER: OffsetDateTime = time::macros::datetime!(2091-01-02 03:04:05 UTC);

async fn login(db: &Db, user_id: UserId, expires_at: OffsetDateTime) -> LoginId {
    let id = LoginId::fresh();
    let secret_hash = id.0.as_bytes().to_vec();
    db.logins().create(NewLogin { id, user_id, secret_hash, expires_at, user_agent: None }).await.unwrap().id
}

async fn community(db: &Db, slug: &str, founder: UserId) -> CommunityId {
    let new = NewCommunity {
        id: CommunityId::fresh(),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        purpose: String::new(),
        visibility: Visibility::Secret,
    };
    db.communities().create(new, founder).await.unwrap().id
}

contract! {
    async fn what_has_become_of_sign_ins_comes_in_their_order(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Administrator).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let hers = login(db, awa, LATER).await;
        let over = login(db, awa, OffsetDateTime::UNIX_EPOCH).await;
        let theirs = login(db, chloe, LATER).await;
        db.users().set_suspended(chloe, Suspension::Suspended).await.unwrap();
        let found = db.feeds().standings(&[theirs, LoginId::fresh(), over, hers, theirs]).await.unwrap();
        let seen: Vec<_> = found.iter().map(|one| one.map(|one| (one.role, one.suspended_at.is_some()))).collect();
        let suspended = Some((Role::Outsider, true));
        assert_eq!(seen, [suspended, None, None, Some((Role::Administrator, false)), suspended]);
        assert_eq!(db.feeds().standings(&[]).await.unwrap(), []);
    }

    async fn who_belongs_where_is_asked_of_many_at_once(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let (one, other) = (community(db, "one", awa).await, community(db, "other", bruno).await);
        db.communities().add_member(one, bruno, MemberRole::Reader, Some(LATER)).await.unwrap();
        db.communities().add_member(one, chloe, MemberRole::Member, Some(OffsetDateTime::UNIX_EPOCH)).await.unwrap();
        let mut expected = vec![(one, awa), (one, bruno), (other, bruno)];
        let ask = async |people: &[UserId]| {
            let mut found = db.feeds().members_among(&[one, other, CommunityId::fresh()], people).await.unwrap();
            found.sort();
            found
        };
        expected.sort();
        assert_eq!(ask(&[awa, bruno, chloe, UserId::fresh()]).await, expected);
        assert_eq!(ask(&[awa]).await, [(one, awa)]);
        assert_eq!(ask(&[]).await, []);
    }
}
