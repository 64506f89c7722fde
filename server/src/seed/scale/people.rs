//! The people of the large data set.

use std::collections::HashMap;

use crdt_store::{UserId, bulk::Person, communities::Founding, users::Role};
use time::{Duration, OffsetDateTime};

use super::{
    draw::Draw,
    lists::{FIRMS, FIRST_NAMES, LAST_NAMES, REGIONS, SERVICES},
};

/// Everybody, as far as the rest of the data set asks.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    pub agents: Vec<UserId>,
    pub outsiders: Vec<UserId>,
    pub administrators: Vec<UserId>,
}

/// Draws people one after the other; addresses are given once.
pub(super) struct People {
    draw: Draw,
    now: OffsetDateTime,
    addresses: HashMap<String, u32>,
}

impl People {
    pub fn new(seed: u64, now: OffsetDateTime) -> Self {
        Self { draw: Draw::new(seed), now, addresses: HashMap::new() }
    }

    pub fn next(&mut self, number: usize, crowd: &mut Crowd) -> Person {
        let draw = &mut self.draw;
        let id = draw.user(number);
        let (first, last) = (draw.word(&FIRST_NAMES), draw.word(&LAST_NAMES));
        let is_outsider = draw.percent(12);
        let (service, host) = match draw.pick(&FIRMS) {
            Some((firm, host)) if is_outsider => ((*firm).to_owned(), *host),
            _ => (format!("{} {}", draw.word(&SERVICES), draw.word(&REGIONS)), "exemple.gouv.fr"),
        };
        let role = match () {
            () if is_outsider => Role::Outsider,
            // One in two thousand, the first of all among them.
            () if number % 2_000 == 1 => Role::Administrator,
            () => Role::Agent,
        };
        match role {
            Role::Outsider => crowd.outsiders.push(id),
            Role::Agent => crowd.agents.push(id),
            Role::Administrator => crowd.administrators.push(id),
        }
        let before =
            |days: i64, draw: &mut Draw| self.now - Duration::days(days) - Duration::seconds(draw.between(0, 86_399));
        let age = draw.between(1, 1_100);
        let created_at = before(age, draw);
        // Three in ten were here today, most within the month, and some long ago.
        let away = if draw.percent(30) { 0 } else { draw.recent(age) };
        let last_seen_at =
            (self.now - Duration::days(away) - Duration::seconds(draw.between(0, 80_000))).max(created_at);
        let suspended_at = draw.percent(1).then_some(last_seen_at);
        let local = Founding::slug(&format!("{first} {last}")).replace('-', ".");
        let so_many = self.addresses.entry(format!("{local}@{host}")).or_default();
        *so_many += 1;
        let email = match *so_many {
            1 => format!("{local}@{host}"),
            many => format!("{local}{many}@{host}"),
        };
        let name = format!("{first} {last}");
        Person { id, name, email, role, service: Some(service), created_at, last_seen_at, suspended_at }
    }
}
