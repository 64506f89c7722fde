//! Feeds: sign-ins that hold, and who belongs where.

use crdt_store::communities::{MemberRole, NewCommunity, Visibility};
use crdt_store::documents::{NewDocument, Sharing};
use crdt_store::feeds::Titled;
use crdt_store::logins::NewLogin;
use crdt_store::users::{Role, Suspension};
use crdt_store::{CommunityId, Db, DocumentId, LoginId, UserId};
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

    async fn those_who_are_somewhere_have_names_while_they_belong_there(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let david = person(db, "David", Role::Agent).await.id;
        let (one, other) = (community(db, "one", awa).await, community(db, "other", awa).await);
        db.communities().add_member(one, chloe, MemberRole::Reader, Some(LATER)).await.unwrap();
        db.communities().add_member(one, david, MemberRole::Member, None).await.unwrap();
        db.communities().add_member(other, david, MemberRole::Member, Some(OffsetDateTime::UNIX_EPOCH)).await.unwrap();
        let asked = [(other, david), (one, chloe), (other, chloe), (other, awa), (one, david)];
        let names = async || {
            let found = db.feeds().faces(&asked).await.unwrap();
            found.into_iter().map(|face| face.map(|face| (face.name, face.role))).collect::<Vec<_>>()
        };
        let (hers, awas) = (Some(("Chloé".to_owned(), Role::Outsider)), Some(("Awa".to_owned(), Role::Agent)));
        let davids = Some(("David".to_owned(), Role::Agent));
        assert_eq!(names().await, [None, hers.clone(), None, awas.clone(), davids]);
        db.users().set_suspended(david, Suspension::Suspended).await.unwrap();
        assert_eq!(names().await, [None, hers, None, awas, None]);
        assert_eq!(db.feeds().faces(&[]).await.unwrap(), []);
    }

    async fn a_title_is_for_all_of_a_community_or_not_told(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let one = community(db, "one", awa).await;
        let make = async |title: &str, visibility, community_id| {
            let id = DocumentId::fresh();
            let title = title.to_owned();
            let created_by = Some(awa);
            let new = NewDocument { id, name: None, title, community_id, visibility, created_by, seed: None };
            db.documents().create(new).await.unwrap();
            id
        };
        let shown = make("Ordre du jour", Sharing::Inherit, Some(one)).await;
        let hidden = make("Entre nous", Sharing::Restricted, Some(one)).await;
        let own = make("Brouillon", Sharing::Inherit, None).await;
        let found = db.feeds().titles(&[hidden, shown, own, DocumentId::fresh()]).await.unwrap();
        let titled = Titled { community_id: one, title: "Ordre du jour".to_owned() };
        assert_eq!(found, [None, Some(titled), None, None]);
        let seen = db.feeds().visibilities(&[CommunityId::fresh(), one]).await.unwrap();
        assert_eq!(seen, [None, Some(Visibility::Secret)]);
    }
}
