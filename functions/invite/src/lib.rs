//! `POST /v1/orgs/{org}/invitations`: one person, several, or a pasted list.

mod request;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use usher_app::{InviteResult, invite as invite_people};
use usher_domain::id::ReservationId;
use usher_domain::{Catalogue, InvitationSpec, InvitationValidator, Issue};
use usher_http::{Admin, Api, JsonBody, MembershipView, Problem};
use usher_runtime::random;

pub use request::{InviteRequest, LARGEST_REQUEST};

/// The function's routes.
pub fn router(api: Api) -> Router {
    usher_http::router(Router::new().route("/v1/orgs/{org}/invitations", post(invite)), api)
}

/// The result of one entry of the request.
#[derive(Debug, Serialize)]
struct EntryResult {
    outcome: &'static str,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<MembershipView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Value>,
}

/// One result for each entry, in order.
#[derive(Debug, Serialize)]
struct InviteResponse {
    results: Vec<EntryResult>,
}

/// An invalid entry does not stop the others. Missing capacity does: nobody can tell which entry should get the last seat.
async fn invite(
    State(api): State<Api>,
    admin: Admin,
    JsonBody(mut request): JsonBody<InviteRequest>,
) -> Result<Json<InviteResponse>, Problem> {
    let now = api.clock.now();
    let entries = request.entries()?;
    let catalogue = &admin.organisation.catalogue;
    let rules = InvitationValidator::new(catalogue, admin.authority());
    let checked: Vec<(String, Result<InvitationSpec, Vec<Issue>>)> = entries
        .into_iter()
        .map(|entry| {
            let checked = match &entry.unreadable {
                Some(problem) => Err(vec![problem.clone()]),
                None => rules.validate(&entry.request),
            };
            (entry.request.email.into_owned(), checked)
        })
        .collect();
    let specs: Vec<InvitationSpec> = checked.iter().filter_map(|(_, checked)| checked.clone().ok()).collect();
    let reservation = ReservationId::from_bytes(random::bits().to_be_bytes());
    let (organisation, inviter) = (&admin.organisation, Some(admin.id()));
    let outcomes = invite_people(&api.store, organisation, specs, inviter, reservation, now).await?;

    let mut outcomes = outcomes.into_iter();
    let mut results = Vec::with_capacity(checked.len());
    for (email, checked) in checked {
        if let Err(problems) = checked {
            results.push(rejected(email, problems));
        } else if let Some(outcome) = outcomes.next() {
            // There is a result for each spec, in order.
            results.push(entry_result(email, outcome, catalogue, now));
        }
    }
    tracing::info!(entries = results.len(), by = %admin.id(), "invited");
    Ok(Json(InviteResponse { results }))
}

fn entry_result(email: String, outcome: InviteResult, catalogue: &Catalogue, now: Timestamp) -> EntryResult {
    let (outcome, membership) = match outcome {
        InviteResult::Invited(membership) => ("invited", membership),
        InviteResult::Held(membership) => ("held", membership),
        InviteResult::Exists(existing, membership) => (existing.as_str(), membership),
    };
    let invitation = MembershipView::invitation(&membership, catalogue, now);
    let id = Some(membership.id.to_string());
    EntryResult { outcome, email, id, invitation: Some(invitation), problem: None }
}

fn rejected(email: String, problems: Vec<Issue>) -> EntryResult {
    let code = match problems.as_slice() {
        [only] => only.code.as_str(),
        _ => "invalid_invitation",
    };
    let problem = Problem::invalid(problems).with("code", code).document();
    EntryResult { outcome: "rejected", email, id: None, invitation: None, problem: Some(problem) }
}
