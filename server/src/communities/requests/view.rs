//! A request as its author and those who decide see it.

use crdt_store::{
    UserId,
    communities::{Feature, Joining, Model, Visibility},
    requests::{Message, Named, Request, RequestState, Wish},
    users::Role,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::words::{CommunityFeature, CommunityJoining, CommunityModel, CommunityVisibility},
    communities::{
        change::{NAME_CHARS, PURPOSE_CHARS, check_features},
        models::goes_together,
        view::Person,
    },
    http::{
        Problem,
        fields::{bad, line, lines},
    },
};

/// At most so many lead from the start.
const CO_LEADERS_MAX: usize = 10;

impl From<Named> for Person {
    fn from(named: Named) -> Self {
        Self { id: named.id.0, name: named.name, service: named.service, outsider: named.role == Role::Outsider }
    }
}

/// How far a request has come.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "stands for the store's word in the description of the API")]
pub enum CommunityRequestState {
    Draft,
    Received,
    Changes,
    Accepted,
    Refused,
}

/// What somebody asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedCommunity)]
pub(super) struct Wanted {
    /// Of a request that begins: a UUID of version 7 (or 4) made by the client, so that the same again makes nothing
    /// twice.
    pub id: Option<Uuid>,
    /// Of a request that is there: the revision that was read.
    pub revision: Option<i32>,
    /// Hand it in, or keep it as it is for later.
    pub send: bool,
    /// At most 120 characters; a draft may have none yet.
    name: String,
    /// At most 1000 characters.
    purpose: String,
    #[schema(value_type = CommunityModel)]
    model: Model,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    /// A secret community is by invitation only.
    #[schema(value_type = CommunityJoining)]
    joining: Joining,
    /// In the order of the menu, each once.
    #[schema(value_type = Vec<CommunityFeature>)]
    features: Vec<Feature>,
    /// Who is to lead it as well.
    #[serde(default)]
    co_leaders: Vec<Uuid>,
}

impl Wanted {
    /// Looked at: as a draft it may lack things, to be handed in it must not.
    pub fn check(&self, author: UserId) -> Result<Wish, Problem> {
        let handed_in = self.send;
        let name = match self.name.trim().is_empty() && !handed_in {
            true => String::new(),
            false => line("name", &self.name, NAME_CHARS)?,
        };
        let purpose = lines("purpose", &self.purpose, usize::from(handed_in), PURPOSE_CHARS)?;
        if handed_in {
            check_features(&self.features)?;
            if !goes_together(self.visibility, self.joining) {
                return Err(bad("joining", "a secret community is by invitation"));
            }
        } else if !self.features.is_empty() {
            check_features(&self.features)?;
        }
        let mut co_leaders: Vec<UserId> = Vec::new();
        for id in self.co_leaders.iter().map(|id| UserId(*id)) {
            if id != author && !co_leaders.contains(&id) {
                co_leaders.push(id);
            }
        }
        if co_leaders.len() > CO_LEADERS_MAX {
            return Err(bad("co_leaders", "at most 10"));
        }
        Ok(Wish {
            name,
            purpose,
            model: self.model,
            visibility: self.visibility,
            joining: self.joining,
            features: self.features.clone(),
            co_leaders,
        })
    }
}

/// What was written about a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestMessage {
    pub(super) id: Uuid,
    pub(super) author: Person,
    pub(super) text: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created_at: OffsetDateTime,
}

impl From<Message> for RequestMessage {
    fn from(message: Message) -> Self {
        Self {
            id: message.message_id,
            author: message.author.into(),
            text: message.text,
            created_at: message.created_at,
        }
    }
}

/// The community that a request became.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestedCommunity {
    slug: String,
    name: String,
}

/// A request for a community.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommunityRequest {
    id: Uuid,
    /// `2026-0001`, once it was handed in.
    number: Option<String>,
    /// To be named by whoever changes or decides: of two, the second is refused.
    revision: i32,
    #[schema(value_type = CommunityRequestState)]
    state: RequestState,
    requester: Person,
    name: String,
    purpose: String,
    #[schema(value_type = CommunityModel)]
    model: Model,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    #[schema(value_type = CommunityJoining)]
    joining: Joining,
    #[schema(value_type = Vec<CommunityFeature>)]
    features: Vec<Feature>,
    co_leaders: Vec<Person>,
    /// What was said with the last decision.
    reason: Option<String>,
    decided_by: Option<Person>,
    #[serde(with = "time::serde::rfc3339::option")]
    decided_at: Option<OffsetDateTime>,
    community: Option<RequestedCommunity>,
    /// What was written about it; not in lists.
    messages: Vec<RequestMessage>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

/// In a list: without what was written about it.
pub(super) async fn listed(state: &crate::state::State, request: Request) -> Result<CommunityRequest, Problem> {
    let co_leaders = state.db().requests().people(&request.wish.co_leaders).await?;
    let Wish { name, purpose, model, visibility, joining, features, .. } = request.wish;
    Ok(CommunityRequest {
        id: request.id,
        number: request.number,
        revision: request.revision,
        state: request.state,
        requester: request.requester.into(),
        name,
        purpose,
        model,
        visibility,
        joining,
        features,
        co_leaders: co_leaders.into_iter().map(Person::from).collect(),
        reason: request.reason,
        decided_by: request.decided_by.map(Person::from),
        decided_at: request.decided_at,
        community: request.community.map(|(slug, name)| RequestedCommunity { slug, name }),
        messages: Vec::new(),
        created_at: request.created_at,
        updated_at: request.updated_at,
    })
}

/// Whole.
pub(super) async fn whole(state: &crate::state::State, request: Request) -> Result<CommunityRequest, Problem> {
    let messages = state.db().requests().messages(request.id).await?;
    let mut shown = listed(state, request).await?;
    shown.messages = messages.into_iter().map(RequestMessage::from).collect();
    Ok(shown)
}
