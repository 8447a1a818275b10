//! Recording that invitations ended, and giving their places back, many in one transaction.

use jiff::Timestamp;
use usher_domain::id::ReservationId;
use usher_domain::{CapacityRequest, OrganisationId};

use crate::membership::{Change, Versioned};
use crate::transact::TRANSACTION_ITEMS;
use crate::{Store, StoreError};

impl Store {
    /// Records the end of those of these invitations whose time is over, and gives their places back. Returns how many
    /// were recorded; who accepted or was resent in the meantime is left alone.
    pub async fn expire(
        &self,
        organisation: OrganisationId,
        members: Vec<Versioned>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut recorded = 0;
        // One place of the transaction is for the capacity.
        for batch in members.chunks(TRANSACTION_ITEMS - 1) {
            let mut batch: Vec<_> = batch
                .iter()
                .filter_map(|stored| stored.membership.clone().expire(now).map(|after| (stored, after)))
                .collect();
            while !batch.is_empty() {
                let mut needed = CapacityRequest::default();
                let mut changes = Vec::with_capacity(batch.len());
                let mut ids = Vec::with_capacity(batch.len() * 24);
                for (before, after) in &batch {
                    needed.add(&after.entitlements);
                    changes.push(Change::of(before, after).transact_item(&self.table)?);
                    ids.extend_from_slice(&after.id.to_bytes());
                    ids.extend_from_slice(&before.version.to_be_bytes());
                }
                // The same people at the same versions are the same request, whoever sends it.
                let request = ReservationId::derived(&[b"expire", &ids]);
                let refused = self.release_capacity(organisation, request, &needed, changes).await?;
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
