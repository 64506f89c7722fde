//! What was done: the list, and the same as a table.

use axum::{extract::State, response::Response};
use crdt_store::{
    CommunityId, UserId,
    audit::{After, Recorded, Sought},
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Date, Duration, OffsetDateTime, Time, format_description::well_known::Rfc3339, macros::format_description};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{Person, account};
use crate::{
    auth::Who,
    http::{
        Language, Problem,
        csv::Csv,
        extract::{Json, Query},
        page::{self, Limit},
        problem::{BAD_QUERY, Body},
    },
    state,
};

/// Acts that are asked for at once while a table is written.
const HANDFUL: u32 = 500;

/// Which acts, and which page of them. Empty ones are as good as absent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of one community: its slug or its id.
    #[serde(default)]
    community: String,
    /// By one person: their id.
    #[serde(default)]
    actor: String,
    /// Of one kind: `member.removed`.
    #[serde(default)]
    action: String,
    /// From the beginning of this day (UTC) or this moment on.
    #[serde(default)]
    from: String,
    /// Until the end of this day (UTC), or before this moment.
    #[serde(default)]
    to: String,
    /// What the page before said.
    cursor: Option<String>,
    /// At most 100.
    limit: Option<u32>,
}

/// The community of an act.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditCommunity {
    slug: String,
    name: String,
}

/// To whom or what an act was done, besides its community.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditSubject {
    /// `person`, `request`, `invitation`.
    kind: String,
    id: Option<Uuid>,
    name: Option<String>,
}

/// An act.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Who did it; `null` where the account is no more.
    actor: Option<Person>,
    /// A noun and a verb: `member.removed`.
    action: String,
    community: Option<AuditCommunity>,
    subject: Option<AuditSubject>,
    /// What was and what is.
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

impl From<Recorded> for AuditEntry {
    fn from(act: Recorded) -> Self {
        let actor = act.actor_id.zip(act.actor_name);
        Self {
            id: act.id,
            at: act.at,
            actor: actor.map(|(id, name)| Person { id: id.0, name, service: None, outsider: false }),
            action: act.action,
            community: act.community_slug.zip(act.community_name).map(|(slug, name)| AuditCommunity { slug, name }),
            subject: act.subject_kind.map(|kind| AuditSubject { kind, id: act.subject_id, name: act.subject_name }),
            details: serde_json::from_str(&act.details).unwrap_or_default(),
        }
    }
}

/// A page of what was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    items: Vec<AuditEntry>,
    /// Where the next page begins; absent after the last.
    next_cursor: Option<String>,
}

/// What was done, the latest first.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "administration", operation_id = "list_acts", params(Filter),
    responses(
        (status = 200, body = AuditPage),
        (status = 400, body = Body, description = "A filter can't be read"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(super) async fn list(
    State(state): State<state::State>,
    Who(who): Who,
    Query(filter): Query<Filter>,
) -> Result<Json<AuditPage>, Problem> {
    state.guard().instance(&who)?;
    let limit = Limit::new(filter.limit)?;
    let after: Option<After> = page::read_cursor(filter.cursor.as_deref())?;
    let Some(sought) = read(&state, &filter).await? else {
        return Ok(Json(AuditPage { items: Vec::new(), next_cursor: None }));
    };
    let found = state.db().audit().list(&sought, after, limit.and_one()).await?;
    let (items, next_cursor) = limit.cut(found, |act: &Recorded| After { at: act.at, id: act.id });
    Ok(Json(AuditPage { items: items.into_iter().map(AuditEntry::from).collect(), next_cursor }))
}

/// What was done as a table (CSV): all acts of the filter, the latest first.
#[utoipa::path(
    get, path = "/api/v1/admin/audit.csv", tag = "administration", operation_id = "export_acts", params(Filter),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 400, body = Body, description = "A filter can't be read"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Not an administrator")
    )
)]
pub(super) async fn export(
    State(state): State<state::State>,
    Who(who): Who,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    state.guard().instance(&who)?;
    let head = match Language::from_tag(&who.language) {
        Some(Language::En) => ["When", "Who", "Act", "Community", "Kind", "Whom or what", "Details"],
        _ => ["Date", "Qui", "Acte", "Communauté", "Nature", "Pour qui ou quoi", "Détails"],
    };
    let table = Csv::new(&head);
    let sought = read(&state, &filter).await?;
    // Recorded before anything leaves, for whoever stops half-way has a half.
    let details = json!({
        "community": filter.community, "actor": filter.actor, "action": filter.action,
        "from": filter.from, "to": filter.to,
    });
    state.db().audit().note(account(&who)?, "audit.exported", None, details).await?;
    let audit = state.db().audit();
    let pages = stream::try_unfold((sought, None), move |(sought, after)| {
        let audit = audit.clone();
        async move {
            let Some(sought) = sought else { return Ok(None) };
            let found = audit.list(&sought, after, HANDFUL).await?;
            let Some(last) = found.last() else { return Ok(None) };
            let after = Some(After { at: last.at, id: last.id });
            let mut rows = Csv::default();
            for act in &found {
                row(&mut rows, act);
            }
            Ok(Some((rows, (Some(sought), after))))
        }
    });
    Ok(table.stream("audit.csv", pages))
}

fn row(rows: &mut Csv, act: &Recorded) {
    let subject = act.subject_id.map(|id| id.to_string()).unwrap_or_default();
    rows.row(&[
        &act.at.format(&Rfc3339).unwrap_or_default(),
        act.actor_name.as_deref().unwrap_or_default(),
        &act.action,
        act.community_name.as_deref().unwrap_or_default(),
        act.subject_kind.as_deref().unwrap_or_default(),
        act.subject_name.as_deref().unwrap_or(&subject),
        &act.details,
    ]);
}

/// `None` where nothing can match.
async fn read(state: &state::State, filter: &Filter) -> Result<Option<Sought>, Problem> {
    let bad = |what: &'static str| Problem::with_detail(&BAD_QUERY, what);
    let community = match filter.community.trim() {
        "" => None,
        text => match Uuid::try_parse(text) {
            Ok(id) => Some(CommunityId(id)),
            Err(_) => match state.db().communities().by_slug(text, None).await? {
                Some(met) => Some(met.community.id),
                None => return Ok(None),
            },
        },
    };
    let actor = match filter.actor.trim() {
        "" => None,
        text => Some(UserId(Uuid::try_parse(text).map_err(|_| bad("actor: an id"))?)),
    };
    let day = |text: &str| Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    let moment = |text: &str, what, days| {
        let moment = match (text.trim(), day(text.trim())) {
            ("", _) => return Ok(None),
            (_, Some(day)) => day.with_time(Time::MIDNIGHT).assume_utc().checked_add(Duration::days(days)),
            (text, None) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        };
        moment.filter(|moment| (1970..=9990).contains(&moment.year())).map(Some).ok_or_else(|| bad(what))
    };
    Ok(Some(Sought {
        community,
        actor,
        action: Some(filter.action.trim().to_owned()).filter(|action| !action.is_empty()),
        from: moment(&filter.from, "from: a day or a moment", 0)?,
        to: moment(&filter.to, "to: a day or a moment", 1)?,
    }))
}
