//! What its leaders change of a community.

use axum::{extract::State, http::StatusCode};
use crdt_store::{
    CommunityId,
    communities::{Change, Feature, Joining, Rest, Visibility},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    covers::{self, CommunityPlace},
    view::account,
};
use crate::{
    access::words::{CommunityFeature, CommunityJoining, CommunityVisibility},
    auth::Who,
    http::{
        Problem,
        extract::{Json, Path},
        fields::{bad, line, lines},
        problem::Body,
    },
    live::{Audience, LiveEvent},
};

pub(super) const NAME_CHARS: usize = 120;
pub(super) const PURPOSE_CHARS: usize = 1000;

/// What is changed; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommunityChange {
    /// 1 to 120 characters. The address stays.
    name: Option<String>,
    /// At most 1000 characters.
    purpose: Option<String>,
    #[schema(value_type = Option<CommunityVisibility>)]
    visibility: Option<Visibility>,
    /// A secret community is by invitation only.
    #[schema(value_type = Option<CommunityJoining>)]
    joining: Option<Joining>,
}

/// Changes what a community says of itself, who sees it, how one comes in.
#[utoipa::path(
    patch, path = "/api/v1/communities/{slug}", tag = "communities", operation_id = "change_community",
    params(("slug" = String, Path)), request_body = CommunityChange,
    responses(
        (status = 200, body = CommunityPlace),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "A field is not acceptable")
    )
)]
pub(super) async fn change(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Json(wanted): Json<CommunityChange>,
) -> Result<Json<CommunityPlace>, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    let change = Change {
        name: wanted.name.map(|name| line("name", &name, NAME_CHARS)).transpose()?,
        purpose: wanted.purpose.map(|purpose| lines("purpose", &purpose, 0, PURPOSE_CHARS)).transpose()?,
        visibility: wanted.visibility,
        joining: wanted.joining,
    };
    state.db().communities().change(met.community.id, account(&who)?, &change).await?;
    tell(&state, met.community.id, &slug);
    covers::again(&state, &who, &slug).await
}

/// What a community is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Composition {
    /// In the order of the menu; at least one, each once.
    #[schema(value_type = Vec<CommunityFeature>)]
    features: Vec<Feature>,
}

/// Says what a community is made of, and in which order. What is left out is hidden, not deleted.
#[utoipa::path(
    put, path = "/api/v1/communities/{slug}/features", tag = "communities", operation_id = "compose_community",
    params(("slug" = String, Path)), request_body = Composition,
    responses(
        (status = 200, body = CommunityPlace),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "None at all, or one twice")
    )
)]
pub(super) async fn set_features(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Json(wanted): Json<Composition>,
) -> Result<Json<CommunityPlace>, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    check_features(&wanted.features)?;
    state.db().communities().set_features(met.community.id, account(&who)?, &wanted.features).await?;
    tell(&state, met.community.id, &slug);
    covers::again(&state, &who, &slug).await
}

pub(super) fn check_features(features: &[Feature]) -> Result<(), Problem> {
    if features.is_empty() {
        return Err(bad("features", "at least one"));
    }
    let twice = features.iter().enumerate().any(|(place, feature)| features[..place].contains(feature));
    if twice { Err(bad("features", "each once")) } else { Ok(()) }
}

/// Lays a community to rest: it is read, and nothing in it changes.
#[utoipa::path(
    post, path = "/api/v1/communities/{slug}/archive", tag = "communities", operation_id = "archive_community",
    params(("slug" = String, Path)),
    responses(
        (status = 204, description = "Done, or was so already"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Neither a leader nor an administrator"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn archive(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
) -> Result<StatusCode, Problem> {
    let met = state.guard().ends(&who, &slug).await?;
    state.db().communities().set_rest(met.community.id, account(&who)?, Rest::Archived).await?;
    tell(&state, met.community.id, &slug);
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a community back.
#[utoipa::path(
    post, path = "/api/v1/communities/{slug}/restore", tag = "communities", operation_id = "restore_community",
    params(("slug" = String, Path)),
    responses(
        (status = 204, description = "Done, or was so already"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Neither a leader nor an administrator"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn restore(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
) -> Result<StatusCode, Problem> {
    let met = state.guard().ends(&who, &slug).await?;
    state.db().communities().set_rest(met.community.id, account(&who)?, Rest::Restored).await?;
    tell(&state, met.community.id, &slug);
    Ok(StatusCode::NO_CONTENT)
}

fn tell(state: &crate::state::State, id: CommunityId, slug: &str) {
    let event = LiveEvent::Community { id: id.0, slug: slug.to_owned() };
    state.live().tell(Audience::Community(id), event);
}
