//! What applying a part needs, why it fails, and what another delivery continues.

use jiff::SignedDuration;
use usher_domain::job::ApplyJob;
use usher_import_files::{Bucket, BucketError};
use usher_runtime::Clock;
use usher_store::{Store, StoreError};

/// Files are kept at least this long, whatever an operator chooses. One that is missing earlier cannot be read now.
pub(super) const FILES_KEPT: SignedDuration = SignedDuration::from_hours(24);

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

/// A job that another delivery continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOn {
    /// The job.
    pub job: ApplyJob,
    /// How long it waits, in seconds.
    pub delay: i32,
}
