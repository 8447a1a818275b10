//! The lease on a part of an import: of all its deliveries, one at a time makes it.
//!
//! ```text
//! take ─► LEASE there until a moment     refused while another delivery's lease lasts
//! free ─► LEASE gone                     cut off before: it runs out
//! ```
//!
//! Whether a row is still to be made depends on what is asked at that moment: was the import cancelled, is its team still
//! there. Two deliveries that ask at different moments may answer differently, and then one would give back the place of
//! a person whom the other goes on to invite.

use aws_sdk_dynamodb::error::SdkError;
use jiff::{SignedDuration, Timestamp};
use usher_domain::{ImportId, OrganisationId};

use crate::item::{keyed, s, time};
use crate::{Store, StoreError, keys};

/// How long a lease that ran out is kept: DynamoDB takes it away some time later.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A lease on one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartLease {
    /// Whose.
    pub organisation: OrganisationId,
    /// Of which import.
    pub import: ImportId,
    /// Which part.
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
        // Condition: nobody holds it, or no longer; or it is ours, and only the answer was lost.
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression("attribute_not_exists(pk) OR lease_until < :now OR holder = :holder")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":holder", s(&lease.holder));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(StoreError::call("PutItem", &error)),
        }
    }

    /// Gives a lease up before it runs out.
    pub async fn free_part(&self, lease: &PartLease) -> Result<(), StoreError> {
        let key = keys::part_lease(lease.organisation, lease.import, lease.part);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        // Condition: it is still ours.
        let delete = delete.condition_expression("holder = :holder");
        match delete.expression_attribute_values(":holder", s(&lease.holder)).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(StoreError::call("DeleteItem", &error)),
        }
    }
}
