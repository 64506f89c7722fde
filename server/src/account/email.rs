//! Asking for a link by mail, and using it.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pace;
use crate::{
    auth::{AuthError, ReturnTo, Used, is_address},
    http::{
        Kind, Problem,
        client::Client,
        extract::Json,
        problem::{BAD_FIELD, Body, INTERNAL, NOT_FOUND},
    },
};

/// Askings from one client address within [`pace::WINDOW`]. Many people may share an address.
const FROM_ONE_ADDRESS: i64 = 120;
const WINDOW_SECONDS: &str = "900";
const AFTER_THE_ANSWER: std::time::Duration = std::time::Duration::from_millis(100);

pub(super) static TOO_OFTEN: Kind = Kind::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too-often",
    "Trop de demandes ont été faites depuis cette connexion, réessayez dans un quart d’heure",
    "Too many requests have come from this connection; try again in a quarter of an hour",
);
static LINK_GONE: Kind = Kind::new(
    StatusCode::GONE,
    "link-gone",
    "Ce lien a déjà servi ou n’est plus valable, demandez-en un autre",
    "This link was used already or is no longer good; ask for another one",
);
static OTHER_BROWSER: Kind = Kind::new(
    StatusCode::CONFLICT,
    "other-browser",
    "Ouvrez ce lien dans le navigateur où vous avez commencé à vous connecter",
    "Open this link in the browser in which you began to sign in",
);

/// Who wants a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkWanted {
    email: String,
    /// A path of ours to go to after signing in; anything else is the front page.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    return_to: ReturnTo,
}

/// The same whoever asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkPromised {
    /// How long a link is good, in minutes.
    minutes: u32,
}

/// A link that was mailed: what stands behind its `#`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkUsed {
    secret: String,
}

/// Where a person goes now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedIn {
    return_to: String,
}

/// Mails a link to sign in with, if the address has an account. The answer does not tell.
#[utoipa::path(
    post, path = "/auth/email", tag = "account", operation_id = "ask_for_link", request_body = LinkWanted,
    responses(
        (status = 202, body = LinkPromised),
        (status = 404, description = "No mail is sent here", body = Body),
        (status = 422, description = "Not an address", body = Body),
        (status = 429, description = "Too many from this connection", body = Body)
    )
)]
pub(super) async fn ask(
    State(state): State<crate::state::State>,
    client: Client,
    Json(wanted): Json<LinkWanted>,
) -> Result<(StatusCode, Json<LinkPromised>), Response> {
    let refused = |kind: &'static Kind| Problem::new(kind).into_response();
    if !state.mail().is_on() {
        return Err(refused(&NOT_FOUND));
    }
    let email = wanted.email.trim().to_owned();
    if !is_address(&email) {
        return Err(Problem::with_detail(&BAD_FIELD, "email: one address").into_response());
    }
    not_too_often(&state, client, "ask").await?;
    // The work is done well after the answer, whose time then tells as little as its words.
    let busy = state.clone();
    state.shutdown().spawn(async move {
        tokio::time::sleep(AFTER_THE_ANSWER).await;
        if let Err(error) = busy.auth().mail_sign_in(busy.mail(), &email, &wanted.return_to).await {
            tracing::error!(%error, "a link that was asked for could not be made");
        }
    });
    Ok((StatusCode::ACCEPTED, Json(LinkPromised { minutes: 15 })))
}

/// Uses a link: signs in by setting the login cookie.
#[utoipa::path(
    post, path = "/auth/email/redeem", tag = "account", operation_id = "use_link", request_body = LinkUsed,
    responses(
        (status = 200, body = SignedIn, headers(("set-cookie" = String))),
        (status = 409, description = "To be opened in the browser in which the sign-in began", body = Body),
        (status = 410, description = "Used, over, or never there", body = Body),
        (status = 429, description = "Too many from this connection", body = Body)
    )
)]
pub(super) async fn redeem(
    State(state): State<crate::state::State>,
    client: Client,
    headers: HeaderMap,
    Json(used): Json<LinkUsed>,
) -> Result<Response, Response> {
    not_too_often(&state, client, "redeem").await?;
    let used = state.auth().redeem(&used.secret, &headers).await.map_err(|error| failed(error).into_response())?;
    match used {
        Used::In(cookie, return_to) => {
            let body = Json(SignedIn { return_to: return_to.as_str().to_owned() });
            Ok(([(header::SET_COOKIE, cookie.to_string())], body).into_response())
        }
        Used::Gone => Err(Problem::new(&LINK_GONE).into_response()),
        Used::OtherBrowser => Err(Problem::new(&OTHER_BROWSER).into_response()),
    }
}

/// What failed inside while signing in.
pub(super) fn failed(error: AuthError) -> Problem {
    match error {
        AuthError::Store(error) => Problem::from(error),
        error => {
            tracing::error!(%error, "a sign-in failed");
            Problem::new(&INTERNAL)
        }
    }
}

async fn not_too_often(state: &crate::state::State, client: Client, what: &str) -> Result<(), Response> {
    match pace::is_too_often(state, client, what, FROM_ONE_ADDRESS).await {
        Ok(false) => Ok(()),
        Ok(true) => {
            let wait = AppendHeaders([(header::RETRY_AFTER, WINDOW_SECONDS)]);
            Err((wait, Problem::new(&TOO_OFTEN)).into_response())
        }
        Err(problem) => Err(problem.into_response()),
    }
}
