//! `POST /imports/{id}/send` and `/cancel`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;
use usher_app::import::{cancel_import, send_import};
use usher_http::{Admin, Api, JsonBody, Problem};
use usher_store::{Import, ImportStatus};

use crate::{Imports, parse_id, view::view};

/// The body of a request to send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendRequest {
    digest: String,
}

/// Sends the plan that the caller looked at. Sending it twice is the same success.
pub(crate) async fn send(
    State(api): State<Api>,
    Extension(imports): Extension<Imports>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
    JsonBody(request): JsonBody<SendRequest>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let import = (admin.organisation.id, parse_id(&id)?);
    let now = api.clock.now();
    let import = send_import(&api.store, &imports.bucket, import, &request.digest, admin.id(), now).await?;
    let status = if import.status == ImportStatus::Completed { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, shown(&api, &admin, &import)))
}

/// Cancels an import. Cancelling it twice is the same success.
pub(crate) async fn cancel(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let id = parse_id(&id)?;
    let import = cancel_import(&api.store, admin.organisation.id, id, admin.id(), api.clock.now()).await?;
    Ok(shown(&api, &admin, &import))
}

fn shown(api: &Api, admin: &Admin, import: &Import) -> Json<Value> {
    Json(view(import, &admin.capacity, api.clock.now()))
}
