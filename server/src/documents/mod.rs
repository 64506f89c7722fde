//! Documents: their titles and places, over REST. Their text goes over [`socket`].

mod create;
mod posted;
mod read;
mod rename;
pub mod socket;
mod title;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::State;

/// `/api/v1/documents`.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(read::list, create::create)).routes(routes!(read::read, rename::rename))
}
