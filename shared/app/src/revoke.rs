//! Revoke: withdraws an invitation and releases its capacity.

use jiff::Timestamp;
use usher_domain::{CapacityRequest, Membership, MembershipId};
use usher_store::Store;

use crate::admin::Admin;
use crate::change::{ChangeError, load_committed};
use crate::retry::until_saved;

/// Revokes the invitation. One that is revoked already stays as it is.
pub async fn revoke(store: &Store, admin: &Admin, id: MembershipId, now: Timestamp) -> Result<Membership, ChangeError> {
    until_saved(|| async move {
        let before = load_committed(store, admin, id).await?;
        let after = before.membership.clone().revoke(now)?;
        if after == before.membership {
            return Ok(Some(after));
        }
        let released = if before.membership.holds_capacity() {
            CapacityRequest::of(&after.entitlements)
        } else {
            CapacityRequest::default()
        };
        if !store.update_with_capacity(&before, &after, &CapacityRequest::default(), &released).await? {
            return Ok(None);
        }
        tracing::info!(membership = %after.id, by = %admin.id(), "revoked");
        Ok(Some(after))
    })
    .await
}
