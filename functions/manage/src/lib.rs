//! Invitations and members: list, show, edit, resend, revoke, deactivate, reactivate.

mod deactivate;
mod edit;
mod id;
mod list;
mod reactivate;
mod resend;
mod revoke;

use axum::Router;
use axum::routing::{get, post};
use usher_http::Api;

/// The function's routes.
pub fn router(api: Api) -> Router {
    let routes = Router::new()
        .route("/v1/orgs/{org}/invitations", get(list::invitations))
        .route("/v1/orgs/{org}/invitations/{id}", get(list::invitation).patch(edit::edit))
        .route("/v1/orgs/{org}/invitations/{id}/resend", post(resend::resend))
        .route("/v1/orgs/{org}/invitations/{id}/revoke", post(revoke::revoke))
        .route("/v1/orgs/{org}/members", get(list::members))
        .route("/v1/orgs/{org}/members/{id}", get(list::member))
        .route("/v1/orgs/{org}/members/{id}/deactivate", post(deactivate::deactivate))
        .route("/v1/orgs/{org}/members/{id}/reactivate", post(reactivate::reactivate));
    usher_http::router(routes, api)
}
