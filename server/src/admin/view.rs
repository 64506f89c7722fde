//! Shapes that several answers share.

use crdt_store::{UserId, communities::Member, users::Role};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::Principal,
    http::{Problem, problem::NOT_SIGNED_IN},
};

/// Somebody, as others see them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PersonNamed)]
pub(super) struct Person {
    pub id: Uuid,
    pub name: String,
    /// Where they work.
    pub service: Option<String>,
    /// From outside, to be marked as such.
    pub outsider: bool,
}

impl From<Member> for Person {
    fn from(member: Member) -> Self {
        Self {
            id: member.user_id.0,
            name: member.name,
            service: member.service,
            outsider: member.user_role == Role::Outsider,
        }
    }
}

/// The account behind a request.
pub(super) fn account(who: &Principal) -> Result<UserId, Problem> {
    who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))
}
