//! To the identity provider and back: two addresses that a browser goes to itself.
//!
//! Nothing here answers with a problem document, for a person is looking: whatever goes wrong leads to the sign-in page
//! with a code, the id of the request, and where they were going.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::pace;
use crate::{
    auth::{Answer, Refusal, ReturnTo},
    http::{
        Problem,
        client::Client,
        context::RequestId,
        extract::Query,
        problem::{Body, NOT_FOUND},
    },
};

/// Ways to the provider, and ways back, from one client address within [`pace::WINDOW`]. A whole ministry may share an
/// address, and begins its day together.
const FROM_ONE_ADDRESS: i64 = 1_200;

/// Where a person was going.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Start {
    /// A path of ours to come back to; anything else is the front page.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    return_to: ReturnTo,
}

/// What the provider sends back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Back {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Sends the browser to the identity provider.
#[utoipa::path(
    get, path = "/auth/oidc/start", tag = "account", operation_id = "provider_start", params(Start),
    responses(
        (status = 303, description = "To the provider, or to the sign-in page with a code", headers(("location" = String))),
        (status = 404, description = "No provider is configured", body = Body)
    )
)]
pub(super) async fn start(
    State(state): State<crate::state::State>,
    Extension(RequestId(id)): Extension<RequestId>,
    client: Client,
    headers: HeaderMap,
    asked: Result<Query<Start>, Problem>,
) -> Result<Response, Problem> {
    let provider = state.auth().provider().ok_or_else(|| Problem::new(&NOT_FOUND))?;
    // What can't be read is left out: a person is looking.
    let Start { return_to } = asked.map_or_else(|_| Start::default(), |Query(start)| start);
    if let Err(refusal) = not_too_often(&state, client, "start").await {
        return Ok(refused(refusal, &id, &return_to));
    }
    Ok(match state.auth().begin(provider, &headers, &return_to).await {
        Ok((address, cookie)) => see_other(&address, &[cookie.to_string()]),
        Err(refusal) => refused(refusal, &id, &return_to),
    })
}

/// Takes the browser back from the identity provider, and signs its person in.
#[utoipa::path(
    get, path = "/auth/oidc/callback", tag = "account", operation_id = "provider_callback", params(Back),
    responses(
        (status = 303, description = "To where the person was going, with the login cookie, or to the sign-in page with a code",
         headers(("location" = String), ("set-cookie" = String))),
        (status = 404, description = "No provider is configured", body = Body)
    )
)]
pub(super) async fn callback(
    State(state): State<crate::state::State>,
    Extension(RequestId(id)): Extension<RequestId>,
    client: Client,
    headers: HeaderMap,
    answered: Result<Query<Back>, Problem>,
) -> Result<Response, Problem> {
    let provider = state.auth().provider().ok_or_else(|| Problem::new(&NOT_FOUND))?;
    let back = answered.map_or_else(|_| Back::default(), |Query(back)| back);
    if let Err(refusal) = not_too_often(&state, client, "callback").await {
        return Ok(refused(refusal, &id, &ReturnTo::default()));
    }
    let Back { state: word, code, error, iss } = back;
    let answer = Answer { state: word, code, error, iss };
    let ended = state.auth().finish(provider, state.mail(), &headers, &answer).await;
    Ok(match ended.outcome {
        Ok(cookie) => see_other(ended.return_to.as_str(), &[cookie.to_string()]),
        Err(refusal) => refused(refusal, &id, &ended.return_to),
    })
}

async fn not_too_often(state: &crate::state::State, client: Client, what: &str) -> Result<(), Refusal> {
    match pace::is_too_often(state, client, what, FROM_ONE_ADDRESS).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(Refusal::TooOften),
        Err(_) => Err(Refusal::Unavailable),
    }
}

fn see_other(address: &str, cookies: &[String]) -> Response {
    let cookies = cookies.iter().map(|cookie| (header::SET_COOKIE, cookie.clone()));
    let location = [(header::LOCATION, address.to_owned())];
    (StatusCode::SEE_OTHER, location, AppendHeaders(cookies.collect::<Vec<_>>())).into_response()
}

fn refused(refusal: Refusal, request_id: &str, return_to: &ReturnTo) -> Response {
    metrics::counter!("unisson_sign_in_refusals_total", "code" => refusal.code()).increment(1);
    let mut address = format!("/sign-in?error={}&ref={request_id}", refusal.code());
    if *return_to != ReturnTo::default() {
        address.push_str("&return_to=");
        address.extend(return_to.as_str().bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        }));
    }
    see_other(&address, &[])
}
