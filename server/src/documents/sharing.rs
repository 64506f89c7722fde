//! Who a document is shared with: seen in part by whoever reads it, said by whoever manages it.
//!
//! What is lowered reaches open sessions by itself (S15): the live engine looks at the same facts. The people concerned
//! and those of the community are told to look again.

use axum::{extract::State, http::StatusCode};
use crdt_store::{
    DocumentId, StoreError, UserId,
    documents::{LinkTerms, NamedPerson, NewSharing, Shared, Sharing, SharingOf},
    users::Role,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{read::find, tell_list};
use crate::{
    access::{
        Access, Principal, may_open,
        words::{DocumentVisibility, SharedAccess},
    },
    auth::Who,
    http::{
        Kind, Problem,
        extract::{Json, Path},
        problem::{BAD_FIELD, Body, NOT_FOUND, NOT_SIGNED_IN},
    },
    live::{Audience, LiveEvent},
};

/// More names than anybody looks through: a community is the better place then.
const NAMED_MOST: usize = 200;
/// What an address opens ends at some time, if an end is said.
const LONGEST: Duration = Duration::days(3 * 366);

static PERSON_UNKNOWN: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "person-unknown",
    "L’une de ces personnes n’a pas de compte",
    "One of these people has no account",
);
static LOCKS_YOU_OUT: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "locks-you-out",
    "Ce partage vous retirerait la gestion du document",
    "This would take the document out of your own hands",
);
static OUTSIDERS_OPEN_NOTHING: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "outsiders-open-nothing",
    "Une personne extérieure ne peut pas ouvrir un document au-delà de sa communauté",
    "A person from outside can't open a document beyond its community",
);

/// Who may reach a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentSharing {
    #[schema(value_type = DocumentVisibility)]
    visibility: Sharing,
    /// Who is named, by name. Shown to who manages the document.
    people: Vec<SharedPerson>,
    /// What the address opens to colleagues, where that is the rule. Shown to who manages the document.
    link: Option<DocumentLink>,
    /// What the asking person may do with the document.
    mine: Access,
    /// Whether the asking person may open it beyond its community, by its address or by naming somebody from elsewhere.
    may_open: bool,
}

/// Somebody who is named at a document.
#[derive(Debug, Serialize, ToSchema)]
struct SharedPerson {
    person: SharingPerson,
    #[schema(value_type = SharedAccess)]
    access: Shared,
    /// They need not belong to the document's community for it.
    guest: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct SharingPerson {
    id: Uuid,
    name: String,
    /// Their organisation.
    service: Option<String>,
    outsider: bool,
}

/// What a document's address opens.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DocumentLink {
    /// `read`, `comment` or `write`.
    #[schema(value_type = SharedAccess)]
    access: Shared,
    /// `null` for no end.
    #[serde(with = "time::serde::rfc3339::option", default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<OffsetDateTime>,
}

/// What is to be said of who may reach a document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDocumentSharing)]
pub(super) struct Wanted {
    #[schema(value_type = DocumentVisibility)]
    visibility: Sharing,
    /// Who is named from now on, each once, at most 200.
    people: Vec<WantedPerson>,
    /// With the visibility `link`, and only with it.
    link: Option<DocumentLink>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSharedPerson)]
struct WantedPerson {
    person: Uuid,
    #[schema(value_type = SharedAccess)]
    access: Shared,
}

impl From<NamedPerson> for SharedPerson {
    fn from(named: NamedPerson) -> Self {
        let person = SharingPerson {
            id: named.user_id.0,
            name: named.name,
            service: named.service,
            outsider: named.role == Role::Outsider,
        };
        Self { person, access: named.access, guest: named.guest }
    }
}

impl From<LinkTerms> for DocumentLink {
    fn from(terms: LinkTerms) -> Self {
        Self { access: terms.access, expires_at: terms.expires_at }
    }
}

fn shown(who: &Principal, sharing: SharingOf, mine: Access) -> DocumentSharing {
    let (people, link) = match mine {
        Access::Manage => (sharing.people.into_iter().map(SharedPerson::from).collect(), sharing.link.map(Into::into)),
        _ => (Vec::new(), None),
    };
    DocumentSharing { visibility: sharing.visibility, people, link, mine, may_open: may_open(who) }
}

/// Who may reach a document.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/sharing", tag = "documents", operation_id = "read_sharing",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = DocumentSharing),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn read(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<Json<DocumentSharing>, Problem> {
    let id = DocumentId(id);
    let mine = state.guard().document(&who, id, Access::Read).await?;
    let sharing = state.db().documents().sharing(id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    Ok(Json(shown(&who, sharing, mine)))
}

/// Says who may reach a document from now on. What is lowered reaches those who have it open within five seconds.
#[utoipa::path(
    put, path = "/api/v1/documents/{id}/sharing", tag = "documents", operation_id = "share_document",
    params(("id" = Uuid, Path)), request_body = Wanted,
    responses(
        (status = 200, body = DocumentSharing),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "This person does not manage the document, or opens it too far"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "Not acceptable: the code says why")
    )
)]
pub(super) async fn share(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<DocumentSharing>, Problem> {
    let id = DocumentId(id);
    state.guard().document(&who, id, Access::Manage).await?;
    let by = who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))?;
    let new = check(wanted, state.now())?;
    let documents = state.db().documents();
    let before = documents.sharing(id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    if !may_open(&who) && opens(&state, &before, &new).await? {
        return Err(Problem::new(&OUTSIDERS_OPEN_NOTHING));
    }
    if state.guard().document_after(&who, id, &new).await? < Access::Manage {
        return Err(Problem::new(&LOCKS_YOU_OUT));
    }
    let touched = documents.share(id, &new, by).await.map_err(|error| match error {
        StoreError::NotFound { what: "person" } => Problem::new(&PERSON_UNKNOWN),
        error => error.into(),
    })?;
    tracing::info!(document.id = %id, "a document's sharing was changed");
    state.guard().forget_document(id);
    for person in touched {
        state.live().tell(Audience::Person(person), LiveEvent::Document { id: id.0 });
    }
    tell_list(&state, &find(&state, &who, id).await?);
    let mine = state.guard().document(&who, id, Access::Read).await?;
    let sharing = documents.sharing(id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    Ok(Json(shown(&who, sharing, mine)))
}

fn check(wanted: Wanted, now: OffsetDateTime) -> Result<NewSharing, Problem> {
    let wrong = |detail: &'static str| Err(Problem::with_detail(&BAD_FIELD, detail));
    let link = match (wanted.visibility, wanted.link) {
        (Sharing::Link, Some(link)) => Some(link),
        (Sharing::Link, None) => return wrong("link: what the address opens"),
        (_, Some(_)) => return wrong("link: only with the visibility link"),
        (_, None) => None,
    };
    if let Some(link) = &link {
        if link.access == Shared::Manage {
            return wrong("link.access: read, comment or write");
        }
        if link.expires_at.is_some_and(|end| end <= now || end > now + LONGEST) {
            return wrong("link.expires_at: a time to come, within three years");
        }
    }
    if wanted.people.len() > NAMED_MOST {
        return wrong("people: at most 200");
    }
    let people: Vec<(UserId, Shared)> =
        wanted.people.into_iter().map(|named| (UserId(named.person), named.access)).collect();
    let mut ids: Vec<UserId> = people.iter().map(|(person, _)| *person).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < people.len() {
        return wrong("people: each once");
    }
    let link = link.map(|link| LinkTerms { access: link.access, expires_at: link.expires_at });
    Ok(NewSharing { visibility: wanted.visibility, link, people })
}

/// Whether it would let in somebody who does not belong to the document's community.
async fn opens(state: &crate::state::State, before: &SharingOf, new: &NewSharing) -> Result<bool, Problem> {
    if new.visibility == Sharing::Link {
        return Ok(true);
    }
    let people: Vec<UserId> = new.people.iter().map(|(person, _)| *person).collect();
    let members = match before.community_id {
        Some(community) => state.db().feeds().members_among(&[community], &people).await?.len(),
        None => 0,
    };
    Ok(members < people.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-11-24 12:00 UTC);

    fn wanted(json: serde_json::Value) -> Result<NewSharing, Problem> {
        check(serde_json::from_value(json).expect("the shape is right"), NOW)
    }

    #[test]
    fn only_what_makes_sense_is_taken() {
        let id = Uuid::from_u128(1);
        let person = |access: &str| serde_json::json!({ "person": id, "access": access });
        let good = [
            serde_json::json!({ "visibility": "inherit", "people": [] }),
            serde_json::json!({ "visibility": "restricted", "people": [person("manage")], "link": null }),
            serde_json::json!({ "visibility": "link", "people": [], "link": { "access": "write" } }),
            serde_json::json!({ "visibility": "link", "people": [],
                "link": { "access": "read", "expires_at": "2027-01-01T00:00:00Z" } }),
        ];
        for json in good {
            assert!(wanted(json.clone()).is_ok(), "{json}");
        }
        let many: Vec<_> = (0..=NAMED_MOST as u128)
            .map(|number| serde_json::json!({ "person": Uuid::from_u128(number), "access": "read" }))
            .collect();
        let bad = [
            serde_json::json!({ "visibility": "link", "people": [] }),
            serde_json::json!({ "visibility": "inherit", "people": [], "link": { "access": "read" } }),
            serde_json::json!({ "visibility": "link", "people": [], "link": { "access": "manage" } }),
            serde_json::json!({ "visibility": "link", "people": [],
                "link": { "access": "read", "expires_at": "2026-11-24T12:00:00Z" } }),
            serde_json::json!({ "visibility": "link", "people": [],
                "link": { "access": "read", "expires_at": "2100-01-01T00:00:00Z" } }),
            serde_json::json!({ "visibility": "restricted", "people": [person("read"), person("write")] }),
            serde_json::json!({ "visibility": "restricted", "people": many }),
        ];
        for json in bad {
            assert_eq!(wanted(json.clone()).map_err(|problem| problem.kind.code), Err("bad-field"), "{json}");
        }
    }
}
