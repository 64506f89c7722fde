//! `Json`, `Path` and `Query` whose refusals are problems.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

use super::problem::{BAD_FIELD, BAD_JSON, BAD_QUERY, NOT_FOUND, NOT_JSON_TYPE, Problem, TOO_LARGE};

/// A JSON body, in or out.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => Err(Problem::with_detail(&BAD_FIELD, innermost(&error))),
            Err(JsonRejection::JsonSyntaxError(error)) => Err(Problem::with_detail(&BAD_JSON, innermost(&error))),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::new(&NOT_JSON_TYPE)),
            Err(other) if other.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::new(&TOO_LARGE)),
            Err(_) => Err(Problem::new(&BAD_JSON)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Pieces of the path. One that can't be read is an address where nothing is.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if holds_nul(parts.uri.path()) {
            return Err(Problem::new(&NOT_FOUND));
        }
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(value)| Self(value)).map_err(|_| Problem::new(&NOT_FOUND))
    }
}

/// The query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(holds_nul) {
            return Err(Problem::with_detail(&BAD_QUERY, "a NUL"));
        }
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| Problem::with_detail(&BAD_QUERY, innermost(&error)))
    }
}

/// No text of ours holds a NUL, and PostgreSQL takes none.
fn holds_nul(encoded: &str) -> bool {
    encoded.contains("%00")
}

/// What the parser said, without what axum says around it. It names fields and positions, never values of others.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().chars().take(200).collect()
}
