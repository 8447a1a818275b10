//! Recording that invitations expired, and releasing their capacity, many in one transaction.

use usher_domain::id::ReservationId;
use usher_domain::{CapacityRequest, Membership, OrganisationId};

use crate::membership::{Change, Versioned};
use crate::transact::TRANSACTION_ITEMS;
use crate::{Store, StoreError};

impl Store {
    /// Records these invitations as expired, each with its state before and after, and releases their capacity. Returns how
    /// many were recorded. An invitation that was accepted or resent since it was loaded stays as it is.
    pub async fn record_expired(
        &self,
        organisation: OrganisationId,
        expired: Vec<(Versioned, Membership)>,
    ) -> Result<usize, StoreError> {
        let mut recorded = 0;
        // One item of the transaction is the capacity.
        for batch in expired.chunks(TRANSACTION_ITEMS - 1) {
            let mut batch: Vec<_> = batch.iter().collect();
            while !batch.is_empty() {
                let mut released = CapacityRequest::default();
                let mut changes = Vec::with_capacity(batch.len());
                let mut ids = Vec::with_capacity(batch.len() * 24);
                for (before, after) in &batch {
                    released.add(&after.entitlements);
                    changes.push(Change::of(before, after).transact_item(&self.table)?);
                    ids.extend_from_slice(&after.id.to_bytes());
                    ids.extend_from_slice(&before.version.to_be_bytes());
                }
                // The same people at the same versions are the same request, from every sender.
                let request = ReservationId::derived(&[b"expire", &ids]);
                let refused = self.release_capacity(organisation, request, &released, changes).await?;
                if refused.is_empty() {
                    recorded += batch.len();
                    break;
                }
                let mut index = 0;
                batch.retain(|_| {
                    index += 1;
                    !refused.contains(&(index - 1))
                });
            }
        }
        Ok(recorded)
    }
}
