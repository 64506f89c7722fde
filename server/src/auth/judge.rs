//! The judgement of a session: which document, how far, as whom.
//!
//! A token that is presented counts before anything else, on an open server too: its document, its access, its
//! person. Then a login, with the rights its person has. Then, on an open server, nobody in particular, who may
//! write anywhere. A person who is signed in on an open server keeps their name and has at least that.

use crdt_store::{Epoch, StoreError, UserId, documents::Document};
use ring::digest;
use uuid::{Builder, Uuid};

use super::{
    Auth, room,
    token::{Claims, Scope},
};
use crate::access::{Access, Credentials, Denied, Grant, Judge, Judgement, Principal};

impl Judge for Auth {
    fn judge<'a>(&'a self, who: &'a Credentials, name: &'a str) -> Judgement<'a> {
        Box::pin(async move {
            let (plain, epoch) = room::parse(name);
            let token = who.token.as_deref().filter(|token| !token.is_empty());
            match (token, &who.login) {
                (Some(token), _) => self.by_token(token, plain, epoch).await,
                (None, Some(person)) => self.by_login(person, plain, epoch).await,
                (None, None) if self.0.open => self.openly(plain, epoch, None).await,
                (None, None) => Err(Denied::Forbidden),
            }
        })
    }
}

impl Auth {
    async fn by_token(&self, token: &str, plain: &str, epoch: Epoch) -> Result<Grant, Denied> {
        let claims = self.0.key.verify(token, self.now())?;
        if claims.doc != plain {
            return Err(Denied::Forbidden);
        }
        let person = person_of(&claims.sub);
        let documents = self.0.db.documents();
        let document = match claims.access {
            Scope::Write => documents.ensure_by_name(plain, Some(person)).await.map_err(refusal)?,
            Scope::Read => documents.by_name(plain).await.map_err(refusal)?.ok_or(Denied::NotFound)?,
        };
        let name = self.shown_name(person, claims.name.as_deref(), &claims).await?;
        grant(document, epoch, claims.access.into(), Some(person), Some(name))
    }

    async fn by_login(&self, who: &Principal, plain: &str, epoch: Epoch) -> Result<Grant, Denied> {
        if self.0.open {
            return self.openly(plain, epoch, Some(who)).await;
        }
        let (document, present, access) = self.0.guard.document_by_name(who, plain).await?;
        if epoch != present {
            return Err(Denied::OldEpoch);
        }
        Ok(Grant { document, epoch, access, person: who.id, name: Some(who.name.clone()) })
    }

    async fn openly(&self, plain: &str, epoch: Epoch, who: Option<&Principal>) -> Result<Grant, Denied> {
        let person = who.and_then(|who| who.id);
        let document = self.0.db.documents().ensure_by_name(plain, person).await.map_err(refusal)?;
        grant(document, epoch, Access::Write, person, who.map(|who| who.name.clone()))
    }

    /// The name of the account if there is one, so that a token can't lend one name to another person's; else
    /// what the signer says.
    async fn shown_name(&self, person: UserId, claimed: Option<&str>, claims: &Claims) -> Result<String, Denied> {
        let user = self.0.db.users().get(person).await.map_err(refusal)?;
        if user.as_ref().is_some_and(|user| user.suspended_at.is_some()) {
            return Err(Denied::Forbidden);
        }
        let account = user.map(|user| user.name);
        Ok(account.unwrap_or_else(|| claimed.unwrap_or(&claims.sub).chars().take(120).collect()))
    }
}

fn grant(
    document: Document,
    epoch: Epoch,
    access: Access,
    person: Option<UserId>,
    name: Option<String>,
) -> Result<Grant, Denied> {
    if document.deleted_at.is_some() {
        return Err(Denied::NotFound);
    }
    if document.epoch != epoch {
        return Err(Denied::OldEpoch);
    }
    Ok(Grant { document: document.id, epoch, access, person, name })
}

fn refusal(error: StoreError) -> Denied {
    match error {
        StoreError::Unacceptable { .. } | StoreError::NotFound { .. } => Denied::NotFound,
        error => {
            tracing::warn!(error = %error, "a session can't be judged");
            Denied::Unavailable
        }
    }
}

/// The person a signer means: an account's id as it stands, or an id that any other text always maps to.
pub fn person_of(sub: &str) -> UserId {
    if let Ok(id) = Uuid::try_parse(sub) {
        return UserId(id);
    }
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(b"unisson token subject\0");
    hashed.update(sub.as_bytes());
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(hashed.finish().as_ref()) {
        *to = *from;
    }
    UserId(Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_always_the_same_person() {
        let id = UserId::fresh();
        assert_eq!(person_of(&id.to_string()), id);
        assert_eq!(person_of("alice"), person_of("alice"));
        assert_ne!(person_of("alice"), person_of("bob"));
        assert_eq!(person_of("alice").0.get_version_num(), 8);
    }
}
