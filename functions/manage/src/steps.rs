//! Resend and revoke.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use usher_domain::{CapacityRequest, Membership};
use usher_http::{Admin, Api, MembershipView, Problem};

use crate::{ATTEMPTS, load_settled, refused};

/// Whether the admin may act on this person: nobody acts on a role above their own.
pub(crate) fn check_rank(admin: &Admin, membership: &Membership) -> Result<(), Problem> {
    let rank = admin.organisation.catalogue.role(&membership.entitlements.role).map_or(0, |role| role.rank);
    if rank <= admin.rank {
        return Ok(());
    }
    let detail = "The person's role is above your own; ask somebody of that role.";
    Err(Problem::new(StatusCode::FORBIDDEN, "role_above_own", detail))
}

/// Sends the invitation again, or a held one for the first time: a new generation, and the clock starts anew. One that
/// expired or was revoked has given its places back and needs them again.
pub(crate) async fn resend(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    let now = api.clock.now();
    let organisation = &admin.organisation;
    for _ in 0..ATTEMPTS {
        let before = load_settled(&api.store, organisation.id, &id).await?;
        check_rank(&admin, &before.membership)?;
        let after = before.membership.clone().send(organisation.invitation_duration(), now).map_err(refused)?;
        let after = after.with_inviter(admin.id());
        let needed = if before.membership.holds_capacity() {
            CapacityRequest::default()
        } else {
            CapacityRequest::of(&after.entitlements)
        };
        api.store.schedule_delivery_check(organisation.id, now).await?;
        if api.store.update_taking(&before, &after, &needed).await? {
            tracing::info!(membership = %after.id, generation = after.generation, by = %admin.id(), "resent");
            return Ok(Json(MembershipView::invitation(&after, &organisation.catalogue, now)));
        }
    }
    Err(Problem::changed_meanwhile())
}

/// Takes the invitation back, and its places with it.
pub(crate) async fn revoke(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    let now = api.clock.now();
    let organisation = &admin.organisation;
    for _ in 0..ATTEMPTS {
        let before = load_settled(&api.store, organisation.id, &id).await?;
        check_rank(&admin, &before.membership)?;
        let after = before.membership.clone().revoke(now).map_err(refused)?;
        let view = MembershipView::invitation(&after, &organisation.catalogue, now);
        if after == before.membership {
            return Ok(Json(view));
        }
        let returned = if before.membership.holds_capacity() {
            CapacityRequest::of(&after.entitlements)
        } else {
            CapacityRequest::default()
        };
        if api.store.update_giving_back(&before, &after, &returned).await? {
            tracing::info!(membership = %after.id, by = %admin.id(), "revoked");
            return Ok(Json(view));
        }
    }
    Err(Problem::changed_meanwhile())
}
