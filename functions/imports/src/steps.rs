//! `POST /imports/{id}/send` and `/cancel`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;
use usher_http::{Admin, Api, JsonBody, Problem};
use usher_import_files::{Bucket, PlanFiles};
use usher_store::{Import, ImportPlan, ImportStatus, StartError};

use crate::{Imports, load, not_ready, plan_of, unreadable, view::view};

/// How often a step is decided anew when others act on the same import at the same time.
const ATTEMPTS: usize = 5;

/// The body of a request to send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendRequest {
    digest: String,
}

/// Carries out the plan that the caller looked at, and no other. Sending it twice is the same success.
pub(crate) async fn send(
    State(api): State<Api>,
    Extension(imports): Extension<Imports>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
    JsonBody(request): JsonBody<SendRequest>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    for _ in 0..ATTEMPTS {
        let import = load(&api, &admin, &id).await?;
        let plan = plan_of(&import)?;
        if plan.digest != request.digest {
            let detail = "The plan is not the one this digest stands for. Look at the import again, then send it.";
            return Err(Problem::new(StatusCode::CONFLICT, "digest_mismatch", detail).with("digest", &plan.digest));
        }
        match import.status {
            ImportStatus::Ready => {}
            ImportStatus::Applying => return Ok((StatusCode::ACCEPTED, shown(&api, &admin, &import))),
            ImportStatus::Completed => return Ok((StatusCode::OK, shown(&api, &admin, &import))),
            ImportStatus::AwaitingUpload | ImportStatus::Planning | ImportStatus::Failed | ImportStatus::Cancelled => {
                return Err(not_ready(&import));
            }
        }
        files_are_there(&imports.bucket, plan).await?;
        match api.store.start_import(&import, &request.digest, Some(admin.id()), api.clock.now()).await {
            Ok(()) => tracing::info!(import = %import.id, by = %admin.id(), "sent an import"),
            // Somebody sent or cancelled it first: see which.
            Err(StartError::NotReady) => {}
            Err(StartError::Reserve(error)) => return Err(error.into()),
        }
    }
    Err(Problem::changed_meanwhile())
}

/// Places are not taken for rows that cannot be read any more.
async fn files_are_there(bucket: &Bucket, plan: &ImportPlan) -> Result<(), Problem> {
    if plan.parts > 0 {
        let last = PlanFiles::in_folder(&plan.folder).part(plan.parts);
        bucket.length(&last).await.map_err(unreadable)?;
    }
    Ok(())
}

/// Stops an import. Cancelling it twice is the same success.
pub(crate) async fn cancel(
    State(api): State<Api>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    for _ in 0..ATTEMPTS {
        let import = load(&api, &admin, &id).await?;
        match import.status {
            ImportStatus::AwaitingUpload | ImportStatus::Planning | ImportStatus::Ready | ImportStatus::Applying => {
                if api.store.cancel_import(&import, api.clock.now()).await? {
                    tracing::info!(import = %import.id, by = %admin.id(), "cancelled an import");
                }
            }
            ImportStatus::Cancelled => return Ok(shown(&api, &admin, &import)),
            ImportStatus::Completed | ImportStatus::Failed => {
                let detail =
                    "The import is at its end; there is nothing left to cancel. Revoke invitations one by one.";
                let problem = Problem::new(StatusCode::CONFLICT, "import_finished", detail);
                return Err(problem.with("import_status", import.status));
            }
        }
    }
    Err(Problem::changed_meanwhile())
}

fn shown(api: &Api, admin: &Admin, import: &Import) -> Json<Value> {
    Json(view(import, &admin.capacity, api.clock.now()))
}
