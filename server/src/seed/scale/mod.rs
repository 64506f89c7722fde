//! A data set as large as an administration: to see how pages answer, and to measure it.
//!
//! Drawn from a seed, so that it is the same each time but for the times, which count back from the moment it is laid.
//! Rows go in by batches, and what is there already stays: a laying that was cut off is finished by the next one. The
//! people of the demonstration are in it, each in communities of theirs, so that it can be looked at as one of them.

mod draw;
mod lists;
mod papers;
mod people;
mod places;

use crdt_store::{
    Db,
    bulk::{Act, Document, Invitation, Join, Membership, Request, Share},
};
use time::OffsetDateTime;

use super::{SeedError, Seeded, plant};
use crate::account::demo::{AWA, BRUNO, CHLOE, DAVID, INES, LUCIE};
use draw::Draw;
use papers::Papers;
use people::{Crowd, People};
use places::Places;

/// Where the database remembers that it was laid, and how large.
const LAID: &str = "scale_laid";
const SEED: u64 = 2_030;
const BATCH: usize = 1_000;

/// How many of each there are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    pub name: &'static str,
    pub people: usize,
    pub communities: usize,
    pub documents: usize,
}

/// As large as an administration.
pub const FULL: Scale = Scale { name: "full", people: 25_000, communities: 2_000, documents: 200_000 };
/// The same in small, for tests.
pub const SMALL: Scale = Scale { name: "small", people: 1_500, communities: 120, documents: 6_000 };

/// Lays it, unless this database has one. `say` is told how far it has come.
pub async fn lay(db: &Db, scale: Scale, now: OffsetDateTime, say: impl Fn(&str)) -> Result<Seeded, SeedError> {
    if db.settings().get(LAID).await?.is_some() {
        return Ok(Seeded::There);
    }
    plant(db, now).await?;
    let bulk = db.bulk();
    let mut crowd = Crowd::default();
    let mut people = People::new(SEED, now);
    for start in (0..scale.people).step_by(BATCH) {
        let end = (start + BATCH).min(scale.people);
        let rows: Vec<_> = (start..end).map(|number| people.next(number, &mut crowd)).collect();
        bulk.people(&rows).await?;
    }
    // Names are looked at before anybody belongs anywhere: memberships carry what they are sorted by.
    bulk.settle().await?;
    say(&format!("{} people", scale.people));

    // In how many of a hundred communities each of them is: a hundred or so at the full scale for the busiest.
    let known = [(AWA, 3), (BRUNO, 2), (INES, 1), (DAVID, 5), (LUCIE, 1), (CHLOE, 1)];
    let mut places = Places::new(SEED + 1, now, &crowd);
    let mut kept = Vec::with_capacity(scale.communities);
    let mut writer = Writer::new(db);
    for start in (0..scale.communities).step_by(BATCH) {
        let mut rows = Vec::new();
        let mut all_around = Vec::new();
        for number in start..(start + BATCH).min(scale.communities) {
            let (community, place, around) = places.next(number, &known);
            rows.push(community);
            kept.push(place);
            all_around.push(around);
        }
        bulk.communities(&rows).await?;
        for around in all_around {
            writer.memberships.extend(around.memberships);
            writer.joins.extend(around.joins);
            writer.invitations.extend(around.invitations);
            writer.acts.extend(around.acts);
            writer.requests.extend(around.request);
            writer.put_full(BATCH).await?;
        }
    }
    writer.put_full(0).await?;
    say(&format!("{} communities, {} memberships", scale.communities, writer.members));

    let mut papers = Papers::new(SEED + 2, now, &crowd)?;
    let mut sizes = Draw::new(SEED + 3);
    // One in ten is nobody's community's. The rest lie where they lie: much in a few, a little in most.
    let weights: Vec<usize> = kept.iter().map(|_| sizes.size(10.0, 3_000.0, 1.0)).collect();
    let sum: usize = weights.iter().sum::<usize>().max(1);
    let of_communities = scale.documents - scale.documents / 10;
    let mut number = 0;
    for (place, weight) in kept.iter().zip(&weights) {
        for _ in 0..(weight * of_communities).div_ceil(sum) {
            writer.document(papers.next(number, Some(place)));
            number += 1;
        }
        writer.put_full(BATCH).await?;
        if number / 20_000 > writer.told {
            writer.told = number / 20_000;
            say(&format!("{number} documents"));
        }
    }
    while number < scale.documents {
        writer.document(papers.next(number, None));
        number += 1;
        writer.put_full(BATCH).await?;
    }
    writer.put_full(0).await?;
    bulk.settle().await?;
    say(&format!("{number} documents"));
    db.settings().set(LAID, scale.name.as_bytes()).await?;
    Ok(Seeded::Laid)
}

/// Gathers rows into batches, in the order in which they refer to one another.
struct Writer {
    bulk: crdt_store::Bulk,
    memberships: Vec<Membership>,
    joins: Vec<Join>,
    invitations: Vec<Invitation>,
    requests: Vec<Request>,
    acts: Vec<Act>,
    documents: Vec<Document>,
    shares: Vec<Share>,
    members: usize,
    /// Tens of thousands of documents that were told of.
    told: usize,
}

impl Writer {
    fn new(db: &Db) -> Self {
        Self {
            bulk: db.bulk(),
            memberships: Vec::new(),
            joins: Vec::new(),
            invitations: Vec::new(),
            requests: Vec::new(),
            acts: Vec::new(),
            documents: Vec::new(),
            shares: Vec::new(),
            members: 0,
            told: 0,
        }
    }

    fn document(&mut self, made: Option<(Document, Vec<Share>)>) {
        if let Some((document, shares)) = made {
            self.documents.push(document);
            self.shares.extend(shares);
        }
    }

    /// Writes what has gathered, where it is more than so much.
    async fn put_full(&mut self, most: usize) -> Result<(), SeedError> {
        if self.memberships.len() > most {
            self.members += self.memberships.len();
            for rows in std::mem::take(&mut self.memberships).chunks(BATCH) {
                self.bulk.memberships(rows).await?;
            }
            self.bulk.joins(&std::mem::take(&mut self.joins)).await?;
            self.bulk.invitations(&std::mem::take(&mut self.invitations)).await?;
            self.bulk.requests(&std::mem::take(&mut self.requests)).await?;
            for rows in std::mem::take(&mut self.acts).chunks(BATCH) {
                self.bulk.acts(rows).await?;
            }
        }
        if self.documents.len() > most {
            for rows in std::mem::take(&mut self.documents).chunks(BATCH) {
                self.bulk.documents(rows).await?;
            }
            self.bulk.shares(&std::mem::take(&mut self.shares)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crdt_store::DbOptions;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_small_one_is_laid_once_and_is_what_it_says() {
        let file = std::env::temp_dir().join(format!("unisson-scale-{}.sqlite", Uuid::now_v7()));
        let db = Db::open(&format!("sqlite:{}", file.display()), DbOptions::default()).await.unwrap();
        db.migrate().await.unwrap();
        let tiny = Scale { name: "tiny", people: 200, communities: 20, documents: 300 };
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
        assert_eq!(lay(&db, tiny, now, |_| {}).await.unwrap(), Seeded::Laid);
        assert_eq!(lay(&db, tiny, now, |_| {}).await.unwrap(), Seeded::There);
        let people = db.users().list(None, 1_000).await.unwrap();
        assert_eq!(people.len(), 206);
        let mine = db.documents().list(crdt_store::documents::Scope::Mine, AWA, None, 100).await.unwrap();
        let some = mine.iter().find(|listed| listed.document.head_seq == 1).expect("there are some");
        let stored = db.log().load(some.document.id, 1).await.unwrap();
        let update = stored.rows[0].entries[0].bytes.clone();
        assert!(crdt_store::update::Update::parse(update).is_ok(), "it is an update");
        db.close().await;
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
    }
}
