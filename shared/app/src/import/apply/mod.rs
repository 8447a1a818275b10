//! The steps of applying a part.

pub(super) mod checkpoint;
pub(super) mod complete;
pub(super) mod drift;
pub(super) mod rows;

use usher_domain::job::ApplyJob;

/// A job that another delivery continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOn {
    /// The job.
    pub job: ApplyJob,
    /// How long it waits, in seconds.
    pub delay: i32,
}
