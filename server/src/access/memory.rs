//! Facts that were looked up a moment ago: a page asks about one document several times, and a decision from memory
//! costs a microsecond where a question to the database costs a few hundred.
//!
//! Nothing here is older than [`LASTS`], counted from before it was asked for, and whatever a node says or hears over
//! the feed about a person, a community or a document is forgotten at that moment. What a right comes to is judged each
//! time anew, so that an end is an end. Open sessions don't come here: they are looked at by [`crate::access::Judge`].

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crdt_store::{CommunityId, DocumentId, UserId, documents::AccessFacts};

/// How long facts are believed.
pub(super) const LASTS: Duration = Duration::from_secs(1);
const SHELVES: usize = 16;
/// Facts on one shelf; a full one is emptied.
const SHELF_MOST: usize = 512;

type Key = (DocumentId, Option<UserId>);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Memory(Arc<Shelves>);

#[derive(Debug)]
struct Shelves {
    shelves: [Mutex<HashMap<Key, Known>>; SHELVES],
    hasher: RandomState,
}

#[derive(Debug)]
struct Known {
    since: Instant,
    /// `None`: there is no such document.
    facts: Option<AccessFacts>,
}

impl Memory {
    pub fn new() -> Self {
        let shelves = std::array::from_fn(|_| Mutex::default());
        Self(Arc::new(Shelves { shelves, hasher: RandomState::new() }))
    }

    /// What is made of the facts, if they are known and fresh.
    pub fn recall<T>(&self, key: Key, now: Instant, judge: impl FnOnce(Option<&AccessFacts>) -> T) -> Option<T> {
        let shelf = self.shelf(&key);
        let known = shelf.get(&key).filter(|known| now.saturating_duration_since(known.since) < LASTS)?;
        Some(judge(known.facts.as_ref()))
    }

    /// Keeps facts that were asked for at `since`.
    pub fn keep(&self, key: Key, since: Instant, facts: Option<AccessFacts>) {
        let mut shelf = self.shelf(&key);
        if shelf.len() >= SHELF_MOST {
            shelf.clear();
        }
        shelf.insert(key, Known { since, facts });
    }

    pub fn forget_person(&self, person: UserId) {
        self.retain(|(_, user), _| *user != Some(person));
    }

    pub fn forget_document(&self, document: DocumentId) {
        self.retain(|(of, _), _| *of != document);
    }

    pub fn forget_community(&self, community: CommunityId) {
        self.retain(|_, known| known.facts.as_ref().and_then(|facts| facts.community_id) != Some(community));
    }

    pub fn forget_all(&self) {
        self.retain(|_, _| false);
    }

    fn retain(&self, stays: impl Fn(&Key, &Known) -> bool) {
        for shelf in &self.0.shelves {
            let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.retain(|key, known| stays(key, known));
        }
    }

    fn shelf(&self, key: &Key) -> MutexGuard<'_, HashMap<Key, Known>> {
        let at = (self.0.hasher.hash_one(key) % SHELVES as u64) as usize;
        let [first, ..] = &self.0.shelves;
        self.0.shelves.get(at).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const DOCUMENT: DocumentId = DocumentId(Uuid::from_u128(1));
    const AWA: Option<UserId> = Some(UserId(Uuid::from_u128(2)));
    const BRUNO: Option<UserId> = Some(UserId(Uuid::from_u128(3)));

    fn knows(memory: &Memory, key: Key, now: Instant) -> bool {
        memory.recall(key, now, |_| ()).is_some()
    }

    #[test]
    fn facts_are_believed_for_a_moment_and_forgotten_when_something_is_said_of_them() {
        let memory = Memory::new();
        let now = Instant::now();
        let community = CommunityId(Uuid::from_u128(4));
        let mut facts = crate::access::guard::tests::facts();
        facts.community_id = Some(community);
        let keep = || {
            memory.keep((DOCUMENT, AWA), now, Some(facts.clone()));
            memory.keep((DOCUMENT, BRUNO), now, None);
        };
        let known = |at| (knows(&memory, (DOCUMENT, AWA), at), knows(&memory, (DOCUMENT, BRUNO), at));
        keep();
        assert_eq!(known(now), (true, true));
        assert_eq!(known(now + LASTS), (false, false));
        memory.forget_person(UserId(Uuid::from_u128(2)));
        assert_eq!(known(now), (false, true));
        keep();
        memory.forget_community(community);
        assert_eq!(known(now), (false, true));
        keep();
        memory.forget_document(DocumentId(Uuid::from_u128(9)));
        assert_eq!(known(now), (true, true));
        memory.forget_document(DOCUMENT);
        assert_eq!(known(now), (false, false));
    }

    #[test]
    fn it_has_a_bound() {
        let memory = Memory::new();
        let now = Instant::now();
        for number in 0..100_000 {
            memory.keep((DocumentId(Uuid::from_u128(number)), AWA), now, None);
        }
        let kept: usize = memory.0.shelves.iter().map(|shelf| shelf.lock().unwrap().len()).sum();
        assert!(kept <= SHELVES * SHELF_MOST && kept > 0);
    }
}
