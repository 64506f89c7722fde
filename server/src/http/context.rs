//! What surrounds every request: its id, its language, its span and figures, its panics, its headers, and the
//! body of its problem if it came to one.
//!
//! The log says method, matched route, status and time: no address of a person, no query, no cookie, no body.
//! An address that matches no route is logged as such and not repeated, since it can hold anything.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Language,
    headers::{Place, secure},
    problem::{INTERNAL, Problem},
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the node is, for the headers.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Host and port people type, where configured.
    pub public_host: Option<Arc<str>>,
    pub over_tls: bool,
}

impl Surroundings {
    pub fn new(public_url: Option<&str>) -> Self {
        Self {
            public_host: public_url.and_then(|url| url.split_once("://")).map(|(_, host)| Arc::from(host)),
            over_tls: public_url.is_some_and(|url| url.starts_with("https://")),
        }
    }
}

/// The reader's own choice of language. Whoever finds out who asks writes it; until then the browser's counts.
#[derive(Clone, Debug, Default)]
pub struct Reader(Arc<OnceLock<Language>>);

impl Reader {
    /// Notes what the person has chosen. The first word stands.
    pub fn prefers(&self, language: Language) {
        let _ = self.0.set(language);
    }
}

/// The id of the request, for whoever wants to name it.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// The outermost layer.
pub async fn surround(State(surroundings): State<Surroundings>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let reader = Reader::default();
    let accepted = Language::accepted(request.headers());
    let host = match &surroundings.public_host {
        Some(host) => Some(host.to_string()),
        None => request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned),
    };
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(reader.clone());

    let span = tracing::info_span!("http.request", http.method = %method, http.route = %route, request.id = %id);
    let work = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let mut response = match work.await {
        Ok(response) => response,
        Err(panic) => {
            span.in_scope(|| tracing::error!(panic = panic_text(&*panic), "a handler panicked"));
            Problem::new(&INTERNAL).into_response()
        }
    };

    let language = reader.0.get().copied().or(accepted).unwrap_or_default();
    if let Some(problem) = problem_of(&response) {
        let kept = response.headers().clone();
        response = problem.write(language, &id);
        // A handler may have set a cookie or said which methods it takes.
        for name in [header::SET_COOKIE, header::ALLOW, header::RETRY_AFTER] {
            for value in kept.get_all(&name) {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
    }
    let place = Place { path: &path, host: host.as_deref(), over_tls: surroundings.over_tls };
    secure(response.headers_mut(), place);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }

    let status = response.status();
    let took = started.elapsed();
    metrics::histogram!(
        "unisson_http_request_seconds",
        "method" => method_label(&method), "route" => route, "status" => status.as_str().to_owned()
    )
    .record(took.as_secs_f64());
    span.in_scope(|| {
        let (status, took_ms) = (status.as_u16(), took.as_millis() as u64);
        match status {
            500.. => tracing::warn!(http.status = status, took_ms, "answered"),
            _ => tracing::debug!(http.status = status, took_ms, "answered"),
        }
    });
    response
}

/// The problem an answer stands for: its own, or the general one of a status that some layer answered bare.
fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let says_itself = kind.is_some_and(|kind| kind.starts_with(b"application/"));
    let refused = status.is_client_error() || status.is_server_error();
    (refused && !says_itself).then(|| Problem::for_status(bare(status)))
}

/// Statuses that problems have no kind for become the nearest one that they have.
fn bare(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => StatusCode::SERVICE_UNAVAILABLE,
        other => other,
    }
}

/// A proxy's id if it is a harmless word, else a new one.
fn request_id(request: &Request) -> Arc<str> {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let harmless =
        |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match given.filter(harmless) {
        Some(id) => Arc::from(id),
        None => Arc::from(Uuid::now_v7().simple().to_string()),
    }
}

/// Methods are the client's to invent; figures have room for the known ones.
fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt;

    use super::*;

    fn app() -> Router {
        Router::new()
            .route(
                "/panics",
                get(|| async {
                    if true {
                        panic!("on purpose")
                    }
                }),
            )
            .route("/fine", get(|| async { "fine" }))
            .layer(from_fn_with_state(Surroundings::default(), surround))
    }

    async fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, serde_json::Value, Response) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        (parts.status, json, Response::from_parts(parts, Body::empty()))
    }

    #[tokio::test]
    async fn a_panic_becomes_a_problem_and_says_nothing() {
        let (status, json, _) = ask("GET", "/panics", &[("accept-language", "en")]).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(json["code"], "internal");
        assert!(!json.to_string().contains("on purpose"));
    }

    #[tokio::test]
    async fn unknown_addresses_and_methods_are_problems_too() {
        let (status, json, response) = ask("GET", "/nothing", &[("accept-language", "en")]).await;
        assert_eq!((status, &json["code"]), (StatusCode::NOT_FOUND, &"not-found".into()));
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let (status, json, response) = ask("POST", "/fine", &[]).await;
        assert_eq!((status, &json["code"]), (StatusCode::METHOD_NOT_ALLOWED, &"method-not-allowed".into()));
        assert!(response.headers().contains_key("allow"));
        assert_eq!(response.headers()["content-language"], "fr");
    }

    #[tokio::test]
    async fn a_harmless_request_id_is_kept_and_another_is_not() {
        let (_, _, response) = ask("GET", "/fine", &[("x-request-id", "proxy-12345")]).await;
        assert_eq!(response.headers()["x-request-id"], "proxy-12345");
        let (_, _, response) = ask("GET", "/fine", &[("x-request-id", "<script>alert</script>")]).await;
        assert_ne!(response.headers()["x-request-id"], "<script>alert</script>");
    }
}
