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
        let name = self.shown_name(person, &claims).await?;
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
    async fn shown_name(&self, person: UserId, claims: &Claims) -> Result<String, Denied> {
        let user = self.0.db.users().get(person).await.map_err(refusal)?;
        if user.as_ref().is_some_and(|user| user.suspended_at.is_some()) {
            return Err(Denied::Forbidden);
        }
        let account = user.map(|user| user.name);
        Ok(account.unwrap_or_else(|| claims.name.as_deref().unwrap_or(&claims.sub).chars().take(120).collect()))
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
    // What is frozen is read by all and written by none.
    let access = if document.frozen_at.is_some() { access.min(Access::Read) } else { access };
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
    use crdt_store::{CommunityId, DocumentId};
    use crdt_store::{
        Db, DbOptions,
        communities::{MemberRole, NewCommunity, Visibility},
        documents::{NewDocument, Sharing},
        users::{NewUser, Role},
    };

    use super::*;
    use crate::{
        access::Means,
        config::{Config, Layer},
    };

    struct Place {
        auth: Auth,
        db: Db,
        file: std::path::PathBuf,
    }

    impl Drop for Place {
        fn drop(&mut self) {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", self.file.display()));
            }
        }
    }

    async fn place(open: bool) -> Place {
        let file = std::env::temp_dir().join(format!("unisson-judge-{}.sqlite", Uuid::now_v7()));
        let database = format!("sqlite:{}", file.display());
        let db = Db::open(&database, DbOptions::default()).await.unwrap();
        db.migrate().await.unwrap();
        let layer = Layer { database: Some(database), open: Some(open), ..Layer::default() };
        let auth = Auth::open(&Config::from_layer(layer).unwrap(), &db).await.unwrap();
        Place { auth, db, file }
    }

    fn token(place: &Place, doc: &str, access: Scope, sub: &str, name: Option<&str>) -> Credentials {
        let now = place.auth.now().unix_timestamp();
        let claims = Claims {
            sub: sub.to_owned(),
            name: name.map(str::to_owned),
            doc: doc.to_owned(),
            access,
            exp: now + 60,
            iat: now,
        };
        Credentials { login: None, token: Some(place.auth.token_key().sign(&claims).unwrap()) }
    }

    async fn person(db: &Db, name: &str, role: Role) -> Principal {
        let id = UserId::fresh();
        let user = NewUser { id, name: name.to_owned(), email: None, role, language: "fr".to_owned() };
        let user = db.users().create(user).await.unwrap();
        Principal { id: Some(id), name: user.name, role, language: user.language, means: Means::Open }
    }

    fn login(who: &Principal) -> Credentials {
        Credentials { login: Some(who.clone()), token: None }
    }

    #[tokio::test]
    async fn on_an_open_server_the_nameless_write_anywhere_and_are_one() {
        let place = place(true).await;
        let nobody = Credentials::default();
        let grant = place.auth.judge(&nobody, "any/name at all").await.unwrap();
        assert_eq!((grant.access, grant.person, grant.name.clone()), (Access::Write, None, None));
        let again = place.auth.judge(&nobody, "any/name at all").await.unwrap();
        assert_eq!(again, grant);
        let empty = Credentials { token: Some(String::new()), ..Credentials::default() };
        assert_eq!(place.auth.judge(&empty, "any/name at all").await, Ok(grant));
        for odd in ["", &"x".repeat(600), "nul\0"] {
            assert_eq!(place.auth.judge(&nobody, odd).await, Err(Denied::NotFound));
        }
    }

    #[tokio::test]
    async fn a_token_holds_on_an_open_server_too() {
        let place = place(true).await;
        let read = token(&place, "notes", Scope::Read, "alice", None);
        assert_eq!(place.auth.judge(&read, "notes").await, Err(Denied::NotFound));
        let write = token(&place, "notes", Scope::Write, "alice", Some("Alice"));
        let grant = place.auth.judge(&write, "notes").await.unwrap();
        assert_eq!(grant.access, Access::Write);
        assert_eq!((grant.person, grant.name.as_deref()), (Some(person_of("alice")), Some("Alice")));
        assert_eq!(place.auth.judge(&read, "notes").await.unwrap().access, Access::Read);
        assert_eq!(place.auth.judge(&write, "other").await, Err(Denied::Forbidden));
        let junk = Credentials { token: Some("x.y.z".to_owned()), ..Credentials::default() };
        assert_eq!(place.auth.judge(&junk, "notes").await, Err(Denied::BadToken));
    }

    #[tokio::test]
    async fn a_token_cannot_lend_a_person_another_name_and_locks_out_with_the_account() {
        let place = place(false).await;
        let bruno = person(&place.db, "Bruno", Role::Agent).await;
        let id = bruno.id.unwrap();
        let forged = token(&place, "notes", Scope::Write, &id.to_string(), Some("Awa"));
        let grant = place.auth.judge(&forged, "notes").await.unwrap();
        assert_eq!((grant.person, grant.name.as_deref()), (Some(id), Some("Bruno")));
        place.db.users().set_suspended(id, crdt_store::users::Suspension::Suspended).await.unwrap();
        assert_eq!(place.auth.judge(&forged, "notes").await, Err(Denied::Forbidden));
    }

    #[tokio::test]
    async fn a_login_has_the_rights_of_its_person_and_nobody_has_none() {
        let place = place(false).await;
        let awa = person(&place.db, "Awa", Role::Agent).await;
        let david = person(&place.db, "David", Role::Agent).await;
        let chloe = person(&place.db, "Chloé", Role::Outsider).await;
        let community = NewCommunity {
            id: CommunityId::fresh(),
            slug: "c".to_owned(),
            name: "C".to_owned(),
            purpose: String::new(),
            visibility: Visibility::Private,
        };
        let id = community.id;
        place.db.communities().create(community, awa.id.unwrap()).await.unwrap();
        place.db.communities().add_member(id, david.id.unwrap(), MemberRole::Reader, None).await.unwrap();
        let new = NewDocument {
            id: DocumentId::fresh(),
            name: None,
            title: "T".to_owned(),
            community_id: Some(id),
            visibility: Sharing::Inherit,
            created_by: awa.id,
            seed: None,
        };
        let name = place.db.documents().create(new).await.unwrap().into_document().name;
        let judge = |who| {
            let (auth, name) = (place.auth.clone(), name.clone());
            async move { auth.judge(&who, &name).await }
        };
        let grant = judge(login(&awa)).await.unwrap();
        assert_eq!((grant.access, grant.person, grant.name.as_deref()), (Access::Manage, awa.id, Some("Awa")));
        assert_eq!(judge(login(&david)).await.unwrap().access, Access::Read);
        assert_eq!(judge(login(&chloe)).await, Err(Denied::NotFound));
        assert_eq!(judge(Credentials::default()).await, Err(Denied::Forbidden));
        assert_eq!(place.auth.judge(&login(&awa), &format!("{name}@2")).await, Err(Denied::OldEpoch));
        assert_eq!(place.auth.judge(&login(&awa), "no such name").await, Err(Denied::NotFound));
        // A token says who and how far, whatever cookie came along.
        let both = Credentials { login: Some(awa), ..token(&place, &name, Scope::Read, "bob", None) };
        let grant = place.auth.judge(&both, &name).await.unwrap();
        assert_eq!((grant.access, grant.person), (Access::Read, Some(person_of("bob"))));
    }

    #[test]
    fn a_subject_is_always_the_same_person() {
        let id = UserId::fresh();
        assert_eq!(person_of(&id.to_string()), id);
        assert_eq!(person_of("alice"), person_of("alice"));
        assert_ne!(person_of("alice"), person_of("bob"));
        assert_eq!(person_of("alice").0.get_version_num(), 8);
    }
}
