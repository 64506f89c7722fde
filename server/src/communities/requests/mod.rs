//! Requests for communities: what somebody asks for, how far it has come, and the queue of those who decide.
//!
//! The queue lies under `/admin` and is here all the same: the decision makes the community.

mod queue;
mod view;
mod write;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::State;

/// `/api/v1/requests` and `/api/v1/admin/requests`.
pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(write::list, write::begin))
        .routes(routes!(write::read, write::change, write::drop_draft))
        .routes(routes!(write::say))
        .routes(routes!(queue::list))
        .routes(routes!(queue::read))
        .routes(routes!(queue::decide))
}
