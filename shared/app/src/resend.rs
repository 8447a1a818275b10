//! Resend: sends an invitation again, or a held one for the first time.

use jiff::Timestamp;
use usher_domain::{CapacityRequest, Membership, MembershipId};
use usher_store::Store;

use crate::admin::Admin;
use crate::change::{ChangeError, load_committed};
use crate::check_delivery::schedule_delivery_check;
use crate::retry::until_saved;

/// Sends the invitation: a new generation, open for the organisation's full duration. An expired or revoked invitation
/// released its capacity, and reserves it again.
pub async fn resend(store: &Store, admin: &Admin, id: MembershipId, now: Timestamp) -> Result<Membership, ChangeError> {
    let organisation = &admin.organisation;
    until_saved(|| async move {
        let before = load_committed(store, admin, id).await?;
        let after = before.membership.clone().send(organisation.invitation_duration(), now)?;
        let after = after.with_inviter(admin.id());
        let needed = if before.membership.holds_capacity() {
            CapacityRequest::default()
        } else {
            CapacityRequest::of(&after.entitlements)
        };
        schedule_delivery_check(store, organisation.id, organisation.invitation_duration(), now).await?;
        if !store.update_with_capacity(&before, &after, &needed, &CapacityRequest::default()).await? {
            return Ok(None);
        }
        tracing::info!(membership = %after.id, generation = after.generation, by = %admin.id(), "resent");
        Ok(Some(after))
    })
    .await
}
