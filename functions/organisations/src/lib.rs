//! `POST /v1/orgs` for operators; `GET` and `PATCH /v1/orgs/{org}` for operators and for the organisation's admins.

mod change;
mod create;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use usher_domain::{Capacity, Organisation};
use usher_http::{Admin, Api, Caller, Problem, organisation_of, organisation_view};

pub use change::ChangeRequest;
pub use create::CreateRequest;

/// The function's routes.
pub fn router(api: Api) -> Router {
    let routes =
        Router::new().route("/v1/orgs", post(create::create)).route("/v1/orgs/{org}", get(show).patch(change::change));
    usher_http::router(routes, api)
}

/// Somebody who may see and change an organisation: an operator, or one of its active admins.
pub(crate) struct Steward {
    pub(crate) operator: bool,
    pub(crate) organisation: Organisation,
    pub(crate) capacity: Capacity,
}

impl FromRequestParts<Api> for Steward {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, api).await?;
        if caller.operator {
            let id = organisation_of(parts, api).await?;
            let loaded = Box::pin(api.store.load_organisation(id, None)).await?.ok_or_else(Problem::not_found)?;
            return Ok(Self { operator: true, organisation: loaded.organisation, capacity: loaded.capacity });
        }
        let admin = Admin::from_request_parts(parts, api).await?;
        Ok(Self { operator: false, organisation: admin.organisation, capacity: admin.capacity })
    }
}

async fn show(steward: Steward) -> Json<Value> {
    Json(organisation_view(&steward.organisation, &steward.capacity))
}

/// A body that is the organisation as it stands.
pub(crate) fn organisation_body(organisation: &Organisation, capacity: &Capacity) -> Response {
    Json(organisation_view(organisation, capacity)).into_response()
}
