//! Documents: names, creation, lists, the facts of access.

use crdt_store::communities::{MemberRole, NewCommunity, Visibility};
use crdt_store::documents::{Cursor, Document, Made, NewDocument, Scope, Sharing, Visit};
use crdt_store::logins::NewLogin;
use crdt_store::users::{Role, Suspension};
use crdt_store::{CommunityId, Db, DocumentId, LoginId, StoreError, UserId};

use crate::{append, document, person};

async fn community(db: &Db, slug: &str, founder: UserId) -> CommunityId {
    db.communities()
        .create(
            NewCommunity {
                id: CommunityId::fresh(),
                slug: slug.to_owned(),
                name: slug.to_owned(),
                purpose: String::new(),
                visibility: Visibility::Private,
            },
            founder,
        )
        .await
        .unwrap()
        .id
}

async fn written(db: &Db, title: &str, by: UserId, community_id: Option<CommunityId>, visibility: Sharing) -> Document {
    let new = NewDocument {
        id: DocumentId::fresh(),
        name: None,
        title: title.to_owned(),
        community_id,
        visibility,
        created_by: Some(by),
        seed: None,
    };
    match db.documents().create(new).await.unwrap() {
        Made::New(document) => document,
        Made::There(document) => panic!("already there: {document:?}"),
    }
}

async fn titles(db: &Db, scope: Scope, user: UserId) -> Vec<String> {
    let listed = db.documents().list(scope, user, None, 100).await.unwrap();
    listed.into_iter().map(|listed| listed.document.title).collect()
}

contract! {
    async fn a_document_is_found_by_id_and_by_name(stage) {
        let documents = stage.db.documents();
        let made = document(&stage.db).await;
        assert_eq!(made.name, made.id.to_string());
        assert_eq!(documents.by_id(made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(documents.by_name(&made.name).await.unwrap(), Some(made));
        assert_eq!(documents.by_id(DocumentId::fresh()).await.unwrap(), None);
        assert_eq!(documents.by_name("").await.unwrap(), None);
        assert_eq!(documents.by_name("with a \0").await.unwrap(), None);
    }

    async fn names_of_every_script_and_shape_are_kept_apart(stage) {
        let documents = stage.db.documents();
        let longest = "é".repeat(256);
        let names = [
            "réunion/équipe n° 3", "re\u{301}union/e\u{301}quipe n° 3", "Réunion/équipe n° 3",
            "文書", "مستند", "👩‍👩‍👧", " ", "a ", "a", "'; drop table documents; --", "%2F", "\u{7f}\n\t",
            longest.as_str(),
        ];
        let mut ids = std::collections::BTreeSet::new();
        for name in names {
            let document = documents.ensure_by_name(name, None).await.unwrap();
            assert_eq!(document.name, name);
            assert_eq!(document.title, name);
            ids.insert(document.id);
            let found = documents.by_name(name).await.unwrap().unwrap();
            assert_eq!(found.id, document.id);
        }
        assert_eq!(ids.len(), names.len());
    }

    async fn a_name_that_cannot_be_stored_is_not_acceptable(stage) {
        for name in ["", "nul \0 inside", &"é".repeat(257)] {
            let refused = stage.db.documents().ensure_by_name(name, None).await;
            assert!(matches!(refused, Err(StoreError::Unacceptable { .. })), "{refused:?}");
        }
    }

    async fn all_who_ensure_a_name_at_once_get_the_same_document(stage) {
        for round in 0..5 {
            let name = format!("open/{round}");
            let racers: Vec<_> = (0..8)
                .map(|_| {
                    let (documents, name) = (stage.db.documents(), name.clone());
                    tokio::spawn(async move { documents.ensure_by_name(&name, None).await.unwrap().id })
                })
                .collect();
            let mut ids = std::collections::BTreeSet::new();
            for racer in racers {
                ids.insert(racer.await.unwrap());
            }
            assert_eq!(ids.len(), 1);
        }
    }

    async fn a_name_belongs_to_one_document(stage) {
        let named = |name: &str| NewDocument {
            id: DocumentId::fresh(),
            name: Some(name.to_owned()),
            title: "t".to_owned(),
            community_id: None,
            visibility: Sharing::Link,
            created_by: None,
            seed: None,
        };
        stage.db.documents().create(named("guide")).await.unwrap();
        let taken = stage.db.documents().create(named("guide")).await.unwrap_err();
        assert!(taken.is_conflict(), "{taken}");
    }

    async fn renaming_moves_title_author_and_time(stage) {
        let documents = stage.db.documents();
        let made = document(&stage.db).await;
        let by = UserId::fresh();
        let renamed = documents.rename(made.id, "Guide « œuvre »", Some(by)).await.unwrap();
        assert_eq!((renamed.title.as_str(), renamed.updated_by), ("Guide « œuvre »", Some(by)));
        assert!(renamed.updated_at > made.updated_at);
        documents.delete(made.id).await.unwrap();
        let gone = documents.rename(made.id, "x", None).await;
        assert!(matches!(gone, Err(StoreError::NotFound { .. })));
    }

    async fn my_list_holds_what_i_made_and_what_my_communities_share(stage) {
        let db = &stage.db;
        let (awa, bruno) = (
            person(db, "Awa", Role::Agent).await.id,
            person(db, "Bruno", Role::Agent).await.id,
        );
        let shared = community(db, "shared", awa).await;
        let others = community(db, "others", awa).await;
        db.communities().add_member(shared, bruno, MemberRole::Member, None).await.unwrap();
        written(db, "bruno alone", bruno, None, Sharing::Restricted).await;
        written(db, "awa alone", awa, None, Sharing::Restricted).await;
        written(db, "shared", awa, Some(shared), Sharing::Inherit).await;
        written(db, "restricted", awa, Some(shared), Sharing::Restricted).await;
        written(db, "bruno's own", bruno, Some(shared), Sharing::Restricted).await;
        written(db, "elsewhere", awa, Some(others), Sharing::Inherit).await;
        let deleted = written(db, "deleted", bruno, None, Sharing::Inherit).await;
        db.documents().delete(deleted.id).await.unwrap();

        assert_eq!(titles(db, Scope::Mine, bruno).await, ["bruno's own", "shared", "bruno alone"]);
        assert_eq!(titles(db, Scope::Community(shared), bruno).await, ["bruno's own", "shared"]);
        assert_eq!(titles(db, Scope::Community(shared), awa).await, ["restricted", "shared"]);

        db.communities().remove_member(shared, bruno).await.unwrap();
        assert_eq!(titles(db, Scope::Mine, bruno).await, ["bruno alone"]);
        let past = time::OffsetDateTime::UNIX_EPOCH;
        db.communities().add_member(shared, bruno, MemberRole::Member, Some(past)).await.unwrap();
        assert_eq!(titles(db, Scope::Mine, bruno).await, ["bruno alone"]);
    }

    async fn a_list_is_paged_by_what_was_last_written(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa Diallo", Role::Agent).await.id;
        let id = community(db, "pages", awa).await;
        let mut made = Vec::new();
        for no in 0..7 {
            made.push(written(db, &no.to_string(), awa, Some(id), Sharing::Inherit).await);
        }
        append(db, &made[2], &["x"]).await;
        let expected = ["2", "6", "5", "4", "3", "1", "0"];
        for scope in [Scope::Mine, Scope::Community(id)] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = db.documents().list(scope, awa, after, 3).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(Cursor { updated_at: last.document.updated_at, id: last.document.id });
                seen.extend(page.into_iter().map(|listed| listed.document.title));
            }
            assert_eq!(seen, expected);
        }
        let listed = db.documents().listed(made[0].id, awa).await.unwrap().unwrap();
        assert_eq!(listed.community_slug.as_deref(), Some("pages"));
        assert_eq!(listed.created_by_name.as_deref(), Some("Awa Diallo"));
        assert_eq!(listed.role, Some(MemberRole::Leader));
    }

    async fn the_facts_of_access_come_in_one_row(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let id = community(db, "facts", awa).await;
        let until = time::macros::datetime!(2031-01-02 03:04:05.123456 UTC);
        db.communities().add_member(id, chloe, MemberRole::Reader, Some(until)).await.unwrap();
        db.users().set_suspended(chloe, Suspension::Suspended).await.unwrap();
        let document = written(db, "facts", awa, Some(id), Sharing::Inherit).await;

        let facts = db.documents().facts_for_access(document.id, Some(chloe)).await.unwrap().unwrap();
        assert_eq!((facts.document_id, facts.epoch, facts.created_by), (document.id, 1, Some(awa)));
        assert_eq!((facts.visibility, facts.community_visibility), (Sharing::Inherit, Some(Visibility::Private)));
        assert_eq!((facts.member_role, facts.member_expires_at), (Some(MemberRole::Reader), Some(until)));
        assert_eq!(facts.user_role, Some(Role::Outsider));
        assert!(facts.user_suspended_at.is_some());
        let by_name = db.documents().facts_for_access_by_name(&document.name, Some(chloe), None).await.unwrap();
        assert_eq!(by_name, Some(facts));

        let nobody = db.documents().facts_for_access(document.id, None).await.unwrap().unwrap();
        assert_eq!((nobody.member_role, nobody.user_role), (None, None));
        assert_eq!(db.documents().facts_for_access(DocumentId::fresh(), None).await.unwrap(), None);
    }

    async fn the_facts_of_many_visits_come_in_their_order(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let id = community(db, "visits", awa).await;
        db.communities().add_member(id, chloe, MemberRole::Reader, None).await.unwrap();
        let ours = written(db, "ours", awa, Some(id), Sharing::Inherit).await.id;
        let other = document(db).await.id;
        let until = time::macros::datetime!(2031-01-02 03:04:05.123456 UTC);
        let login = NewLogin {
            id: LoginId::fresh(),
            user_id: chloe,
            secret_hash: vec![7; 32],
            expires_at: until,
            user_agent: None,
        };
        let login = db.logins().create(login).await.unwrap().id;

        let visits = [
            Visit { document: ours, user: Some(chloe), login: Some(login) },
            Visit { document: DocumentId::fresh(), user: Some(chloe), login: None },
            Visit { document: other, user: None, login: None },
            // Somebody else's sign-in is none.
            Visit { document: ours, user: Some(awa), login: Some(login) },
            Visit { document: ours, user: Some(chloe), login: Some(LoginId::fresh()) },
            Visit { document: ours, user: Some(chloe), login: Some(login) },
        ];
        let facts = db.documents().facts_for_visits(&visits).await.unwrap();
        let seen = |at: usize| facts[at].as_ref().map(|facts| (facts.document_id, facts.member_role, facts.login_ends_at));
        let reader = Some(MemberRole::Reader);
        assert_eq!(seen(0), Some((ours, reader, Some(until))));
        assert_eq!(seen(1), None);
        assert_eq!(seen(2), Some((other, None, None)));
        assert_eq!(seen(3), Some((ours, Some(MemberRole::Leader), None)));
        assert_eq!(seen(4), Some((ours, reader, None)));
        assert_eq!(facts[5], facts[0]);
        let alone = db.documents().facts_for_access(ours, Some(chloe)).await.unwrap().unwrap();
        assert_eq!(facts[4], Some(alone));

        db.logins().delete(login).await.unwrap();
        let over = db.documents().facts_for_visits(&visits[..1]).await.unwrap();
        assert_eq!(over, [facts[4].clone()]);
        assert_eq!(db.documents().facts_for_visits(&[]).await.unwrap(), []);
    }
}
