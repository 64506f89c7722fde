//! All routes of a node under their layers.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State as Shared,
    http::{StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tower_http::{compression::CompressionLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer};
use utoipa::{OpenApi, ToSchema, openapi::OpenApi as Description};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{feed, health};
use crate::{
    account, admin,
    auth::MaybeWho,
    communities, documents,
    http::{Language, Problem, assets, context, docs, origin, problem},
    state::State,
};

/// A JSON body of the API. Text goes over the sockets, files by ways of their own.
const BODY_BYTES: usize = 256 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Unisson",
        description = "Documents, communities and people over REST. Refusals are `application/problem+json`: \
                       `title` is in the reader's language, `code` is stable. A person is signed in by the \
                       cookie `unisson_login`. The text of documents goes over WebSockets: `/collab` \
                       (Hocuspocus) and `/yjs/{room}` (y-websocket)."
    ),
    components(schemas(problem::Body))
)]
struct Api;

/// What a client needs to know before anybody has signed in.
#[derive(Debug, Serialize, ToSchema)]
struct PublicConfig {
    /// Demo people can sign in.
    demo: bool,
    version: &'static str,
    /// Languages of the service, the usual one first.
    languages: Vec<&'static str>,
    /// Whoever asks is signed in: a page can know without being refused.
    signed_in: bool,
    sign_in: WaysIn,
    instance_name: String,
    /// Where the legal notice stands; empty for nowhere.
    legal_notice_url: String,
    /// The address that helps; empty for none.
    help_email: String,
}

/// How people can sign in, beside as a demo person.
#[derive(Debug, Serialize, ToSchema)]
struct WaysIn {
    /// By an identity provider, at `/auth/oidc/start`.
    provider: Option<NamedProvider>,
    /// By a link in a mail.
    email: bool,
}

/// The identity provider.
#[derive(Debug, Serialize, ToSchema)]
struct NamedProvider {
    /// What the button says.
    name: String,
}

/// What a client needs to know before anybody has signed in.
#[utoipa::path(
    get, path = "/api/v1/config", tag = "instance", operation_id = "config",
    responses((status = 200, body = PublicConfig))
)]
async fn config(Shared(state): Shared<State>, MaybeWho(who): MaybeWho) -> Result<Json<PublicConfig>, Problem> {
    let policy = state.db().instance().policy().await?;
    Ok(Json(PublicConfig {
        demo: state.config().demo,
        version: env!("CARGO_PKG_VERSION"),
        languages: Language::ALL.iter().map(|language| language.tag()).collect(),
        signed_in: who.is_some(),
        sign_in: WaysIn {
            provider: state.auth().provider().map(|provider| NamedProvider { name: provider.settings().name.clone() }),
            email: state.mail().is_on(),
        },
        instance_name: policy.name,
        legal_notice_url: policy.legal_notice_url,
        help_email: policy.help_email,
    }))
}

fn api() -> OpenApiRouter<State> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(config))
        .merge(account::routes())
        .merge(communities::routes())
        .merge(admin::routes())
        .merge(documents::routes())
}

/// The description of the API, without a node.
pub fn open_api() -> Description {
    api().split_for_parts().1
}

/// What people and clients reach.
pub(super) fn public(state: &State) -> Result<Router, serde_json::Error> {
    let (api, description) = api().split_for_parts();
    let api = api
        .merge(docs::routes(&description)?)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES))
        .layer(from_fn_with_state(state.auth().origins().clone(), origin::defend));
    let surroundings = context::Surroundings::new(state.config().public_url.as_deref());
    Ok(Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(api)
        .fallback(assets::serve)
        .layer(CompressionLayer::new().gzip(true))
        .merge(documents::socket::routes())
        .merge(feed::routes())
        .layer(from_fn_with_state(surroundings, context::surround))
        .with_state(state.clone()))
}

/// What the machine's own Prometheus reaches.
pub(super) fn metrics(figures: PrometheusHandle) -> Router {
    let render = move || {
        let text = figures.render();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
    };
    Router::new().route("/metrics", get(render)).fallback(nothing).layer(from_fn(bare))
}

async fn nothing() -> Problem {
    Problem::new(&problem::NOT_FOUND)
}

/// The listener of the figures has no layers; its problems are written here.
async fn bare(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) => problem.write(Language::En, "metrics").into_response(),
        None => response,
    }
}
