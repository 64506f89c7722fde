//! Communities as a person meets them: the list of those they may know of, one of them, its people, requests for new
//! ones, invitations.
//!
//! What a community's page shows to whom is the policy's: a colleague sees the cover of a private one and not its
//! members; a secret one, and to an outsider any that is not theirs, does not exist.
//!
//! | file | holds |
//! |---|---|
//! | `covers` | lists and one community |
//! | `change` | its words, composition, rest |
//! | `members` | who belongs to it; `export` the same as a table |
//! | `joins` | coming in by oneself or by asking |
//! | `invitations`, `addresses` | inviting from a pasted list; `invited`: being invited |
//! | `people` | the directory |
//! | `requests` | asking for a new one, and deciding; `models`: what it begins with |
//! | `view` | shapes that several answers share |

pub mod activity;
mod addresses;
mod change;
mod covers;
mod export;
mod invitations;
mod invited;
mod joins;
mod members;
mod models;
mod people;
mod requests;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::State;

/// `/api/v1/communities` and what lies below.
pub fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(covers::list))
        .routes(routes!(covers::similar))
        .routes(routes!(covers::read, change::change))
        .routes(routes!(change::set_features))
        .routes(routes!(change::archive))
        .routes(routes!(change::restore))
        .routes(routes!(members::list))
        .routes(routes!(export::members))
        .routes(routes!(members::leave))
        .routes(routes!(members::change, members::remove))
        .routes(routes!(joins::join, joins::withdraw))
        .routes(routes!(joins::list))
        .routes(routes!(joins::answer))
        .routes(routes!(invitations::check))
        .routes(routes!(invitations::list, invitations::send))
        .routes(routes!(invitations::resend))
        .routes(routes!(invitations::revoke))
        .routes(routes!(invited::list))
        .routes(routes!(invited::redeem))
        .routes(routes!(invited::accept))
        .routes(routes!(invited::decline))
        .routes(routes!(people::find))
        .merge(requests::routes())
}
