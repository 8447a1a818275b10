//! `POST /v1/orgs` for operators; `GET` and `PATCH /v1/orgs/{org}` for operators and for the organisation's admins.

mod change;
mod create;
mod steward;

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use usher_http::{Api, organisation_view};

use steward::Steward;

pub use create::CreateRequest;

/// The function's routes.
pub fn router(api: Api) -> Router {
    let routes =
        Router::new().route("/v1/orgs", post(create::create)).route("/v1/orgs/{org}", get(show).patch(change::change));
    usher_http::router(routes, api)
}

async fn show(steward: Steward) -> Json<Value> {
    Json(organisation_view(&steward.organisation, &steward.capacity))
}
