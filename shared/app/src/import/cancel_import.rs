//! Cancels an import. Cancelling it twice is the same success.

use jiff::Timestamp;
use usher_domain::{ImportId, MembershipId, OrganisationId};
use usher_store::{Import, ImportStatus, Store, StoreError};

use crate::retry::{Contention, until_saved};

/// Why an import was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelImportError {
    /// The organisation has no such import.
    #[error("there is no such import")]
    NotFound,
    /// It is completed or failed, so there is nothing to cancel.
    #[error("the import is {}", .0.as_str())]
    Finished(ImportStatus),
    /// Others kept changing it.
    #[error(transparent)]
    Contention(#[from] Contention),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Cancels an import and returns it. Rows that are already invited stay invited.
pub async fn cancel_import(
    store: &Store,
    organisation: OrganisationId,
    id: ImportId,
    by: MembershipId,
    now: Timestamp,
) -> Result<Import, CancelImportError> {
    until_saved(|| async move {
        let import = store.import(organisation, id).await?.ok_or(CancelImportError::NotFound)?;
        match import.status {
            ImportStatus::Cancelled => return Ok(Some(import)),
            ImportStatus::Completed | ImportStatus::Failed => return Err(CancelImportError::Finished(import.status)),
            ImportStatus::AwaitingUpload | ImportStatus::Planning | ImportStatus::Ready | ImportStatus::Applying => {}
        }
        if !store.cancel_import(&import, now).await? {
            return Ok(None);
        }
        tracing::info!(import = %id, %by, "cancelled an import");
        Ok(store.import(organisation, id).await?)
    })
    .await
}
