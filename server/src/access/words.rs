//! How the store's words about people and communities look to readers of the API. Never made, only described.

#![allow(dead_code, reason = "these describe crdt_store's words to readers of the API")]

use utoipa::ToSchema;

/// What a person is to the instance.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum InstanceRole {
    Administrator,
    Agent,
    Outsider,
}

/// What a person is in a community.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum CommunityRole {
    Leader,
    Moderator,
    Member,
    Reader,
}

/// Who learns that a community exists, and what it holds.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum CommunityVisibility {
    Public,
    Private,
    Secret,
}
