//! Who is here: the people of a community who have a page of it open, on this node and on the others.
//!
//! A socket is in one place at a time. A person counts once, however many pages they have open and on however many
//! nodes. What another node said of its people holds for [`HOLDS`]; a node says it again well before, so those of one that
//! was killed go by themselves. Beside the members there are those who look at a community that they may see: they are
//! nobody's neighbours and see none, and are told when its page changes.
//!
//! Only facts are kept here; rights are judged by [`super::gather`], which also tells.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crdt_store::{CommunityId, UserId};
use time::OffsetDateTime;
use tokio::{sync::Notify, time::Instant};

use super::{desk::Socket, place::Place};
use crate::bus::NodeId;

/// How long the word of another node holds.
pub(super) const HOLDS: Duration = Duration::from_secs(20);
/// People of other nodes that are remembered here, over all communities.
const THERE_MOST: usize = 200_000;
/// People who are named; of the others it is said how many there are.
pub(super) const NAMED: usize = 8;
/// A community is told so often at most; a large one less often, so that all together hear [`TEXTS_PER_SECOND`].
const PACE: Duration = Duration::from_secs(1);
const PACE_MOST: Duration = Duration::from_secs(15);
const TEXTS_PER_SECOND: usize = 200;

/// What a person is to the community that their page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Member,
    /// Doesn't belong, and sees it. An administrator who entered it, until when.
    Onlooker {
        entered_until: Option<OffsetDateTime>,
    },
}

/// Where a socket is.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub socket: Arc<Socket>,
    pub person: UserId,
    pub community: CommunityId,
    pub slug: Arc<str>,
    pub part: Part,
    pub place: Place,
}

/// What is to be told of a community.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub community: CommunityId,
    pub slug: Arc<str>,
    pub count: usize,
    pub people: Vec<(UserId, Place)>,
}

/// People of one community, as one node tells the others.
pub(super) type Changes = Vec<(CommunityId, Vec<(UserId, Option<Place>)>)>;

/// Cheap to clone; one per node.
#[derive(Clone, Debug, Default)]
pub(super) struct Here(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    table: Mutex<Table>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Table {
    spots: HashMap<u64, Spot>,
    gatherings: HashMap<CommunityId, Gathering>,
    /// Grows with each arrival.
    arrivals: u64,
    /// Words of other nodes that hold.
    there: usize,
}

#[derive(Debug, Default)]
struct Gathering {
    people: HashMap<UserId, Person>,
    /// Of members on this node.
    sockets: HashSet<u64>,
    onlookers: HashSet<u64>,
    /// Whose place on this node the other nodes don't know yet.
    unsaid: HashSet<UserId>,
    changed: bool,
    told_at: Option<Instant>,
    text: Option<Arc<str>>,
}

#[derive(Debug)]
struct Person {
    arrived: u64,
    here: Vec<(u64, Place)>,
    there: Vec<There>,
}

#[derive(Debug)]
struct There {
    node: NodeId,
    place: Place,
    until: Instant,
}

impl Here {
    /// A socket is there from now on, and nowhere else.
    pub fn put(&self, spot: Spot) {
        self.lock().put(spot);
        self.0.bell.notify_one();
    }

    /// The socket goes about in the community it is in. False: it is not in that one.
    pub fn go_about(&self, number: u64, slug: &str, place: Place) -> bool {
        let mut table = self.lock();
        let Some(spot) = table.spots.get(&number).filter(|spot| &*spot.slug == slug) else { return false };
        if spot.place != place {
            let spot = Spot { place, ..spot.clone() };
            table.put(spot);
            drop(table);
            self.0.bell.notify_one();
        }
        true
    }

    /// What a person is to the community has changed while they were there.
    pub fn turn(&self, number: u64, community: CommunityId, part: Part) {
        let mut table = self.lock();
        if let Some(spot) = table.spots.get(&number).filter(|spot| spot.community == community && spot.part != part) {
            let spot = Spot { part, ..spot.clone() };
            table.put(spot);
            drop(table);
            self.0.bell.notify_one();
        }
    }

    pub fn leave(&self, number: u64) {
        if self.lock().leave(number) {
            self.0.bell.notify_one();
        }
    }

    /// Another node has spoken.
    pub fn hear(&self, node: NodeId, community: CommunityId, people: Vec<(UserId, Option<Place>)>, now: Instant) {
        self.lock().hear(node, community, people, now);
        self.0.bell.notify_one();
    }

    /// What other nodes said long ago holds no more.
    pub fn expire(&self, now: Instant) {
        self.lock().expire(now);
    }

    /// Something that is told with the people has changed: a name, a title.
    pub fn touch(&self, community: CommunityId) {
        if let Some(gathering) = self.lock().gatherings.get_mut(&community) {
            gathering.changed = true;
            self.0.bell.notify_one();
        }
    }

    pub async fn rung(&self) {
        self.0.bell.notified().await;
    }

    /// What the other nodes don't know yet.
    pub fn take_unsaid(&self) -> Changes {
        let mut table = self.lock();
        let gatherings = table.gatherings.iter_mut().filter(|(_, gathering)| !gathering.unsaid.is_empty());
        let changes = gatherings.map(|(community, gathering)| (*community, gathering.take_unsaid())).collect();
        table.tidy();
        changes
    }

    /// Everybody on this node.
    pub fn everybody(&self) -> Changes {
        let table = self.lock();
        let of = table.gatherings.iter().map(|(community, gathering)| {
            let here = gathering.people.iter().filter_map(|(id, person)| Some((*id, Some(person.place_here()?))));
            (*community, here.collect::<Vec<_>>())
        });
        of.filter(|(_, people)| !people.is_empty()).collect()
    }

    /// When the next community is to be told.
    pub fn next_due(&self, now: Instant) -> Option<Instant> {
        let table = self.lock();
        table.gatherings.values().filter(|gathering| gathering.waits()).map(|gathering| gathering.due_at(now)).min()
    }

    /// The communities whose turn it is, and which count as told from now on.
    pub fn take_due(&self, now: Instant) -> Vec<Due> {
        let mut table = self.lock();
        let Table { gatherings, spots, .. } = &mut *table;
        let due = gatherings.iter_mut().filter(|(_, gathering)| gathering.waits() && gathering.due_at(now) <= now);
        due.filter_map(|(community, gathering)| {
            (gathering.changed, gathering.told_at) = (false, Some(now));
            let slug = gathering.sockets.iter().find_map(|number| spots.get(number))?.slug.clone();
            Some(Due { community: *community, slug, count: gathering.people.len(), people: gathering.named() })
        })
        .collect()
    }

    /// Says it to every member's page of the community.
    pub fn tell(&self, community: CommunityId, text: &Arc<str>) {
        let mut table = self.lock();
        let Table { gatherings, spots, .. } = &mut *table;
        let Some(gathering) = gatherings.get_mut(&community) else { return };
        if gathering.text.as_ref() == Some(text) {
            return;
        }
        gathering.text = Some(text.clone());
        for spot in gathering.sockets.iter().filter_map(|number| spots.get(number)) {
            spot.socket.mailbox.put_here(Some(text.clone()));
        }
    }

    /// All that is somewhere.
    pub fn spots(&self) -> Vec<Spot> {
        self.lock().spots.values().cloned().collect()
    }

    pub fn spots_of(&self, person: UserId) -> Vec<Spot> {
        self.lock().spots.values().filter(|spot| spot.person == person).cloned().collect()
    }

    pub fn spots_in(&self, community: CommunityId) -> Vec<Spot> {
        let table = self.lock();
        let Some(gathering) = table.gatherings.get(&community) else { return Vec::new() };
        let numbers = gathering.sockets.iter().chain(&gathering.onlookers);
        numbers.filter_map(|number| table.spots.get(number).cloned()).collect()
    }

    pub fn onlookers(&self, community: CommunityId) -> Vec<Spot> {
        let table = self.lock();
        let Some(gathering) = table.gatherings.get(&community) else { return Vec::new() };
        gathering.onlookers.iter().filter_map(|number| table.spots.get(number).cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn put(&mut self, spot: Spot) {
        let (number, community) = (spot.socket.number, spot.community);
        let stays = self.spots.get(&number).is_some_and(|was| was.community == community && was.part == spot.part);
        if !stays {
            self.leave(number);
        }
        self.arrivals += 1;
        let gathering = self.gatherings.entry(community).or_default();
        match spot.part {
            Part::Onlooker { .. } => {
                gathering.onlookers.insert(number);
            }
            Part::Member => {
                let person = gathering.people.entry(spot.person).or_insert_with(|| Person::new(self.arrivals));
                person.here.retain(|(socket, _)| *socket != number);
                person.here.push((number, spot.place));
                gathering.unsaid.insert(spot.person);
                gathering.changed = true;
                // Whoever comes needn't wait for the community's turn.
                if gathering.sockets.insert(number)
                    && let Some(text) = &gathering.text
                {
                    spot.socket.mailbox.put_here(Some(text.clone()));
                }
            }
        }
        self.spots.insert(number, spot);
    }

    /// False: it was nowhere.
    fn leave(&mut self, number: u64) -> bool {
        let Some(spot) = self.spots.remove(&number) else { return false };
        spot.socket.mailbox.put_here(None);
        if let Some(gathering) = self.gatherings.get_mut(&spot.community) {
            gathering.onlookers.remove(&number);
            if gathering.sockets.remove(&number) {
                gathering.changed = true;
                gathering.unsaid.insert(spot.person);
                if let Entry::Occupied(mut person) = gathering.people.entry(spot.person) {
                    person.get_mut().here.retain(|(socket, _)| *socket != number);
                    if person.get().is_gone() {
                        person.remove();
                    }
                }
            }
        }
        true
    }

    fn hear(&mut self, node: NodeId, community: CommunityId, people: Vec<(UserId, Option<Place>)>, now: Instant) {
        for (id, place) in people {
            let Some(place) = place else {
                if let Some(gathering) = self.gatherings.get_mut(&community) {
                    self.there -= gathering.forget(id, |there| there.node == node);
                }
                continue;
            };
            if self.there >= THERE_MOST {
                continue;
            }
            self.arrivals += 1;
            let gathering = self.gatherings.entry(community).or_default();
            let person = gathering.people.entry(id).or_insert_with(|| Person::new(self.arrivals));
            let until = now + HOLDS;
            match person.there.iter_mut().find(|there| there.node == node) {
                Some(there) => {
                    gathering.changed |= there.place != place;
                    (there.place, there.until) = (place, until);
                }
                None => {
                    person.there.push(There { node, place, until });
                    gathering.changed = true;
                    self.there += 1;
                }
            }
        }
        self.tidy();
    }

    fn expire(&mut self, now: Instant) {
        for gathering in self.gatherings.values_mut() {
            let away =
                gathering.people.iter().filter(|(_, person)| person.there.iter().any(|there| there.until <= now));
            for id in away.map(|(id, _)| *id).collect::<Vec<_>>() {
                self.there -= gathering.forget(id, |there| there.until <= now);
            }
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        self.gatherings.retain(|_, gathering| !gathering.is_over());
    }
}

impl Gathering {
    /// How many words of other nodes about a person were forgotten.
    fn forget(&mut self, id: UserId, gone: impl Fn(&There) -> bool) -> usize {
        let Entry::Occupied(mut person) = self.people.entry(id) else { return 0 };
        let before = person.get().there.len();
        person.get_mut().there.retain(|there| !gone(there));
        let forgotten = before - person.get().there.len();
        if person.get().is_gone() {
            person.remove();
        }
        self.changed |= forgotten > 0;
        forgotten
    }

    fn take_unsaid(&mut self) -> Vec<(UserId, Option<Place>)> {
        let unsaid = std::mem::take(&mut self.unsaid).into_iter();
        unsaid.map(|id| (id, self.people.get(&id).and_then(Person::place_here))).collect()
    }

    /// Somebody here is to be told something.
    fn waits(&self) -> bool {
        self.changed && !self.sockets.is_empty()
    }

    fn due_at(&self, now: Instant) -> Instant {
        self.told_at.map_or(now, |told_at| told_at + pace(self.sockets.len()))
    }

    /// Those who are named: who writes first, then in the order in which they came.
    fn named(&self) -> Vec<(UserId, Place)> {
        let mut people: Vec<_> = self.people.iter().map(|(id, person)| (person.place(), person.arrived, *id)).collect();
        let order = |(place, arrived, id): &(Place, u64, UserId)| (place.rank(), *arrived, *id);
        if people.len() > NAMED {
            people.select_nth_unstable_by_key(NAMED, order);
            people.truncate(NAMED);
        }
        people.sort_unstable_by_key(order);
        people.into_iter().map(|(place, _, id)| (id, place)).collect()
    }

    fn is_over(&self) -> bool {
        self.people.is_empty() && self.onlookers.is_empty() && self.unsaid.is_empty()
    }
}

impl Person {
    fn new(arrived: u64) -> Self {
        Self { arrived, here: Vec::new(), there: Vec::new() }
    }

    fn is_gone(&self) -> bool {
        self.here.is_empty() && self.there.is_empty()
    }

    fn place_here(&self) -> Option<Place> {
        // Of two pages that are worth the same the latest.
        self.here.iter().rev().map(|(_, place)| *place).min_by_key(|place| place.rank())
    }

    fn place(&self) -> Place {
        let there = self.there.iter().map(|there| there.place);
        self.place_here().into_iter().chain(there).min_by_key(|place| place.rank()).unwrap_or_default()
    }
}

fn pace(sockets: usize) -> Duration {
    let share = u32::try_from(sockets / TEXTS_PER_SECOND).unwrap_or(u32::MAX);
    PACE.saturating_mul(share).clamp(PACE, PACE_MOST)
}

#[cfg(test)]
mod tests {
    use crdt_store::{DocumentId, LoginId, users::Role};
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;
    use crate::live::{mailbox::Post, place::View};

    const COMMUNITY: CommunityId = CommunityId(Uuid::from_u128(100));
    const NODE: NodeId = Uuid::from_u128(200);

    fn person(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    fn writing() -> Place {
        Place::new(View::Document, Some(DocumentId(Uuid::from_u128(9))), true)
    }

    fn spot(number: u64, who: u128, place: Place) -> Spot {
        let socket = Arc::new(Socket::new(number, LoginId(Uuid::from_u128(1)), Role::Agent));
        let (person, slug) = (person(who), Arc::from("c"));
        Spot { socket, person, community: COMMUNITY, slug, part: Part::Member, place }
    }

    fn onlooker(number: u64, who: u128) -> Spot {
        Spot { part: Part::Onlooker { entered_until: None }, ..spot(number, who, Place::of(View::Overview)) }
    }

    /// How many are here, and who is named.
    fn told(here: &Here, now: Instant) -> Option<(usize, Vec<UserId>)> {
        let mut due = here.take_due(now);
        assert!(due.len() <= 1);
        due.pop().map(|due| (due.count, due.people.into_iter().map(|(id, _)| id).collect()))
    }

    fn texts(spot: &Spot) -> Vec<String> {
        match spot.socket.mailbox.next(0).now_or_never() {
            Some(Post::Events(texts)) => texts.iter().map(|text| text.to_string()).collect(),
            _ => Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_person_counts_once_and_goes_with_their_last_page() {
        let (here, mut now) = (Here::default(), Instant::now());
        here.put(spot(1, 1, Place::of(View::Overview)));
        here.put(spot(2, 1, writing()));
        here.put(spot(3, 2, Place::of(View::Faq)));
        assert_eq!(told(&here, now), Some((2, vec![person(1), person(2)])));
        now += PACE;
        here.leave(1);
        here.leave(3);
        assert_eq!(told(&here, now), Some((1, vec![person(1)])));
        here.leave(2);
        assert_eq!(told(&here, now + PACE), None, "nobody is here to be told");
        here.take_unsaid();
        let table = here.lock();
        assert!(table.gatherings.is_empty() && table.spots.is_empty());
    }

    #[tokio::test]
    async fn who_writes_is_named_first_and_beyond_a_few_people_they_are_counted() {
        let (here, now) = (Here::default(), Instant::now());
        for number in 1..=20 {
            here.put(spot(number, u128::from(number), Place::of(View::Overview)));
        }
        assert!(here.go_about(17, "c", writing()));
        assert!(!here.go_about(17, "another", writing()));
        let (count, named) = told(&here, now).unwrap();
        assert_eq!((count, named.len()), (20, NAMED));
        assert_eq!(named[..3], [person(17), person(1), person(2)]);
    }

    #[tokio::test]
    async fn a_community_is_told_at_its_pace_and_whoever_comes_hears_the_latest_at_once() {
        let (here, now) = (Here::default(), Instant::now());
        here.put(spot(1, 1, Place::default()));
        assert_eq!(here.next_due(now), Some(now));
        assert!(told(&here, now).is_some());
        here.tell(COMMUNITY, &Arc::from("one"));
        here.put(spot(2, 2, Place::default()));
        assert_eq!((told(&here, now), here.next_due(now)), (None, Some(now + PACE)));
        let late = spot(3, 3, Place::default());
        here.put(late.clone());
        assert_eq!(texts(&late), ["one"]);
        assert!(told(&here, now + PACE).is_some());
        here.tell(COMMUNITY, &Arc::from("three"));
        here.leave(3);
        assert_eq!(texts(&late), Vec::<String>::new(), "who has gone is not told what waited for them");
        assert_eq!((pace(1), pace(1_000), pace(10_000)), (PACE, PACE * 5, PACE_MOST));
    }

    #[tokio::test]
    async fn people_of_another_node_go_when_it_says_so_and_by_themselves_when_it_says_nothing() {
        let (here, mut now) = (Here::default(), Instant::now());
        here.put(spot(1, 1, Place::default()));
        let all = [1, 2, 3].map(|who| (person(who), Some(Place::default())));
        here.hear(NODE, COMMUNITY, all.to_vec(), now);
        assert_eq!(told(&here, now).unwrap().0, 3, "who is on both nodes counts once");
        now += PACE;
        here.hear(NODE, COMMUNITY, vec![(person(2), None)], now);
        assert_eq!(told(&here, now).unwrap().0, 2);
        now += HOLDS - PACE * 2;
        here.hear(NODE, COMMUNITY, vec![all[0]], now);
        here.expire(now + PACE);
        assert_eq!(told(&here, now + PACE).unwrap().1, [person(1)]);
        here.leave(1);
        assert_eq!(here.lock().there, 1, "they are still on the other");
        here.expire(now + HOLDS);
        here.take_unsaid();
        let table = here.lock();
        assert_eq!((table.there, table.gatherings.len()), (0, 0));
    }

    #[tokio::test]
    async fn the_other_nodes_are_told_what_changed_and_all_of_it_now_and_then() {
        let here = Here::default();
        here.put(spot(1, 1, Place::of(View::Wiki)));
        here.put(onlooker(2, 2));
        let first = vec![(COMMUNITY, vec![(person(1), Some(Place::of(View::Wiki)))])];
        assert_eq!(here.take_unsaid(), first);
        assert_eq!((here.take_unsaid(), here.everybody()), (vec![], first));
        here.leave(1);
        assert_eq!(here.take_unsaid(), [(COMMUNITY, vec![(person(1), None)])]);
        assert_eq!(here.everybody(), []);
    }

    #[tokio::test]
    async fn whoever_looks_on_is_neither_seen_nor_told_and_may_become_a_member_and_back() {
        let (here, now) = (Here::default(), Instant::now());
        let looks = onlooker(2, 2);
        here.put(spot(1, 1, Place::default()));
        here.put(looks.clone());
        assert_eq!(told(&here, now), Some((1, vec![person(1)])));
        here.tell(COMMUNITY, &Arc::from("one"));
        assert_eq!(texts(&looks), Vec::<String>::new());
        assert_eq!(here.onlookers(COMMUNITY).len(), 1);
        here.turn(2, COMMUNITY, Part::Member);
        assert_eq!((here.onlookers(COMMUNITY).len(), told(&here, now + PACE).unwrap().0), (0, 2));
        here.turn(2, COMMUNITY, Part::Onlooker { entered_until: None });
        assert_eq!((here.onlookers(COMMUNITY).len(), told(&here, now + PACE * 2).unwrap().0), (1, 1));
    }

    #[tokio::test]
    async fn words_of_other_nodes_have_a_bound() {
        let (here, now) = (Here::default(), Instant::now());
        for part in 0..(THERE_MOST as u128 / 1_000 + 5) {
            let people = (0..1_000).map(|who| (person(part * 1_000 + who), Some(Place::default())));
            here.hear(NODE, COMMUNITY, people.collect(), now);
        }
        assert_eq!(here.lock().there, THERE_MOST);
    }
}
