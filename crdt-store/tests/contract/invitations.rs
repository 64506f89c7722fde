//! Invitations: one at a time for an address, taken once.

use crdt_store::communities::{MemberRole, NewCommunity, Visibility};
use crdt_store::invitations::{After, Invited, NewInvitation, Redeemed};
use crdt_store::users::{NewUser, Role, User};
use crdt_store::{CommunityId, Db, UserId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::person;
use crate::requests::letter;

async fn home(db: &Db, leader: UserId) -> CommunityId {
    let new = NewCommunity {
        id: CommunityId::fresh(),
        slug: Uuid::now_v7().simple().to_string(),
        name: "Réseau".to_owned(),
        purpose: String::new(),
        visibility: Visibility::Private,
    };
    db.communities().create(new, leader).await.unwrap().id
}

async fn with_address(db: &Db, name: &str, email: &str, role: Role) -> User {
    let user = NewUser {
        id: UserId::fresh(),
        name: name.to_owned(),
        email: Some(email.to_owned()),
        role,
        language: "fr".to_owned(),
    };
    db.users().create(user).await.unwrap()
}

fn invitation(email: &str, secret: u8, role: MemberRole) -> NewInvitation {
    let now = OffsetDateTime::now_utc();
    NewInvitation {
        id: Uuid::now_v7(),
        email: email.to_owned(),
        role,
        secret_hash: vec![secret; 32],
        expires_at: now + Duration::days(14),
        member_until: Some(now + Duration::days(183)),
        letter: letter(email),
    }
}

fn newcomer(role: Role) -> impl Fn(&str) -> NewUser + Send + Sync {
    move |email| NewUser {
        id: UserId::fresh(),
        name: "Nadia".to_owned(),
        email: Some(email.to_owned()),
        role,
        language: "fr".to_owned(),
    }
}

contract! {
    async fn an_address_is_invited_once_at_a_time(stage) {
        let db = &stage.db;
        let awa = with_address(db, "Awa", "awa@example.org", Role::Agent).await.id;
        let id = home(db, awa).await;
        let invitations = db.invitations();
        let wanted = [
            invitation("nadia@example.org", 1, MemberRole::Member),
            invitation("awa@example.org", 2, MemberRole::Member),
            invitation("nadia@example.org", 3, MemberRole::Member),
        ];
        assert_eq!(invitations.invite(id, awa, &wanted).await.unwrap(), [Invited::Sent, Invited::Member, Invited::Waiting]);
        let known = invitations.known(id, awa, "nadia@example.org").await.unwrap();
        assert_eq!((known.user_id, known.member, known.invited, known.shares), (None, false, true, false));
        let known = invitations.known(id, awa, "awa@example.org").await.unwrap();
        assert_eq!((known.user_id, known.member, known.invited, known.shares), (Some(awa), true, false, true));
        let waiting = invitations.waiting(id, None, 10).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].inviter_name.as_deref()), (1, Some("Awa")));
        assert_eq!(invitations.waiting(id, Some(After::from(&waiting[0])), 10).await.unwrap(), []);
        assert_eq!(invitations.revoke(id, waiting[0].id, awa).await.unwrap().as_deref(), Some("nadia@example.org"));
        assert_eq!(invitations.revoke(id, waiting[0].id, awa).await.unwrap(), None);
        assert_eq!(invitations.invite(id, awa, &[invitation("nadia@example.org", 4, MemberRole::Member)]).await.unwrap(), [Invited::Sent]);
        // One whose link has ended makes room for another.
        let over = NewInvitation {
            expires_at: OffsetDateTime::now_utc() - Duration::days(1),
            ..invitation("paul@example.org", 5, MemberRole::Member)
        };
        invitations.invite(id, awa, &[over]).await.unwrap();
        assert_eq!(invitations.redeem(&[5; 32], None, &newcomer(Role::Outsider)).await.unwrap(), Redeemed::Gone);
        assert_eq!(invitations.invite(id, awa, &[invitation("paul@example.org", 6, MemberRole::Member)]).await.unwrap(), [Invited::Sent]);
    }

    async fn a_link_is_taken_once_even_by_two_at_once(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let id = home(db, awa).await;
        db.invitations().invite(id, awa, &[invitation("nadia@example.org", 1, MemberRole::Leader)]).await.unwrap();
        let both = [(); 2].map(|()| {
            let invitations = db.invitations();
            tokio::spawn(async move { invitations.redeem(&[1; 32], None, &newcomer(Role::Outsider)).await.unwrap() })
        });
        let mut came = Vec::new();
        for one in both {
            came.push(one.await.unwrap());
        }
        came.sort_by_key(|redeemed| *redeemed == Redeemed::Gone);
        let Redeemed::By(accepted) = &came[0] else { panic!("nobody came in") };
        assert_eq!((came[1].clone(), accepted.user.role, accepted.community), (Redeemed::Gone, Role::Outsider, id));
        let member = db.communities().member(id, accepted.user.id).await.unwrap().unwrap();
        assert_eq!(member.role, MemberRole::Member, "somebody from outside does not lead");
        assert!(member.expires_at.is_some());
    }

    async fn a_colleague_is_not_signed_in_by_a_link_and_stays_for_good(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let bruno = with_address(db, "Bruno", "bruno@example.org", Role::Agent).await;
        let id = home(db, awa).await;
        let invitations = db.invitations();
        let wanted = [invitation("bruno@example.org", 1, MemberRole::Moderator), invitation("new@example.org", 2, MemberRole::Member)];
        invitations.invite(id, awa, &wanted).await.unwrap();
        assert_eq!(invitations.redeem(&[1; 32], None, &newcomer(Role::Outsider)).await.unwrap(), Redeemed::SignInFirst);
        assert_eq!(invitations.redeem(&[2; 32], None, &newcomer(Role::Agent)).await.unwrap(), Redeemed::SignInFirst);
        let chloe = with_address(db, "Chloé", "chloe@example.org", Role::Outsider).await;
        invitations.invite(id, awa, &[invitation("chloe@example.org", 3, MemberRole::Member)]).await.unwrap();
        let passed_on = invitations.redeem(&[3; 32], None, &newcomer(Role::Outsider)).await.unwrap();
        assert_eq!(passed_on, Redeemed::SignInFirst, "who is here already is not signed in by a letter");
        assert!(matches!(invitations.redeem(&[3; 32], Some(chloe.id), &newcomer(Role::Outsider)).await.unwrap(), Redeemed::By(_)));
        assert_eq!(invitations.mine_count(bruno.id).await.unwrap(), 1);
        let mine = invitations.mine(bruno.id).await.unwrap();
        assert_eq!((mine[0].id, mine[0].members_count), (wanted[0].id, 2));
        assert_eq!(invitations.accept(wanted[0].id, awa).await.unwrap(), None, "it is for another address");
        assert_eq!(invitations.accept(wanted[0].id, bruno.id).await.unwrap().unwrap().community, id);
        assert_eq!(invitations.accept(wanted[0].id, bruno.id).await.unwrap(), None);
        let member = db.communities().member(id, bruno.id).await.unwrap().unwrap();
        assert_eq!((member.role, member.expires_at), (MemberRole::Moderator, None));
        assert_eq!(invitations.decline(wanted[1].id, bruno.id).await.unwrap(), None);
        // The secret proves the link to whoever is signed in; nobody loses by it what they have.
        let Redeemed::By(accepted) = invitations.redeem(&[2; 32], Some(bruno.id), &newcomer(Role::Outsider)).await.unwrap() else {
            panic!("not in")
        };
        assert_eq!(accepted.user.id, bruno.id);
        assert_eq!(db.communities().member(id, bruno.id).await.unwrap().unwrap().role, MemberRole::Moderator);
    }

    async fn nobody_comes_in_for_a_time_that_is_over(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let id = home(db, awa).await;
        let soon = OffsetDateTime::now_utc() + Duration::hours(1);
        let wanted = NewInvitation { member_until: Some(soon), ..invitation("nadia@example.org", 1, MemberRole::Member) };
        db.invitations().invite(id, awa, std::slice::from_ref(&wanted)).await.unwrap();
        let tomorrow = crate::mails::later(&stage).await;
        assert_eq!(tomorrow.invitations().redeem(&[1; 32], None, &newcomer(Role::Outsider)).await.unwrap(), Redeemed::Gone);
        assert_eq!(db.users().by_email("nadia@example.org").await.unwrap(), None, "no account for nothing");
        let bruno = with_address(db, "Bruno", "bruno@example.org", Role::Agent).await;
        let stays = tomorrow.invitations().redeem(&[1; 32], Some(bruno.id), &newcomer(Role::Outsider)).await.unwrap();
        assert!(matches!(stays, Redeemed::By(_)), "a colleague stays for good");
        tomorrow.close().await;
    }

    async fn what_was_sent_again_has_a_new_link(stage) {
        let db = &stage.db;
        let awa = person(db, "Awa", Role::Agent).await.id;
        let id = home(db, awa).await;
        let invitations = db.invitations();
        let wanted = invitation("nadia@example.org", 1, MemberRole::Member);
        invitations.invite(id, awa, std::slice::from_ref(&wanted)).await.unwrap();
        let anew = |number| invitation("nadia@example.org", number, MemberRole::Member);
        assert!(invitations.resend(id, wanted.id, awa, &anew(2)).await.unwrap());
        assert!(!invitations.resend(id, Uuid::now_v7(), awa, &anew(3)).await.unwrap());
        assert_eq!(invitations.redeem(&[1; 32], None, &newcomer(Role::Outsider)).await.unwrap(), Redeemed::Gone);
        db.communities().archive(id).await.unwrap();
        assert_eq!(invitations.redeem(&[2; 32], None, &newcomer(Role::Outsider)).await.unwrap(), Redeemed::Gone, "it rests");
    }
}
