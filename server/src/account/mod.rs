//! The person who asks: demo sign-in, sign-out, who am I.

pub mod demo;
mod me;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::State;

/// `/auth/*` and `/api/v1/me`.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(demo::people, demo::sign_in))
        .routes(routes!(demo::sign_out))
        .routes(routes!(me::read, me::change))
}
