//! Reactivate: gives a member their access back.

use usher_domain::{Membership, MembershipId};
use usher_store::Store;

use crate::admin::Admin;
use crate::change::{ChangeError, load_member};
use crate::retry::until_saved;

/// Reactivates a member. One who is active already stays as they are.
pub async fn reactivate(store: &Store, admin: &Admin, id: MembershipId) -> Result<Membership, ChangeError> {
    until_saved(|| async move {
        let before = load_member(store, admin, id).await?;
        let after = before.membership.clone().reactivate()?;
        if after != before.membership && !store.update_membership(&before, &after).await? {
            return Ok(None);
        }
        tracing::info!(membership = %after.id, by = %admin.id(), "reactivated");
        Ok(Some(after))
    })
    .await
}
