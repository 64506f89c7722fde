//! The built client, out of the binary (or, in a debug build, off the disk as it stands).
//!
//! `index.html` answers for every address of the application, uncached; whatever lies under `assets/` has its
//! content's hash in its name and is kept for ever. Without a built client the root says how to build it.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::{METHOD_NOT_ALLOWED, NOT_FOUND, Problem};

#[derive(RustEmbed)]
#[folder = "../web-client/dist"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";
/// Addresses that belong to the server: a miss there is a miss, not a page.
const SERVERS_OWN: &[&str] = &["api", "auth", "collab", "yjs", "healthz", "readyz", "metrics", "assets"];

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Unisson</title>\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head>\n<body>\n<h1>Unisson</h1>\n\
<p>The server runs, but its pages are not built. Run <code>make run</code>, or <code>npm ci</code> and \
<code>npm run build</code> in <code>web-client</code>, then build the server again.</p>\n\
<p><a href=\"/api/docs\">The API</a> works without them.</p>\n</body>\n</html>\n";

/// Whether the client was built into this program.
pub fn is_client_built() -> bool {
    Dist::get(INDEX).is_some()
}

/// Answers what no route has taken.
pub async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let own = is_servers_own(request.uri());
        return Problem::new(if own { &NOT_FOUND } else { &METHOD_NOT_ALLOWED }).into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if !path.is_empty()
        && path != INDEX
        && let Some(file) = Dist::get(path)
    {
        return answer(path, file, request.headers());
    }
    if is_servers_own(request.uri()) {
        return Problem::new(&NOT_FOUND).into_response();
    }
    match Dist::get(INDEX) {
        Some(file) => answer(INDEX, file, request.headers()),
        None => {
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            (StatusCode::OK, [kind, (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))], NOT_BUILT)
                .into_response()
        }
    }
}

fn is_servers_own(uri: &Uri) -> bool {
    let first = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    SERVERS_OWN.contains(&first)
}

fn answer(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    // Weak, since the answer may be compressed on its way out.
    let tag = file.metadata.sha256_hash().iter().take(12).fold(String::from("W/\""), |mut tag, byte| {
        tag.push_str(&format!("{byte:02x}"));
        tag
    }) + "\"";
    let caching = match path.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|value| value.split(',')).any(|value| value.trim() == tag || value.trim() == "*") {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = match file.metadata.mimetype() {
        kind if kind.starts_with("text/") || kind == "application/javascript" => format!("{kind}; charset=utf-8"),
        kind => kind.to_owned(),
    };
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    (headers, file.data.into_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn get(path: &str) -> Response {
        serve(Request::builder().uri(path).body(Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn pages_are_html_and_the_servers_own_addresses_are_not() {
        for page in ["/", "/c/chefs-de-projet-numerique", "/d/0190"] {
            let response = get(page).await;
            assert_eq!(response.status(), StatusCode::OK, "{page}");
            assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
            assert_eq!(response.headers()["cache-control"], "no-cache");
        }
        for miss in ["/api/v1/nothing-here", "/auth/x", "/assets/nothing-0000.js", "/yjs", "/metrics"] {
            assert_eq!(get(miss).await.status(), StatusCode::NOT_FOUND, "{miss}");
        }
    }
}
