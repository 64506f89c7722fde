//! Where a request comes from: the defence against requests forged by other sites.
//!
//! A browser sends `Origin` (and newer ones `Sec-Fetch-Site`) with whatever changes state and with every
//! WebSocket, and no page can forge them. A program that is no browser sends neither, and holds no cookie that a
//! stranger could borrow. So: what is said must be ours; where nothing is said, a change needs a JSON body,
//! which no form can send.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::{FOREIGN_ORIGIN, Problem};

/// Whose page sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Our own.
    Own,
    /// Not said: no browser, or an old one.
    Unsaid,
    /// Another site's, or one that hides it.
    Foreign,
}

/// Knows the address people type, where it was configured; otherwise the request's own `Host` is taken for it.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    public: Option<Arc<str>>,
}

impl Origins {
    pub fn new(public_url: Option<&str>) -> Self {
        Self { public: public_url.map(Arc::from) }
    }

    /// Judges the headers of a request.
    pub fn of(&self, headers: &HeaderMap) -> Origin {
        let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
        if site.is_some_and(|site| site != b"same-origin") {
            return Origin::Foreign;
        }
        match headers.get(header::ORIGIN) {
            None if site.is_some() => Origin::Own,
            None => Origin::Unsaid,
            Some(origin) => match origin.to_str() {
                Ok(origin) if self.is_own(origin, headers) => Origin::Own,
                _ => Origin::Foreign,
            },
        }
    }

    fn is_own(&self, origin: &str, headers: &HeaderMap) -> bool {
        if let Some(public) = &self.public {
            return origin.eq_ignore_ascii_case(public);
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let said = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        matches!((said, host), (Some(said), Some(host)) if said.eq_ignore_ascii_case(host))
    }
}

/// Refuses changes that another site asks for. Lies over `/api` and `/auth`.
pub async fn defend(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe {
        let allowed = match origins.of(request.headers()) {
            Origin::Own => true,
            Origin::Unsaid => is_json(request.headers()),
            Origin::Foreign => false,
        };
        if !allowed {
            return Problem::new(&FOREIGN_ORIGIN).into_response();
        }
    }
    next.run(request).await
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().expect("a name"), (*value).parse().expect("a value")))
            .collect()
    }

    #[test]
    fn what_is_said_must_be_ours() {
        let local = Origins::default();
        let public = Origins::new(Some("https://unisson.example"));
        let table = [
            (&local, vec![("host", "h:80"), ("origin", "http://h:80")], Origin::Own),
            (&local, vec![("host", "h:80"), ("origin", "http://h:81")], Origin::Foreign),
            (&local, vec![("host", "h:80"), ("origin", "null")], Origin::Foreign),
            (&local, vec![("host", "h:80")], Origin::Unsaid),
            (&local, vec![("host", "h:80"), ("sec-fetch-site", "same-origin")], Origin::Own),
            (&local, vec![("host", "h:80"), ("sec-fetch-site", "same-site")], Origin::Foreign),
            (
                &local,
                vec![("host", "h:80"), ("sec-fetch-site", "cross-site"), ("origin", "http://h:80")],
                Origin::Foreign,
            ),
            (&public, vec![("host", "inner:80"), ("origin", "https://unisson.example")], Origin::Own),
            (&public, vec![("host", "inner:80"), ("origin", "http://inner:80")], Origin::Foreign),
            (&public, vec![("host", "inner:80"), ("origin", "https://unisson.example.evil")], Origin::Foreign),
        ];
        for (origins, pairs, expected) in table {
            assert_eq!(origins.of(&headers(&pairs)), expected, "{pairs:?}");
        }
    }
}
