//! Counts a plan again: people who were invited since, or who joined, need no capacity any more.
//!
//! A plan is counted when its file is read, and may be sent weeks later. It is counted again only when it does not fit, because
//! unused capacity is released anyway.

use std::collections::BTreeMap;

use jiff::Timestamp;
use usher_domain::{CapacityRequest, ExistingMembership, MembershipId};
use usher_import_files::{Bucket, BucketError};
use usher_store::{Import, ImportPlan, RecountedPart, Store, StoreError};

use super::part_rows;

/// The most rows that are counted again, since a request waits for it. A larger file is uploaded again instead.
const MOST_ROWS: u64 = 25_000;

/// A plan could not be counted again.
#[derive(Debug, thiserror::Error)]
pub enum RecountError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bucket failed, or no longer has the plan's files.
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

/// Every part with the capacity that it needs now; `None` if the plan is too large to be counted again.
pub(super) async fn recount_parts(
    store: &Store,
    bucket: &Bucket,
    import: &Import,
    plan: &ImportPlan,
    now: Timestamp,
) -> Result<Option<BTreeMap<u32, RecountedPart>>, RecountError> {
    if plan.counts.valid > MOST_ROWS {
        return Ok(None);
    }
    let mut parts = BTreeMap::new();
    for part in 1..=plan.parts {
        let rows = part_rows::load(bucket, plan, part).await?;
        let ids: Vec<_> = rows.iter().map(|row| MembershipId::of(import.organisation, &row.spec.email)).collect();
        let existing = store.memberships(import.organisation, &ids).await?;
        let mut needed = CapacityRequest::default();
        let mut is_reserved = Vec::with_capacity(rows.len());
        for (id, row) in ids.iter().zip(&rows) {
            let found = existing.get(id).and_then(|found| ExistingMembership::of(&found.membership, now));
            if found.is_none() {
                needed.add(&row.spec.entitlements);
            }
            is_reserved.push(found.is_none());
        }
        parts.insert(part, RecountedPart::new(&needed, &is_reserved));
    }
    Ok(Some(parts))
}

/// The capacity that a ready import needs now; `None` if the plan is too large to be counted again.
pub async fn recount(
    store: &Store,
    bucket: &Bucket,
    import: &Import,
    now: Timestamp,
) -> Result<Option<CapacityRequest>, RecountError> {
    let Some(plan) = &import.plan else { return Ok(None) };
    let parts = recount_parts(store, bucket, import, plan, now).await?;
    Ok(parts.map(|parts| RecountedPart::needed_by_all(&parts)))
}
