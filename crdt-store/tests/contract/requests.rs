//! Requests for communities, and who decides.

use crdt_store::communities::{Feature, Founding, Joining, Model, NewCommunity, Visibility};
use crdt_store::mails::NewMail;
use crdt_store::requests::{After, Decided, Decision, Queue, RequestState, Verdict, Wish, Written};
use crdt_store::users::Role;
use crdt_store::{CommunityId, Db, MailId, UserId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::person;

fn wish(name: &str) -> Wish {
    Wish {
        name: name.to_owned(),
        purpose: "Échanger".to_owned(),
        model: Model::Network,
        visibility: Visibility::Private,
        joining: Joining::Approval,
        features: vec![Feature::Documents, Feature::Faq],
        co_leaders: vec![UserId(Uuid::from_u128(7))],
    }
}

fn founding(wish: &Wish) -> Founding {
    Founding {
        community: NewCommunity {
            id: CommunityId::fresh(),
            slug: Founding::slug(&wish.name),
            name: wish.name.clone(),
            purpose: wish.purpose.clone(),
            visibility: wish.visibility,
        },
        joining: wish.joining,
        model: wish.model,
        features: wish.features.clone(),
        co_leaders: wish.co_leaders.clone(),
        pages: Vec::new(),
    }
}

pub(crate) fn letter(to: &str) -> NewMail {
    NewMail {
        id: MailId::fresh(),
        recipient: to.to_owned(),
        language: "fr".to_owned(),
        kind: "test".to_owned(),
        subject: "s".to_owned(),
        text: "t".to_owned(),
        html: "h".to_owned(),
        expires_at: OffsetDateTime::now_utc() + Duration::hours(1),
    }
}

/// A request that was handed in.
async fn sent(db: &Db, user: UserId, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    assert_eq!(db.requests().begin(id, user, &wish(name)).await.unwrap(), Written::Done);
    let letters = |number: &str| vec![letter(&format!("{number}@example.org"))];
    assert_eq!(db.requests().send(id, user, 1, 3, &letters).await.unwrap(), Written::Done);
    id
}

fn decision(by: UserId, revision: i32, verdict: Verdict) -> Decision {
    Decision { by, revision, verdict, reason: Some("Parce que".to_owned()) }
}

contract! {
    async fn a_request_has_a_number_from_when_it_was_handed_in(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let requests = db.requests();
        let id = Uuid::now_v7();
        requests.begin(id, awa, &wish("")).await.unwrap();
        assert!(requests.begin(id, awa, &wish("")).await.unwrap_err().is_conflict());
        let draft = requests.one(id).await.unwrap().unwrap();
        assert_eq!((draft.number.as_deref(), draft.state, draft.revision, draft.wish.clone()), (None, RequestState::Draft, 1, wish("")));
        assert_eq!(requests.write(id, awa, 2, &wish("x")).await.unwrap(), Written::Moved);
        assert_eq!(requests.write(id, awa, 1, &wish("Réseau")).await.unwrap(), Written::Done);
        let none = |_: &str| Vec::new();
        assert_eq!(requests.send(id, awa, 1, 0, &none).await.unwrap(), Written::Moved);
        assert_eq!(requests.send(id, awa, 2, 5, &none).await.unwrap(), Written::Done);
        assert_eq!(requests.send(id, awa, 3, 5, &none).await.unwrap(), Written::Moved);
        let other = sent(db, awa, "Autre").await;
        let year = OffsetDateTime::now_utc().year();
        for (id, number) in [(id, format!("{year}-0001")), (other, format!("{year}-0002"))] {
            let request = requests.one(id).await.unwrap().unwrap();
            assert_eq!((request.number, request.state), (Some(number), RequestState::Received));
        }
        assert!(!requests.drop_draft(id, awa).await.unwrap());
        assert_eq!(requests.open_count().await.unwrap(), 2);
        let mail = db.mails().claim(Uuid::now_v7()).await.unwrap().unwrap();
        assert_eq!(mail.recipient, format!("{year}-0002@example.org"));
    }

    async fn numbers_are_given_once_to_all_who_hand_in_at_once(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let racers: Vec<_> = (0..8)
            .map(|number| {
                let db = db.clone();
                tokio::spawn(async move { sent(&db, awa, &format!("C {number}")).await })
            })
            .collect();
        for racer in racers {
            racer.await.unwrap();
        }
        let found = db.requests().of(awa, None, 20).await.unwrap();
        let mut numbers: Vec<_> = found.iter().map(|request| request.number.clone().unwrap()).collect();
        numbers.sort();
        let year = OffsetDateTime::now_utc().year();
        assert_eq!(numbers, (1..=8).map(|number| format!("{year}-{number:04}")).collect::<Vec<_>>());
    }

    async fn of_two_decisions_one_counts(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        for _ in 0..5 {
            let one = person(db, "Lucie", Role::Administrator).await.id;
            let two = person(db, "Inès", Role::Administrator).await.id;
            let id = sent(db, awa, "Réseau").await;
            let accept = decision(one, 2, Verdict::Accept(Box::new(founding(&wish("Réseau")))));
            let refuse = decision(two, 2, Verdict::Refuse);
            let decide = |decision: Decision| {
                let requests = db.requests();
                tokio::spawn(async move { requests.decide(id, &decision, &|_| vec![letter("awa@example.org")]).await.unwrap() })
            };
            let (first, second) = (decide(accept), decide(refuse));
            let (first, second) = (first.await.unwrap(), second.await.unwrap());
            let (won, lost) = if matches!(first, Decided::Done(_)) { (one, second) } else { (two, first) };
            let Decided::Already { by, at, state } = lost else { panic!("two decisions") };
            let request = db.requests().one(id).await.unwrap().unwrap();
            assert_eq!((by.map(|by| by.id), at, state), (Some(won), request.decided_at, request.state));
            assert_eq!(request.community.is_some(), state == RequestState::Accepted);
        }
    }

    async fn what_is_asked_for_is_answered_and_the_queue_follows(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let lucie = person(db, "Lucie", Role::Administrator).await.id;
        let requests = db.requests();
        let id = sent(db, awa, "Réseau").await;
        let other = sent(db, awa, "Autre").await;
        let none = |_: Option<&crdt_store::communities::Community>| Vec::new();
        requests.decide(id, &decision(lucie, 2, Verdict::Changes), &none).await.unwrap();
        let queue = async |queue| {
            let found = requests.queue(queue, None, 10).await.unwrap();
            found.into_iter().map(|request| request.id).collect::<Vec<_>>()
        };
        assert_eq!((queue(Queue::Open).await, queue(Queue::Waiting).await), (vec![other], vec![id]));
        requests.say(id, awa, "Voilà", &[letter("lucie@example.org")]).await.unwrap();
        let said = requests.messages(id).await.unwrap();
        let said: Vec<_> = said.iter().map(|message| (message.author.name.as_str(), message.text.as_str())).collect();
        assert_eq!(said, [("Lucie", "Parce que"), ("Awa", "Voilà")]);
        let empty = |_: &str| Vec::new();
        assert_eq!(requests.send(id, awa, 3, 0, &empty).await.unwrap(), Written::Done);
        let accept = decision(lucie, 4, Verdict::Accept(Box::new(founding(&wish("Réseau")))));
        let Decided::Done(Some(made)) = requests.decide(id, &accept, &none).await.unwrap() else { panic!("accepted") };
        let request = requests.one(id).await.unwrap().unwrap();
        assert_eq!(request.community, Some((made.slug.clone(), made.name.clone())));
        assert_eq!(db.communities().features(made.id).await.unwrap(), [Feature::Documents, Feature::Faq]);
        assert_eq!(queue(Queue::Closed).await, [id]);
        let first = requests.of(awa, None, 1).await.unwrap();
        let rest = requests.of(awa, Some(After::from(&first[0])), 9).await.unwrap();
        assert_eq!((first[0].id, rest.iter().map(|request| request.id).collect::<Vec<_>>()), (id, vec![other]));
        let opened = requests.begin(Uuid::now_v7(), awa, &wish("x")).await.unwrap();
        assert_eq!(opened, Written::Done);
    }

    async fn an_agent_opens_one_without_a_decision_where_they_may(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let id = Uuid::now_v7();
        db.requests().begin(id, awa, &wish("Réseau")).await.unwrap();
        assert_eq!(db.requests().open(id, awa, 9, &founding(&wish("Réseau")), &|_| Vec::new()).await.unwrap(), None);
        let made = db.requests().open(id, awa, 1, &founding(&wish("Réseau")), &|_| Vec::new()).await.unwrap().unwrap();
        let request = db.requests().one(id).await.unwrap().unwrap();
        assert_eq!((request.state, request.community), (RequestState::Accepted, Some((made.slug, made.name))));
    }
}
