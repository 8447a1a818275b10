//! `PATCH /v1/orgs/{org}`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use usher_app::{OrganisationPatch, change_organisation};
use usher_http::{Api, JsonBody, Problem, organisation_view};

use crate::steward::Steward;

pub(crate) async fn change(
    State(api): State<Api>,
    steward: Steward,
    JsonBody(patch): JsonBody<OrganisationPatch>,
) -> Result<Json<Value>, Problem> {
    let Steward { operator, organisation, capacity } = steward;
    let (organisation, capacity) = change_organisation(&api.store, &organisation, &capacity, operator, &patch).await?;
    Ok(Json(organisation_view(&organisation, &capacity)))
}
