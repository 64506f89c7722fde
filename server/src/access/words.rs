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

/// Who may reach a document: whoever reaches its community's, whom it names, or whoever has its address.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum DocumentVisibility {
    Inherit,
    Restricted,
    Link,
}

/// What somebody is given at a document.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum SharedAccess {
    Read,
    Comment,
    Write,
    Manage,
}

/// Why a document is news to somebody.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum NewsReason {
    Created,
    Changed,
    Shared,
}

/// How one comes into a community.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum CommunityJoining {
    Open,
    Approval,
    Invitation,
}

/// What a community began as.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum CommunityModel {
    Network,
    Project,
    Event,
}

/// What a community is made of.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum CommunityFeature {
    Documents,
    Wiki,
    Posts,
    Faq,
}
