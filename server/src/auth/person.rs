//! From a request to the person behind it.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};

use super::Auth;
use crate::{
    access::Principal,
    http::{Language, Problem, context::Reader, problem::NOT_SIGNED_IN},
};

/// Somebody who is signed in; without a login the request ends with 401.
#[derive(Debug)]
pub struct Who(pub Principal);

/// Somebody or nobody.
#[derive(Debug)]
pub struct MaybeWho(pub Option<Principal>);

impl<S> FromRequestParts<S> for MaybeWho
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Auth::from_ref(state).principal(&parts.headers).await?;
        if let (Some(principal), Some(reader)) = (&principal, parts.extensions.get::<Reader>())
            && let Some(language) = Language::from_tag(&principal.language)
        {
            reader.prefers(language);
        }
        Ok(Self(principal))
    }
}

impl<S> FromRequestParts<S> for Who
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let MaybeWho(principal) = MaybeWho::from_request_parts(parts, state).await?;
        principal.map(Self).ok_or_else(|| Problem::new(&NOT_SIGNED_IN))
    }
}
