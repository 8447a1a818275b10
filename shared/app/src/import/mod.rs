//! Imports: from a file in the bucket to invitations and `results.csv`.
//!
//! A file may be planned, and a part applied, any number of times, interrupted anywhere, and beside any other attempt.

mod apply;
mod apply_part;
mod cancel_import;
mod create_import;
mod finish_import;
mod plan;
mod plan_import;
mod receive_file;
mod recover_import;
mod results_csv;
mod send_at_once;
mod send_import;

pub use apply::HandOn;
pub use apply_part::apply_part;
pub use cancel_import::{CancelImportError, cancel_import};
pub use create_import::{CreateImportError, Creator, NewImport, create_import, import_id};
pub use receive_file::receive_file;
pub use recover_import::recover_import;
pub use send_import::{SendImportError, send_import};

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

/// What applying a part and finishing an import need.
#[derive(Debug, Clone)]
pub struct ImportApplying {
    /// The table.
    pub store: Store,
    /// The bucket that plans are in.
    pub bucket: Bucket,
    /// The clock.
    pub clock: Clock,
}

/// A part was not completed. Its message is delivered again, and continues where this attempt ended.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bucket failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// There is not enough time left to begin.
    #[error("the time is nearly over, and nothing was written; the next delivery continues")]
    OutOfTime,
    /// Another delivery holds the lease on the part.
    #[error("another delivery is applying this part; the message comes again")]
    Leased,
    /// What it needs of the import does not exist.
    #[error("the import has no {0}")]
    Missing(&'static str),
}
