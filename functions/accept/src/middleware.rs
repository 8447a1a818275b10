//! What every answer carries, and the one line that is logged about it.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use tracing::Instrument;

const ALWAYS: [(HeaderName, &str); 5] = [
    // The URL of these pages is the secret: it must not reach the next site.
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// For answers that are not pages.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page has a policy of its own.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    response
}

/// One span and one line per request: the route, never the path, which holds the link.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    let request_id = request.extensions().get::<lambda_http::Context>();
    let request_id = request_id.map_or("-", |context| context.request_id.as_str()).to_owned();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("-", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    // The ids are added when the link is verified.
    let empty = tracing::field::Empty;
    let span = tracing::info_span!("request", request_id, route, %method, organisation = empty, member = empty);
    async {
        let response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await
}
