//! Deactivate: takes a member's access away.

use jiff::Timestamp;
use usher_domain::{Membership, MembershipId};
use usher_store::Store;

use crate::admin::Admin;
use crate::change::{ChangeError, load_member};
use crate::retry::{Contention, until_saved};

/// Why a member was not deactivated.
#[derive(Debug, thiserror::Error)]
pub enum DeactivateError {
    /// Admins cannot deactivate themselves; another admin has to.
    #[error("admins cannot deactivate themselves")]
    OwnMembership,
    /// The change was refused.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl From<Contention> for DeactivateError {
    fn from(error: Contention) -> Self {
        Self::Change(error.into())
    }
}

/// Deactivates a member. They keep using capacity, so that they can come back.
pub async fn deactivate(
    store: &Store,
    admin: &Admin,
    id: MembershipId,
    now: Timestamp,
) -> Result<Membership, DeactivateError> {
    if id == admin.id() {
        return Err(DeactivateError::OwnMembership);
    }
    until_saved(|| async move {
        let before = load_member(store, admin, id).await?;
        let after = before.membership.clone().deactivate(now).map_err(ChangeError::from)?;
        if after != before.membership && !store.update_membership(&before, &after).await.map_err(ChangeError::from)? {
            return Ok(None);
        }
        tracing::info!(membership = %after.id, by = %admin.id(), "deactivated");
        Ok(Some(after))
    })
    .await
}
