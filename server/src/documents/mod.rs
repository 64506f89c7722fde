//! Documents: their titles, places and sharing, over REST. Their text goes over [`socket`].

mod create;
mod news;
mod posted;
mod read;
mod rename;
mod sharing;
pub mod socket;
mod title;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    live::{Audience, LiveEvent},
    state::State,
};

/// `/api/v1/documents`.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(read::list, create::create))
        .routes(routes!(read::read, rename::rename))
        .routes(routes!(sharing::read, sharing::share))
        .routes(routes!(news::list, news::catch_up))
        .routes(routes!(news::see))
}

/// The list of a community's documents has changed, for those who belong to it. A document of no community is in its
/// author's list.
fn tell_list(state: &State, found: &crdt_store::documents::Listed) {
    let document = &found.document;
    match (document.community_id, &found.community_slug, document.created_by) {
        (Some(community), Some(slug), _) => {
            state.live().tell(Audience::Community(community), LiveEvent::Documents { community: slug.clone() });
        }
        (None, _, Some(author)) => {
            state.live().tell(Audience::Person(author), LiveEvent::Document { id: document.id.0 });
        }
        _ => {}
    }
}
