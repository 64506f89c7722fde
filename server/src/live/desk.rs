//! Who sits at the feed of this node: sockets by person.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crdt_store::{LoginId, UserId};
use dashmap::DashMap;

use super::{
    event::LiveEvent,
    here::Here,
    mailbox::{End, Mailbox, Post},
};
use crate::access::Role;

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk(Arc<Sockets>);

#[derive(Debug, Default)]
struct Sockets {
    by_person: DashMap<UserId, Vec<Arc<Socket>>>,
    numbers: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Socket {
    pub number: u64,
    pub login: LoginId,
    /// As it was at the last look.
    role: Mutex<Role>,
    pub mailbox: Mailbox,
}

/// A socket's place, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    person: UserId,
    socket: Arc<Socket>,
    desk: Desk,
    here: Here,
}

impl Desk {
    pub fn sit(&self, person: UserId, login: LoginId, role: Role, here: Here) -> Seat {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let socket = Arc::new(Socket::new(number, login, role));
        self.0.by_person.entry(person).or_default().push(socket.clone());
        Seat { person, socket, desk: self.clone(), here }
    }

    pub fn people(&self) -> Vec<UserId> {
        self.0.by_person.iter().map(|sockets| *sockets.key()).collect()
    }

    /// Every sign-in by which somebody sits here, once.
    pub fn logins(&self) -> Vec<LoginId> {
        let sockets = self.0.by_person.iter();
        let mut logins: Vec<LoginId> =
            sockets.flat_map(|of| of.iter().map(|socket| socket.login).collect::<Vec<_>>()).collect();
        logins.sort_unstable();
        logins.dedup();
        logins
    }

    pub fn tell_person(&self, person: UserId, event: &LiveEvent) {
        if let Some(sockets) = self.0.by_person.get(&person) {
            let text = event.text();
            for socket in sockets.iter() {
                socket.mailbox.put(&text);
            }
        }
    }

    pub fn tell_administrators(&self, event: &LiveEvent) {
        let text = event.text();
        self.each(|socket| {
            if socket.role() == Role::Administrator {
                socket.mailbox.put(&text);
            }
        });
    }

    pub fn resync(&self) {
        self.each(|socket| socket.mailbox.resync());
    }

    /// What a sign-in has come to: the role of its person, or its end.
    pub fn found(&self, standing: impl Fn(LoginId) -> Option<Result<Role, End>>) {
        self.each(|socket| match standing(socket.login) {
            None => {}
            Some(Ok(role)) => *socket.lock() = role,
            Some(Err(end)) => socket.mailbox.end(end),
        });
    }

    fn each(&self, visit: impl Fn(&Socket)) {
        for sockets in self.0.by_person.iter() {
            for socket in sockets.iter() {
                visit(socket);
            }
        }
    }
}

impl Socket {
    pub fn new(number: u64, login: LoginId, role: Role) -> Self {
        Self { number, login, role: Mutex::new(role), mailbox: Mailbox::default() }
    }

    pub fn role(&self) -> Role {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Role> {
        self.role.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Spreads what many would do at once.
    pub fn number(&self) -> u64 {
        self.socket.number
    }

    pub(super) fn person(&self) -> UserId {
        self.person
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    pub(super) async fn next(&self) -> Post {
        self.socket.mailbox.next(self.socket.number).await
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.here.leave(self.socket.number);
        if let Some(mut sockets) = self.desk.0.by_person.get_mut(&self.person) {
            sockets.retain(|socket| socket.number != self.socket.number);
        }
        self.desk.0.by_person.remove_if(&self.person, |_, sockets| sockets.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const AWA: UserId = UserId(Uuid::from_u128(1));
    const BRUNO: UserId = UserId(Uuid::from_u128(2));
    const FIRST: LoginId = LoginId(Uuid::from_u128(3));
    const SECOND: LoginId = LoginId(Uuid::from_u128(4));

    async fn kinds(seat: &Seat) -> Vec<String> {
        match seat.next().await {
            Post::Events(texts) => texts.iter().map(|text| text.to_string()).collect(),
            Post::End(end) => vec![format!("{end:?}")],
        }
    }

    #[tokio::test]
    async fn a_person_is_told_on_all_their_sockets_and_nobody_else_is() {
        let desk = Desk::default();
        let sit = |person, login, role| desk.sit(person, login, role, Here::default());
        let (one, other) = (sit(AWA, FIRST, Role::Administrator), sit(AWA, SECOND, Role::Administrator));
        let bruno = sit(BRUNO, LoginId(Uuid::from_u128(5)), Role::Agent);
        desk.tell_person(AWA, &LiveEvent::Me);
        desk.tell_administrators(&LiveEvent::Requests);
        desk.tell_person(BRUNO, &LiveEvent::Invitations);
        for seat in [&one, &other] {
            assert_eq!(kinds(seat).await, [r#"{"kind":"me"}"#, r#"{"kind":"requests"}"#]);
        }
        assert_eq!(kinds(&bruno).await, [r#"{"kind":"invitations"}"#]);
        drop((one, bruno));
        assert_eq!(desk.people(), [AWA]);
        assert_eq!(desk.logins(), [SECOND]);
    }

    #[tokio::test]
    async fn a_sign_in_that_is_over_ends_its_sockets_and_a_role_is_followed() {
        let desk = Desk::default();
        let sit = |login| desk.sit(AWA, login, Role::Agent, Here::default());
        let (one, other) = (sit(FIRST), sit(SECOND));
        desk.found(|login| Some(if login == FIRST { Err(End::SignedOut) } else { Ok(Role::Administrator) }));
        assert_eq!(kinds(&one).await, ["SignedOut"]);
        desk.tell_administrators(&LiveEvent::Requests);
        assert_eq!(kinds(&other).await, [r#"{"kind":"requests"}"#]);
    }
}
