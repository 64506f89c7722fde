//! The API for readers: the OpenAPI text, and a page that shows it, all from this program.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, header},
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The text as it is committed, served and printed: indented, with a line's end.
pub fn text(api: &OpenApi) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(api)?;
    text.push('\n');
    Ok(text)
}

/// `/api/openapi.json` and `/api/docs`.
pub fn routes<S: Clone + Send + Sync + 'static>(api: &OpenApi) -> Result<Router<S>, serde_json::Error> {
    let text: Arc<str> = text(api)?.into();
    let json = get(move || async move {
        let kind = HeaderValue::from_static("application/json");
        (
            [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))],
            text.to_string(),
        )
    });
    // The page would otherwise ask a validator on another host.
    let config = Config::from("/api/openapi.json").validator_url("none").use_base_layout();
    Ok(Router::new().route("/api/openapi.json", json).merge(SwaggerUi::new("/api/docs").config(config)))
}
