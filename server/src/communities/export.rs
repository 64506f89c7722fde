//! The members of a community as a table, for those who lead it.

use axum::{extract::State, response::Response};
use crdt_store::{
    communities::{MemberAfter, MembersSought},
    users::Role,
};
use serde_json::json;
use time::OffsetDateTime;

use super::view::account;
use crate::{
    auth::Who,
    http::{Language, Problem, csv::Csv, extract::Path, problem::Body},
};

/// Members that are asked for at once.
const HANDFUL: u32 = 500;

/// The members of a community as a table (CSV).
#[utoipa::path(
    get, path = "/api/v1/communities/{slug}/members.csv", tag = "members", operation_id = "export_members",
    params(("slug" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 401, body = Body, description = "Nobody is signed in"),
        (status = 403, body = Body, description = "Somebody who doesn't lead"),
        (status = 404, body = Body, description = "None, or none for this person")
    )
)]
pub(super) async fn members(
    State(state): State<crate::state::State>,
    Who(who): Who,
    Path(slug): Path<String>,
) -> Result<Response, Problem> {
    let met = state.guard().leads(&who, &slug).await?;
    let head = match Language::from_tag(&who.language) {
        Some(Language::En) => ["Name", "Service", "Address", "Role", "From outside", "Since", "Until", "Last seen"],
        _ => ["Nom", "Service", "Adresse", "Rôle", "Externe", "Depuis", "Jusqu’au", "Vu pour la dernière fois"],
    };
    let mut table = Csv::new(&head);
    let mut after: Option<MemberAfter> = None;
    let mut count = 0;
    let communities = state.db().communities();
    loop {
        let found = communities.members(met.community.id, MembersSought::default(), after.as_ref(), HANDFUL).await?;
        let Some(last) = found.last() else { break };
        after = Some(MemberAfter::of(last));
        count += found.len();
        for member in &found {
            table.row(&[
                &member.name,
                member.service.as_deref().unwrap_or_default(),
                member.email.as_deref().unwrap_or_default(),
                member.role.as_str(),
                if member.user_role == Role::Outsider { "1" } else { "0" },
                &day(Some(member.joined_at)),
                &day(member.expires_at),
                &day(member.last_seen_at),
            ]);
        }
    }
    let details = json!({ "count": count });
    state.db().audit().note(account(&who)?, "members.exported", Some(met.community.id), details).await?;
    Ok(table.download(&format!("{slug}.csv")))
}

fn day(at: Option<OffsetDateTime>) -> String {
    at.map(|at| at.date().to_string()).unwrap_or_default()
}
