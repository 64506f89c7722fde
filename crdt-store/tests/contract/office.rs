//! People in lists, and what administrators see and change.

use crdt_store::communities::{KeptAfter, MemberRole, NewCommunity, Part, Visibility};
use crdt_store::directory::{AccountChange, AccountsAsked, After, Asked, Changed};
use crdt_store::entries::NewAdminEntry;
use crdt_store::instance::{Policy, WhoMayCreate};
use crdt_store::users::{Directory, NewUser, Role, Suspension, UserChange};
use crdt_store::{CommunityId, Db, EntryId, UserId};
use time::{Duration, OffsetDateTime};

use crate::requests::letter;

async fn person(db: &Db, name: &str, role: Role) -> UserId {
    let user = NewUser {
        id: UserId::fresh(),
        name: name.to_owned(),
        email: Some(format!("{}@example.org", crdt_store::names::fold(name).replace(' ', "."))),
        role,
        language: "fr".to_owned(),
    };
    db.users().create(user).await.unwrap().id
}

async fn home(db: &Db, slug: &str, leader: UserId) -> CommunityId {
    let new = NewCommunity {
        id: CommunityId::fresh(),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        purpose: String::new(),
        visibility: Visibility::Secret,
    };
    db.communities().create(new, leader).await.unwrap().id
}

async fn found(db: &Db, user: UserId, role: Role, q: &str) -> Vec<String> {
    let asked = Asked { user, role, q, community: None };
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = db.people().find(asked, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { return names };
        after = Some(After { key: last.found_by.clone(), id: last.id, at: None });
        names.extend(page.into_iter().map(|found| found.name));
    }
}

async fn accounts(db: &Db, asked: AccountsAsked<'_>) -> Vec<String> {
    let found = db.people().accounts(asked, None, 10).await.unwrap();
    found.into_iter().map(|account| account.name).collect()
}

contract! {
    async fn people_find_whom_they_may(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa Diallo", Role::Agent).await;
        let elise = person(db, "Élise Awada", Role::Agent).await;
        person(db, "Zoé Martin", Role::Agent).await;
        let chloe = person(db, "Chloé Martin", Role::Outsider).await;
        let hidden = person(db, "Bruno Lefèvre", Role::Agent).await;
        let change = UserChange { directory: Some(Directory::Communities), ..UserChange::default() };
        db.users().change(hidden, &change).await.unwrap();
        assert_eq!(found(db, awa, Role::Agent, "").await, ["Awa Diallo", "Élise Awada", "Zoé Martin"]);
        assert_eq!(found(db, awa, Role::Agent, "awa").await, ["Awa Diallo", "Élise Awada"]);
        assert_eq!(found(db, awa, Role::Agent, "el awa").await, ["Élise Awada"]);
        assert_eq!(found(db, awa, Role::Agent, "martin").await, ["Zoé Martin"]);
        assert_eq!(found(db, chloe, Role::Outsider, "").await, [""; 0]);
        let id = home(db, "c", awa).await;
        for user in [chloe, hidden] {
            db.communities().add_member(id, user, MemberRole::Member, None).await.unwrap();
        }
        assert_eq!(found(db, awa, Role::Agent, "").await, ["Awa Diallo", "Bruno Lefèvre", "Chloé Martin", "Élise Awada", "Zoé Martin"]);
        assert_eq!(found(db, chloe, Role::Outsider, "").await, ["Awa Diallo", "Bruno Lefèvre", "Chloé Martin"]);
        assert_eq!(found(db, chloe, Role::Outsider, "br le").await, ["Bruno Lefèvre"]);
        assert_eq!(found(db, elise, Role::Agent, "bruno").await, [""; 0]);
        let of = Asked { user: awa, role: Role::Agent, q: "", community: Some(id) };
        assert_eq!(db.people().find(of, None, 10).await.unwrap().len(), 3);
    }

    async fn accounts_are_found_and_changed_and_one_administrator_stays(stage) {
        let db = &stage.db;
        let lucie = person(db, "Lucie", Role::Administrator).await;
        let awa = person(db, "Awa", Role::Agent).await;
        person(db, "Chloé", Role::Outsider).await;
        assert_eq!(accounts(db, AccountsAsked::default()).await, ["Awa", "Chloé", "Lucie"]);
        assert_eq!(accounts(db, AccountsAsked { q: "chloe@exa", ..Default::default() }).await, ["Chloé"]);
        assert_eq!(accounts(db, AccountsAsked { role: Some(Role::Outsider), ..Default::default() }).await, ["Chloé"]);
        let people = db.people();
        let out = AccountChange { role: None, suspension: Some(Suspension::Suspended) };
        let down = AccountChange { role: Some(Role::Agent), suspension: None };
        for change in [out, down] {
            assert_eq!(people.change(lucie, lucie, change).await.unwrap(), Changed::LastAdministrator);
        }
        assert_eq!(people.change(awa, lucie, out).await.unwrap(), Changed::Done);
        assert_eq!(accounts(db, AccountsAsked { suspended: true, ..Default::default() }).await, ["Awa"]);
        let back = AccountChange { role: Some(Role::Administrator), suspension: Some(Suspension::Lifted) };
        people.change(awa, lucie, back).await.unwrap();
        let both = [(awa, lucie), (lucie, awa)].map(|(who, by)| {
            let people = db.people();
            tokio::spawn(async move { people.change(who, by, down).await.unwrap() })
        });
        let mut changed = Vec::new();
        for one in both {
            changed.push(one.await.unwrap());
        }
        assert_eq!(changed.iter().filter(|changed| **changed == Changed::Done).count(), 1, "{changed:?}");
        let since = OffsetDateTime::now_utc() - Duration::days(1);
        assert_eq!(accounts(db, AccountsAsked { since: Some(since), ..Default::default() }).await, [""; 0]);
    }

    async fn whoever_becomes_somebody_from_outside_keeps_no_order(stage) {
        let db = &stage.db;
        let lucie = person(db, "Lucie", Role::Administrator).await;
        let awa = person(db, "Awa", Role::Agent).await;
        let bruno = person(db, "Bruno", Role::Agent).await;
        let (one, two) = (home(db, "one", awa).await, home(db, "two", bruno).await);
        db.communities().add_member(two, awa, MemberRole::Moderator, None).await.unwrap();
        let out = AccountChange { role: Some(Role::Outsider), suspension: None };
        assert_eq!(db.people().change(awa, lucie, out).await.unwrap(), Changed::Done);
        for id in [one, two] {
            assert_eq!(db.communities().member(id, awa).await.unwrap().unwrap().role, MemberRole::Member);
        }
        assert_eq!(db.instance().figures().await.unwrap().communities_leaderless, 1);
        let told = db.audit().concerning(lucie, 10).await.unwrap();
        let told: Vec<_> = told.iter().map(|act| (act.action.as_str(), act.details.as_str())).collect();
        for act in [
            ("person.role", r#"{"role":["agent","outsider"]}"#),
            ("member.role", r#"{"role":["leader","member"]}"#),
            ("member.role", r#"{"role":["moderator","member"]}"#),
        ] {
            assert!(told.contains(&act), "{act:?} in {told:?}");
        }
        // The same by nobody's hand, which is recorded as well.
        db.users().set_role(bruno, Role::Outsider).await.unwrap();
        db.users().set_role(bruno, Role::Outsider).await.unwrap();
        let told = db.audit().concerning(bruno, 10).await.unwrap();
        let told: Vec<_> = told.iter().map(|act| (act.action.as_str(), act.actor_id)).collect();
        assert_eq!(told, [("person.role", None), ("member.role", None)]);
        assert_eq!(db.communities().member(two, bruno).await.unwrap().unwrap().role, MemberRole::Member);
    }

    async fn how_many_lead_is_right_again_after_two_who_change_the_same_leader_at_once(stage) {
        let db = &stage.db;
        let lucie = person(db, "Lucie", Role::Administrator).await;
        let awa = person(db, "Awa", Role::Agent).await;
        let bruno = person(db, "Bruno", Role::Agent).await;
        let id = home(db, "one", awa).await;
        db.communities().add_member(id, bruno, MemberRole::Leader, None).await.unwrap();
        for round in 0..40 {
            let suspension = if round % 2 == 0 { Suspension::Suspended } else { Suspension::Lifted };
            let role = if round % 3 == 0 { MemberRole::Member } else { MemberRole::Leader };
            let (people, communities) = (db.people(), db.communities());
            let change = AccountChange { role: None, suspension: Some(suspension) };
            let one = tokio::spawn(async move { people.change(bruno, lucie, change).await.unwrap() });
            let other = tokio::spawn(async move { communities.add_member(id, bruno, role, None).await.unwrap() });
            one.await.unwrap();
            other.await.unwrap();
        }
        db.communities().add_member(id, bruno, MemberRole::Member, None).await.unwrap();
        db.users().set_suspended(awa, Suspension::Suspended).await.unwrap();
        db.communities().look_at_activity(None, 10).await.unwrap();
        assert_eq!(db.instance().figures().await.unwrap().communities_leaderless, 1);
    }

    async fn figures_are_the_lengths_of_lists(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await;
        let chloe = person(db, "Chloé", Role::Outsider).await;
        let (one, two) = (home(db, "one", awa).await, home(db, "two", awa).await);
        let soon = OffsetDateTime::now_utc() + Duration::days(9);
        db.communities().add_member(one, chloe, MemberRole::Member, Some(soon)).await.unwrap();
        db.communities().archive(two).await.unwrap();
        let figures = db.instance().figures().await.unwrap();
        assert_eq!((figures.communities_living, figures.communities_sleeping, figures.communities_leaderless), (1, 0, 0));
        assert_eq!((figures.outsiders_expiring, figures.requests_open, figures.people_active_30), (1, 0, 0));
        assert!(figures.storage_bytes > 0);
        let ending = AccountsAsked { ending_before: Some(soon + Duration::days(1)), ..Default::default() };
        assert_eq!(accounts(db, ending).await, ["Chloé"]);
        db.users().set_suspended(awa, Suspension::Suspended).await.unwrap();
        assert_eq!(db.instance().figures().await.unwrap().communities_leaderless, 1);
        let slugs = async |part, q| {
            let kept = db.communities().kept(part, q, None, 10).await.unwrap();
            kept.into_iter().map(|kept| kept.slug).collect::<Vec<_>>()
        };
        assert_eq!(slugs(Part::All, "").await, ["one", "two"]);
        assert_eq!(slugs(Part::Archived, "").await, ["two"]);
        assert_eq!(slugs(Part::Leaderless, "").await, ["one"]);
        assert_eq!(slugs(Part::Living, "").await, ["one"]);
        assert_eq!(slugs(Part::Sleeping, "").await, [""; 0]);
        assert_eq!(slugs(Part::Archived, "t").await, ["two"]);
        assert_eq!(slugs(Part::Living, "t").await, [""; 0]);
        let first = db.communities().kept(Part::All, "", None, 1).await.unwrap();
        let rest = db.communities().kept(Part::All, "", Some(&KeptAfter::from(&first[0])), 9).await.unwrap();
        assert_eq!(rest.len(), 1);
        let last = db.communities().look_at_activity(None, 10).await.unwrap();
        assert_eq!(last, Some(one.max(two)));
        assert_eq!(db.communities().look_at_activity(last, 10).await.unwrap(), None);
    }

    async fn an_entry_and_the_policy_are_recorded(stage) {
        let db = &stage.db;
        let lucie = person(db, "Lucie", Role::Administrator).await;
        let awa = person(db, "Awa", Role::Agent).await;
        let id = home(db, "one", awa).await;
        let entry = NewAdminEntry {
            id: EntryId::fresh(),
            community_id: id,
            user_id: lucie,
            reason: "Signalement".to_owned(),
            expires_at: OffsetDateTime::now_utc() + Duration::hours(8),
        };
        db.communities().enter(entry, &[letter("awa@example.org")]).await.unwrap();
        assert_eq!(db.entries().lasting(id).await.unwrap()[0].reason, "Signalement");
        assert_eq!(db.instance().policy().await.unwrap(), Policy::default());
        // What an older version wrote down is read.
        db.settings().set("instance", br#"{"name":"Ici","who_may_create":"approval"}"#).await.unwrap();
        let policy = Policy { name: "Ici".to_owned(), ..Policy::default() };
        assert_eq!(db.instance().policy().await.unwrap(), policy);
        let help_email = "aide@example.org".to_owned();
        let policy = Policy { who_may_create: WhoMayCreate::Agents, help_email, ..policy };
        db.instance().set_policy(lucie, &policy).await.unwrap();
        db.instance().set_policy(lucie, &policy).await.unwrap();
        assert_eq!(db.instance().policy().await.unwrap(), policy);
        let acts = db.audit().concerning(lucie, 10).await.unwrap();
        let acts: Vec<_> = acts.iter().map(|act| act.action.as_str()).collect();
        assert_eq!(acts, ["instance.changed", "community.entered"]);
        assert_eq!(db.instance().administrators(10).await.unwrap().len(), 1);
    }
}
