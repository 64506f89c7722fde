//! The judgement of a session: which document, how far, as whom.
//!
//! A token that is presented counts before anything else, on an open server too: its document, its access, its
//! person. Then a login, with the rights its person has. Then, on an open server, nobody in particular, who may
//! write anywhere. A person who is signed in on an open server keeps their name and has at least that.

use std::collections::{HashMap, hash_map::Entry};

use crdt_store::{
    Epoch, LoginId, StoreError, UserId,
    documents::{AccessFacts, Visit},
};
use ring::digest;
use uuid::{Builder, Uuid};

use super::{Auth, room, token::Claims};
use crate::access::{
    Access, CantTell, Credentials, Denied, Footing, Grant, Ground, Judge, Judgement, Means, Principal, Standings,
    standing,
};

/// Visits asked about in one question.
const QUESTION: usize = 2_000;

impl Judge for Auth {
    fn judge<'a>(&'a self, who: &'a Credentials, name: &'a str) -> Judgement<'a> {
        Box::pin(async move {
            let (plain, epoch) = room::parse(name);
            let token = who.token.as_deref().filter(|token| !token.is_empty());
            match (token, &who.login) {
                (Some(token), _) => self.by_token(token, plain, epoch).await,
                (None, Some(person)) => self.by_login(person, plain, epoch).await,
                (None, None) if self.0.open => self.openly(plain, epoch).await,
                (None, None) => Err(Denied::Forbidden),
            }
        })
    }

    fn judge_again<'a>(&'a self, footings: &'a [Footing]) -> Standings<'a> {
        Box::pin(async move {
            // Many sessions are of one person at one document, or of nobody in particular.
            let mut places: HashMap<Visit, usize> = HashMap::with_capacity(footings.len());
            let mut visits = Vec::new();
            for footing in footings {
                if let Entry::Vacant(vacant) = places.entry(visit(footing)) {
                    visits.push(*vacant.key());
                    vacant.insert(visits.len() - 1);
                }
            }
            let mut facts: Vec<Option<AccessFacts>> = Vec::with_capacity(visits.len());
            for some in visits.chunks(QUESTION) {
                let found = self.0.db.documents().facts_for_visits(some).await.map_err(|error| {
                    tracing::debug!(%error, "rights can't be looked up");
                    CantTell
                })?;
                facts.extend(found);
            }
            let now = self.now();
            let answers = footings.iter().map(|footing| {
                let facts = places.get(&visit(footing)).and_then(|at| facts.get(*at)).and_then(Option::as_ref);
                standing(facts, footing, now)
            });
            Ok(answers.collect())
        })
    }
}

fn visit(footing: &Footing) -> Visit {
    let login = match footing.ground {
        Ground::Login(login) => Some(login),
        Ground::Open(login) => login,
        Ground::Token { .. } => None,
    };
    Visit { document: footing.document, user: footing.person, login }
}

impl Auth {
    async fn by_token(&self, token: &str, plain: &str, epoch: Epoch) -> Result<Grant, Denied> {
        let claims = self.0.key.verify(token, self.now())?;
        if claims.doc != plain {
            return Err(Denied::Forbidden);
        }
        let (person, access) = (person_of(&claims.sub), Access::from(claims.access));
        let (renew_at, ends_at) = claims.end()?;
        let ground = Ground::Token { access, renew_at, ends_at };
        let facts = self.facts(plain, Some(person), None, access.may_write()).await?;
        let name = self.shown_name(person, &claims).await?;
        self.grant(&facts, ground, epoch, Some(person), name)
    }

    async fn by_login(&self, who: &Principal, plain: &str, epoch: Epoch) -> Result<Grant, Denied> {
        let Means::Login(login) = who.means else { return Err(Denied::Forbidden) };
        let ground = if self.0.open { Ground::Open(Some(login)) } else { Ground::Login(login) };
        let facts = self.facts(plain, who.id, Some(login), self.0.open).await?;
        self.grant(&facts, ground, epoch, who.id, Some(who.name.clone()))
    }

    async fn openly(&self, plain: &str, epoch: Epoch) -> Result<Grant, Denied> {
        let facts = self.facts(plain, None, None, true).await?;
        self.grant(&facts, Ground::Open(None), epoch, None, None)
    }

    /// The facts of a document that may come into being by being asked for.
    async fn facts(
        &self,
        plain: &str,
        person: Option<UserId>,
        login: Option<LoginId>,
        comes_into_being: bool,
    ) -> Result<AccessFacts, Denied> {
        let documents = self.0.db.documents();
        let mut facts = documents.facts_for_access_by_name(plain, person, login).await.map_err(refusal)?;
        if facts.is_none() && comes_into_being {
            documents.ensure_by_name(plain, person).await.map_err(refusal)?;
            facts = documents.facts_for_access_by_name(plain, person, login).await.map_err(refusal)?;
        }
        facts.ok_or(Denied::NotFound)
    }

    fn grant(
        &self,
        facts: &AccessFacts,
        ground: Ground,
        epoch: Epoch,
        person: Option<UserId>,
        name: Option<String>,
    ) -> Result<Grant, Denied> {
        let footing = Footing { document: facts.document_id, epoch, person, ground };
        let standing = standing(Some(facts), &footing, self.now())?;
        Ok(Grant { footing, access: standing.access, name })
    }

    /// The name of the account if there is one, so that a token can't lend one name to another person's; else
    /// what the signer says. A signer who says nothing leaves it to the client: an id is no name.
    async fn shown_name(&self, person: UserId, claims: &Claims) -> Result<Option<String>, Denied> {
        let account = self.0.db.users().get(person).await.map_err(refusal)?.map(|user| user.name);
        Ok(account.or_else(|| claims.name.as_ref().map(|name| name.chars().take(120).collect())))
    }
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
    use crdt_store::{
        CommunityId, Db, DbOptions, DocumentId,
        communities::{MemberRole, NewCommunity, Visibility},
        documents::{NewDocument, Sharing},
        logins::NewLogin,
        users::{NewUser, Role, Suspension},
    };
    use time::Duration;

    use super::*;
    use crate::{
        auth::token::Scope,
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
        let login = NewLogin {
            id: LoginId::fresh(),
            user_id: id,
            secret_hash: id.0.as_bytes().to_vec(),
            expires_at: user.created_at + Duration::hours(1),
            user_agent: None,
        };
        let login = db.logins().create(login).await.unwrap().id;
        Principal { id: Some(id), name: user.name, role, language: user.language, means: Means::Login(login) }
    }

    fn login(who: &Principal) -> Credentials {
        Credentials { login: Some(who.clone()), token: None }
    }

    #[tokio::test]
    async fn on_an_open_server_the_nameless_write_anywhere_and_are_one() {
        let place = place(true).await;
        let nobody = Credentials::default();
        let grant = place.auth.judge(&nobody, "any/name at all").await.unwrap();
        assert_eq!((grant.access, grant.footing.person, grant.name.clone()), (Access::Write, None, None));
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
        assert_eq!((grant.footing.person, grant.name.as_deref()), (Some(person_of("alice")), Some("Alice")));
        let grant = place.auth.judge(&read, "notes").await.unwrap();
        assert_eq!((grant.access, grant.name), (Access::Read, None), "an id is no name");
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
        assert_eq!((grant.footing.person, grant.name.as_deref()), (Some(id), Some("Bruno")));
        place.db.users().set_suspended(id, Suspension::Suspended).await.unwrap();
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
        assert_eq!((grant.access, grant.footing.person, grant.name.as_deref()), (Access::Manage, awa.id, Some("Awa")));
        assert_eq!(judge(login(&david)).await.unwrap().access, Access::Read);
        assert_eq!(judge(login(&chloe)).await, Err(Denied::NotFound));
        assert_eq!(judge(Credentials::default()).await, Err(Denied::Forbidden));
        assert_eq!(place.auth.judge(&login(&awa), &format!("{name}@2")).await, Err(Denied::OldEpoch));
        assert_eq!(place.auth.judge(&login(&awa), "no such name").await, Err(Denied::NotFound));
        // A token says who and how far, whatever cookie came along.
        let both = Credentials { login: Some(awa), ..token(&place, &name, Scope::Read, "bob", None) };
        let grant = place.auth.judge(&both, &name).await.unwrap();
        assert_eq!((grant.access, grant.footing.person), (Access::Read, Some(person_of("bob"))));
    }

    #[tokio::test]
    async fn s15_what_is_judged_again_is_judged_as_at_the_door() {
        let place = place(false).await;
        let awa = person(&place.db, "Awa", Role::Agent).await;
        let new = NewDocument {
            id: DocumentId::fresh(),
            name: None,
            title: "T".to_owned(),
            community_id: None,
            visibility: Sharing::Restricted,
            created_by: awa.id,
            seed: None,
        };
        let document = place.db.documents().create(new).await.unwrap().into_document();
        let doors = [login(&awa), token(&place, &document.name, Scope::Read, "bob", None)];
        let mut grants = Vec::new();
        for door in &doors {
            grants.push(place.auth.judge(door, &document.name).await.unwrap());
        }
        // Two sessions of one person are one question with two answers.
        grants.push(grants[0].clone());
        let again = || async {
            let footings: Vec<Footing> = grants.iter().map(|grant| grant.footing).collect();
            let standings = place.auth.judge_again(&footings).await.unwrap();
            standings.into_iter().map(|standing| standing.map(|standing| standing.access)).collect::<Vec<_>>()
        };
        assert_eq!(again().await, [Ok(Access::Manage), Ok(Access::Read), Ok(Access::Manage)]);
        let Means::Login(id) = awa.means else { panic!("signed in") };
        place.db.logins().delete(id).await.unwrap();
        assert_eq!(again().await, [Err(Denied::SignedOut), Ok(Access::Read), Err(Denied::SignedOut)]);
        assert_eq!(place.auth.judge(&doors[0], &document.name).await, Err(Denied::SignedOut));
        place.db.documents().delete(document.id).await.unwrap();
        assert_eq!(again().await, [Err(Denied::NotFound); 3]);
        place.db.close().await;
        assert_eq!(place.auth.judge_again(&[grants[0].footing]).await, Err(CantTell));
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
