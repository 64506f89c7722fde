//! What a request handler can reach.

use std::sync::Arc;

use axum::extract::FromRef;
use crdt_store::Db;

use crate::{
    access::Guard, auth::Auth, config::Config, http::upgrade::Budgets, live::Live, mail::Mail, rooms::Registry,
    shutdown::Shutdown, workers::Pool,
};

/// Shared by clone; one per node.
#[derive(Clone)]
pub struct State(Arc<Parts>);

/// What a [`State`] is made of.
pub struct Parts {
    pub config: Config,
    pub db: Db,
    pub auth: Auth,
    pub rooms: Registry,
    pub live: Live,
    pub mail: Mail,
    pub workers: Pool,
    pub shutdown: Shutdown,
    pub budgets: Budgets,
}

impl State {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Now, by the clock that was handed in.
    pub fn now(&self) -> time::OffsetDateTime {
        (self.0.config.clock)()
    }

    pub fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn auth(&self) -> &Auth {
        &self.0.auth
    }

    pub fn guard(&self) -> &Guard {
        self.0.auth.guard()
    }

    pub fn rooms(&self) -> &Registry {
        &self.0.rooms
    }

    /// Tells people's pages what has changed.
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// Writes letters.
    pub fn mail(&self) -> &Mail {
        &self.0.mail
    }

    /// What may come in over all sockets at once.
    pub fn budgets(&self) -> &Budgets {
        &self.0.budgets
    }

    pub fn workers(&self) -> &Pool {
        &self.0.workers
    }

    pub fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }
}

impl FromRef<State> for Auth {
    fn from_ref(state: &State) -> Self {
        state.auth().clone()
    }
}
