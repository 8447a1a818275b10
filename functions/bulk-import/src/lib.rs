//! Turns an uploaded file into a plan: which rows are good, which are not, and why. Nobody is invited here, except that
//! an import that was announced with `mode: send` is started when its plan is there.
//!
//! A file is read in one pass and in bounded memory. Whatever cuts that off, the same event comes again and the reading
//! starts anew, into a folder of its own; the plan that is shown is the first that was finished.

mod arrival;
mod failed;
mod flagged;
mod parts;
mod plan;
mod progress;
mod rows;
mod send;
mod skipped;

use aws_lambda_events::event::s3::S3Event;
use usher_import_files::{Bucket, BucketError};
use usher_runtime::{Aws, Clock, ConfigError, config};
use usher_store::{Store, StoreError};

/// What the planner of files needs.
#[derive(Debug, Clone)]
pub struct BulkImport {
    /// The table.
    pub store: Store,
    /// The bucket that files arrive in and plans are written to.
    pub bucket: Bucket,
    /// The clock.
    pub clock: Clock,
    /// The largest file that is read; `None` for any.
    pub largest_file: Option<u64>,
    /// After how many bytes progress is written down, if it was not for the time.
    pub note_every: u64,
}

/// How often progress is written down at least, in bytes.
const NOTE_BYTES: u64 = 64 * 1024 * 1024;

impl BulkImport {
    /// Puts the pieces together.
    #[must_use]
    pub fn new(store: Store, aws: &Aws, bucket: &str, clock: Clock, largest_file: Option<u64>) -> Self {
        let bucket = Bucket::new(aws.s3(), bucket);
        Self { store, bucket, clock, largest_file, note_every: NOTE_BYTES }
    }

    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        let limit = config::optional("UPLOAD_MAX_BYTES").map(|_| config::required_number("UPLOAD_MAX_BYTES"));
        let store = Store::new(aws.dynamodb(), config::required("TABLE_NAME")?);
        Ok(Self::new(store, aws, &config::required("UPLOAD_BUCKET")?, Clock::System, limit.transpose()?))
    }
}

/// A file could not be planned now. The event is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bucket failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The import's record is not of the shape this version writes.
    #[error("the import's {0} cannot be read")]
    Damaged(&'static str),
}

/// Plans the files that arrived.
pub async fn handle(bulk: &BulkImport, event: S3Event) -> Result<(), PlanningError> {
    for record in event.records {
        let object = record.s3.object;
        let key = arrival::decode_key(&object.key.unwrap_or_default());
        arrival::receive(bulk, key, object.version_id.unwrap_or_default()).await?;
    }
    Ok(())
}
