//! The directory: people, as far as the one who looks may find them.

use axum::extract::State;
use crdt_store::{
    directory::{After, Asked, Found},
    users::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{Person, account};
use crate::{
    access::Access,
    auth::Who,
    http::{
        Problem,
        extract::{Json, Query},
        page::{self, Limit},
        problem::Body,
    },
    state,
};

/// Which people, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words that a name has, or their beginnings.
    #[serde(default)]
    q: String,
    /// The slug of a community that they belong to.
    community: Option<String>,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
pub struct People {
    items: Vec<Person>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

impl From<Found> for Person {
    fn from(found: Found) -> Self {
        Self { id: found.id.0, name: found.name, service: found.service, outsider: found.role == Role::Outsider }
    }
}

/// The people whom a person finds: colleagues those who are listed and whom they share a community with; somebody from
/// outside the latter only.
#[utoipa::path(
    get, path = "/api/v1/people", tag = "people", operation_id = "find_people", params(Filter),
    responses(
        (status = 200, body = People),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "The community is private"),
        (status = 404, body = Body, description = "No such community, or none for this person")
    )
)]
pub(super) async fn find(
    State(state): State<state::State>,
    Who(who): Who,
    Query(filter): Query<Filter>,
) -> Result<Json<People>, Problem> {
    let community = match filter.community.as_deref().filter(|slug| !slug.is_empty()) {
        Some(slug) => Some(state.guard().community(&who, slug, Access::Read).await?.0.community.id),
        None => None,
    };
    let limit = Limit::new(filter.limit)?;
    let after: Option<After> = page::read_cursor(filter.cursor.as_deref())?;
    let asked = Asked { user: account(&who)?, role: who.role, q: &filter.q, community };
    let found = state.db().people().find(asked, after.as_ref(), limit.and_one()).await?;
    let (items, next_cursor) =
        limit.cut(found, |found: &Found| After { key: found.found_by.clone(), id: found.id, at: None });
    Ok(Json(People { items: items.into_iter().map(Person::from).collect(), next_cursor }))
}
