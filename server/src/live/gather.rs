//! Tells the members of a community who is here: judges where sockets say they are, tells the other nodes, and tells the
//! members' pages.
//!
//! A place counts for those who belong to the community at that moment: it is judged when it is said, when the feed speaks
//! of the person, and every two seconds with the sign-ins ([`super::watch`]). Names and titles are asked for when they are
//! told, of members alone and of what all members may read, so that one text is right for all of them.

use std::{sync::Arc, time::Duration};

use crdt_store::{CommunityId, DocumentId, StoreError, UserId, communities::Visibility, users::Role};
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::{
    Audience, Live, LiveEvent,
    desk::{Seat, Socket},
    event::Word,
    here::{Due, Part, Spot},
    place::{Place, Said, Told, View},
};
use crate::{
    access::{Access, Denied, Means, Principal},
    bus::{Envelope, HERE, Heard, News},
    shutdown::Shutdown,
};

/// Other nodes are told of everybody here so often, and what they said is looked at: whom one had that was killed is gone
/// within this and [`super::here::HOLDS`].
const REPEAT_EVERY: Duration = Duration::from_secs(6);
/// What happens meanwhile is told together.
const TOGETHER: Duration = Duration::from_millis(100);
/// People in one envelope, places in one question.
const PART_OF: usize = 500;
/// Whoever asks again and again who is here is answered so often.
const ANSWER_EVERY: Duration = Duration::from_secs(1);

/// What a page is told.
#[derive(Serialize)]
struct HereText<'a> {
    kind: &'static str,
    community: &'a str,
    count: usize,
    people: Vec<HereNow<'a>>,
}

#[derive(Serialize)]
struct HereNow<'a> {
    id: UserId,
    name: &'a str,
    outsider: bool,
    #[serde(flatten)]
    place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

/// Until the node ends.
pub(super) async fn gather(live: Live, shutdown: Shutdown) {
    let mut repeat = interval(REPEAT_EVERY);
    repeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    live.say(&Told::Hello);
    loop {
        let due = live.0.here.next_due(Instant::now());
        tokio::select! {
            () = shutdown.ended() => return,
            () = live.0.here.rung() => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            _ = repeat.tick() => {
                live.0.here.expire(Instant::now());
                live.say_everybody();
            }
        }
        for (community, people) in live.0.here.take_unsaid() {
            live.say_people(community, people);
        }
        let due = live.0.here.take_due(Instant::now());
        for some in due.chunks(PART_OF / super::here::NAMED) {
            if let Err(error) = live.tell_here(some).await {
                tracing::debug!(%error, "live.gather can't ask who is here");
                some.iter().for_each(|due| live.0.here.touch(due.community));
            }
        }
        tokio::select! {
            () = shutdown.ended() => return,
            () = sleep(TOGETHER) => {}
        }
    }
}

impl Live {
    /// A socket has said where it is, or that it is nowhere.
    pub(super) async fn said(&self, seat: &Seat, said: Said) {
        let Said::At { community, place } = said else {
            if said == Said::Away {
                self.0.here.leave(seat.number());
            }
            return;
        };
        let who = principal(seat.person(), seat.socket());
        let place = self.judge_place(&who, place).await;
        if self.0.here.go_about(seat.number(), &community, place) {
            return;
        }
        match self.part(&who, &community).await {
            Ok((id, part)) => {
                let slug = community.into();
                let (socket, person) = (seat.socket().clone(), seat.person());
                self.0.here.put(Spot { socket, person, community: id, slug, part, place });
            }
            Err(_) => self.0.here.leave(seat.number()),
        }
    }

    /// What a person is to a community, if they may know of it.
    async fn part(&self, who: &Principal, slug: &str) -> Result<(CommunityId, Part), Denied> {
        let (met, access) = self.0.guard.community(who, slug, Access::None).await?;
        let id = met.community.id;
        if met.role.is_some() {
            return Ok((id, Part::Member));
        }
        let by_entry = met.community.visibility != Visibility::Public && access > Access::None;
        let entered_until = match who.id {
            Some(person) if by_entry => {
                self.0.db.entries().lasts_until(id, person).await.map_err(|_| Denied::Unavailable)?
            }
            _ => None,
        };
        Ok((id, Part::Onlooker { entered_until }))
    }

    /// A document is named where the person may read it, and written in where they may write.
    async fn judge_place(&self, who: &Principal, place: Place) -> Place {
        let Some(document) = place.document else { return place };
        match self.0.guard.document(who, document, Access::Read).await {
            Ok(access) => Place { writing: place.writing && access >= Access::Comment, ..place },
            Err(_) => Place::of(View::Documents),
        }
    }

    /// Looks again at what people are to the communities they are in.
    async fn judge_again(&self, spots: Vec<Spot>) {
        for spot in spots {
            let who = principal(spot.person, &spot.socket);
            match self.part(&who, &spot.slug).await {
                Ok((id, part)) if id == spot.community => self.0.here.turn(spot.socket.number, id, part),
                Err(Denied::Unavailable) => {}
                Ok(_) | Err(_) => self.send_away(&spot),
            }
        }
    }

    /// Whoever sees a community no more is told to look once, which tells them so.
    fn send_away(&self, spot: &Spot) {
        self.0.here.leave(spot.socket.number);
        spot.socket.mailbox.put(&community_event(spot).text());
    }

    /// Looks at all of them, in one question for many.
    pub(super) async fn look_at_places(&self) -> Result<(), StoreError> {
        let spots = self.0.here.spots();
        self.look_at_members(&spots).await?;
        let mut watched: Vec<CommunityId> =
            spots.iter().filter(|spot| spot.part != Part::Member).map(|spot| spot.community).collect();
        watched.sort_unstable();
        watched.dedup();
        for some in watched.chunks(PART_OF) {
            self.look_on(some, |_, _| {}).await?;
        }
        Ok(())
    }

    /// Those who belong and were taken for onlookers, or the other way round, are judged again.
    async fn look_at_members(&self, spots: &[Spot]) -> Result<(), StoreError> {
        for some in spots.chunks(PART_OF) {
            let pairs: Vec<_> = some.iter().map(|spot| (spot.community, spot.person)).collect();
            let faces = self.0.db.feeds().faces(&pairs).await?;
            let odd = some.iter().zip(faces).filter(|(spot, face)| (spot.part == Part::Member) != face.is_some());
            self.judge_again(odd.map(|(spot, _)| spot.clone()).collect()).await;
        }
        Ok(())
    }

    /// What was said over the feed concerns those who are here as well: a right, a name, a title.
    pub(super) async fn heed(&self, words: &[Word]) -> Result<(), StoreError> {
        let mut communities: Vec<CommunityId> = Vec::new();
        // First who may still be told, then what there is to tell.
        for word in words {
            match (word.to, &word.event) {
                (_, LiveEvent::News) => {}
                (Audience::Person(person), _) => {
                    let spots = self.0.here.spots_of(person);
                    communities.extend(spots.iter().map(|spot| spot.community));
                    self.judge_again(spots).await;
                }
                (Audience::Community(community), event) => {
                    if matches!(event, LiveEvent::Members { .. }) {
                        self.look_at_members(&self.0.here.spots_in(community)).await?;
                    }
                    communities.push(community);
                }
                (Audience::Administrators, _) => {}
            }
        }
        communities.sort_unstable();
        communities.dedup();
        communities.iter().for_each(|community| self.0.here.touch(*community));
        let told = |spot: &Spot, access: Access| {
            for word in words.iter().filter(|word| word.to == Audience::Community(spot.community)) {
                let for_them = match word.event {
                    LiveEvent::Community { .. } => true,
                    LiveEvent::Documents { .. } => access >= Access::Read,
                    _ => false,
                };
                if for_them {
                    spot.socket.mailbox.put(&word.event.text());
                }
            }
        };
        self.look_on(&communities, told).await
    }

    /// Those who look at these communities without belonging, each with their right; who sees one no more is sent away.
    async fn look_on(&self, communities: &[CommunityId], see: impl Fn(&Spot, Access)) -> Result<(), StoreError> {
        let watched: Vec<(CommunityId, Vec<Spot>)> = communities
            .iter()
            .map(|community| (*community, self.0.here.onlookers(*community)))
            .filter(|(_, onlookers)| !onlookers.is_empty())
            .collect();
        if watched.is_empty() {
            return Ok(());
        }
        let ids: Vec<CommunityId> = watched.iter().map(|(community, _)| *community).collect();
        let visibilities = self.0.db.feeds().visibilities(&ids).await?;
        for ((_, onlookers), visibility) in watched.iter().zip(visibilities) {
            for spot in onlookers {
                match visibility.and_then(|visibility| self.sees(spot, visibility)) {
                    Some(access) => see(spot, access),
                    None => self.send_away(spot),
                }
            }
        }
        Ok(())
    }

    /// The right of somebody who doesn't belong; `None` where they may not know of it.
    fn sees(&self, spot: &Spot, visibility: Visibility) -> Option<Access> {
        let entered_until = match spot.part {
            Part::Onlooker { entered_until } => entered_until,
            Part::Member => None,
        };
        self.0.guard.onlooker(spot.socket.role(), visibility, entered_until)
    }

    /// Names them, and tells the pages of their communities.
    async fn tell_here(&self, due: &[Due]) -> Result<(), StoreError> {
        let named: Vec<(CommunityId, UserId)> =
            due.iter().flat_map(|due| due.people.iter().map(|(person, _)| (due.community, *person))).collect();
        let documents: Vec<DocumentId> =
            due.iter().flat_map(|due| due.people.iter().filter_map(|(_, place)| place.document)).collect();
        let faces = self.0.db.feeds().faces(&named).await?;
        let titles = if documents.is_empty() { Vec::new() } else { self.0.db.feeds().titles(&documents).await? };
        let (mut faces, mut titles) = (faces.iter(), titles.iter());
        for due in due {
            let mut text = HereText { kind: "here", community: &due.slug, count: due.count, people: Vec::new() };
            for (id, place) in &due.people {
                let face = faces.next().and_then(Option::as_ref);
                let titled = place.document.and_then(|_| titles.next()).and_then(Option::as_ref);
                let Some(face) = face else {
                    // Their own node is about to notice.
                    text.count = text.count.saturating_sub(1);
                    continue;
                };
                let title = titled.filter(|titled| titled.community_id == due.community).map(|titled| &*titled.title);
                let hidden = place.document.is_some() && title.is_none();
                let place = if hidden { Place::of(View::Documents) } else { *place };
                let outsider = face.role == Role::Outsider;
                text.people.push(HereNow { id: *id, name: &face.name, outsider, place, title });
            }
            if let Ok(text) = serde_json::to_string(&text) {
                self.0.here.tell(due.community, &Arc::from(text));
            }
        }
        Ok(())
    }

    fn say_everybody(&self) {
        if self.0.bus.has_listeners() {
            for (community, people) in self.0.here.everybody() {
                self.say_people(community, people);
            }
        }
    }

    fn say_people(&self, community: CommunityId, people: Vec<(UserId, Option<Place>)>) {
        for some in people.chunks(PART_OF) {
            self.say(&Told::People { community, people: some.to_vec() });
        }
    }

    fn say(&self, told: &Told) {
        if self.0.bus.has_listeners()
            && let Ok(text) = serde_json::to_string(told)
        {
            self.0.bus.publish(HERE, Envelope::encode(self.0.bus.node(), &[News::Notify(text.into())]));
        }
    }

    /// Called on the bus's own task.
    pub(super) fn hear_of_people(&self, heard: Heard) {
        match heard {
            Heard::Back => {
                self.say(&Told::Hello);
                self.say_everybody();
            }
            Heard::Envelope(envelope) => {
                for news in envelope.news {
                    let News::Notify(text) = news else { continue };
                    match serde_json::from_str(&text) {
                        Ok(Told::Hello) if self.may_answer() => self.say_everybody(),
                        Ok(Told::People { community, people }) => {
                            self.0.here.hear(envelope.from, community, people, Instant::now());
                        }
                        // Answered a moment ago, or of a later release.
                        Ok(Told::Hello) | Err(_) => {}
                    }
                }
            }
        }
    }

    fn may_answer(&self) -> bool {
        let mut last = self.0.answered_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        let may = last.is_none_or(|last| now.duration_since(last) >= ANSWER_EVERY);
        if may {
            *last = Some(now);
        }
        may
    }
}

fn community_event(spot: &Spot) -> LiveEvent {
    LiveEvent::Community { id: spot.community.0, slug: spot.slug.to_string() }
}

/// A person at a socket, whose sign-in is looked at by others.
fn principal(person: UserId, socket: &Socket) -> Principal {
    let (role, means) = (socket.role(), Means::Login(socket.login));
    Principal { id: Some(person), name: String::new(), role, language: String::new(), means }
}
