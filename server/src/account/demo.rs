//! Signing in as one of the demo people, and signing out.
//!
//! Without `--demo` the two demo addresses are nowhere, and no id but those of [`PEOPLE`] is ever signed in here.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use crdt_store::{UserId, users::Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::{Uuid, uuid};

use super::email::failed;
use crate::{
    access::words::InstanceRole,
    auth::Auth,
    http::{
        Problem,
        extract::Json,
        problem::{Body, NOT_FOUND},
    },
};

/// Somebody to try the service as.
#[derive(Clone, Copy, Debug)]
pub struct DemoPerson {
    pub id: UserId,
    pub name: &'static str,
    pub email: &'static str,
    /// Where they work.
    pub service: &'static str,
    pub role: Role,
}

const fn person(id: UserId, name: &'static str, email: &'static str, service: &'static str, role: Role) -> DemoPerson {
    DemoPerson { id, name, email, service, role }
}

pub const AWA: UserId = UserId(uuid!("01930000-0000-7000-8000-000000000001"));
pub const BRUNO: UserId = UserId(uuid!("01930000-0000-7000-8000-000000000002"));
pub const CHLOE: UserId = UserId(uuid!("01930000-0000-7000-8000-000000000003"));
pub const DAVID: UserId = UserId(uuid!("01930000-0000-7000-8000-000000000004"));
pub const INES: UserId = UserId(uuid!("01930000-0000-7000-8000-000000000005"));
pub const LUCIE: UserId = UserId(uuid!("01930000-0000-7000-8000-000000000006"));

/// The demo people, in the order in which they are shown. Their ids never change.
pub const PEOPLE: [DemoPerson; 6] = [
    person(AWA, "Awa Diallo", "awa.diallo@exemple.gouv.fr", "DREAL Occitanie", Role::Agent),
    person(BRUNO, "Bruno Lefèvre", "bruno.lefevre@exemple.gouv.fr", "Préfecture du Gard", Role::Agent),
    person(CHLOE, "Chloé Martin", "chloe.martin@ateliernord.example", "Atelier Nord", Role::Outsider),
    person(
        DAVID,
        "David Nguyen",
        "david.nguyen@exemple.gouv.fr",
        "Direction interministérielle du numérique",
        Role::Agent,
    ),
    person(INES, "Inès Garnier", "ines.garnier@exemple.gouv.fr", "Rectorat de Lyon", Role::Agent),
    person(LUCIE, "Lucie Perrin", "lucie.perrin@exemple.gouv.fr", "Archives nationales", Role::Administrator),
];

/// The people to choose from.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoPeople {
    people: Vec<DemoEntry>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoEntry {
    id: Uuid,
    name: String,
    #[schema(value_type = InstanceRole)]
    role: Role,
}

/// Whom to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoChoice {
    id: Uuid,
}

/// Lists the demo people.
#[utoipa::path(
    get, path = "/auth/demo", tag = "account", operation_id = "demo_people",
    responses((status = 200, body = DemoPeople), (status = 404, description = "Not a demo", body = Body))
)]
pub(super) async fn people(State(state): State<crate::state::State>) -> Result<Json<DemoPeople>, Problem> {
    demo_only(state.auth())?;
    let mut people = Vec::with_capacity(PEOPLE.len());
    for person in PEOPLE {
        if let Some(user) = state.db().users().get(person.id).await?
            && user.suspended_at.is_none()
        {
            people.push(DemoEntry { id: user.id.0, name: user.name, role: user.role });
        }
    }
    Ok(Json(DemoPeople { people }))
}

/// Signs in as a demo person: sets the login cookie.
#[utoipa::path(
    post, path = "/auth/demo", tag = "account", operation_id = "demo_sign_in", request_body = DemoChoice,
    responses(
        (status = 204, description = "Signed in", headers(("set-cookie" = String))),
        (status = 404, description = "Not a demo, or nobody of that id", body = Body)
    )
)]
pub(super) async fn sign_in(
    State(state): State<crate::state::State>,
    headers: HeaderMap,
    Json(choice): Json<DemoChoice>,
) -> Result<Response, Problem> {
    demo_only(state.auth())?;
    let id = UserId(choice.id);
    if !PEOPLE.iter().any(|person| person.id == id) {
        return Err(Problem::new(&NOT_FOUND));
    }
    let user = state.db().users().get(id).await?.filter(|user| user.suspended_at.is_none());
    let user = user.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    let cookie = state.auth().sign_in(&user, &headers).await.map_err(failed)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie.to_string())]).into_response())
}

/// Where the browser goes now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOut {
    /// The identity provider's own sign-out, for who came from there.
    redirect: Option<String>,
}

/// Signs out: ends the login and clears its cookie.
#[utoipa::path(
    post, path = "/auth/logout", tag = "account", operation_id = "sign_out",
    responses((status = 200, description = "Signed out, or was not signed in", body = SignedOut, headers(("set-cookie" = String))))
)]
pub(super) async fn sign_out(
    State(state): State<crate::state::State>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (cookie, redirect) = state.auth().end(&headers).await?;
    Ok(([(header::SET_COOKIE, cookie.to_string())], Json(SignedOut { redirect })).into_response())
}

fn demo_only(auth: &Auth) -> Result<(), Problem> {
    if auth.is_demo() { Ok(()) } else { Err(Problem::new(&NOT_FOUND)) }
}
