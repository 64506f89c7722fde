//! Headers that every answer carries, and the two content policies.
//!
//! The application's policy names everything it needs and nothing more: no inline script, no inline style, no
//! other origin, no frame around it. The API's readable docs bring a page of their own (Swagger UI), which
//! writes styles at run time; they get a policy for that, at their address only.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

const APP_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'; connect-src 'self'";

const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()");

/// Where the request came in: what the policy has to name.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub path: &'a str,
    /// Host and port as the browser knows them. Some browsers don't count sockets of the own host as `'self'`.
    pub host: Option<&'a str>,
    pub over_tls: bool,
}

/// Adds what is missing to an answer. What a handler has set stays.
pub fn secure(headers: &mut HeaderMap, place: Place<'_>) {
    let Place { path, over_tls, .. } = place;
    let policy = if path.starts_with("/api/docs") { DOCS_POLICY } else { app_policy(place) };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(value);
    }
    if over_tls {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static("max-age=31536000"));
    }
    // What depends on who asks is kept by nobody, unless its handler says otherwise.
    if path.starts_with("/api/") || path.starts_with("/auth/") {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
}

fn app_policy(place: Place<'_>) -> HeaderValue {
    // A host is written into the policy only if it can't say anything else there.
    let plain = |host: &&str| {
        !host.is_empty()
            && host.len() <= 255
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
    };
    let scheme = if place.over_tls { "wss" } else { "ws" };
    let policy = match place.host.filter(plain) {
        Some(host) => format!("{APP_POLICY} {scheme}://{host}"),
        None => APP_POLICY.to_owned(),
    };
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(APP_POLICY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_docs_may_style_inline() {
        for (path, inline) in [("/", false), ("/api/v1/me", false), ("/api/docs/", true)] {
            let mut headers = HeaderMap::new();
            secure(&mut headers, Place { path, host: Some("h:8080"), over_tls: false });
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("ascii");
            assert_eq!(policy.contains("unsafe-inline"), inline, "{path}");
            assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
            assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        }
    }

    #[test]
    fn tls_is_remembered_only_where_there_is_tls() {
        let mut headers = HeaderMap::new();
        secure(&mut headers, Place { path: "/", host: Some("unisson.example"), over_tls: true });
        assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("ascii");
        assert!(policy.ends_with("connect-src 'self' wss://unisson.example"));
    }

    #[test]
    fn a_host_can_say_nothing_in_the_policy() {
        let mut headers = HeaderMap::new();
        secure(&mut headers, Place { path: "/", host: Some("h; script-src *"), over_tls: false });
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("ascii");
        assert!(policy.ends_with("connect-src 'self'"));
    }
}
