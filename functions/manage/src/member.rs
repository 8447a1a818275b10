//! Deactivate and reactivate.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use usher_domain::{Membership, TransitionError};
use usher_http::{Admin, Api, MembershipView, Problem};

use crate::steps::check_rank;
use crate::{ATTEMPTS, load, refused};

pub(crate) async fn deactivate(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    if id.parse().is_ok_and(|id: usher_domain::MembershipId| id == admin.id()) {
        let detail = "You cannot deactivate yourself; ask another admin.";
        return Err(Problem::new(StatusCode::CONFLICT, "own_membership", detail));
    }
    let now = api.clock.now();
    change(&api, &admin, &id, |member| member.deactivate(now)).await
}

pub(crate) async fn reactivate(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    change(&api, &admin, &id, Membership::reactivate).await
}

async fn change(
    api: &Api,
    admin: &Admin,
    id: &str,
    step: impl Fn(Membership) -> Result<Membership, TransitionError>,
) -> Result<Json<MembershipView>, Problem> {
    let organisation = &admin.organisation;
    for _ in 0..ATTEMPTS {
        let before = load(&api.store, organisation.id, id).await?;
        // Who has not joined is no member, and so not there.
        let joined = before.membership.joined_at().is_some();
        if !joined {
            return Err(Problem::not_found());
        }
        check_rank(admin, &before.membership)?;
        let after = step(before.membership.clone()).map_err(refused)?;
        if after == before.membership || api.store.update_membership(&before, &after).await? {
            tracing::info!(membership = %after.id, by = %admin.id(), "changed");
            let view = MembershipView::member(&after, &organisation.catalogue, api.clock.now());
            return view.map(Json).ok_or_else(Problem::not_found);
        }
    }
    Err(Problem::changed_meanwhile())
}
