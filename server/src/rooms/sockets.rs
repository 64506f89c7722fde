//! How many sockets there are: in all, of one person, from one address.

use std::{hash::Hash, net::IpAddr, sync::Arc};

use crdt_store::UserId;
use dashmap::DashMap;
use tokio::sync::watch;

/// Counts the open sockets of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sockets {
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct Counts {
    all: watch::Sender<usize>,
    by_person: DashMap<UserId, usize>,
    by_address: DashMap<IpAddr, usize>,
    per_person: usize,
    per_address: usize,
}

/// A socket's place among them, given back when dropped.
#[derive(Debug)]
pub struct Place {
    counts: Arc<Counts>,
    person: Option<UserId>,
    address: Option<IpAddr>,
}

impl Sockets {
    /// 0 means without limit.
    pub(super) fn new(per_person: usize, per_address: usize) -> Self {
        let counts = Counts {
            all: watch::Sender::new(0),
            by_person: DashMap::new(),
            by_address: DashMap::new(),
            per_person,
            per_address,
        };
        Self { counts: Arc::new(counts) }
    }

    /// A place for one more, or nothing when that person or that address has as many as it may have. A proxy on
    /// this machine speaks for many: its address is not counted.
    pub fn enter(&self, person: Option<UserId>, address: Option<IpAddr>) -> Option<Place> {
        let address = address.filter(|address| !address.is_loopback());
        let counts = &self.counts;
        if let Some(person) = person
            && !take(&counts.by_person, person, counts.per_person)
        {
            return None;
        }
        if let Some(address) = address
            && !take(&counts.by_address, address, counts.per_address)
        {
            if let Some(person) = person {
                give_back(&counts.by_person, person);
            }
            return None;
        }
        counts.all.send_modify(|all| *all += 1);
        Some(Place { counts: counts.clone(), person, address })
    }

    /// Resolves when none is left.
    pub(super) async fn gone(&self) {
        // The sender lives as long as this does: waiting can't fail.
        let _ = self.counts.all.subscribe().wait_for(|all| *all == 0).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(person) = self.person {
            give_back(&self.counts.by_person, person);
        }
        if let Some(address) = self.address {
            give_back(&self.counts.by_address, address);
        }
        self.counts.all.send_modify(|all| *all -= 1);
    }
}

fn take<K: Eq + Hash>(counts: &DashMap<K, usize>, key: K, limit: usize) -> bool {
    let mut count = counts.entry(key).or_insert(0);
    if limit > 0 && *count >= limit {
        return false;
    }
    *count += 1;
    true
}

fn give_back<K: Eq + Hash>(counts: &DashMap<K, usize>, key: K) {
    if let Some(mut count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
    }
    counts.remove_if(&key, |_, count| *count == 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn s18_a_person_and_an_address_have_so_many_sockets_and_no_more() {
        let sockets = Sockets::new(2, 3);
        let person = Some(UserId(uuid::Uuid::from_u128(1)));
        let address = Some(IpAddr::from([10, 0, 0, 1]));
        let first = sockets.enter(person, address).unwrap();
        let _second = sockets.enter(person, address).unwrap();
        assert!(sockets.enter(person, address).is_none());
        let third = sockets.enter(None, address).unwrap();
        assert!(sockets.enter(None, address).is_none());
        drop((first, third));
        assert!(sockets.enter(person, address).is_some());
        drop(_second);
        sockets.gone().await;
        assert!(sockets.counts.by_person.is_empty() && sockets.counts.by_address.is_empty());
    }
}
