//! What a community is made of, who changes it, who stays.

use bytes::Bytes;
use crdt_store::audit::Sought;
use crdt_store::communities::{
    After, Asked, Change, Feature, Founding, Joining, Kept, Left, MemberChange, MemberRole, MembersSought, Model,
    NewCommunity, Page, Rest, Visibility, Which,
};
use crdt_store::joins::{Answer, Came};
use crdt_store::users::{Role, Suspension};
use crdt_store::{CommunityId, Db, DocumentId, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use crate::person;

fn founding(name: &str, visibility: Visibility) -> Founding {
    Founding {
        community: NewCommunity {
            id: CommunityId::fresh(),
            slug: Founding::slug(name),
            name: name.to_owned(),
            purpose: "Échanger".to_owned(),
            visibility,
        },
        joining: if visibility == Visibility::Secret { Joining::Invitation } else { Joining::Approval },
        model: Model::Project,
        features: vec![Feature::Wiki, Feature::Documents],
        co_leaders: Vec::new(),
        pages: Vec::new(),
    }
}

async fn acts(db: &Db, community: CommunityId) -> Vec<String> {
    let sought = Sought { community: Some(community), ..Sought::default() };
    let found = db.audit().list(&sought, None, 100).await.unwrap();
    found.into_iter().rev().map(|act| act.action).collect()
}

async fn names(db: &Db, id: CommunityId, sought: MembersSought<'_>) -> Vec<String> {
    let found = db.communities().members(id, sought, None, 100).await.unwrap();
    found.into_iter().map(|member| member.name).collect()
}

contract! {
    async fn a_community_comes_whole(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let page = Page {
            id: DocumentId::fresh(),
            title: "Bienvenue".to_owned(),
            feature: Feature::Documents,
            seed: Bytes::from_static(b"seed"),
        };
        let wanted = Founding {
            co_leaders: vec![bruno, chloe, UserId::fresh()],
            pages: vec![page.clone()],
            ..founding("Référents mobilité", Visibility::Private)
        };
        let made = db.communities().found(&wanted, awa).await.unwrap();
        assert_eq!((made.slug.as_str(), made.joining, made.model), ("referents-mobilite", Joining::Approval, Model::Project));
        assert_eq!(db.communities().features(made.id).await.unwrap(), [Feature::Wiki, Feature::Documents]);
        assert_eq!(db.communities().welcome_document(made.id).await.unwrap(), Some(page.id));
        let leaders = db.communities().leaders(made.id, 10).await.unwrap();
        assert_eq!(leaders.iter().map(|member| member.user_id).collect::<Vec<_>>(), [awa, bruno]);
        assert_eq!(db.log().load(page.id, 1).await.unwrap().rows.len(), 1);
        let again = db.communities().found(&Founding {
            community: NewCommunity { id: CommunityId::fresh(), ..wanted.community.clone() },
            pages: Vec::new(),
            ..wanted
        }, awa).await.unwrap();
        assert_eq!(again.slug, "referents-mobilite-2");
        assert_eq!(acts(db, made.id).await, ["community.created"]);
    }

    async fn of_two_communities_of_one_name_that_are_made_at_once_both_are(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let racers: Vec<_> = (0..6).map(|_| {
            let (communities, wanted) = (db.communities(), founding("C", Visibility::Public));
            tokio::spawn(async move { communities.found(&wanted, awa).await.unwrap().slug })
        }).collect();
        let mut slugs = Vec::new();
        for racer in racers {
            slugs.push(racer.await.unwrap());
        }
        slugs.sort();
        assert_eq!(slugs, ["c", "c-2", "c-3", "c-4", "c-5", "c-6"]);
    }

    async fn whoever_was_lowered_meanwhile_does_nothing_more(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let communities = db.communities();
        let id = communities.found(&founding("C", Visibility::Private), awa).await.unwrap().id;
        communities.add_member(id, bruno, MemberRole::Leader, None).await.unwrap();
        communities.add_member(id, chloe, MemberRole::Reader, None).await.unwrap();
        let lower = MemberChange { role: Some(MemberRole::Member), ..MemberChange::default() };
        let forbidden = |found: Result<(), StoreError>| assert!(matches!(found, Err(StoreError::Forbidden)), "{found:?}");
        let tries = async |by: UserId| {
            let change = Change { name: Some("X".to_owned()), ..Change::default() };
            forbidden(communities.change(id, by, &change).await.map(|_| ()));
            forbidden(communities.set_features(id, by, &[Feature::Faq]).await);
            forbidden(communities.change_member(id, chloe, by, lower).await.map(|_| ()));
            forbidden(communities.dismiss(id, chloe, by).await.map(|_| ()));
            forbidden(db.invitations().invite(id, by, &[]).await.map(|_| ()));
            forbidden(db.invitations().revoke(id, UserId::fresh().0, by).await.map(|_| ()));
            let no = Answer { accept: false, reason: None };
            forbidden(db.joins().answer(id, UserId::fresh().0, by, &no, None).await.map(|_| ()));
        };
        communities.change_member(id, bruno, awa, lower).await.unwrap();
        tries(bruno).await;
        db.users().set_suspended(awa, Suspension::Suspended).await.unwrap();
        tries(awa).await;
        db.users().set_suspended(awa, Suspension::Lifted).await.unwrap();
        communities.set_rest(id, awa, Rest::Archived).await.unwrap();
        tries(awa).await;
    }

    async fn features_are_hidden_and_come_back(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let id = db.communities().found(&founding("C", Visibility::Public), awa).await.unwrap().id;
        let communities = db.communities();
        communities.set_features(id, awa, &[Feature::Faq, Feature::Wiki]).await.unwrap();
        assert_eq!(communities.features(id).await.unwrap(), [Feature::Faq, Feature::Wiki]);
        communities.set_features(id, awa, &[Feature::Documents]).await.unwrap();
        communities.set_features(id, awa, &[Feature::Documents]).await.unwrap();
        assert_eq!(communities.features(id).await.unwrap(), [Feature::Documents]);
        assert_eq!(acts(db, id).await, ["community.created", "community.features", "community.features"]);
    }

    async fn changes_are_recorded_and_secrets_are_by_invitation(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let id = db.communities().found(&founding("C", Visibility::Public), awa).await.unwrap().id;
        let communities = db.communities();
        let change = Change { name: Some("Autre".to_owned()), visibility: Some(Visibility::Secret), ..Change::default() };
        let after = communities.change(id, awa, &change).await.unwrap();
        assert_eq!((after.name.as_str(), after.slug.as_str(), after.joining), ("Autre", "c", Joining::Invitation));
        let open = Change { joining: Some(Joining::Open), ..Change::default() };
        assert!(communities.change(id, awa, &open).await.is_err());
        assert!(communities.set_rest(id, awa, Rest::Archived).await.unwrap());
        assert!(!communities.set_rest(id, awa, Rest::Archived).await.unwrap());
        assert!(communities.set_rest(id, awa, Rest::Restored).await.unwrap());
        let kinds = ["community.created", "community.changed", "community.archived", "community.restored"];
        assert_eq!(acts(db, id).await, kinds);
        let sought = Sought { community: Some(id), action: Some("community.changed".to_owned()), ..Sought::default() };
        let change = &db.audit().list(&sought, None, 9).await.unwrap()[0];
        assert_eq!((change.actor_name.as_deref(), change.community_name.as_deref()), (Some("Awa"), Some("Autre")));
        assert_eq!(change.details, r#"{"joining":["approval","invitation"],"name":["C","Autre"],"visibility":["public","secret"]}"#);
    }

    async fn communities_are_found_by_the_beginnings_of_words(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        for (name, visibility) in [
            ("Réseau des chefs de projet numérique", Visibility::Public),
            ("Sobriété énergétique des bâtiments", Visibility::Private),
            ("Chefs de projet cachés", Visibility::Secret),
        ] {
            db.communities().found(&founding(name, visibility), awa).await.unwrap();
        }
        let find = async |user, q| {
            let asked = Asked { user, role: Role::Agent, which: Which::All, q, joining: None };
            let found = db.communities().list(asked, None, 10).await.unwrap();
            found.into_iter().map(|met| met.community.name).collect::<Vec<_>>()
        };
        assert_eq!(find(bruno, "ENERG").await, ["Sobriété énergétique des bâtiments"]);
        assert_eq!(find(bruno, "projet chef").await, ["Réseau des chefs de projet numérique"]);
        assert_eq!(find(awa, "projet").await.len(), 2);
        assert_eq!(find(bruno, "projet sobri").await, [""; 0]);
        assert_eq!(find(bruno, "!!").await, [""; 0]);
        let like = db.communities().similar("Chefs de projets d’Occitanie", bruno, 5).await.unwrap();
        assert_eq!(like.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["Réseau des chefs de projet numérique"]);
        assert_eq!((like[0].members_count, like[0].role), (1, None));
        assert_eq!(db.communities().similar("de la", bruno, 5).await.unwrap(), []);
        let of = Asked { user: bruno, role: Role::Agent, which: Which::Open, q: "", joining: None };
        assert_eq!(db.communities().list(of, None, 10).await.unwrap().len(), 2);
        let mine = Asked { which: Which::Mine, ..of };
        assert_eq!(db.communities().list(mine, None, 10).await.unwrap().len(), 0);
    }

    async fn the_directory_is_read_page_by_page_whatever_is_asked_of_it(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let mut all = Vec::new();
        for (number, name) in ["É", "a", "F", "b", "D", "ç", "i", "G", "h"].into_iter().enumerate() {
            for visibility in [Visibility::Public, Visibility::Private, Visibility::Secret] {
                for joining in [Joining::Open, Joining::Approval, Joining::Invitation] {
                    if visibility == Visibility::Secret && joining != Joining::Invitation {
                        continue;
                    }
                    let name = format!("{name} {visibility:?} {joining:?}");
                    let wanted = Founding { joining, ..founding(&name, visibility) };
                    let id = db.communities().found(&wanted, awa).await.unwrap().id;
                    let (member, archived) = (number % 3 == 1, number % 4 == 3);
                    if member {
                        db.communities().add_member(id, bruno, MemberRole::Reader, None).await.unwrap();
                    }
                    if archived {
                        assert!(db.communities().set_rest(id, awa, Rest::Archived).await.unwrap());
                    }
                    all.push((wanted.community, joining, member, archived));
                }
            }
        }
        all.sort_by_key(|(community, ..)| crdt_store::names::key(&community.name));
        for which in [Which::All, Which::Open, Which::Mine] {
            for joining in [None, Some(Joining::Open), Some(Joining::Approval), Some(Joining::Invitation)] {
                let expected: Vec<_> = all
                    .iter()
                    .filter(|(community, comes_in, member, archived)| {
                        !archived
                            && (*member || community.visibility != Visibility::Secret)
                            && joining.is_none_or(|joining| joining == *comes_in)
                            && match which {
                                Which::All => true,
                                Which::Open => !member && *comes_in != Joining::Invitation,
                                Which::Mine => *member,
                            }
                    })
                    .map(|(community, ..)| community.name.clone())
                    .collect();
                let asked = Asked { user: bruno, role: Role::Agent, which, q: "", joining };
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let page = db.communities().list(asked, after.as_ref(), 4).await.unwrap();
                    let Some(last) = page.last() else { break };
                    after = Some(After::of(last));
                    found.extend(page.into_iter().map(|met| met.community.name));
                }
                assert_eq!(found, expected, "{which:?} {joining:?}");
                assert!(joining.is_some() || !found.is_empty(), "{which:?}");
            }
        }
    }

    async fn members_are_sorted_by_folded_names_and_filtered(stage) {
        let db = &stage.db;
        let awa = person(db, "Zoé Awa", Role::Agent).await.id;
        let id = db.communities().found(&founding("C", Visibility::Private), awa).await.unwrap().id;
        for (name, role) in [("Élise Dupré", Role::Agent), ("eric", Role::Outsider), ("Denis", Role::Agent)] {
            let user = person(db, name, role).await.id;
            db.communities().add_member(id, user, MemberRole::Member, None).await.unwrap();
        }
        assert_eq!(names(db, id, MembersSought::default()).await, ["Denis", "Élise Dupré", "eric", "Zoé Awa"]);
        assert_eq!(names(db, id, MembersSought { q: "dupre é", ..Default::default() }).await, ["Élise Dupré"]);
        assert_eq!(names(db, id, MembersSought { outsiders: true, ..Default::default() }).await, ["eric"]);
        let leaders = MembersSought { role: Some(MemberRole::Leader), ..Default::default() };
        assert_eq!(names(db, id, leaders).await, ["Zoé Awa"]);
        assert_eq!(db.communities().outsiders_count(id).await.unwrap(), 1);
        let name = crdt_store::users::UserChange { name: Some("Aaron".to_owned()), ..Default::default() };
        db.users().change(awa, &name).await.unwrap();
        assert_eq!(names(db, id, leaders).await, ["Aaron"]);
        assert_eq!(names(db, id, MembersSought::default()).await[0], "Aaron");
        assert_eq!(names(db, id, MembersSought { q: "zoe", ..Default::default() }).await, [""; 0]);
    }

    async fn a_community_keeps_a_leader(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let chloe = person(db, "Chloé", Role::Outsider).await.id;
        let id = db.communities().found(&founding("C", Visibility::Private), awa).await.unwrap().id;
        let communities = db.communities();
        communities.add_member(id, bruno, MemberRole::Member, None).await.unwrap();
        communities.add_member(id, chloe, MemberRole::Member, None).await.unwrap();
        let lower = MemberChange { role: Some(MemberRole::Member), expires_at: None };
        assert_eq!(communities.change_member(id, awa, awa, lower).await.unwrap(), Kept::LastLeader);
        assert_eq!(communities.dismiss(id, awa, awa).await.unwrap(), Kept::LastLeader);
        assert_eq!(communities.leave(id, awa, None).await.unwrap(), Left::LastLeader);
        assert_eq!(communities.leave(id, awa, Some(chloe)).await.unwrap(), Left::NoSuccessor);
        let raise = MemberChange { role: Some(MemberRole::Moderator), expires_at: None };
        assert!(communities.change_member(id, chloe, awa, raise).await.is_err());
        let ends = OffsetDateTime::now_utc() + Duration::days(9);
        let end = MemberChange { role: None, expires_at: Some(Some(ends)) };
        assert_eq!(communities.change_member(id, chloe, awa, end).await.unwrap(), Kept::Done(()));
        // Who leads and may not come in is no leader.
        let lead = MemberChange { role: Some(MemberRole::Leader), expires_at: None };
        communities.change_member(id, bruno, awa, lead).await.unwrap();
        db.users().set_suspended(bruno, Suspension::Suspended).await.unwrap();
        assert_eq!(communities.leave(id, awa, None).await.unwrap(), Left::LastLeader);
        db.users().set_suspended(bruno, Suspension::Lifted).await.unwrap();
        assert_eq!(communities.leave(id, awa, None).await.unwrap(), Left::Left);
        let kinds = ["community.created", "member.end", "member.role", "member.left"];
        assert_eq!(acts(db, id).await, kinds);
    }

    async fn of_two_leaders_who_leave_at_once_one_stays(stage) {
        let db = &stage.db;
        for _ in 0..5 {
            let awa = person(db, "Awa", Role::Agent).await.id;
            let bruno = person(db, "Bruno", Role::Agent).await.id;
            let wanted = Founding { co_leaders: vec![bruno], ..founding("C", Visibility::Private) };
            let id = db.communities().found(&wanted, awa).await.unwrap().id;
            let both = [awa, bruno].map(|who| {
                let communities = db.communities();
                tokio::spawn(async move { communities.leave(id, who, None).await.unwrap() })
            });
            let mut left = Vec::new();
            for one in both {
                left.push(one.await.unwrap());
            }
            left.sort_by_key(|left| *left == Left::LastLeader);
            assert_eq!(left, [Left::Left, Left::LastLeader]);
        }
    }

    async fn one_joins_an_open_community_and_asks_elsewhere(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = person(db, "Bruno", Role::Agent).await.id;
        let ines = person(db, "Inès", Role::Agent).await.id;
        let id = db.communities().found(&founding("C", Visibility::Private), awa).await.unwrap().id;
        let joins = db.joins();
        assert_eq!(joins.ask(id, awa, "", &[]).await.unwrap(), Came::Member);
        assert_eq!(joins.ask(id, bruno, "Bonjour", &[]).await.unwrap(), Came::Asked);
        assert_eq!(joins.ask(id, bruno, "Encore", &[]).await.unwrap(), Came::Asked);
        assert_eq!(joins.ask(id, ines, "", &[]).await.unwrap(), Came::Asked);
        let waiting = joins.waiting(id, None, 10).await.unwrap();
        assert_eq!(waiting.iter().map(|join| join.message.as_str()).collect::<Vec<_>>(), ["Bonjour", ""]);
        assert_eq!(joins.waiting_count(id).await.unwrap(), 2);
        let yes = Answer { accept: true, reason: None };
        assert_eq!(joins.answer(id, waiting[0].id, awa, &yes, None).await.unwrap(), Some(bruno));
        assert_eq!(joins.answer(id, waiting[0].id, awa, &yes, None).await.unwrap(), None);
        assert!(joins.withdraw(id, ines).await.unwrap());
        assert!(!joins.withdraw(id, ines).await.unwrap());
        assert_eq!(db.communities().member(id, bruno).await.unwrap().unwrap().role, MemberRole::Member);
        let open = Change { joining: Some(Joining::Open), ..Change::default() };
        db.communities().change(id, awa, &open).await.unwrap();
        assert_eq!(joins.ask(id, ines, "", &[]).await.unwrap(), Came::Joined);
        let kinds = ["community.created", "join.accepted", "community.changed", "member.joined"];
        assert_eq!(acts(db, id).await, kinds);
    }

    async fn the_record_of_acts_only_grows(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        for number in 0..5 {
            db.audit().note(awa, "test.act", None, serde_json::json!({ "number": number })).await.unwrap();
        }
        for sql in ["update audit set action = 'nothing'", "delete from audit"] {
            let refused = match db.engine() {
                crdt_store::Engine::Sqlite => {
                    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&stage.address).await.unwrap();
                    sqlx::query(sql).execute(&mut connection).await.map(|_| ())
                }
                crdt_store::Engine::Postgres => {
                    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&stage.address).await.unwrap();
                    sqlx::query(sql).execute(&mut connection).await.map(|_| ())
                }
            };
            assert!(refused.unwrap_err().to_string().contains("only grows"));
        }
        let sought = Sought { actor: Some(awa), ..Sought::default() };
        let first = db.audit().list(&sought, None, 3).await.unwrap();
        let last = first.last().unwrap();
        let after = crdt_store::audit::After { at: last.at, id: last.id };
        let rest = db.audit().list(&sought, Some(after), 3).await.unwrap();
        assert_eq!((first.len(), rest.len()), (3, 2));
        let none = Sought { to: Some(first[2].at - Duration::days(1)), ..Sought::default() };
        assert_eq!(db.audit().list(&none, None, 3).await.unwrap().len(), 0);
    }
}
