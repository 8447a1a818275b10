//! What every function behind the API shares: its layers, and the loop that serves it.

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use tracing::Instrument;

use crate::api::Api;
use crate::{Problem, idempotency};

/// The largest request that Lambda takes, in bytes.
const LARGEST_BODY: usize = 6 * 1024 * 1024;

/// Finishes the routes of a function: idempotency, one 404 for everything that does not exist, and a log span per request.
pub fn router(routes: Router<Api>, api: Api) -> Router {
    routes
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::not_found())
        .layer(middleware::from_fn_with_state(api.clone(), idempotency::layer))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(log))
        .with_state(api)
}

/// One span and one line a request: the route, never the path, which on the public pages holds the link.
async fn log(request: Request, next: Next) -> Response {
    let context = request.extensions().get::<lambda_http::Context>();
    let request_id = context.map_or("-", |context| context.request_id.as_str()).to_owned();
    let organisation = request.uri().path().split('/').nth(3).and_then(|text| text.parse().ok());
    let organisation = organisation.map(|id: usher_domain::OrganisationId| id.to_string()).unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", request_id, route, %method, organisation);
    async {
        let response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await
}

/// Serves a function until Lambda ends it.
pub async fn run(router: Router) -> Result<(), lambda_http::Error> {
    lambda_http::run(router).await
}
