//! A community that comes into being whole: its words, its composition, its first pages, and who leads it.

use bytes::Bytes;
use serde_json::json;

use super::change::{check_joining, put_features};
use super::{Communities, Community, Feature, Joining, MemberRole, Model, NewCommunity, put_member};
use crate::audit::{self, Act};
use crate::db::Tx;
use crate::db::at::At;
use crate::db::on::One;
use crate::documents::Sharing;
use crate::error::{Result, StoreError};
use crate::ids::{CommunityId, DocumentId, UserId};
use crate::log::{Entry, seed_row};
use crate::names;
use crate::users::Role;

/// Addresses that are tried before a name that others have too gets one that nobody has.
const TRIES: usize = 40;
const SLUG_CHARS: usize = 60;
/// What stands where a community's address does, and is none: `/api/v1/communities/similar`.
const TAKEN: [&str; 1] = ["similar"];
/// What the address of a secret community ends with: the random end of its id.
const SECRET_CHARS: usize = 8;

/// A page that a community begins with.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its id.
    pub id: DocumentId,
    /// What people call it.
    pub title: String,
    /// In which list it stands.
    pub feature: Feature,
    /// Its text, as an update.
    pub seed: Bytes,
}

/// A community to be made whole.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Its words. The slug is a wish: where it is taken, a number follows it.
    pub community: NewCommunity,
    /// How one comes in.
    pub joining: Joining,
    /// What it begins as.
    pub model: Model,
    /// What it is made of, in this order.
    pub features: Vec<Feature>,
    /// Who leads it beside its founder. Whoever may not is left out.
    pub co_leaders: Vec<UserId>,
    /// What it begins with. The first greets whoever comes.
    pub pages: Vec<Page>,
}

impl Founding {
    /// The address that a name makes.
    pub fn slug(name: &str) -> String {
        let mut slug = String::new();
        for word in names::fold(name).split(' ') {
            if slug.chars().count() + word.chars().count() >= SLUG_CHARS {
                break;
            }
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.push_str(word);
        }
        let plain = !slug.is_empty() && slug.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        match plain {
            // Words that stand in the same place of an address.
            true if TAKEN.contains(&slug.as_str()) => format!("{slug}-1"),
            true => slug,
            false => "communaute".to_owned(),
        }
    }

    /// The address of a secret one: not what its name makes, so that nobody learns by a name that is taken that it is
    /// there.
    pub fn secret_slug(name: &str, id: CommunityId) -> String {
        let id = id.0.simple().to_string();
        format!("{}-{}", Self::slug(name), &id[id.len() - SECRET_CHARS..])
    }
}

impl Communities {
    /// Makes a community whole, for somebody who may.
    pub async fn found(&self, founding: &Founding, founder: UserId) -> Result<Community> {
        let mut tx = self.db.begin().await?;
        let made = found(&mut tx, self.db.now(), founding, founder, founder).await?;
        tx.commit().await?;
        Ok(made)
    }
}

/// Makes a community whole within a use case. `by`: who decided it.
pub(crate) async fn found(tx: &mut Tx, now: At, founding: &Founding, founder: UserId, by: UserId) -> Result<Community> {
    check_joining(founding.community.visibility, founding.joining)?;
    let mut community = founding.community.clone();
    let wish = founding.community.slug.as_str();
    let mut number = 2;
    let made = loop {
        // Of two that are made at once the second waits here for the first.
        if let Some(made) = try_to_put(tx, now, &community, founding.joining, founding.model).await? {
            break made;
        }
        community.slug =
            if number < TRIES { format!("{wish}-{number}") } else { format!("{wish}-{}", community.id.0.simple()) };
        number += 1;
        if number > TRIES + 2 {
            return Err(StoreError::Conflict { constraint: "communities_slug_key".to_owned() });
        }
    };
    put_features(tx, now, made.id, &founding.features).await?;
    put_member(tx, made.id, founder, MemberRole::Leader, now, None).await?;
    for user in &founding.co_leaders {
        let may = on!(
            in tx,
            maybe One<String>,
            "select name from users where id = $1 and role <> $2 and suspended_at is null",
            *user,
            Role::Outsider
        )?;
        if may.is_some() {
            put_member(tx, made.id, *user, MemberRole::Leader, now, None).await?;
        }
    }
    for page in &founding.pages {
        put_page(tx, now, &made, page, founder).await?;
    }
    if let Some(first) = founding.pages.first() {
        on!(in tx, run, "update communities set welcome_document_id = $2 where id = $1", made.id, first.id)?;
    }
    let details = json!({ "name": made.name, "visibility": made.visibility, "model": made.model });
    let act = Act { by, action: "community.created", community: Some(made.id), subject: None, details };
    audit::record(tx, now, act).await?;
    Ok(made)
}

/// [`StoreError::Conflict`] where the address is taken.
pub(super) async fn put(
    tx: &mut Tx,
    now: At,
    community: &NewCommunity,
    joining: Joining,
    model: Model,
) -> Result<Community> {
    let made = try_to_put(tx, now, community, joining, model).await?;
    made.ok_or_else(|| StoreError::Conflict { constraint: "communities_slug_key".to_owned() })
}

async fn try_to_put(
    tx: &mut Tx,
    now: At,
    community: &NewCommunity,
    joining: Joining,
    model: Model,
) -> Result<Option<Community>> {
    on!(
        in tx,
        maybe Community,
        community!(
            "insert into communities (id, slug, name, purpose, visibility, joining, model, created_at, active_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
             on conflict (slug) do nothing
             returning "
        ),
        community.id,
        &community.slug,
        &community.name,
        &community.purpose,
        community.visibility,
        joining,
        model,
        now
    )
}

async fn put_page(tx: &mut Tx, now: At, home: &Community, page: &Page, by: UserId) -> Result<()> {
    let size = i64::try_from(page.seed.len())
        .map_err(|_| StoreError::Unacceptable { what: "page", reason: "it is too long" })?;
    on!(
        in tx,
        run,
        "insert into documents (id, name, title, community_id, visibility, feature, epoch, head_seq, snapshot_seq,
            size_bytes, created_by, created_at, updated_by, updated_at, updated_hour)
         values ($1, $2, $3, $4, $5, $6, 1, 1, 0, $7, $8, $9, $8, $9, $10)",
        page.id,
        page.id.to_string(),
        &page.title,
        home.id,
        Sharing::Inherit,
        page.feature,
        size,
        by,
        now,
        now.hour()
    )?;
    let mut entry = Entry::by_server(page.seed.clone());
    entry.person = Some(by);
    seed_row(tx, page.id, 1, entry, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_an_address_that_leads_somewhere() {
        for (name, slug) in [
            ("Référents mobilité", "referents-mobilite"),
            ("Similar", "similar-1"),
            ("Similar ones", "similar-ones"),
            ("日本", "communaute"),
            ("!!", "communaute"),
        ] {
            assert_eq!(Founding::slug(name), slug, "{name}");
        }
    }
}
