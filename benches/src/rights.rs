//! What it costs to look at the rights of all sessions of a node, which every node does every two seconds.
//!
//! The worst case: each session is another person, signed in, at a document of one of 200 communities.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crdt_store::{
    CommunityId, Db, DbOptions, DocumentId, LoginId, UserId,
    communities::{MemberRole, NewCommunity, Visibility},
    documents::{NewDocument, Sharing, Visit},
    logins::NewLogin,
    users::{NewUser, Role},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    postgres::Postgres,
    server::Folder,
    table::{Table, median},
    usage::Tree,
};

const COMMUNITIES: usize = 200;
const DOCUMENTS_OF_ONE: usize = 5;
const LOOKS: usize = 40;
/// As the server asks.
const QUESTION: usize = 2_000;
const AT_ONCE: usize = 8;

pub async fn table(sizes: &[usize]) -> Result<Table> {
    let mut table =
        Table::new(&["database", "sessions", "one look, ms", "CPU of the node, ms", "CPU of the database, ms"]);
    let most = sizes.iter().copied().max().unwrap_or(0);
    let folder = Folder::new("rights")?;
    let sqlite = Db::open(&format!("sqlite:{}", folder.0.join("u.sqlite").display()), DbOptions::default()).await?;
    look(&mut table, "SQLite", &sqlite, None, sizes, most).await?;
    sqlite.close().await;
    if let Some(mut postgres) = Postgres::start()? {
        let db = Db::open(&postgres.database()?, DbOptions::default()).await?;
        look(&mut table, "PostgreSQL", &db, postgres.usage(), sizes, most).await?;
        db.close().await;
    }
    Ok(table)
}

async fn look(
    table: &mut Table,
    engine: &str,
    db: &Db,
    server: Option<Tree>,
    sizes: &[usize],
    most: usize,
) -> Result<()> {
    db.migrate().await?;
    let visits = people(db, most).await?;
    let own = Tree(std::process::id());
    for size in sizes {
        let visits = visits.get(..*size).context("so many were made")?;
        let mut took = Vec::new();
        let before = (own.fine_cpu()?, server.map(Tree::fine_cpu).transpose()?);
        for _ in 0..LOOKS {
            let began = Instant::now();
            for some in visits.chunks(QUESTION) {
                db.documents().facts_for_visits(some).await?;
            }
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        let each = |spent: Duration| format!("{:.1}", spent.as_secs_f64() * 1_000.0 / LOOKS as f64);
        let of_server = match (server, before.1) {
            (Some(server), Some(before)) => each(server.fine_cpu()? - before),
            _ => "in the node's".to_owned(),
        };
        table.row(vec![
            engine.to_owned(),
            size.to_string(),
            format!("{:.1}", median(took)),
            each(own.fine_cpu()? - before.0),
            of_server,
        ]);
    }
    Ok(())
}

/// So many people who are signed in, each at a document of their community.
async fn people(db: &Db, count: usize) -> Result<Vec<Visit>> {
    let founder = person(db).await?;
    let mut places = Vec::new();
    for number in 0..COMMUNITIES {
        let community = NewCommunity {
            id: CommunityId::fresh(),
            slug: format!("c{number}"),
            name: format!("C{number}"),
            purpose: String::new(),
            visibility: Visibility::Private,
        };
        let community = db.communities().create(community, founder).await?.id;
        let mut documents = Vec::new();
        for _ in 0..DOCUMENTS_OF_ONE {
            let document = NewDocument {
                id: DocumentId::fresh(),
                name: None,
                title: "T".to_owned(),
                community_id: Some(community),
                visibility: Sharing::Inherit,
                created_by: Some(founder),
                seed: None,
            };
            documents.push(db.documents().create(document).await?.into_document().id);
        }
        places.push((community, documents));
    }
    let made = stream::iter(0..count).map(|number| {
        let (community, documents) = &places[number % COMMUNITIES];
        let document = documents[number / COMMUNITIES % DOCUMENTS_OF_ONE];
        async move {
            let user = person(db).await?;
            db.communities().add_member(*community, user, MemberRole::Member, None).await?;
            let login = NewLogin {
                id: LoginId::fresh(),
                user_id: user,
                secret_hash: user.0.as_bytes().to_vec(),
                expires_at: db.users().get(user).await?.context("made a moment ago")?.created_at + SECOND * 86_400,
                user_agent: None,
            };
            let login = db.logins().create(login).await?.id;
            Ok(Visit { document, user: Some(user), login: Some(login) })
        }
    });
    made.buffered(AT_ONCE).try_collect().await
}

const SECOND: Duration = Duration::from_secs(1);

async fn person(db: &Db) -> Result<UserId> {
    let id = UserId::fresh();
    let user = NewUser { id, name: "P".to_owned(), email: None, role: Role::Agent, language: "fr".to_owned() };
    db.users().create(user).await?;
    Ok(id)
}
