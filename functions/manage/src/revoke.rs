//! `POST /v1/orgs/{org}/invitations/{id}/revoke`.

use axum::Json;
use axum::extract::{Path, State};
use usher_http::{Admin, Api, MembershipView, Problem};

use crate::id::membership_id;

pub(crate) async fn revoke(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<MembershipView>, Problem> {
    let now = api.clock.now();
    let revoked = usher_app::revoke(&api.store, &admin, membership_id(&id)?, now).await?;
    Ok(Json(MembershipView::invitation(&revoked, &admin.organisation.catalogue, now)))
}
