//! Who a document is shared with, and administrators' entries.

use crdt_store::audit::Sought;
use crdt_store::communities::MemberRole;
use crdt_store::documents::{LinkTerms, NewSharing, Scope, Shared, Sharing, Visit};
use crdt_store::entries::NewAdminEntry;
use crdt_store::users::Role;
use crdt_store::{CommunityId, Db, DocumentId, EntryId, StoreError, UserId};
use time::OffsetDateTime;

use crate::{community, person, written};

const LATER: OffsetDateTime = time::macros::datetime!(2091-01-02 03:04:05.123456 UTC);
const PAST: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn restricted(people: &[(UserId, Shared)]) -> NewSharing {
    NewSharing { visibility: Sharing::Restricted, link: None, people: people.to_vec() }
}

async fn titles(db: &Db, scope: Scope, user: UserId) -> Vec<String> {
    let listed = db.documents().list(scope, user, None, 100).await.unwrap();
    listed.into_iter().map(|listed| listed.document.title).collect()
}

/// Name, access, and whether they are guests.
async fn named(db: &Db, id: DocumentId) -> Vec<(String, Shared, bool)> {
    let sharing = db.documents().sharing(id).await.unwrap().unwrap();
    sharing.people.into_iter().map(|person| (person.name, person.access, person.guest)).collect()
}

contract! {
    async fn sharing_is_what_was_said_last(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let home = community(db, "home", awa).await;
        db.communities().add_member(home, bruno, MemberRole::Reader, None).await.unwrap();
        let id = written(db, "shared", awa, Some(home)).await;
        let before = db.documents().sharing(id).await.unwrap().unwrap();
        assert_eq!((before.visibility, before.link, before.community_id), (Sharing::Inherit, None, Some(home)));
        assert_eq!((before.created_by, before.people.len()), (Some(awa), 0));

        let both = restricted(&[(chloe, Shared::Read), (bruno, Shared::Write)]);
        assert_eq!(db.documents().share(id, &both, awa).await.unwrap(), [chloe, bruno]);
        let expected = [("Bruno".to_owned(), Shared::Write, false), ("Chloé".to_owned(), Shared::Read, true)];
        assert_eq!(named(db, id).await, expected);
        assert_eq!(db.documents().share(id, &both, awa).await.unwrap(), []);
        let raised = restricted(&[(chloe, Shared::Comment)]);
        let mut touched = db.documents().share(id, &raised, awa).await.unwrap();
        touched.sort();
        let mut expected = [bruno, chloe];
        expected.sort();
        assert_eq!(touched, expected);

        let terms = LinkTerms { access: Shared::Comment, expires_at: Some(LATER) };
        let open = NewSharing { visibility: Sharing::Link, link: Some(terms), people: Vec::new() };
        assert_eq!(db.documents().share(id, &open, awa).await.unwrap(), [chloe]);
        let after = db.documents().sharing(id).await.unwrap().unwrap();
        assert_eq!((after.visibility, after.link, after.people.len()), (Sharing::Link, Some(terms), 0));

        let nobody = restricted(&[(chloe, Shared::Read), (UserId::fresh(), Shared::Read)]);
        let refused = db.documents().share(id, &nobody, awa).await;
        assert!(matches!(refused, Err(StoreError::NotFound { what: "person" })), "{refused:?}");
        assert_eq!(db.documents().sharing(id).await.unwrap().unwrap(), after, "all or nothing");
        let acts = db.audit().list(&Sought { community: Some(home), ..Sought::default() }, None, 10).await.unwrap();
        let shared: Vec<_> = acts.iter().filter(|act| act.action == "document.shared").collect();
        assert_eq!(shared.len(), 4, "what was refused is not recorded");
        assert!(shared.iter().all(|act| act.actor_id == Some(awa) && act.subject_id == Some(id.0)));
        db.documents().delete(id).await.unwrap();
        assert_eq!(db.documents().sharing(id).await.unwrap(), None);
        assert!(matches!(db.documents().share(id, &raised, awa).await, Err(StoreError::NotFound { .. })));
    }

    async fn lists_hold_what_one_is_named_at_while_it_counts(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let home = community(db, "home", awa).await;
        db.communities().add_member(home, bruno, MemberRole::Reader, None).await.unwrap();
        let one = written(db, "one", awa, Some(home)).await;
        written(db, "other", awa, Some(home)).await;
        let both = restricted(&[(bruno, Shared::Read), (chloe, Shared::Read)]);
        db.documents().share(one, &both, awa).await.unwrap();
        assert_eq!(titles(db, Scope::Mine, chloe).await, ["one"]);
        assert_eq!(titles(db, Scope::Mine, bruno).await, ["other", "one"]);
        assert_eq!(titles(db, Scope::Community(home), bruno).await, ["other", "one"]);
        // His counts while he belongs to the community, hers whatever happens there.
        db.communities().remove_member(home, bruno).await.unwrap();
        assert_eq!(titles(db, Scope::Mine, bruno).await, [""; 0]);
        assert_eq!(named(db, one).await, [("Chloé".to_owned(), Shared::Read, true)]);
        db.communities().add_member(home, bruno, MemberRole::Reader, Some(PAST)).await.unwrap();
        assert_eq!(titles(db, Scope::Mine, bruno).await, [""; 0]);
        let listed = db.documents().listed(one, chloe).await.unwrap().unwrap();
        assert_eq!((listed.share_access, listed.share_is_guests, listed.role), (Some(Shared::Read), Some(true), None));
        assert!(!listed.entered && listed.link_lasts);
    }

    async fn the_facts_say_what_was_given_and_until_when(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let lucie = person(db, "Lucie", Role::Administrator).await.id;
        let home = community(db, "home", awa).await;
        let id = written(db, "facts", awa, Some(home)).await;
        let new = NewSharing {
            visibility: Sharing::Link,
            link: Some(LinkTerms { access: Shared::Write, expires_at: Some(LATER) }),
            people: vec![(lucie, Shared::Manage)],
        };
        db.documents().share(id, &new, awa).await.unwrap();
        let entry = |expires_at| NewAdminEntry {
            id: EntryId::fresh(),
            community_id: home,
            user_id: lucie,
            reason: "Signalement".to_owned(),
            expires_at,
        };
        assert_eq!(db.entries().lasts_until(home, lucie).await.unwrap(), None);
        for end in [LATER, PAST] {
            db.entries().enter(entry(end)).await.unwrap();
        }
        let facts = db.documents().facts_for_access(id, Some(lucie)).await.unwrap().unwrap();
        assert_eq!((facts.share_access, facts.share_is_guests), (Some(Shared::Manage), Some(true)));
        assert_eq!((facts.link_access, facts.link_expires_at), (Some(Shared::Write), Some(LATER)));
        assert_eq!(facts.entry_ends_at, Some(LATER));
        let visits = [
            Visit { document: id, user: Some(lucie), login: None },
            Visit { document: id, user: Some(awa), login: None },
        ];
        let found = db.documents().facts_for_visits(&visits).await.unwrap();
        assert_eq!(found[0], Some(facts));
        let awas = found[1].as_ref().unwrap();
        assert_eq!((awas.share_access, awas.share_is_guests, awas.entry_ends_at), (None, None, None));

        assert_eq!(db.entries().lasts_until(home, lucie).await.unwrap(), Some(LATER));
        let lasting = db.entries().lasting(home).await.unwrap();
        assert_eq!(lasting.len(), 1);
        assert_eq!((lasting[0].user_name.as_str(), lasting[0].reason.as_str()), ("Lucie", "Signalement"));
        assert!(db.documents().listed(id, lucie).await.unwrap().unwrap().entered);
        assert_eq!(db.entries().leave(home, lucie).await.unwrap(), 1);
        assert_eq!(db.entries().lasts_until(home, lucie).await.unwrap(), None);
        assert!(!db.documents().listed(id, lucie).await.unwrap().unwrap().entered);
    }

    async fn leaders_of_many_communities_come_in_one_answer(stage) {
        let db = &stage.db;
        let mut leaders = Vec::new();
        for name in ["Zoé", "Awa", "Bruno"] {
            leaders.push(person(db, name, Role::Agent).await.id);
        }
        let (one, other) = (community(db, "one", leaders[0]).await, community(db, "other", leaders[1]).await);
        for user in &leaders {
            db.communities().add_member(one, *user, MemberRole::Leader, None).await.unwrap();
        }
        db.communities().add_member(other, leaders[2], MemberRole::Member, None).await.unwrap();
        // Names are looked at when a list is asked for.
        db.communities().members(one, Default::default(), None, 10).await.unwrap();
        let found = db.communities().leaders_of(&[one, other, CommunityId::fresh()], 2).await.unwrap();
        let mut seen: Vec<_> = found.iter().map(|(of, member)| (*of == one, member.name.as_str())).collect();
        seen.sort();
        assert_eq!(seen, [(false, "Awa"), (true, "Awa"), (true, "Bruno")]);
        assert_eq!(db.communities().leaders_of(&[], 2).await.unwrap(), []);
    }
}
