//! Administration: figures, people, communities, what was done, what the instance says of itself.
//!
//! Everything here is for those who run the instance ([`crate::access::Guard::instance`]); each act of theirs is recorded
//! by the use case that does it. The queue of requests is with the communities, which its decisions make.

mod audit;
mod communities;
mod instance;
mod overview;
mod people;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::State;

/// `/api/v1/admin`.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(overview::read))
        .routes(routes!(instance::read, instance::change))
        .routes(routes!(people::list))
        .routes(routes!(people::read, people::change))
        .routes(routes!(communities::list))
        .routes(routes!(communities::enter))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
}
