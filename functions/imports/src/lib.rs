//! Imports over the API: announce one, see what it would do and why, send or cancel it, fetch what failed.

mod create;
mod filename;
mod files;
mod form;
mod issues;
mod send_and_cancel;
mod show;
mod template;
mod view;

use axum::Extension;
use axum::Router;
use axum::routing::{get, post};
use usher_domain::ImportId;
use usher_http::{Admin, Api, Problem};
use usher_import_files::Bucket;
use usher_runtime::{Aws, ConfigError, config};
use usher_store::{Import, ImportPlan};

pub use form::{Credentials, UploadForms};

/// What imports need besides what every function behind the API does.
#[derive(Debug, Clone)]
pub struct Imports {
    /// The bucket that files arrive in and plans are in.
    pub bucket: Bucket,
    /// The forms that files are uploaded with.
    pub forms: UploadForms,
}

impl Imports {
    /// Puts the pieces together. `url` is where forms are posted to; `largest` is the largest file, in bytes.
    pub fn new(aws: &Aws, bucket: &str, url: String, largest: u64) -> Result<Self, ConfigError> {
        let region = aws.config().region().ok_or(ConfigError::Missing("AWS_REGION"))?.to_string();
        let keys = aws.config().credentials_provider().ok_or(ConfigError::Missing("AWS_ACCESS_KEY_ID"))?;
        let forms = UploadForms { bucket: bucket.to_owned(), region, url, largest, credentials: Credentials(keys) };
        Ok(Self { bucket: Bucket::new(aws.s3(), bucket), forms })
    }

    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        let bucket = config::required("UPLOAD_BUCKET")?;
        let largest = config::required_number("UPLOAD_MAX_BYTES")?;
        Self::new(aws, &bucket, config::required("UPLOAD_URL")?, largest)
    }
}

/// The function's routes.
pub fn router(api: Api, imports: Imports) -> Router {
    let routes = Router::new()
        .route("/v1/orgs/{org}/imports", get(show::list).post(create::create))
        .route("/v1/orgs/{org}/imports/template", get(template::template))
        .route("/v1/orgs/{org}/imports/{id}", get(show::one))
        .route("/v1/orgs/{org}/imports/{id}/issues", get(issues::issues))
        .route("/v1/orgs/{org}/imports/{id}/failed.csv", get(files::failed))
        .route("/v1/orgs/{org}/imports/{id}/results.csv", get(files::results))
        .route("/v1/orgs/{org}/imports/{id}/send", post(send_and_cancel::send))
        .route("/v1/orgs/{org}/imports/{id}/cancel", post(send_and_cancel::cancel))
        .layer(Extension(imports));
    usher_http::router(routes, api)
}

/// The import with this id in the admin's organisation. A malformed id, an unknown one and one of another organisation are
/// the same 404.
async fn load(api: &Api, admin: &Admin, id: &str) -> Result<Import, Problem> {
    api.store.import(admin.organisation.id, parse_id(id)?).await?.ok_or_else(Problem::not_found)
}

fn parse_id(id: &str) -> Result<ImportId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// The plan, once there is one.
fn plan_of(import: &Import) -> Result<&ImportPlan, Problem> {
    import.plan.as_ref().ok_or_else(|| Problem::import_not_ready(import.status))
}
