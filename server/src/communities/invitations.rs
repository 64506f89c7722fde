//! Inviting: a pasted list, looked at before anything leaves, then sent; what waits, sent again or taken back.
//!
//! What is told of an address is what a leader may know anyway: the name of whom they find in the directory, who belongs
//! to their community, what they sent themselves. Whether somebody else has an account is told by nothing.

use axum::{extract::State, http::StatusCode};
use crdt_store::{
    CommunityId, UserId,
    communities::{MemberRole, Met},
    invitations::{After, Invited, Known, NewInvitation, Waiting},
    users::{Directory, Role},
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    addresses::{self, Pasted},
    view::{Paging, Person, account},
};
use crate::{
    access::{Principal, words::CommunityRole},
    auth::Who,
    http::{
        Kind, Problem,
        extract::{Json, Path, Query},
        fields::{When, bad},
        page::{self, Limit},
        problem::{Body, INTERNAL, NOT_FOUND},
    },
    live::{Audience, LiveEvent},
    mail::{Letter, To},
    state,
};

/// How long a link is good.
const LINK_LASTS: Duration = Duration::days(14);
/// How long somebody from outside stays, where nothing else is said: six months.
const OUTSIDER_STAYS: Duration = Duration::days(183);
const LINES_MAX: usize = 200;
const SENT_AT_ONCE: usize = 100;
const TEXT_CHARS: usize = 40_000;
/// Of one person, within an hour.
const CHECKS_MAX: i64 = 600;
const BATCHES_MAX: i64 = 40;
/// To one address, from the whole instance, within a day.
const TO_ONE_ADDRESS: i64 = 20;

pub(super) static TOO_OFTEN: Kind = Kind::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too-often",
    "Trop de demandes en peu de temps, réessayez dans un moment",
    "Too many requests in a short time; try again in a while",
);

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationCheck {
    /// A list as it is pasted.
    text: String,
    #[schema(value_type = CommunityRole)]
    role: MemberRole,
    /// Until when those from outside stay: a day (until its end, UTC) or a moment; six months without it.
    #[schema(value_type = Option<String>)]
    until: Option<When>,
}

/// Whom to invite, one by one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitations)]
pub struct Inviting {
    /// At most 100 addresses.
    emails: Vec<String>,
    #[schema(value_type = CommunityRole)]
    role: MemberRole,
    /// Until when those from outside stay: a day (until its end, UTC) or a moment; six months without it.
    #[schema(value_type = Option<String>)]
    until: Option<When>,
}

/// What becomes of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineResult {
    /// Is invited.
    Ok,
    /// Is invited, for a time.
    Outsider,
    /// Not an address, or not in that role.
    Invalid,
    /// Stands above already.
    Duplicate,
    /// Belongs to the community.
    Member,
    /// Was invited, and has not answered.
    Invited,
    /// Gets no letter today: others have had too many sent there already.
    Later,
}

/// One address of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationLine {
    input: String,
    email: Option<String>,
    result: LineResult,
    /// Of whom the person finds in the directory.
    name: Option<String>,
    /// The address that was probably meant; `role` where somebody from outside can't have it.
    hint: Option<String>,
    /// Until when somebody from outside stays.
    #[serde(with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
}

/// A list, looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationLines {
    lines: Vec<InvitationLine>,
}

/// What becomes of each address of a pasted list. Nothing is sent.
#[utoipa::path(
    post, path = "/api/v1/communities/{slug}/invitations/check", tag = "invitations",
    operation_id = "check_invitations", params(("slug" = String, Path)), request_body = InvitationCheck,
    responses(
        (status = 200, body = InvitationLines),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "More than 200 addresses, or an end in the past"),
        (status = 429, body = Body, description = "Too many by this person")
    )
)]
pub(super) async fn check(
    State(state): State<state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Json(wanted): Json<InvitationCheck>,
) -> Result<Json<InvitationLines>, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    let user = account(&who)?;
    not_too_often(&state, "invitation-check", user, CHECKS_MAX).await?;
    if wanted.text.chars().count() > TEXT_CHARS {
        return Err(bad("text", "longer than 40000 characters"));
    }
    let pasted = addresses::read(&wanted.text);
    if pasted.len() > LINES_MAX {
        return Err(bad("text", "more than 200 addresses"));
    }
    let until = ends(&state, wanted.until)?;
    let looked = look(&state, &who, met.community.id, pasted, wanted.role, until).await?;
    Ok(Json(InvitationLines { lines: looked.into_iter().map(|(line, _)| line).collect() }))
}

/// Invites addresses. Asked again, nobody gets a second letter.
#[utoipa::path(
    post, path = "/api/v1/communities/{slug}/invitations", tag = "invitations", operation_id = "send_invitations",
    params(("slug" = String, Path)), request_body = Inviting,
    responses(
        (status = 200, body = InvitationLines, description = "What became of each: `ok` and `outsider` are on their way"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "None, or none for this person"),
        (status = 422, body = Body, description = "More than 100 addresses, or an end in the past"),
        (status = 429, body = Body, description = "Too many by this person")
    )
)]
pub(super) async fn send(
    State(state): State<state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Json(wanted): Json<Inviting>,
) -> Result<Json<InvitationLines>, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    let user = account(&who)?;
    if wanted.emails.len() > SENT_AT_ONCE {
        return Err(bad("emails", "more than 100 addresses"));
    }
    if wanted.emails.iter().map(String::len).sum::<usize>() > TEXT_CHARS {
        return Err(bad("emails", "longer than 40000 characters"));
    }
    let until = ends(&state, wanted.until)?;
    not_too_often(&state, "invitation-send", user, BATCHES_MAX).await?;
    let mut pasted = Vec::new();
    for email in &wanted.emails {
        pasted.extend(addresses::read(email));
    }
    if pasted.len() > SENT_AT_ONCE {
        return Err(bad("emails", "more than 100 addresses"));
    }
    let mut looked = look(&state, &who, met.community.id, pasted, wanted.role, until).await?;
    let mut new = Vec::new();
    let mut places = Vec::new();
    for (place, (line, known)) in looked.iter_mut().enumerate() {
        let (Some(email), LineResult::Ok | LineResult::Outsider) = (line.email.clone(), line.result) else { continue };
        let key = state.auth().throttle_key(&["invitation-to", &email]);
        if state.db().throttles().count(&key, Duration::days(1)).await? > TO_ONE_ADDRESS {
            line.result = LineResult::Later;
            continue;
        }
        let language = known.as_ref().and_then(|known| known.language.as_deref()).unwrap_or(&who.language);
        let made = invitation(&state, &who, &met, &email, language, wanted.role, until)?;
        new.push(made);
        places.push(place);
    }
    let answers = state.db().invitations().invite(met.community.id, user, &new).await?;
    for (place, answer) in places.into_iter().zip(answers) {
        let Some((line, known)) = looked.get_mut(place) else { continue };
        match answer {
            Invited::Sent => {
                if let Some(invited) = known.as_ref().and_then(|known| known.user_id) {
                    state.live().tell(Audience::Person(invited), LiveEvent::Invitations);
                }
            }
            Invited::Member => line.result = LineResult::Member,
            Invited::Waiting => line.result = LineResult::Invited,
        }
    }
    state.mail().nudge();
    tell(&state, &met);
    Ok(Json(InvitationLines { lines: looked.into_iter().map(|(line, _)| line).collect() }))
}

/// An invitation that waits for an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentInvitation {
    id: Uuid,
    email: String,
    /// Whose address it is, of whom the person finds in the directory.
    person: Option<Person>,
    #[schema(value_type = CommunityRole)]
    role: MemberRole,
    invited_by: Option<Person>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    sent_at: OffsetDateTime,
    /// When its link ends, or ended: it can be sent again.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Until when somebody from outside would stay.
    #[serde(with = "time::serde::rfc3339::option")]
    member_until: Option<OffsetDateTime>,
}

/// A page of what waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentInvitations {
    items: Vec<SentInvitation>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// The invitations of a community that wait for an answer, the latest first.
#[utoipa::path(
    get, path = "/api/v1/communities/{slug}/invitations", tag = "invitations", operation_id = "list_invitations",
    params(("slug" = String, Path), Paging),
    responses(
        (status = 200, body = SentInvitations),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn list(
    State(state): State<state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<SentInvitations>, Problem> {
    let met = state.guard().leads(&who, &slug).await?;
    let limit = Limit::new(paging.limit)?;
    let after: Option<After> = page::read_cursor(paging.cursor.as_deref())?;
    let found = state.db().invitations().waiting(met.community.id, after, limit.and_one()).await?;
    let (found, next_cursor) = limit.cut(found, |waiting: &Waiting| After::from(waiting));
    let mut items = Vec::with_capacity(found.len());
    for waiting in found {
        items.push(shown(&state, &who, met.community.id, waiting).await?);
    }
    Ok(Json(SentInvitations { items, next_cursor }))
}

/// Sends an invitation again, by a new link; the old one is worth nothing from then on.
#[utoipa::path(
    post, path = "/api/v1/communities/{slug}/invitations/{id}/resend", tag = "invitations",
    operation_id = "resend_invitation", params(("slug" = String, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, body = SentInvitation),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "None that waits, or none for this person"),
        (status = 429, body = Body, description = "Too many by this person, or to this address")
    )
)]
pub(super) async fn resend(
    State(state): State<state::State>,
    Who(who): Who,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Result<Json<SentInvitation>, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    let user = account(&who)?;
    not_too_often(&state, "invitation-send", user, BATCHES_MAX).await?;
    let (invitations, home) = (state.db().invitations(), met.community.id);
    let waiting = invitations.one(home, id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    let key = state.auth().throttle_key(&["invitation-to", &waiting.email]);
    if state.db().throttles().count(&key, Duration::days(1)).await? > TO_ONE_ADDRESS {
        return Err(Problem::new(&TOO_OFTEN));
    }
    let known = invitations.known(home, user, &waiting.email).await?;
    let language = known.language.as_deref().unwrap_or(&who.language);
    let now = (state.config().clock)();
    // What is over is not sent again: it begins anew.
    let until = waiting.member_until.filter(|end| *end > now).unwrap_or(now + OUTSIDER_STAYS);
    let made = invitation(&state, &who, &met, &waiting.email, language, waiting.role, until)?;
    if !invitations.resend(home, id, user, &made).await? {
        return Err(Problem::new(&NOT_FOUND));
    }
    state.mail().nudge();
    tell(&state, &met);
    let waiting = invitations.one(home, id).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    Ok(Json(shown(&state, &who, home, waiting).await?))
}

/// Takes an invitation back: its link is worth nothing from then on.
#[utoipa::path(
    delete, path = "/api/v1/communities/{slug}/invitations/{id}", tag = "invitations",
    operation_id = "revoke_invitation", params(("slug" = String, Path), ("id" = Uuid, Path)),
    responses(
        (status = 204, description = "Taken back"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead, or the community is archived"),
        (status = 404, body = Body, description = "None that waits, or none for this person")
    )
)]
pub(super) async fn revoke(
    State(state): State<state::State>,
    Who(who): Who,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Result<StatusCode, Problem> {
    let met = state.guard().runs(&who, &slug).await?;
    let user = account(&who)?;
    let invitations = state.db().invitations();
    let email = invitations.revoke(met.community.id, id, user).await?.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    if let Some(invited) = invitations.known(met.community.id, user, &email).await?.user_id {
        state.live().tell(Audience::Person(invited), LiveEvent::Invitations);
    }
    tell(&state, &met);
    Ok(StatusCode::NO_CONTENT)
}

/// What becomes of each, with what is known of it.
async fn look(
    state: &state::State,
    who: &Principal,
    home: CommunityId,
    pasted: Vec<Pasted>,
    role: MemberRole,
    until: OffsetDateTime,
) -> Result<Vec<(InvitationLine, Option<Known>)>, Problem> {
    let user = account(who)?;
    let mut seen = Vec::new();
    let mut lines = Vec::with_capacity(pasted.len());
    for Pasted { input, email, hint } in pasted {
        let mut line = InvitationLine { input, email, result: LineResult::Invalid, name: None, hint, until: None };
        let mut known = None;
        if let Some(email) = line.email.clone() {
            if seen.contains(&email) {
                line.result = LineResult::Duplicate;
            } else {
                let found = state.db().invitations().known(home, user, &email).await?;
                judge(state, &email, &found, role, until, &mut line);
                known = Some(found);
                seen.push(email);
            }
        }
        lines.push((line, known));
    }
    Ok(lines)
}

fn judge(
    state: &state::State,
    email: &str,
    known: &Known,
    role: MemberRole,
    until: OffsetDateTime,
    line: &mut InvitationLine,
) {
    let finds = finds(known);
    line.name = known.name.clone().filter(|_| finds || known.member);
    let is_outsider = match known.role {
        Some(is) if finds => is == Role::Outsider,
        // Whether there is an account that the person doesn't find is not told.
        _ => state.auth().role_for_email(email) == Role::Outsider,
    };
    line.result = match (known.member, known.invited, is_outsider) {
        (true, _, _) => LineResult::Member,
        (false, true, _) => LineResult::Invited,
        (false, false, true) if matches!(role, MemberRole::Leader | MemberRole::Moderator) => {
            line.hint = Some("role".to_owned());
            LineResult::Invalid
        }
        (false, false, true) => {
            line.until = Some(until);
            LineResult::Outsider
        }
        (false, false, false) => LineResult::Ok,
    };
}

/// Whether a leader, who is a colleague, finds this account in the directory.
fn finds(known: &Known) -> bool {
    let listed = known.directory == Some(Directory::Agents) && known.role.is_some_and(|role| role != Role::Outsider);
    listed || known.shares
}

async fn shown(
    state: &state::State,
    who: &Principal,
    home: CommunityId,
    waiting: Waiting,
) -> Result<SentInvitation, Problem> {
    let known = state.db().invitations().known(home, account(who)?, &waiting.email).await?;
    let person = match (known.user_id, &known.name) {
        (Some(id), Some(name)) if finds(&known) => {
            Some(Person { id: id.0, name: name.clone(), service: None, outsider: known.role == Some(Role::Outsider) })
        }
        _ => None,
    };
    Ok(SentInvitation {
        id: waiting.id,
        email: waiting.email,
        person,
        role: waiting.role,
        invited_by: inviter(waiting.invited_by, waiting.inviter_name, waiting.inviter_service),
        created_at: waiting.created_at,
        sent_at: waiting.sent_at,
        expires_at: waiting.expires_at,
        member_until: waiting.member_until,
    })
}

/// Those who invite are colleagues.
pub(super) fn inviter(id: Option<UserId>, name: Option<String>, service: Option<String>) -> Option<Person> {
    id.zip(name).map(|(id, name)| Person { id: id.0, name, service, outsider: false })
}

fn invitation(
    state: &state::State,
    who: &Principal,
    met: &Met,
    email: &str,
    language: &str,
    role: MemberRole,
    until: OffsetDateTime,
) -> Result<NewInvitation, Problem> {
    let secret = state.auth().secret().map_err(|error| {
        tracing::error!(%error, "an invitation has no secret");
        Problem::new(&INTERNAL)
    })?;
    let outsider = state.auth().role_for_email(email) == Role::Outsider;
    let lasts = (state.config().clock)() + LINK_LASTS;
    let expires_at = if outsider { lasts.min(until) } else { lasts };
    let letter = Letter::Invitation {
        community: &met.community.name,
        purpose: &met.community.purpose,
        inviter: &who.name,
        role,
        until: outsider.then_some(until),
        link: &state.mail().page(&format!("/invitation#{}", secret.text)),
        link_ends: expires_at,
    };
    let letter = state.mail().write(&letter, To { email, language });
    Ok(NewInvitation {
        id: Uuid::now_v7(),
        email: email.to_owned(),
        role,
        secret_hash: secret.hash,
        expires_at,
        member_until: Some(until),
        letter,
    })
}

fn ends(state: &state::State, until: Option<When>) -> Result<OffsetDateTime, Problem> {
    let now = (state.config().clock)();
    match until {
        None => Ok(now + OUTSIDER_STAYS),
        Some(When(end)) if end > now => Ok(end),
        Some(_) => Err(bad("until", "in the future")),
    }
}

async fn not_too_often(state: &state::State, what: &str, who: UserId, most: i64) -> Result<(), Problem> {
    let key = state.auth().throttle_key(&[what, &who.to_string()]);
    let count = state.db().throttles().count(&key, Duration::hours(1)).await?;
    if count > most { Err(Problem::new(&TOO_OFTEN)) } else { Ok(()) }
}

/// Those who look at the people of the community look again.
fn tell(state: &state::State, met: &Met) {
    let event = LiveEvent::Members { slug: met.community.slug.clone() };
    state.live().tell(Audience::Community(met.community.id), event);
}
