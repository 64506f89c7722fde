//! Shapes that several answers share: a person among others, a community in a list.

use crdt_store::{
    UserId,
    communities::{Joining, Member, MemberRole, Met, Visibility},
    users::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::{
        Access, Principal,
        words::{CommunityJoining, CommunityRole, CommunityVisibility},
    },
    http::{Problem, problem::NOT_SIGNED_IN},
};

/// Somebody, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// Where they work.
    pub(super) service: Option<String>,
    /// From outside, to be marked as such.
    pub(super) outsider: bool,
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

/// How somebody comes into a community: not at all, they asked, or by this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JoinState {
    None,
    Asked,
    Open,
    Approval,
    Invitation,
}

/// The way in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Join {
    pub(super) state: JoinState,
}

impl Join {
    pub fn of(who: &Principal, met: &Met) -> Self {
        let state = match met.community.joining {
            _ if met.role.is_some() || met.community.archived_at.is_some() => JoinState::None,
            _ if met.asked => JoinState::Asked,
            _ if who.role == Role::Outsider => JoinState::Invitation,
            Joining::Open => JoinState::Open,
            Joining::Approval => JoinState::Approval,
            Joining::Invitation => JoinState::Invitation,
        };
        Self { state }
    }
}

/// A community's cover, in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Community {
    id: Uuid,
    slug: String,
    name: String,
    purpose: String,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    #[schema(value_type = CommunityJoining)]
    joining: Joining,
    members_count: i64,
    /// What the asking person is in it, if anything.
    #[schema(value_type = Option<CommunityRole>)]
    role: Option<MemberRole>,
    join: Join,
}

impl Community {
    pub fn of(who: &Principal, met: Met) -> Self {
        let join = Join::of(who, &met);
        let Met { community, members_count, role, .. } = met;
        Self {
            id: community.id.0,
            slug: community.slug,
            name: community.name,
            purpose: community.purpose,
            visibility: community.visibility,
            joining: community.joining,
            members_count,
            role,
            join,
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// What the page before said.
    pub cursor: Option<String>,
    /// At most 100.
    pub limit: Option<u32>,
}

/// The account behind a request.
pub(super) fn account(who: &Principal) -> Result<UserId, Problem> {
    who.id.ok_or_else(|| Problem::new(&NOT_SIGNED_IN))
}

/// What only those learn who keep order in a community.
pub(super) fn keeps_order(access: Access) -> bool {
    access >= Access::Manage
}
