//! `PATCH /v1/orgs/{org}/invitations/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use usher_app::InvitationPatch;
use usher_http::{Admin, Api, JsonBody, MembershipView, Problem};

use crate::id::membership_id;

pub(crate) async fn edit(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
    JsonBody(patch): JsonBody<InvitationPatch>,
) -> Result<Json<MembershipView>, Problem> {
    let now = api.clock.now();
    let edited = usher_app::edit(&api.store, &admin, membership_id(&id)?, &patch, now).await?;
    Ok(Json(MembershipView::invitation(&edited, &admin.organisation.catalogue, now)))
}
