//! `POST /v1/orgs/{org}/members/{id}/reactivate`.

use axum::Json;
use axum::extract::{Path, State};
use usher_http::{Admin, Api, MembershipView, Problem};

use crate::id::membership_id;

pub(crate) async fn reactivate(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    let now = api.clock.now();
    let member = usher_app::reactivate(&api.store, &admin, membership_id(&id)?).await?;
    let view = MembershipView::member(&member, &admin.organisation.catalogue, now);
    view.map(Json).ok_or_else(Problem::not_found)
}
