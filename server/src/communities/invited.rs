//! Being invited: what waits for me, yes or no, and the link of a letter.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use crdt_store::{
    CommunityId, UserId,
    communities::{MemberRole, Visibility},
    invitations::{Mine, Redeemed},
    users::NewUser,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    invitations::{TOO_OFTEN, inviter},
    view::{Person, account},
};
use crate::{
    access::words::{CommunityRole, CommunityVisibility},
    auth::{Auth, MaybeWho, Who},
    http::{
        Kind, Language, Problem,
        client::Client,
        extract::{Json, Path},
        problem::{Body, INTERNAL, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
    state,
};

/// Links that are tried from one client within a quarter of an hour. Many people may share an address.
const TRIES_MAX: i64 = 60;

static LINK_GONE: Kind = Kind::new(
    StatusCode::GONE,
    "link-gone",
    "Cette invitation a déjà servi ou n’est plus valable, demandez-en une autre",
    "This invitation was used already or is no longer good; ask for another one",
);
static SIGN_IN_FIRST: Kind = Kind::new(
    StatusCode::UNAUTHORIZED,
    "sign-in-first",
    "Connectez-vous d’abord comme d’habitude, puis rouvrez ce lien",
    "Sign in first as you usually do, then open this link again",
);

/// The community of an invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitingCommunity {
    slug: String,
    name: String,
    purpose: String,
    #[schema(value_type = CommunityVisibility)]
    visibility: Visibility,
    members_count: i64,
}

/// An invitation for me.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationForMe {
    id: Uuid,
    community: InvitingCommunity,
    invited_by: Option<Person>,
    #[schema(value_type = CommunityRole)]
    role: MemberRole,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl From<Mine> for InvitationForMe {
    fn from(mine: Mine) -> Self {
        Self {
            id: mine.id,
            community: InvitingCommunity {
                slug: mine.slug,
                name: mine.name,
                purpose: mine.purpose,
                visibility: mine.visibility,
                members_count: mine.members_count,
            },
            invited_by: inviter(mine.invited_by, mine.inviter_name, mine.inviter_service),
            role: mine.role,
            expires_at: mine.expires_at,
        }
    }
}

/// What waits for me.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyInvitations {
    items: Vec<InvitationForMe>,
    /// There is no next page.
    next_cursor: Option<String>,
}

/// The invitations that wait for me, the latest first.
#[utoipa::path(
    get, path = "/api/v1/invitations", tag = "invitations", operation_id = "my_invitations",
    responses((status = 200, body = MyInvitations), (status = 401, body = Body, description = "Nobody is signed in"))
)]
pub(super) async fn list(State(state): State<state::State>, Who(who): Who) -> Result<Json<MyInvitations>, Problem> {
    let found = state.db().invitations().mine(account(&who)?).await?;
    Ok(Json(MyInvitations { items: found.into_iter().map(InvitationForMe::from).collect(), next_cursor: None }))
}

/// The community that one belongs to now.
#[derive(Debug, Serialize, ToSchema)]
pub struct CameIn {
    slug: String,
}

/// Takes an invitation.
#[utoipa::path(
    post, path = "/api/v1/invitations/{id}/accept", tag = "invitations", operation_id = "accept_invitation",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = CameIn),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None that waits for this person")
    )
)]
pub(super) async fn accept(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<Json<CameIn>, Problem> {
    let accepted = state.db().invitations().accept(id, account(&who)?).await?;
    let accepted = accepted.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    tell(&state, accepted.community, &accepted.slug, accepted.user.id);
    Ok(Json(CameIn { slug: accepted.slug }))
}

/// Says no to an invitation.
#[utoipa::path(
    post, path = "/api/v1/invitations/{id}/decline", tag = "invitations", operation_id = "decline_invitation",
    params(("id" = Uuid, Path)),
    responses(
        (status = 204, description = "Declined"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 404, body = Body, description = "None that waits for this person")
    )
)]
pub(super) async fn decline(
    State(state): State<state::State>,
    Who(who): Who,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let user = account(&who)?;
    let mine = state.db().invitations().mine(user).await?;
    let slug = mine.into_iter().find(|waiting| waiting.id == id).map(|waiting| waiting.slug);
    let declined = state.db().invitations().decline(id, user).await?;
    let community = declined.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    if let Some(slug) = slug {
        state.live().tell(Audience::Community(community), LiveEvent::Members { slug });
    }
    state.live().tell(Audience::Person(user), LiveEvent::Invitations);
    Ok(StatusCode::NO_CONTENT)
}

/// The link of a letter: what stands behind its `#`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationUsed {
    secret: String,
}

/// Uses the link of a letter: whoever is signed in comes in as who they are. Without a login the link proves the address
/// it was sent to, and signs in somebody from outside who is new here; everybody else signs in first.
#[utoipa::path(
    post, path = "/api/v1/invitations/redeem", tag = "invitations", operation_id = "use_invitation",
    request_body = InvitationUsed,
    responses(
        (status = 200, body = CameIn, headers(("set-cookie" = String))),
        (status = 401, body = Body, description = "Whoever has the address signs in first: the link stays good"),
        (status = 410, body = Body, description = "Used, over, taken back, or never there"),
        (status = 429, body = Body, description = "Too many from this connection")
    )
)]
pub(super) async fn redeem(
    State(state): State<state::State>,
    MaybeWho(who): MaybeWho,
    client: Client,
    headers: HeaderMap,
    Json(used): Json<InvitationUsed>,
) -> Result<Response, Problem> {
    if let Some(network) = client.network() {
        let key = state.auth().throttle_key(&["invitation-redeem", &network.to_string()]);
        if state.db().throttles().count(&key, Duration::minutes(15)).await? > TRIES_MAX {
            return Err(Problem::new(&TOO_OFTEN));
        }
    }
    let hash = Auth::secret_hash(&used.secret).ok_or_else(|| Problem::new(&LINK_GONE))?;
    let language = Language::accepted(&headers).unwrap_or_default();
    let newcomer = |email: &str| NewUser {
        id: UserId::fresh(),
        name: email.split('@').next().unwrap_or_default().to_owned(),
        email: Some(email.to_owned()),
        role: state.auth().role_for_email(email),
        language: language.tag().to_owned(),
    };
    let signed_in = who.as_ref().and_then(|who| who.id);
    match state.db().invitations().redeem(&hash, signed_in, &newcomer).await? {
        Redeemed::Gone => Err(Problem::new(&LINK_GONE)),
        Redeemed::SignInFirst => Err(Problem::new(&SIGN_IN_FIRST)),
        Redeemed::By(accepted) => {
            tell(&state, accepted.community, &accepted.slug, accepted.user.id);
            let body = Json(CameIn { slug: accepted.slug });
            if signed_in.is_some() {
                return Ok(body.into_response());
            }
            let cookie = state.auth().sign_in(&accepted.user, &headers).await.map_err(|error| {
                tracing::error!(%error, "somebody who was invited could not be signed in");
                Problem::new(&INTERNAL)
            })?;
            Ok(([(header::SET_COOKIE, cookie.to_string())], body).into_response())
        }
    }
}

fn tell(state: &state::State, community: CommunityId, slug: &str, user: UserId) {
    let live = state.live();
    let page = LiveEvent::Community { id: community.0, slug: slug.to_owned() };
    live.tell(Audience::Community(community), LiveEvent::Members { slug: slug.to_owned() });
    live.tell(Audience::Community(community), page.clone());
    live.tell(Audience::Person(user), LiveEvent::Me);
    live.tell(Audience::Person(user), page);
    live.tell(Audience::Person(user), LiveEvent::Invitations);
}
