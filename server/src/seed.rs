//! The demonstration: people, communities and documents to try the service with.
//!
//! Laid once per database, by `unisson serve --demo` and `unisson seed`; afterwards what people made of it
//! stays as it is. Every id is fixed and every step may be repeated, so that a start that was cut off in the
//! middle is finished by the next one.

mod awaited;
pub mod scale;
mod texts;

use crdt_store::{
    CommunityId, Db, DocumentId, StoreError, UserId,
    communities::{Feature, Founding, Joining, MemberRole, Model, NewCommunity, Visibility},
    doc::{DocError, seed_rich_text},
    documents::{NewDocument, Sharing},
    users::{NewUser, UserChange},
};
use time::OffsetDateTime;
use uuid::{Uuid, uuid};

use crate::account::demo::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE, PEOPLE};

/// Where the database remembers that the demonstration was laid.
const LAID: &str = "demo_laid";
/// The Yjs client that wrote the texts. Yjs draws its own at random from 32 bits.
const CLIENT: u64 = 1;

/// The place among the texts of the one that greets in the first community.
const WELCOME: usize = 3;

/// Why the demonstration could not be laid.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a text of the demonstration can't be written: {0}")]
    Text(#[from] DocError),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeded {
    Laid,
    There,
}

struct Community {
    id: Uuid,
    slug: &'static str,
    name: &'static str,
    purpose: &'static str,
    visibility: Visibility,
    joining: Joining,
    model: Model,
    features: &'static [Feature],
    /// The first one founds it.
    members: &'static [(UserId, MemberRole)],
}

const COMMUNITIES: [Community; 3] = [
    Community {
        id: uuid!("01930000-0000-7000-8001-000000000001"),
        slug: "chefs-de-projet-numerique",
        name: "Réseau des chefs de projet numérique",
        purpose: "Partager méthodes, retours d’expérience et coups de main entre services de l’État.",
        visibility: Visibility::Public,
        joining: Joining::Approval,
        model: Model::Network,
        features: &[Feature::Documents, Feature::Wiki, Feature::Posts, Feature::Faq],
        members: &[
            (AWA, MemberRole::Leader),
            (BRUNO, MemberRole::Moderator),
            (INES, MemberRole::Member),
            (DAVID, MemberRole::Member),
            (CHLOE, MemberRole::Member),
            (LUCIE, MemberRole::Member),
        ],
    },
    Community {
        id: uuid!("01930000-0000-7000-8001-000000000002"),
        slug: "sobriete-energetique",
        name: "Sobriété énergétique des bâtiments de l’État",
        purpose: "Suivre les consommations, comparer les plans de chauffe, mutualiser ce qui marche.",
        visibility: Visibility::Private,
        joining: Joining::Approval,
        model: Model::Network,
        features: &[Feature::Documents, Feature::Faq],
        members: &[(INES, MemberRole::Leader), (AWA, MemberRole::Member), (DAVID, MemberRole::Reader)],
    },
    Community {
        id: uuid!("01930000-0000-7000-8001-000000000003"),
        slug: "projet-archives-2030",
        name: "Projet Archives 2030",
        purpose: "Préparer le versement numérique des archives courantes.",
        visibility: Visibility::Secret,
        joining: Joining::Invitation,
        model: Model::Project,
        features: &[Feature::Documents, Feature::Wiki],
        members: &[(LUCIE, MemberRole::Leader), (BRUNO, MemberRole::Member)],
    },
];

/// Lays the demonstration, unless this database has it already.
pub async fn plant(db: &Db, now: OffsetDateTime) -> Result<Seeded, SeedError> {
    if db.settings().get(LAID).await?.is_some() {
        return Ok(Seeded::There);
    }
    for person in PEOPLE {
        let user = NewUser {
            id: person.id,
            name: person.name.to_owned(),
            email: Some(person.email.to_owned()),
            role: person.role,
            language: "fr".to_owned(),
        };
        let user = db.users().ensure(user).await?;
        let service = Some(Some(person.service.to_owned()));
        db.users().change(user.id, &UserChange { service, ..UserChange::default() }).await?;
    }
    for community in COMMUNITIES {
        found(db, community).await?;
    }
    for (number, text) in texts::all().into_iter().enumerate() {
        let document = NewDocument {
            id: DocumentId(document_id(number)),
            name: None,
            title: text.title.to_owned(),
            community_id: Some(CommunityId(COMMUNITIES[text.community].id)),
            visibility: Sharing::Inherit,
            created_by: Some(text.author),
            seed: Some(seed_rich_text(CLIENT, &text.blocks)?),
        };
        db.documents().create(document).await?;
    }
    let home = CommunityId(COMMUNITIES[0].id);
    db.communities().set_welcome_document(home, DocumentId(document_id(WELCOME))).await?;
    awaited::lay(db, now, CommunityId(COMMUNITIES[1].id), CommunityId(COMMUNITIES[2].id), AWA).await?;
    db.settings().set(LAID, b"1").await?;
    Ok(Seeded::Laid)
}

async fn found(db: &Db, community: Community) -> Result<(), StoreError> {
    let id = CommunityId(community.id);
    let Some((founder, _)) = community.members.first() else { return Ok(()) };
    let new = Founding {
        community: NewCommunity {
            id,
            slug: community.slug.to_owned(),
            name: community.name.to_owned(),
            purpose: community.purpose.to_owned(),
            visibility: community.visibility,
        },
        joining: community.joining,
        model: community.model,
        features: community.features.to_vec(),
        co_leaders: Vec::new(),
        pages: Vec::new(),
    };
    match db.communities().found(&new, *founder).await {
        Ok(_) => {}
        Err(error) if error.is_conflict() => {}
        Err(error) => return Err(error),
    }
    for (user, role) in community.members {
        db.communities().add_member(id, *user, *role, None).await?;
    }
    Ok(())
}

/// The ids of the demo documents, which never change.
fn document_id(number: usize) -> Uuid {
    const FIRST: u128 = 0x0193_0000_0000_7000_8002_0000_0000_0001;
    Uuid::from_u128(FIRST + number as u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_its_place_and_can_be_written() {
        for text in texts::all() {
            assert!(text.community < COMMUNITIES.len());
            let author = COMMUNITIES[text.community].members.iter().find(|(user, _)| *user == text.author);
            assert!(author.is_some_and(|(_, role)| *role != MemberRole::Reader), "{}", text.title);
            assert!(seed_rich_text(CLIENT, &text.blocks).is_ok_and(|bytes| !bytes.is_empty()));
            assert!((1..=200).contains(&text.title.chars().count()));
        }
    }

    #[test]
    fn the_first_community_greets_with_its_presentation() {
        let text = &texts::all()[WELCOME];
        assert_eq!((text.community, text.title), (0, "Présentation du réseau"));
    }

    #[test]
    fn french_spacing_is_written_in_the_words() {
        let words = format!("{:?}", texts::all().iter().map(|text| (text.title, &text.blocks)).collect::<Vec<_>>());
        for wrong in ["« ", " »", " !", " ?", " ;"] {
            assert!(!words.contains(wrong), "an ordinary space in {wrong:?}");
        }
    }

    #[test]
    fn ids_of_documents_are_of_version_7() {
        assert_eq!(document_id(0), uuid!("01930000-0000-7000-8002-000000000001"));
        assert_eq!(document_id(3).get_version_num(), 7);
    }
}
