//! `POST /imports`: announces a file.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_domain::spec::Authority;
use usher_domain::{ImportId, InvitationInput, IssueCode, ReservationId};
use usher_http::{Admin, Api, JsonBody, Problem, Unkept};
use usher_import::{DialectOverride, ImportDefaults};
use usher_import_files::upload_key;
use usher_runtime::random;
use usher_store::{Import, ImportMode, OnIssues};

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
    check(&admin, &request.defaults, &request.dialect)?;
    let now = api.clock.now();
    let organisation = admin.organisation.id;
    let id = new_id(&admin, &headers, now);
    let form = imports.forms.form(&upload_key(organisation, id, &filename), now).await.map_err(|error| {
        tracing::error!(%error, "there is nothing to sign a form with");
        let detail = "Something failed on our side. Repeat the request with the same Idempotency-Key.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    })?;
    let import = Import {
        mode: request.mode.unwrap_or(ImportMode::Review),
        on_issues: request.on_issues.unwrap_or_default(),
        defaults: json!(request.defaults),
        dialect: json!(request.dialect),
        created_by: Some(admin.id()),
        ..Import::announced(organisation, id, filename, now)
    };
    // A repetition finds the import that the first request made, and gets a form of its own: forms are signed, so they
    // are not kept with the answer.
    let import = if api.store.create_import(&import).await? {
        import
    } else {
        let known = api.store.import(organisation, id).await?.ok_or_else(Problem::changed_meanwhile)?;
        let asked = |import: &Import| {
            let Import { filename, mode, on_issues, defaults, dialect, .. } = import.clone();
            (filename, mode, on_issues, defaults, dialect)
        };
        let same = asked(&known) == asked(&import);
        if !same {
            let detail = "This Idempotency-Key was used for a different request. Use a new key.";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail));
        }
        known
    };
    tracing::info!(import = %id, by = %admin.id(), "announced an import");
    let answer = json!({
        "id": id.to_string(),
        "status": import.status,
        "upload": form,
        "max_bytes": imports.forms.largest,
        "expires_at": form.expires_at,
    });
    Ok((StatusCode::CREATED, Extension(Unkept), Json(answer)))
}

/// With an Idempotency-Key the id follows from it, and is the same for as long as the key is remembered elsewhere: a day.
fn new_id(admin: &Admin, headers: &HeaderMap, now: Timestamp) -> ImportId {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let Some(key) = headers.get("idempotency-key") else { return ImportId::from_parts(milliseconds, random::bits()) };
    let day = milliseconds - milliseconds % 86_400_000;
    let parts = [b"import".as_slice(), &admin.id().to_bytes(), &day.to_be_bytes(), key.as_bytes()];
    ImportId::from_parts(day, u128::from_be_bytes(ReservationId::derived(&parts).to_bytes()))
}

/// Holds the defaults to what a row that says the same would be held to, and the dialect to what files are read with.
fn check(admin: &Admin, defaults: &ImportDefaults, dialect: &DialectOverride) -> Result<(), Problem> {
    let row = InvitationInput {
        email: "somebody@example.com".into(),
        role: defaults.role.as_deref().map(Cow::Borrowed),
        team: defaults.team.as_deref().map(Cow::Borrowed),
        ..InvitationInput::default()
    };
    let authority = Authority { rank: Some(admin.rank), default_role: None };
    let problems = admin.organisation.catalogue.validate(&row, authority).err().unwrap_or_default();
    // Rows may name their roles themselves.
    let errors: Vec<_> = problems
        .into_iter()
        .filter(|problem| problem.code != IssueCode::RoleMissing)
        .map(|problem| problem.at("defaults."))
        .chain(dialect.check().into_iter().map(|problem| problem.at("dialect.")))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
}
