//! What becomes of a session when its right does: it may only read, it may write again, or it has to go.
//!
//! From that moment on nothing is taken from it or sent to it beyond what it still may. What the room held for it is
//! refused, so that nothing it sent is left without an answer; what it kept itself is asked for when it may write again.

use super::{
    intake::whole,
    outbox::Closing,
    room::{Aside, Room, reason},
    session::{Held, Phase, Session, SessionId},
    wire::Dialect,
};
use crate::access::{Access, Denied};

impl Room {
    pub(super) fn set_access(&mut self, id: SessionId, access: Access) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let could = session.access.may_write();
        session.access = access;
        session.right.set(access);
        if let Some(scope) = session.address.scope(access.may_write()) {
            session.send(scope);
        }
        match (could, access.may_write()) {
            (true, false) => self.refuse_what_waits(id, reason::READ_ONLY),
            (false, true) => {
                let state_vector = self.index.state_vector().encode();
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.ask(&state_vector);
                }
            }
            _ => {}
        }
    }

    /// The session's right has ended.
    pub(super) fn unseat(&mut self, id: SessionId, denied: Denied) {
        self.refuse_what_waits(id, denied.reason());
        if let Some(session) = self.sessions.get_mut(&id) {
            session.dismiss(denied);
            self.leave(id);
        }
    }

    /// The session's token is about to end, and there may be another.
    pub(super) fn renew(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id)
            && let Some(frame) = session.address.token_again()
        {
            session.send(frame);
        }
    }

    /// Parts of its messages that wait for what they build on, or for an owner's word.
    fn refuse_what_waits(&mut self, id: SessionId, why: &'static str) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.held_bytes = 0;
        for Held { update, receipt, .. } in std::mem::take(&mut session.held) {
            self.refuse(id, why, Some(whole(&update)), receipt);
        }
        let aside: Vec<Aside> = self.asides.extract_if(.., |aside| aside.by == id).collect();
        for Aside { update, receipt, .. } in aside {
            self.refuse(id, why, Some(whole(&update)), receipt);
        }
    }
}

impl Session {
    /// Sends the session away. Its socket stays for other documents, or is closed where there can be none.
    pub fn dismiss(&mut self, denied: Denied) {
        self.right.set(Access::None);
        // What was still being made for it is not sent.
        self.phase = Phase::Live;
        let frame = self.address.denied(denied.reason());
        self.outbox.push(frame);
        if self.address.dialect() == Dialect::Yjs {
            let closing = match denied {
                Denied::Expired | Denied::BadToken | Denied::SignedOut => Closing::Unauthorised,
                _ => Closing::Forbidden,
            };
            self.outbox.close(closing, denied.reason());
        }
    }
}
