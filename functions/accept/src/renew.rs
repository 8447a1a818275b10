//! POST of a link's "send a fresh link" page. The answer is always the same, so that it reveals nothing.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use usher_app::renew_link;

use crate::link_request::{LinkRequest, Wants};
use crate::page::{self, Notice};
use crate::refusal::Refusal;
use crate::resolve::resolve;
use crate::state::Accept;

pub(crate) async fn renew(State(accept): State<Accept>, request: LinkRequest) -> Response {
    match send(&accept, &request).await {
        Ok(()) => answer(request.wants),
        Err(refusal) => refusal.answer(request.wants),
    }
}

async fn send(accept: &Accept, request: &LinkRequest) -> Result<(), Refusal> {
    let now = accept.clock.now();
    let resolved = resolve(accept, request, now).await?;
    renew_link(&accept.store, &resolved, now).await?;
    Ok(())
}

fn answer(wants: Wants) -> Response {
    match wants {
        Wants::Json => (StatusCode::ACCEPTED, Json(json!({"status": "requested"}))).into_response(),
        Wants::Html => {
            let what = "If your invitation can be renewed, we have sent a fresh link to the mailbox of this one.";
            let then = "It can take a few minutes. If nothing arrives, check your spam folder, then ask the person who \
                        invited you.";
            page::notice(StatusCode::ACCEPTED, &Notice::new("Check your email", what, then))
        }
    }
}
