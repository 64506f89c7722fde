//! Who a document is shared with: its visibility, what its address opens, and people who are named.

use serde_json::json;
use time::OffsetDateTime;

use super::{Documents, Shared, Sharing};
use crate::audit::{self, Act, Subject};
use crate::db::at::{At, MaybeAt, cut};
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, DocumentId, UserId};
use crate::users::Role;

/// What is said of who may reach a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharingOf {
    /// By which rule.
    pub visibility: Sharing,
    /// Where it belongs.
    pub community_id: Option<CommunityId>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// What its address opens; only where that is the rule.
    pub link: Option<LinkTerms>,
    /// Who is named and has something of it today, by name.
    pub people: Vec<NamedPerson>,
}

/// What a document's address opens to colleagues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTerms {
    /// At most [`Shared::Write`].
    pub access: Shared,
    /// Until when, if not for good.
    pub expires_at: Option<OffsetDateTime>,
}

/// Somebody who is named at a document.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NamedPerson {
    /// Who.
    pub user_id: UserId,
    /// The name that others see.
    pub name: String,
    /// Their organisation.
    pub service: Option<String>,
    /// What they are to the instance.
    pub role: Role,
    /// What they were given.
    pub access: Shared,
    /// They need not belong to the document's community for it.
    pub guest: bool,
}

/// What is to be said of it from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSharing {
    /// By which rule.
    pub visibility: Sharing,
    /// What its address opens; for [`Sharing::Link`].
    pub link: Option<LinkTerms>,
    /// Who is named, each once; whoever is not is named no more.
    pub people: Vec<(UserId, Shared)>,
}

#[derive(sqlx::FromRow)]
struct Terms {
    visibility: Sharing,
    community_id: Option<CommunityId>,
    created_by: Option<UserId>,
    link_access: Option<Shared>,
    #[sqlx(try_from = "MaybeAt")]
    link_expires_at: Option<OffsetDateTime>,
}

#[derive(sqlx::FromRow)]
struct Named {
    user_id: UserId,
    access: Shared,
}

impl Documents {
    /// Who a document is shared with; `None` where there is none, or no more.
    pub async fn sharing(&self, id: DocumentId) -> Result<Option<SharingOf>> {
        let mut tx = self.db.begin_read().await?;
        let terms = on!(
            in &mut tx,
            maybe Terms,
            "select visibility, community_id, created_by, link_access, link_expires_at
             from documents where id = $1 and deleted_at is null",
            id
        )?;
        let Some(terms) = terms else { return Ok(None) };
        let people = on!(
            in &mut tx,
            all NamedPerson,
            "select s.user_id, u.name, u.service, u.role, s.access, s.guest
             from document_shares s
             join users u on u.id = s.user_id
             left join memberships m on m.community_id = $2 and m.user_id = s.user_id
                and (m.expires_at is null or m.expires_at > $3)
             where s.document_id = $1 and (s.guest or m.user_id is not null)
             order by u.name, s.user_id",
            id,
            terms.community_id,
            self.db.now()
        )?;
        let link = match terms.visibility {
            Sharing::Link => {
                Some(LinkTerms { access: terms.link_access.unwrap_or(Shared::Read), expires_at: terms.link_expires_at })
            }
            Sharing::Inherit | Sharing::Restricted => None,
        };
        Ok(Some(SharingOf {
            visibility: terms.visibility,
            community_id: terms.community_id,
            created_by: terms.created_by,
            link,
            people,
        }))
    }

    /// Says who may reach a document from now on, in one transaction. Gives back whose share has changed.
    /// [`StoreError::NotFound`] where there is no such document, or no such person.
    pub async fn share(&self, id: DocumentId, new: &NewSharing, by: UserId) -> Result<Vec<UserId>> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let terms = on!(
            in &mut tx,
            maybe Terms,
            "update documents set visibility = $2, link_access = $3, link_expires_at = $4
             where id = $1 and deleted_at is null
             returning visibility, community_id, created_by, link_access, link_expires_at",
            id,
            new.visibility,
            new.link.map(|link| link.access),
            new.link.and_then(|link| link.expires_at).map(|end| At(cut(end)))
        )?
        .ok_or(StoreError::NotFound { what: "document" })?;
        let before: Vec<Named> = on!(
            in &mut tx,
            all Named,
            "select user_id, access from document_shares where document_id = $1",
            id
        )?;
        let mut touched = Vec::new();
        for Named { user_id, .. } in &before {
            if !new.people.iter().any(|(person, _)| person == user_id) {
                on!(
                    in &mut tx,
                    run,
                    "delete from document_shares where document_id = $1 and user_id = $2",
                    id,
                    *user_id
                )?;
                touched.push(*user_id);
            }
        }
        for (person, access) in &new.people {
            let rows = on!(
                in &mut tx,
                run,
                "insert into document_shares (document_id, user_id, access, guest, created_at)
                 select $1, u.id, $3, not exists (
                    select 1 from memberships m where m.community_id = $4 and m.user_id = u.id
                        and (m.expires_at is null or m.expires_at > $5)), $5
                 from users u where u.id = $2
                 on conflict (document_id, user_id) do update set access = excluded.access, guest = excluded.guest",
                id,
                *person,
                *access,
                terms.community_id,
                now
            )?;
            if rows == 0 {
                return Err(StoreError::NotFound { what: "person" });
            }
            if !before.iter().any(|named| named.user_id == *person && named.access == *access) {
                touched.push(*person);
            }
        }
        let named: Vec<_> = new.people.iter().map(|(person, access)| json!([person, access])).collect();
        let details = json!({
            "visibility": terms.visibility,
            "link": terms.link_access,
            "until": terms.link_expires_at.map(|end| end.unix_timestamp()),
            "people": named,
        });
        let (community, subject) = (terms.community_id, Some(Subject::Document(id)));
        audit::record(&mut tx, now, Act { by, action: "document.shared", community, subject, details }).await?;
        tx.commit().await?;
        Ok(touched)
    }
}
