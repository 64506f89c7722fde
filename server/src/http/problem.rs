//! Refusals as clients see them: RFC 9457 problems, in French or English.
//!
//! A [`Kind`] is a `static` that stands with the feature whose refusal it is; a [`Problem`] is one occurrence.
//! As a response it carries its status and, in the extensions, itself; [`super::context`] writes the body, since
//! only there are the reader's language and the request's id known. What failed inside is logged here, once, and
//! never leaves.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use crdt_store::StoreError;
use serde::Serialize;

use crate::access::Denied;

use super::Language;

/// One reason to refuse, and its words.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub status: StatusCode,
    /// What programs compare; it stays the same.
    pub code: &'static str,
    pub fr: &'static str,
    pub en: &'static str,
}

impl Kind {
    pub const fn new(status: StatusCode, code: &'static str, fr: &'static str, en: &'static str) -> Self {
        Self { status, code, fr, en }
    }

    pub fn title(&self, language: Language) -> &'static str {
        match language {
            Language::Fr => self.fr,
            Language::En => self.en,
        }
    }
}

pub static BAD_REQUEST: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "bad-request",
    "Cette requête n’est pas comprise",
    "This request is not understood",
);
pub static BAD_JSON: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "bad-json",
    "Le corps de la requête n’est pas du JSON",
    "The body of the request is not JSON",
);
pub static BAD_QUERY: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "bad-query",
    "Un paramètre de l’adresse n’est pas valable",
    "A parameter of the address is not valid",
);
pub static BAD_FIELD: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "bad-field",
    "Un champ de la requête manque ou n’est pas valable",
    "A field of the request is missing or not valid",
);
pub static NOT_SIGNED_IN: Kind = Kind::new(
    StatusCode::UNAUTHORIZED,
    "not-signed-in",
    "Il faut se connecter pour continuer",
    "You need to sign in to continue",
);
pub static FORBIDDEN: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "forbidden",
    "Vos droits ne permettent pas cette action",
    "Your rights do not allow this",
);
pub static FOREIGN_ORIGIN: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "foreign-origin",
    "Cette requête vient d’un autre site, elle n’est pas acceptée",
    "This request comes from another site and is not accepted",
);
pub static NOT_FOUND: Kind =
    Kind::new(StatusCode::NOT_FOUND, "not-found", "Il n’y a rien à cette adresse", "There is nothing at this address");
pub static METHOD_NOT_ALLOWED: Kind = Kind::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "method-not-allowed",
    "Cette adresse n’accepte pas cette méthode",
    "This address does not take this method",
);
pub static CONFLICT: Kind = Kind::new(StatusCode::CONFLICT, "conflict", "Cela existe déjà", "This already exists");
pub static TOO_LARGE: Kind = Kind::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "too-large",
    "La requête est trop volumineuse",
    "The request is too large",
);
pub static NOT_JSON_TYPE: Kind = Kind::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "not-json-type",
    "Le corps doit être du JSON, annoncé comme « application/json »",
    "The body must be JSON, announced as application/json",
);
pub static TIMED_OUT: Kind =
    Kind::new(StatusCode::REQUEST_TIMEOUT, "timed-out", "La requête a pris trop de temps", "The request took too long");
pub static INTERNAL: Kind = Kind::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "Quelque chose s’est mal passé sur le serveur, l’incident est noté",
    "Something went wrong on the server; the incident has been noted",
);
pub static UNAVAILABLE: Kind = Kind::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "Le service ne répond pas pour l’instant, réessayez dans un moment",
    "The service is not answering just now; try again in a moment",
);

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: &'static Kind,
    /// Which field, which limit: for the developer of a client, in English, nothing from inside.
    pub detail: Option<Cow<'static, str>>,
    /// What else a program may want to know: further members of the body.
    pub facts: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The body, as it travels.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// `urn:unisson:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// In the reader's language, ready to be shown.
    pub title: &'static str,
    pub status: u16,
    /// Stable, for programs.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stands in the server's log beside what happened.
    pub request_id: String,
    /// What the code is about.
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub facts: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    pub fn new(kind: &'static Kind) -> Self {
        Self { kind, detail: None, facts: None }
    }

    pub fn with_detail(kind: &'static Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: Some(detail.into()), facts: None }
    }

    /// The same, with further members of the body; what is no object adds nothing.
    pub fn with_facts(self, facts: serde_json::Value) -> Self {
        let serde_json::Value::Object(facts) = facts else { return self };
        Self { facts: Some(facts), ..self }
    }

    /// For a status that some layer answered by itself.
    pub fn for_status(status: StatusCode) -> Self {
        Self::new(match status {
            StatusCode::UNAUTHORIZED => &NOT_SIGNED_IN,
            StatusCode::FORBIDDEN => &FORBIDDEN,
            StatusCode::NOT_FOUND => &NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED => &METHOD_NOT_ALLOWED,
            StatusCode::REQUEST_TIMEOUT => &TIMED_OUT,
            StatusCode::CONFLICT => &CONFLICT,
            StatusCode::PAYLOAD_TOO_LARGE => &TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => &NOT_JSON_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY => &BAD_FIELD,
            StatusCode::SERVICE_UNAVAILABLE => &UNAVAILABLE,
            status if status.is_server_error() => &INTERNAL,
            _ => &BAD_REQUEST,
        })
    }

    /// The JSON that goes out.
    pub fn body(&self, language: Language, request_id: &str) -> Body {
        Body {
            kind: format!("urn:unisson:problem:{}", self.kind.code),
            title: self.kind.title(language),
            status: self.kind.status.as_u16(),
            code: self.kind.code,
            detail: self.detail.as_deref().map(str::to_owned),
            request_id: request_id.to_owned(),
            facts: self.facts.clone().unwrap_or_default(),
        }
    }

    /// The whole response, with the body written.
    pub fn write(&self, language: Language, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.body(language, request_id)).unwrap_or_default();
        let mut response = (self.kind.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<&'static Kind> for Problem {
    fn from(kind: &'static Kind) -> Self {
        Self::new(kind)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::new(&NOT_FOUND),
            StoreError::Conflict { .. } => Self::new(&CONFLICT),
            StoreError::Forbidden => Self::new(&FORBIDDEN),
            StoreError::Unacceptable { what, reason } => Self::with_detail(&BAD_FIELD, format!("{what}: {reason}")),
            error if error.is_transient() => {
                tracing::warn!(error = %error, "the database is away");
                Self::new(&UNAVAILABLE)
            }
            error => {
                tracing::error!(error = %error, "a request failed in the store");
                Self::new(&INTERNAL)
            }
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::new(match denied {
            Denied::NotFound | Denied::OldEpoch => &NOT_FOUND,
            Denied::Forbidden => &FORBIDDEN,
            Denied::Expired | Denied::BadToken | Denied::SignedOut => &NOT_SIGNED_IN,
            Denied::Unavailable => &UNAVAILABLE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_speaks_the_readers_language() {
        let problem = Problem::with_detail(&BAD_FIELD, "title");
        let french = problem.body(Language::Fr, "r1");
        let english = problem.body(Language::En, "r1");
        assert_eq!((french.status, french.code), (422, "bad-field"));
        assert_ne!(french.title, english.title);
        assert_eq!(english.detail.as_deref(), Some("title"));
        let json = serde_json::to_value(english).expect("a body is JSON");
        assert_eq!(json["type"], "urn:unisson:problem:bad-field");
        assert_eq!(json["request_id"], "r1");
    }

    #[test]
    fn inner_errors_never_leave() {
        let problem = Problem::from(StoreError::BadAddress { reason: "postgres://secret".to_owned() });
        assert_eq!(problem, Problem::new(&INTERNAL));
    }
}
