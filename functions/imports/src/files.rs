//! `GET /imports/{id}/failed.csv`: the rejected rows, to correct and upload again; and `results.csv`: every row and its
//! outcome.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use usher_http::{Admin, Api, Problem};
use usher_import_files::{Bucket, BucketError, Object, PlanFiles};
use usher_store::{Import, ImportPlan, ImportStatus};

use crate::{Imports, load, plan_of};

/// The largest file, in bytes, that is part of the answer: Lambda allows 6 MB, in base64. A larger one is fetched from the
/// bucket.
const LARGEST: u64 = 4 * 1024 * 1024;
/// How long a larger file can be fetched.
const LIFETIME: Duration = Duration::from_mins(5);

pub(crate) async fn failed(
    State(api): State<Api>,
    Extension(imports): Extension<Imports>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let import = load(&api, &admin, &id).await?;
    let plan = plan_of(&import)?;
    let object = open_failed(&imports.bucket, &import, plan).await?;
    let encoding = plan.dialect["encoding"].as_str().unwrap_or("utf-8").to_lowercase();
    given(&imports.bucket, object, "failed.csv", &encoding).await
}

pub(crate) async fn results(
    State(api): State<Api>,
    Extension(imports): Extension<Imports>,
    admin: Admin,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let import = load(&api, &admin, &id).await?;
    let plan = plan_of(&import)?;
    // A refused file has no results: none of its rows was applied.
    if import.finished_at.is_none() || import.status == ImportStatus::Failed {
        return Err(Problem::import_not_ready(import.status));
    }
    let key = PlanFiles::in_folder(&plan.folder).results();
    let object = imports.bucket.open(&key).await?;
    given(&imports.bucket, object, "results.csv", "utf-8").await
}

/// A file as the answer, or where to fetch it.
async fn given(bucket: &Bucket, object: Object, name: &str, encoding: &str) -> Result<Response, Problem> {
    if object.length > LARGEST {
        return elsewhere(bucket, &object.key).await;
    }
    let headers: [(HeaderName, String); 3] = [
        (header::CONTENT_TYPE, format!("text/csv; charset={encoding}")),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        // Keeps the bytes as they are: the runtime would convert text without it to UTF-8.
        (header::CONTENT_ENCODING, "identity".to_owned()),
    ];
    Ok((headers, object.bytes().await?).into_response())
}

/// The rejected rows, and the drifted ones once the import is finished.
async fn open_failed(bucket: &Bucket, import: &Import, plan: &ImportPlan) -> Result<Object, BucketError> {
    let files = PlanFiles::in_folder(&plan.folder);
    if import.outcome.drifted > 0 && import.all_parts_completed() {
        match bucket.open(&files.failed_and_drifted()).await {
            // The last part has been completed, and its function is about to write the file.
            Err(BucketError::Absent(_)) => {}
            found => return found,
        }
    }
    bucket.open(&files.failed()).await
}

async fn elsewhere(bucket: &Bucket, key: &str) -> Result<Response, Problem> {
    let refuse = |what: &str| {
        tracing::error!(what, "no URL could be signed");
        let detail = "Something failed on our side. Repeat the request in a moment.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    };
    let config = PresigningConfig::expires_in(LIFETIME).map_err(|_| refuse("lifetime"))?;
    let request = bucket.client().get_object().bucket(bucket.name()).key(key).presigned(config).await;
    Ok(Redirect::to(request.map_err(|_| refuse("request"))?.uri()).into_response())
}
