//! Communities and their members.

use crdt_store::communities::{After, Asked, MemberAfter, MemberRole, MembersSought, NewCommunity, Visibility, Which};
use crdt_store::users::Role;
use crdt_store::{CommunityId, Db, UserId};
use time::{Duration, OffsetDateTime};

use crate::person;

async fn founded(db: &Db, slug: &str, visibility: Visibility, founder: UserId) -> CommunityId {
    let new = NewCommunity {
        id: CommunityId::fresh(),
        slug: slug.to_owned(),
        name: format!("Réseau {slug}"),
        purpose: "Échanger".to_owned(),
        visibility,
    };
    db.communities().create(new, founder).await.unwrap().id
}

fn all(user: UserId, role: Role) -> Asked<'static> {
    Asked { user, role, which: Which::All, q: "", joining: None }
}

async fn slugs(db: &Db, user: UserId, role: Role) -> Vec<String> {
    let met = db.communities().list(all(user, role), None, 100).await.unwrap();
    met.into_iter().map(|met| met.community.slug).collect()
}

contract! {
    async fn a_founder_leads(stage) {
        let awa = person(&stage.db, "Awa", Role::Agent).await.id;
        let id = founded(&stage.db, "chefs-de-projet", Visibility::Public, awa).await;
        let met = stage.db.communities().by_slug("chefs-de-projet", Some(awa)).await.unwrap().unwrap();
        assert_eq!((met.community.id, met.members_count, met.role), (id, 1, Some(MemberRole::Leader)));
        assert_eq!(met.community.purpose, "Échanger");
        assert_eq!(stage.db.communities().by_slug("nothing", None).await.unwrap(), None);
    }

    async fn a_slug_belongs_to_one_community(stage) {
        let awa = person(&stage.db, "Awa", Role::Agent).await.id;
        founded(&stage.db, "taken", Visibility::Public, awa).await;
        let new = NewCommunity {
            id: CommunityId::fresh(),
            slug: "taken".to_owned(),
            name: "Another".to_owned(),
            purpose: String::new(),
            visibility: Visibility::Secret,
        };
        let taken = stage.db.communities().create(new, awa).await.unwrap_err();
        assert!(taken.is_conflict(), "{taken}");
    }

    async fn everyone_learns_of_what_they_may_know(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        founded(db, "a-public", Visibility::Public, awa).await;
        founded(db, "b-private", Visibility::Private, awa).await;
        let secret = founded(db, "c-secret", Visibility::Secret, awa).await;
        let archived = founded(db, "d-archived", Visibility::Public, awa).await;
        db.communities().archive(archived).await.unwrap();

        assert_eq!(slugs(db, awa, Role::Agent).await, ["a-public", "b-private", "c-secret"]);
        assert_eq!(slugs(db, bruno, Role::Agent).await, ["a-public", "b-private"]);
        assert_eq!(slugs(db, chloe, Role::Outsider).await, [""; 0]);
        db.communities().add_member(secret, chloe, MemberRole::Reader, None).await.unwrap();
        assert_eq!(slugs(db, chloe, Role::Outsider).await, ["c-secret"]);
        let mine = db.communities().of(chloe).await.unwrap();
        assert_eq!((mine.len(), mine[0].role, mine[0].members_count), (1, Some(MemberRole::Reader), 2));
    }

    async fn a_membership_ends_by_itself_or_is_ended(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let id = founded(db, "short", Visibility::Private, awa).await;
        let now = OffsetDateTime::now_utc();
        let role = async || db.communities().by_slug("short", Some(chloe)).await.unwrap().unwrap().role;

        db.communities().add_member(id, chloe, MemberRole::Member, Some(now + Duration::hours(1))).await.unwrap();
        assert_eq!(role().await, Some(MemberRole::Member));
        let members = db.communities().members(id, MembersSought::default(), None, 10).await.unwrap();
        let members: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.user_role, m.role)).collect();
        assert_eq!(members, [
            ("Awa", Role::Agent, MemberRole::Leader),
            ("Chloé", Role::Outsider, MemberRole::Member),
        ]);

        db.communities().add_member(id, chloe, MemberRole::Moderator, Some(now - Duration::hours(1))).await.unwrap();
        assert_eq!(role().await, None);
        assert_eq!(db.communities().members(id, MembersSought::default(), None, 10).await.unwrap().len(), 1);
        assert!(db.communities().remove_member(id, chloe).await.unwrap());
        assert!(!db.communities().remove_member(id, chloe).await.unwrap());
    }

    async fn lists_of_communities_and_members_are_paged(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let id = founded(db, "p0", Visibility::Public, awa).await;
        for no in 1..5 {
            founded(db, &format!("p{no}"), Visibility::Public, awa).await;
            let member = person(db, &format!("person {no}"), Role::Agent).await.id;
            db.communities().add_member(id, member, MemberRole::Member, None).await.unwrap();
        }
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let page = db.communities().list(all(awa, Role::Agent), after.as_ref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(After::of(last));
            seen.extend(page.into_iter().map(|met| met.community.slug));
        }
        assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4"]);

        let mut after = None;
        let mut count = 0;
        loop {
            let page = db.communities().members(id, MembersSought::default(), after.as_ref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(MemberAfter::of(last));
            count += page.len();
        }
        assert_eq!(count, 5);
    }
}
