//! `POST /imports`: announces a file.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use usher_app::import::{Creator, NewImport, create_import, import_id};
use usher_http::{Admin, Api, JsonBody, Problem, Unkept};
use usher_import::{DialectOverride, ImportDefaults};
use usher_import_files::upload_key;
use usher_store::{ImportMode, OnIssues};

use crate::{Imports, filename};

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRequest {
    filename: String,
    mode: Option<ImportMode>,
    on_issues: Option<OnIssues>,
    #[serde(default)]
    defaults: ImportDefaults,
    #[serde(default)]
    dialect: DialectOverride,
}

pub(crate) async fn create(
    State(api): State<Api>,
    Extension(imports): Extension<Imports>,
    admin: Admin,
    headers: HeaderMap,
    JsonBody(request): JsonBody<CreateRequest>,
) -> Result<(StatusCode, Extension<Unkept>, Json<Value>), Problem> {
    let filename = filename::check(&request.filename)?;
    let now = api.clock.now();
    let creator = Creator { id: admin.id(), rank: admin.rank };
    let key = headers.get("idempotency-key").map(HeaderValue::as_bytes);
    let id = import_id(creator.id, key, now);
    // Signed before anything is stored, and not stored itself: a repetition gets a form of its own.
    let form = imports.forms.form(&upload_key(admin.organisation.id, id, &filename), now).await.map_err(|error| {
        tracing::error!(%error, "no credentials to sign an upload form");
        let detail = "Something failed on our side. Repeat the request with the same Idempotency-Key.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    })?;
    let new = NewImport {
        filename,
        mode: request.mode.unwrap_or(ImportMode::Review),
        on_issues: request.on_issues.unwrap_or_default(),
        defaults: request.defaults,
        dialect: request.dialect,
    };
    let import = create_import(&api.store, &admin.organisation, creator, id, new, now).await?;
    let answer = json!({
        "id": id.to_string(),
        "status": import.status,
        "upload": form,
        "max_bytes": imports.forms.largest,
        "expires_at": form.expires_at,
    });
    Ok((StatusCode::CREATED, Extension(Unkept), Json(answer)))
}
