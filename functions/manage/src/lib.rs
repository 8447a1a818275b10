//! Invitations and members: list, show, edit, resend, revoke, deactivate, reactivate.

mod edit;
mod list;
mod member;
mod steps;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use usher_domain::{MembershipId, OrganisationId, TransitionError};
use usher_http::{Api, Problem};
use usher_store::{Store, Versioned};

/// How often a step is decided anew when others write the same membership in between.
const ATTEMPTS: usize = 5;

/// The function's routes.
pub fn router(api: Api) -> Router {
    let routes = Router::new()
        .route("/v1/orgs/{org}/invitations", get(list::invitations))
        .route("/v1/orgs/{org}/invitations/{id}", get(list::invitation).patch(edit::edit))
        .route("/v1/orgs/{org}/invitations/{id}/resend", post(steps::resend))
        .route("/v1/orgs/{org}/invitations/{id}/revoke", post(steps::revoke))
        .route("/v1/orgs/{org}/members", get(list::members))
        .route("/v1/orgs/{org}/members/{id}", get(list::member))
        .route("/v1/orgs/{org}/members/{id}/deactivate", post(member::deactivate))
        .route("/v1/orgs/{org}/members/{id}/reactivate", post(member::reactivate));
    usher_http::router(routes, api)
}

/// The membership of this id. A text that is no id is treated like an id that does not exist; so is somebody else's,
/// since the organisation is part of the key.
async fn load(store: &Store, organisation: OrganisationId, id: &str) -> Result<Versioned, Problem> {
    let id: MembershipId = id.parse().map_err(|_| Problem::not_found())?;
    store.membership(organisation, id).await?.ok_or_else(Problem::not_found)
}

/// The membership of this id, with its reservation settled. While that is open, what it used is counted by what its
/// people hold, so nobody may change what they hold: it lasts a moment, or a few minutes if its owner was cut off.
async fn load_settled(store: &Store, organisation: OrganisationId, id: &str) -> Result<Versioned, Problem> {
    let stored = load(store, organisation, id).await?;
    if let Some(reservation) = stored.membership.reservation
        && store.reservation(organisation, reservation).await?.is_some()
    {
        let detail = "The invitation is still being made. Try again in a moment; it takes ten minutes at the most.";
        return Err(Problem::new(StatusCode::CONFLICT, "changed_meanwhile", detail));
    }
    Ok(stored)
}

/// A step that the state does not allow, with what the admin can do instead.
fn refused(error: TransitionError) -> Problem {
    let (code, detail) = match error {
        TransitionError::AlreadyAccepted => {
            ("already_accepted", "The person has accepted already; find them among the members.")
        }
        TransitionError::Held => ("held", "The invitation is held back; send it first."),
        TransitionError::Expired => ("expired", "The invitation has expired; resend it first."),
        TransitionError::Revoked => ("revoked", "The invitation was revoked; resend it first."),
        TransitionError::Deactivated => ("deactivated_member", "The member is deactivated; reactivate them instead."),
        TransitionError::NotAMember => ("not_a_member", "The person has not accepted an invitation yet."),
    };
    Problem::new(StatusCode::CONFLICT, code, detail)
}
