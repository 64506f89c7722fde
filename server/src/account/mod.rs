//! The person who asks: how they sign in and out, who they are, their sign-ins.

pub mod demo;
mod email;
mod export;
mod logins;
mod me;
mod pace;
mod provider;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::State;

/// `/auth/*` and `/api/v1/me`.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(demo::people, demo::sign_in))
        .routes(routes!(demo::sign_out))
        .routes(routes!(provider::start))
        .routes(routes!(provider::callback))
        .routes(routes!(email::ask))
        .routes(routes!(email::redeem))
        .routes(routes!(export::export))
        .routes(routes!(logins::list))
        .routes(routes!(logins::end))
        .routes(routes!(logins::end_others))
        .routes(routes!(me::read, me::change))
}
