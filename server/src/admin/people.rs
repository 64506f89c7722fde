//! Accounts: the list, what somebody is to the instance, whether they may come in.

use axum::{extract::State, http::StatusCode};
use crdt_store::{
    UserId,
    directory::{Account, AccountChange, AccountsAsked, After, Changed},
    users::{Role, Suspension},
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::account;
use crate::{
    access::words::InstanceRole,
    auth::Who,
    http::{
        Kind, Problem,
        extract::{Json, Path, Query},
        page::{self, Limit},
        problem::{Body, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
    state,
};

static LAST_ADMINISTRATOR: Kind = Kind::new(
    StatusCode::CONFLICT,
    "last-administrator",
    "C’est la dernière personne qui administre l’instance : nommez-en une autre d’abord",
    "This is the last person who administers the instance: name another one first",
);

/// Within which time somebody was here.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Active {
    Day,
    Week,
    Month,
}

/// Which accounts, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words that a name has, or their beginnings; or the beginning of an address.
    #[serde(default)]
    q: String,
    /// Of this role.
    #[param(value_type = Option<InstanceRole>)]
    role: Option<Role>,
    /// Those alone who may not come in.
    #[serde(default)]
    suspended: bool,
    /// Those alone who were here within a `day`, a `week`, or thirty days (`month`), the latest first; without `q`.
    #[param(inline)]
    active: Option<Active>,
    /// Those from outside alone of whom a membership ends within thirty days; without `q`.
    #[serde(default)]
    expiring: bool,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminPerson {
    id: Uuid,
    name: String,
    service: Option<String>,
    email: Option<String>,
    #[schema(value_type = InstanceRole)]
    role: Role,
    outsider: bool,
    suspended: bool,
    communities_count: i64,
    /// When they stop belonging to one of these next, where an end is set.
    #[serde(with = "time::serde::rfc3339::option")]
    next_end_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    last_seen_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<Account> for AdminPerson {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.0,
            name: account.name,
            service: account.service,
            email: account.email,
            role: account.role,
            outsider: account.role == Role::Outsider,
            suspended: account.suspended_at.is_some(),
            communities_count: account.communities_count,
            next_end_at: account.next_end_at,
            last_seen_at: account.last_seen_at,
            created_at: account.created_at,
        }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminPeople {
    items: Vec<AdminPerson>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// Accounts, by name.
#[utoipa::path(
    get, path = "/api/v1/admin/people", tag = "administration", operation_id = "list_accounts", params(Filter),
    responses(
        (status = 200, body = AdminPeople),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(super) async fn list(
    State(state): State<state::State>,
    Who(who): Who,
    Query(filter): Query<Filter>,
) -> Result<Json<AdminPeople>, Problem> {
    state.guard().instance(&who)?;
    let limit = Limit::new(filter.limit)?;
    let after: Option<After> = page::read_cursor(filter.cursor.as_deref())?;
    let now = (state.config().clock)();
    let since = filter.active.filter(|_| filter.q.trim().is_empty()).map(|active| {
        now - Duration::days(match active {
            Active::Day => 1,
            Active::Week => 7,
            Active::Month => 30,
        })
    });
    let expiring = filter.expiring && filter.q.trim().is_empty();
    let ending_before = expiring.then_some(now + Duration::days(30));
    let asked = AccountsAsked { q: &filter.q, role: filter.role, suspended: filter.suspended, since, ending_before };
    let found = state.db().people().accounts(asked, after.as_ref(), limit.and_one()).await?;
    let (items, next_cursor) = limit.cut(found, |account: &Account| After {
        key: account.found_by.clone(),
        id: account.id,
        at: account.last_seen_at,
    });
    Ok(Json(AdminPeople { items: items.into_iter().map(AdminPerson::from).collect(), next_cursor }))
}

/// One account.
#[utoipa::path(
    get, path = "/api/v1/admin/people/{id}", tag = "administration", operation_id = "read_account",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = AdminPerson),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator"),
        (status = 404, body = Body, description = "Nobody")
    )
)]
pub(super) async fn read(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<Json<AdminPerson>, Problem> {
    state.guard().instance(&who)?;
    one(&state, UserId(id)).await
}

async fn one(state: &state::State, id: UserId) -> Result<Json<AdminPerson>, Problem> {
    let account = state.db().people().account(id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    Ok(Json(account.into()))
}

/// What is changed of an account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChanged {
    #[schema(value_type = Option<InstanceRole>)]
    role: Option<Role>,
    /// Whether they are kept out.
    suspended: Option<bool>,
}

/// Changes what somebody is to the instance, and whether they may come in. The last administrator stays one.
#[utoipa::path(
    patch, path = "/api/v1/admin/people/{id}", tag = "administration", operation_id = "change_account",
    params(("id" = Uuid, Path)), request_body = AccountChanged,
    responses(
        (status = 200, body = AdminPerson),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator"),
        (status = 404, body = Body, description = "Nobody"),
        (status = 409, body = Body, description = "The last administrator stays one")
    )
)]
pub(super) async fn change(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
    Json(wanted): Json<AccountChanged>,
) -> Result<Json<AdminPerson>, Problem> {
    state.guard().instance(&who)?;
    let id = UserId(id);
    let suspension = wanted.suspended.map(|suspended| match suspended {
        true => Suspension::Suspended,
        false => Suspension::Lifted,
    });
    let change = AccountChange { role: wanted.role, suspension };
    match state.db().people().change(id, account(&who)?, change).await? {
        Changed::Done => {}
        Changed::LastAdministrator => return Err(Problem::new(&LAST_ADMINISTRATOR)),
    }
    state.live().tell(Audience::Person(id), LiveEvent::Me);
    one(&state, id).await
}
