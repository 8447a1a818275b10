//! Sends an import: reserves the capacity that its plan needs and starts applying it.

use jiff::Timestamp;
use usher_domain::{CapacityExceeded, ImportId, MembershipId, OrganisationId};
use usher_import_files::{Bucket, BucketError, PlanFiles};
use usher_store::{Import, ImportPlan, ImportStatus, ReserveError, StartError, Store, StoreError};

use crate::retry::{Contention, until_saved};

/// Why an import was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendImportError {
    /// The organisation has no such import.
    #[error("there is no such import")]
    NotFound,
    /// Its status does not allow it, or it has no plan yet.
    #[error("the import is {}", .0.as_str())]
    NotReady(ImportStatus),
    /// The caller looked at another plan; this is the digest of the current one.
    #[error("the digest is not that of the plan")]
    DigestMismatch(String),
    /// Capacity is missing; nobody was invited.
    #[error("the capacity is exceeded: {0}")]
    CapacityExceeded(CapacityExceeded),
    /// Others kept changing it.
    #[error(transparent)]
    Contention(#[from] Contention),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bucket failed, or no longer has the plan's files.
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

/// Sends the plan with this digest and returns the import. Sending it twice is the same success.
pub async fn send_import(
    store: &Store,
    bucket: &Bucket,
    (organisation, id): (OrganisationId, ImportId),
    digest: &str,
    sender: MembershipId,
    now: Timestamp,
) -> Result<Import, SendImportError> {
    until_saved(|| async move {
        let import = store.import(organisation, id).await?.ok_or(SendImportError::NotFound)?;
        let plan = import.plan.as_ref().ok_or(SendImportError::NotReady(import.status))?;
        if plan.digest != digest {
            return Err(SendImportError::DigestMismatch(plan.digest.clone()));
        }
        match import.status {
            ImportStatus::Ready => {}
            ImportStatus::Applying | ImportStatus::Completed => return Ok(Some(import)),
            status @ (ImportStatus::AwaitingUpload
            | ImportStatus::Planning
            | ImportStatus::Failed
            | ImportStatus::Cancelled) => return Err(SendImportError::NotReady(status)),
        }
        check_files_exist(bucket, plan).await?;
        match store.start_import(&import, digest, Some(sender), now).await {
            Ok(()) => {
                tracing::info!(import = %id, by = %sender, "sent an import");
                // The next attempt answers with what it is now.
                Ok(None)
            }
            // Another admin sent or cancelled it first: load it again.
            Err(StartError::NotReady) => Ok(None),
            Err(StartError::Reserve(ReserveError::CapacityExceeded(exceeded))) => {
                Err(SendImportError::CapacityExceeded(exceeded))
            }
            Err(StartError::Reserve(ReserveError::Store(error))) => Err(error.into()),
        }
    })
    .await
}

/// Fails if the plan's files were deleted: no capacity is reserved for rows that can no longer be read.
async fn check_files_exist(bucket: &Bucket, plan: &ImportPlan) -> Result<(), BucketError> {
    if plan.parts > 0 {
        let last = PlanFiles::in_folder(&plan.folder).part(plan.parts);
        bucket.length(&last).await?;
    }
    Ok(())
}
