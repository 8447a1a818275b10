//! Sends an import: reserves the capacity that its plan needs and starts applying it.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use usher_domain::{CapacityExceeded, ImportId, MembershipId, OrganisationId};
use usher_import_files::{Bucket, BucketError, PlanFiles};
use usher_store::{Import, ImportPlan, ImportStatus, ReserveError, StartError, Store, StoreError};

use super::recount::{RecountError, recount_parts};
use crate::retry::{Contention, until_saved};

/// How many rows a second are applied at least, at a table that throttles.
const SLOWEST_ROWS: i64 = 100;
/// How much longer an import may take whose messages were lost: the sweeper hands its parts out again.
const REPAIR_TIME: SignedDuration = SignedDuration::from_hours(2);
/// How many files are asked for at once.
const CONCURRENT_CHECKS: usize = 8;

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
    /// The plan's files are deleted at this time, before the import can have ended.
    #[error("the files of the plan expire at {0}")]
    FilesExpire(Timestamp),
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

impl From<RecountError> for SendImportError {
    fn from(error: RecountError) -> Self {
        match error {
            RecountError::Store(error) => Self::Store(error),
            RecountError::Bucket(error) => Self::Bucket(error),
        }
    }
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
        check_files_last(bucket, plan, now).await?;
        match start(store, bucket, &import, plan, sender, now).await? {
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

/// Starts the import; if its plan does not fit, as it is now: somebody may have invited its people since.
async fn start(
    store: &Store,
    bucket: &Bucket,
    import: &Import,
    plan: &ImportPlan,
    sender: MembershipId,
    now: Timestamp,
) -> Result<Result<(), StartError>, RecountError> {
    let started = store.start_import(import, &plan.digest, Some(sender), &BTreeMap::new(), now).await;
    if !matches!(started, Err(StartError::Reserve(ReserveError::CapacityExceeded(_)))) {
        return Ok(started);
    }
    // Another admin may have sent it, with the places that are missing now.
    let current = store.import(import.organisation, import.id).await?;
    if current.is_none_or(|current| current.status != ImportStatus::Ready) {
        return Ok(Err(StartError::NotReady));
    }
    match recount_parts(store, bucket, import, plan, now).await? {
        Some(parts) => Ok(store.start_import(import, &plan.digest, Some(sender), &parts, now).await),
        None => Ok(started),
    }
}

/// Fails if a file of the plan is deleted, or will be before the import can have ended: no capacity is reserved for rows that
/// cannot be read.
async fn check_files_last(bucket: &Bucket, plan: &ImportPlan, now: Timestamp) -> Result<(), SendImportError> {
    let files = PlanFiles::in_folder(&plan.folder);
    let rows = i64::try_from(plan.counts.valid).unwrap_or(i64::MAX);
    let end = now.saturating_add(REPAIR_TIME + SignedDuration::from_secs(rows / SLOWEST_ROWS));
    let end = end.unwrap_or(Timestamp::MAX);
    let expiries = (1..=plan.parts).map(|part| {
        let key = files.part(part);
        async move { bucket.expiry(&key).await }
    });
    let mut expiries = stream::iter(expiries).buffer_unordered(CONCURRENT_CHECKS);
    while let Some(expiry) = expiries.try_next().await? {
        if let Some(at) = expiry.filter(|at| *at < end) {
            return Err(SendImportError::FilesExpire(at));
        }
    }
    Ok(())
}
