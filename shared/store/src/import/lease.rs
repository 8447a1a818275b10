//! The lease on a part of an import: one delivery at a time applies it.
//!
//! ```text
//! take ─► LEASE until a moment     refused while another delivery holds it
//! free ─► LEASE deleted            if cut off before, it runs out
//! ```
//!
//! Whether a row is applied depends on the moment: was the import cancelled, does its team exist. Two deliveries at different
//! moments may decide differently, and one would release the capacity of a person whom the other invites.

use jiff::{SignedDuration, Timestamp};
use usher_domain::{ImportId, OrganisationId};

use crate::item::{keyed, s, time};
use crate::write::write;
use crate::{Store, StoreError, keys};

/// How long a lease that ran out is kept, before DynamoDB deletes it.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A lease on one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartLease {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The import.
    pub import: ImportId,
    /// The part.
    pub part: u32,
    /// The delivery that holds it.
    pub holder: String,
}

impl Store {
    /// Takes the lease on a part until a moment; `false` while another delivery holds it.
    pub async fn take_part(&self, lease: &PartLease, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let mut item = keyed(&keys::part_lease(lease.organisation, lease.import, lease.part));
        item.insert("kind".to_owned(), s("lease"));
        item.insert("holder".to_owned(), s(&lease.holder));
        item.insert("lease_until".to_owned(), time(until));
        item.insert("ttl".to_owned(), time(until + KEPT));
        // Condition: nobody holds it any more; or it is ours, and only the answer was lost.
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression("attribute_not_exists(pk) OR lease_until < :now OR holder = :holder")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":holder", s(&lease.holder));
        write(put).await
    }

    /// Releases a lease before it runs out.
    pub async fn free_part(&self, lease: &PartLease) -> Result<(), StoreError> {
        let key = keys::part_lease(lease.organisation, lease.import, lease.part);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        // Condition: it is still ours.
        let delete = delete.condition_expression("holder = :holder");
        write(delete.expression_attribute_values(":holder", s(&lease.holder))).await.map(drop)
    }
}
