//! What planning a file needs, and why it fails.

use usher_import_files::{Bucket, BucketError};
use usher_runtime::Clock;
use usher_store::{Store, StoreError};

/// What planning a file needs.
#[derive(Debug, Clone)]
pub struct ImportPlanning {
    /// The table.
    pub store: Store,
    /// The bucket that files arrive in and plans are written to.
    pub bucket: Bucket,
    /// The clock.
    pub clock: Clock,
    /// The largest file that is read, in bytes; `None` for any.
    pub largest_file: Option<u64>,
    /// After how many bytes progress is stored, even if little time has passed.
    pub progress_bytes: u64,
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
    /// The import's record is not of the shape that this version writes.
    #[error("the import's {0} cannot be read")]
    Damaged(&'static str),
}
