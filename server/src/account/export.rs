//! My data: all that is held of me, as a file.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::me::mine;
use crate::{
    auth::Who,
    http::{
        Problem,
        problem::{Body, INTERNAL},
    },
};

/// Acts in the audit log that are told, the latest.
const ACTS: u32 = 10_000;

/// What is held of a person. Times are RFC 3339.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyData {
    #[serde(with = "time::serde::rfc3339")]
    exported_at: OffsetDateTime,
    /// `account`, `identities`, `logins`, `memberships`, `documents` (their list; each is downloaded by itself),
    /// `shares`, `visits`, `requests`, `request_messages`, `join_requests`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    held: crdt_store::exports::Export,
    /// Invitations that wait.
    invitations: Vec<MyInvitation>,
    /// What I did and what was done to me, as the audit log has it: the latest ten thousand.
    audit: Vec<MyAct>,
}

/// An invitation that waits for my answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyInvitation {
    community: String,
    invited_by: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// An act in the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyAct {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    actor: Option<String>,
    action: String,
    community: Option<String>,
    subject: Option<String>,
    #[schema(value_type = Object)]
    details: Value,
}

/// My data, to keep: a file of JSON.
#[utoipa::path(
    get, path = "/api/v1/me/export", tag = "account", operation_id = "export_me",
    responses(
        (status = 200, body = MyData, description = "A file", headers(("content-disposition" = String))),
        (status = 401, description = "Nobody is signed in", body = Body)
    )
)]
pub(super) async fn export(State(state): State<crate::state::State>, Who(who): Who) -> Result<Response, Problem> {
    let me = mine(&who)?;
    let db = state.db();
    let acts = db.audit().concerning(me, ACTS).await?.into_iter().map(|act| MyAct {
        at: act.at,
        actor: act.actor_name,
        action: act.action,
        community: act.community_name,
        subject: act.subject_name,
        details: serde_json::from_str(&act.details).unwrap_or_default(),
    });
    let invitations = db.invitations().mine(me).await?.into_iter().map(|invitation| MyInvitation {
        community: invitation.name,
        invited_by: invitation.inviter_name,
        expires_at: invitation.expires_at,
    });
    let data = MyData {
        exported_at: (state.config().clock)(),
        held: db.exports().of(me).await?,
        invitations: invitations.collect(),
        audit: acts.collect(),
    };
    let json = serde_json::to_string_pretty(&data).map_err(|error| {
        tracing::error!(%error, "a person's data could not be written");
        Problem::new(&INTERNAL)
    })?;
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"unisson-my-data.json\""),
    ];
    Ok((StatusCode::OK, headers, json).into_response())
}
