//! The communities of the large data set: their covers, who belongs to them, and who would like to.

use std::collections::HashSet;

use crdt_store::{
    CommunityId, UserId,
    bulk::{Act, Community, Invitation, Join, Membership, Request},
    communities::{Feature, Founding, Joining, MemberRole, Model, Visibility},
};
use time::{Duration, OffsetDateTime};

use super::{
    draw::{Draw, Kind},
    lists::{FIRMS, FORMS, REGIONS, THEMES, WISHES},
    people::Crowd,
};

/// The largest has so many members.
const MEMBERS_MOST: f64 = 4_000.0;

/// A community, as far as its documents ask.
#[derive(Debug)]
pub(super) struct Place {
    pub id: CommunityId,
    pub theme: &'static str,
    pub features: Vec<Feature>,
    pub created_at: OffsetDateTime,
    pub active_at: OffsetDateTime,
    pub writers: Vec<UserId>,
}

/// What belongs to one community.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub memberships: Vec<Membership>,
    pub joins: Vec<Join>,
    pub invitations: Vec<Invitation>,
    pub acts: Vec<Act>,
    pub request: Option<Request>,
}

pub(super) struct Places<'a> {
    draw: Draw,
    now: OffsetDateTime,
    crowd: &'a Crowd,
    taken: HashSet<String>,
    acts: usize,
}

impl<'a> Places<'a> {
    pub fn new(seed: u64, now: OffsetDateTime, crowd: &'a Crowd) -> Self {
        Self { draw: Draw::new(seed), now, crowd, taken: HashSet::new(), acts: 0 }
    }

    /// A community, and all that stands around it. `known` are people who are to be in many of them.
    pub fn next(&mut self, number: usize, known: &[(UserId, u64)]) -> (Community, Place, Around) {
        let draw = &mut self.draw;
        let id = draw.community(number);
        let (theme, about) = draw.pick(&THEMES).copied().unwrap_or_default();
        let region = draw.word(&REGIONS);
        let mut name = format!("{} {theme}, {region}", draw.word(&FORMS));
        let mut edition = 1;
        while !self.taken.insert(name.clone()) {
            edition += 1;
            name = format!("{} {theme}, {region} ({edition})", draw.word(&FORMS));
        }
        let visibility = match draw.below(100) {
            0..45 => Visibility::Public,
            45..90 => Visibility::Private,
            _ => Visibility::Secret,
        };
        let joining = match (visibility, draw.percent(50)) {
            (Visibility::Secret, _) | (Visibility::Private, false) => Joining::Invitation,
            (Visibility::Private, true) | (Visibility::Public, false) => Joining::Approval,
            (Visibility::Public, true) => Joining::Open,
        };
        let model = draw.pick(Model::ALL).copied().unwrap_or(Model::Network);
        let mut features = vec![Feature::Documents];
        features.extend([Feature::Wiki, Feature::Posts, Feature::Faq].into_iter().filter(|_| draw.percent(45)));
        let age = draw.between(20, 1_090);
        let created_at = self.now - Duration::days(age) - Duration::seconds(draw.between(0, 86_399));
        let active_at =
            (self.now - Duration::days(draw.recent(age)) - Duration::seconds(draw.between(0, 80_000))).max(created_at);
        let archived_at = draw.percent(6).then_some(active_at);
        let community = Community {
            id,
            slug: format!("{}-{number}", Founding::slug(&name)),
            purpose: format!("Partager ce que nous savons sur {about} et travailler ensemble en {region}."),
            name,
            visibility,
            joining,
            model,
            features: features.clone(),
            created_at,
            archived_at,
            active_at,
        };
        let place = Place { id, theme, features, created_at, active_at, writers: Vec::new() };
        let (place, around) = self.people(number, &community, place, known);
        (community, place, around)
    }

    fn people(
        &mut self,
        number: usize,
        community: &Community,
        mut place: Place,
        known: &[(UserId, u64)],
    ) -> (Place, Around) {
        let size = self.draw.size(8.0, MEMBERS_MOST, 1.1).min(self.crowd.agents.len());
        let mut around = Around::default();
        let mut inside = HashSet::new();
        for (person, percent) in known {
            if self.draw.percent(*percent) && inside.insert(*person) {
                let role = if self.draw.percent(30) { MemberRole::Leader } else { MemberRole::Member };
                around.memberships.push(self.membership(community, *person, role, None));
            }
        }
        // One in a hundred has lost its leaders.
        let leaders = if number % 100 == 99 { 0 } else { 1 + self.draw.below(3) };
        for at in 0..size {
            let is_outsider = at >= leaders && self.draw.percent(9);
            let from = if is_outsider { &self.crowd.outsiders } else { &self.crowd.agents };
            let Some(person) = self.draw.pick(from).copied().filter(|person| !inside.contains(person)) else {
                continue;
            };
            inside.insert(person);
            let role = match self.draw.below(100) {
                _ if at < leaders => MemberRole::Leader,
                0..3 if !is_outsider => MemberRole::Moderator,
                3..18 => MemberRole::Reader,
                _ => MemberRole::Member,
            };
            // Most who come from outside come for a time, and for a few it is over.
            let days = self.draw.between(-40, 300);
            let ends = (is_outsider && self.draw.percent(70)).then(|| self.now + Duration::days(days));
            around.memberships.push(self.membership(community, person, role, ends));
        }
        place.writers =
            around.memberships.iter().filter(|one| one.role != MemberRole::Reader).map(|one| one.user).collect();
        let keeper = around.memberships.iter().find(|one| one.role == MemberRole::Leader).map(|one| one.user);
        if let Some(keeper) = keeper {
            around.request = Some(self.request(number, community, keeper));
            self.waiting(number, community, keeper, &inside, &mut around);
            self.record(community, keeper, &mut around);
        }
        (place, around)
    }

    fn membership(
        &mut self,
        community: &Community,
        user: UserId,
        role: MemberRole,
        expires_at: Option<OffsetDateTime>,
    ) -> Membership {
        let days = (self.now - community.created_at).whole_days();
        let joined_at = (self.now - Duration::days(self.draw.between(0, days))).max(community.created_at);
        Membership { community: community.id, user, role, joined_at, expires_at }
    }

    /// Who would like to join, and who was invited and has not answered.
    fn waiting(
        &mut self,
        number: usize,
        community: &Community,
        keeper: UserId,
        inside: &HashSet<UserId>,
        around: &mut Around,
    ) {
        if community.archived_at.is_some() {
            return;
        }
        let draw = &mut self.draw;
        if community.joining == Joining::Approval && draw.percent(40) {
            for at in 0..1 + draw.below(6) {
                let Some(user) = draw.pick(&self.crowd.agents).copied().filter(|user| !inside.contains(user)) else {
                    continue;
                };
                let created_at = self.now - Duration::days(draw.recent(60)) - Duration::seconds(draw.between(0, 9_999));
                let (id, message) = (draw.id(Kind::Join, number * 8 + at), draw.word(&WISHES).to_owned());
                around.joins.push(Join { id, community: community.id, user, message, created_at });
            }
        }
        if draw.percent(25) {
            for at in 0..1 + draw.below(8) {
                let (_, host) = draw.pick(&FIRMS).copied().unwrap_or_default();
                let id = draw.id(Kind::Invitation, number * 8 + at);
                let created_at =
                    self.now - Duration::days(draw.between(0, 20)) - Duration::seconds(draw.between(0, 9_999));
                around.invitations.push(Invitation {
                    id,
                    community: community.id,
                    email: format!("invite.{number}.{at}@{host}"),
                    role: if draw.percent(30) { MemberRole::Reader } else { MemberRole::Member },
                    // The hash of a secret that nobody has.
                    secret_hash: id.as_bytes().repeat(2),
                    invited_by: keeper,
                    created_at,
                    expires_at: created_at + Duration::days(30),
                });
            }
        }
    }

    /// How it was asked for; one in fifteen asks is another that waits, or was refused.
    fn request(&mut self, number: usize, community: &Community, requester: UserId) -> Request {
        let draw = &mut self.draw;
        let decider = draw.pick(&self.crowd.administrators).copied();
        let (state, decided_at, made) = match draw.below(100) {
            0..3 => ("received", None, None),
            3..5 => ("changes", Some(community.active_at), None),
            5..7 => ("refused", Some(community.active_at), None),
            _ => ("accepted", Some(community.created_at), Some(community.id)),
        };
        let created_at = match made {
            Some(_) => community.created_at - Duration::days(draw.between(1, 20)),
            None => community.active_at - Duration::days(draw.between(1, 20)),
        };
        Request {
            id: draw.id(Kind::Request, number),
            number: format!("{}-{:05}", created_at.year(), 50_000 + number),
            requester,
            state,
            name: community.name.clone(),
            purpose: community.purpose.clone(),
            decided_by: decided_at.and(decider),
            community: made,
            created_at,
            decided_at,
        }
    }

    fn record(&mut self, community: &Community, keeper: UserId, around: &mut Around) {
        let mut act = |draw: &mut Draw, at, actor, action, person| {
            self.acts += 1;
            let id = draw.id(Kind::Act, self.acts);
            Act { id, at, actor, action, community: Some(community.id), person }
        };
        let draw = &mut self.draw;
        around.acts.push(act(draw, community.created_at, keeper, "community.created", None));
        for one in around.memberships.iter().filter(|one| one.user != keeper).take(40) {
            around.acts.push(act(draw, one.joined_at, keeper, "member.joined", Some(one.user)));
        }
        if let Some(at) = community.archived_at {
            around.acts.push(act(draw, at, keeper, "community.archived", None));
        }
    }
}
