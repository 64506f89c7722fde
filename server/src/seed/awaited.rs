//! What waits for an answer in the demonstration, so that whoever looks in finds something to decide: a community that is
//! requested (Lucie's to decide), somebody who asks to join (Inès' to answer), an invitation (Awa's).
//!
//! No letters go out about them.

use crdt_store::{
    CommunityId, Db, StoreError, UserId,
    bulk::Invitation,
    communities::{Feature, Joining, MemberRole, Model, Visibility},
    requests::Wish,
};
use time::{Duration, OffsetDateTime};
use uuid::{Uuid, uuid};

use crate::account::demo::{BRUNO, DAVID, LUCIE, PEOPLE};

const REQUEST: Uuid = uuid!("01930000-0000-7000-8003-000000000001");
const INVITATION: Uuid = uuid!("01930000-0000-7000-8004-000000000001");
/// A demonstration may stand for a while.
const INVITATION_LASTS: Duration = Duration::days(365);

/// Lays it; what is there already stays.
pub(super) async fn lay(
    db: &Db,
    now: OffsetDateTime,
    joined: CommunityId,
    invites: CommunityId,
    invited: UserId,
) -> Result<(), StoreError> {
    let wish = Wish {
        name: "Commande publique durable".to_owned(),
        purpose: "Partager clauses sociales et environnementales, retours de marchés et contacts utiles.".to_owned(),
        model: Model::Network,
        visibility: Visibility::Public,
        joining: Joining::Approval,
        features: vec![Feature::Documents, Feature::Wiki, Feature::Faq],
        co_leaders: vec![BRUNO],
    };
    match db.requests().begin(REQUEST, DAVID, &wish).await {
        Ok(_) => {}
        Err(error) if error.is_conflict() => {}
        Err(error) => return Err(error),
    }
    db.requests().send(REQUEST, DAVID, 1, 0, &|_| Vec::new()).await?;
    let why = "Je suis les travaux de nos bâtiments et j’aimerais comparer nos consommations.";
    db.joins().ask(joined, LUCIE, why, &[]).await?;
    let email = PEOPLE.iter().find(|person| person.id == invited).map(|person| person.email.to_owned());
    let invitation = email.map(|email| Invitation {
        id: INVITATION,
        community: invites,
        email,
        role: MemberRole::Member,
        // The hash of a secret that nobody has: it is answered on the front page.
        secret_hash: INVITATION.as_bytes().repeat(2),
        invited_by: LUCIE,
        created_at: now,
        expires_at: now + INVITATION_LASTS,
    });
    db.bulk().invitations(invitation.as_slice()).await
}
