//! What the instance says of itself, and who may create communities.

use axum::{extract::State, http::Uri};
use crdt_store::instance::{Policy, WhoMayCreate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::account;
use crate::{
    auth::{Who, is_address},
    http::{
        Problem,
        extract::Json,
        fields::{bad, line},
        problem::Body,
    },
    live::{Audience, LiveEvent},
    state,
};

const NAME_CHARS: usize = 80;
const URL_CHARS: usize = 500;

/// Who may open a community without being asked why: every agent, or nobody.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "stands for the store's word in the description of the API")]
enum CommunityCreation {
    Agents,
    Approval,
}

/// What is said of an instance.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSettings {
    /// 1 to 80 characters.
    name: String,
    #[schema(value_type = CommunityCreation)]
    who_may_create: WhoMayCreate,
    /// Where its legal notice stands, with `https://` or `http://`; empty for nowhere.
    #[serde(default)]
    #[schema(required)]
    legal_notice_url: String,
    /// The address that helps; empty for none.
    #[serde(default)]
    #[schema(required)]
    help_email: String,
}

impl From<Policy> for InstanceSettings {
    fn from(policy: Policy) -> Self {
        let Policy { name, who_may_create, legal_notice_url, help_email } = policy;
        Self { name, who_may_create, legal_notice_url, help_email }
    }
}

impl InstanceSettings {
    fn checked(self) -> Result<Policy, Problem> {
        let legal_notice_url = self.legal_notice_url.trim();
        if !legal_notice_url.is_empty() {
            let is_page = legal_notice_url.parse::<Uri>().is_ok_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https"))
                    && uri.authority().is_some_and(|host| !host.as_str().contains('@'))
            });
            if !is_page || legal_notice_url.chars().count() > URL_CHARS {
                return Err(bad("legal_notice_url", "the address of a page, with https://"));
            }
        }
        let help_email = self.help_email.trim();
        if !help_email.is_empty() && !is_address(help_email) {
            return Err(bad("help_email", "not an e-mail address"));
        }
        Ok(Policy {
            name: line("name", &self.name, NAME_CHARS)?,
            who_may_create: self.who_may_create,
            legal_notice_url: legal_notice_url.to_owned(),
            help_email: help_email.to_owned(),
        })
    }
}

/// The settings of the instance.
#[utoipa::path(
    get, path = "/api/v1/admin/instance", tag = "administration", operation_id = "read_instance",
    responses(
        (status = 200, body = InstanceSettings),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(super) async fn read(State(state): State<state::State>, Who(who): Who) -> Result<Json<InstanceSettings>, Problem> {
    state.guard().instance(&who)?;
    Ok(Json(state.db().instance().policy().await?.into()))
}

/// Changes the settings of the instance.
#[utoipa::path(
    put, path = "/api/v1/admin/instance", tag = "administration", operation_id = "change_instance",
    request_body = InstanceSettings,
    responses(
        (status = 200, body = InstanceSettings),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator"),
        (status = 422, body = Body, description = "A field is not acceptable")
    )
)]
pub(super) async fn change(
    State(state): State<state::State>,
    Who(who): Who,
    Json(wanted): Json<InstanceSettings>,
) -> Result<Json<InstanceSettings>, Problem> {
    state.guard().instance(&who)?;
    let policy = wanted.checked()?;
    state.db().instance().set_policy(account(&who)?, &policy).await?;
    state.mail().call_it(&policy.name);
    state.live().tell(Audience::Administrators, LiveEvent::Me);
    Ok(Json(policy.into()))
}
