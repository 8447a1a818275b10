//! What a part needs, beside its file: so that its capacity can be released when the file is gone.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use usher_domain::{CapacityRequest, MembershipId, OrganisationId};

use crate::capacity::{read_resource, resource_key};
use crate::item::{Reader, keyed, s, time};
use crate::write::write;
use crate::{Store, StoreError, keys};

/// How long it is kept: as long as its import.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The stored form of a capacity request.
pub(super) fn stored(needed: &CapacityRequest) -> BTreeMap<String, u32> {
    needed.iter().map(|(resource, count)| (resource_key(resource), count)).collect()
}

pub(super) fn read_stored(needed: &BTreeMap<String, u32>) -> CapacityRequest {
    needed.iter().filter_map(|(key, count)| Some((read_resource(key)?, *count))).collect()
}

/// A part as it was planned, without what is personal in its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartPlan {
    /// The capacity that its rows need.
    pub needed: CapacityRequest,
    /// The people, in the order of the rows.
    pub members: Vec<MembershipId>,
}

/// A part whose people were looked up once more when the import was sent: some need no capacity any more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecountedPart {
    /// The capacity that is reserved for the part (`seats`, `product#{id}`, `course#{slug}`).
    pub needed: BTreeMap<String, u32>,
    /// A bit for each row: whether no capacity is reserved for it. In hexadecimal.
    unreserved: String,
}

impl RecountedPart {
    /// `is_reserved` has an entry for each row, in their order.
    #[must_use]
    pub fn new(needed: &CapacityRequest, is_reserved: &[bool]) -> Self {
        let mut bits = vec![0u8; is_reserved.len().div_ceil(8)];
        for (row, _) in is_reserved.iter().enumerate().filter(|(_, reserved)| !**reserved) {
            bits[row / 8] |= 1 << (row % 8);
        }
        Self { needed: stored(needed), unreserved: HEXLOWER.encode(&bits) }
    }

    /// Whether capacity is reserved for each of so many rows.
    #[must_use]
    pub fn reserved(&self, rows: usize) -> Vec<bool> {
        let bits = HEXLOWER.decode(self.unreserved.as_bytes()).unwrap_or_default();
        (0..rows).map(|row| bits.get(row / 8).is_none_or(|byte| byte >> (row % 8) & 1 == 0)).collect()
    }

    /// The capacity that is reserved for the part.
    #[must_use]
    pub fn needed(&self) -> CapacityRequest {
        read_stored(&self.needed)
    }

    /// The capacity of these parts together.
    #[must_use]
    pub fn needed_by_all(parts: &BTreeMap<u32, Self>) -> CapacityRequest {
        let mut needed = CapacityRequest::default();
        for part in parts.values() {
            needed.merge(&part.needed());
        }
        needed
    }
}

impl Store {
    /// Stores what a part needs. An attempt at planning has a folder of its own, so no two write the same item.
    pub async fn put_part_plan(
        &self,
        organisation: OrganisationId,
        folder: &str,
        part: u32,
        plan: &PartPlan,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::part_plan(organisation, folder, part);
        let needed = serde_json::to_string(&stored(&plan.needed));
        let mut item = keyed(&key);
        item.insert("kind".to_owned(), s("part_plan"));
        item.insert("needed".to_owned(), s(needed.map_err(|error| StoreError::damaged(&key.sk, error.to_string()))?));
        let members: Vec<u8> = plan.members.iter().flat_map(|id| id.to_bytes()).collect();
        item.insert("members".to_owned(), AttributeValue::B(members.into()));
        item.insert("ttl".to_owned(), time(now + KEPT));
        // No condition: the same attempt writes the same.
        write(self.client.put_item().table_name(&self.table).set_item(Some(item))).await.map(drop)
    }

    /// What a part of a plan needs.
    pub async fn part_plan(
        &self,
        organisation: OrganisationId,
        folder: &str,
        part: u32,
    ) -> Result<Option<PartPlan>, StoreError> {
        let Some(item) = self.get(&keys::part_plan(organisation, folder, part)).await? else { return Ok(None) };
        let reader = Reader::new(&item);
        let needed: BTreeMap<String, u32> = reader.json("needed")?;
        let members = item.get("members").and_then(|value| value.as_b().ok());
        let members = members.ok_or_else(|| reader.damaged("members"))?.as_ref().chunks_exact(16).map(|chunk| {
            let mut id = [0; 16];
            id.copy_from_slice(chunk);
            MembershipId::from_bytes(id)
        });
        Ok(Some(PartPlan { needed: read_stored(&needed), members: members.collect() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_a_recounted_part_is_reserved_or_not() {
        let reserved: Vec<bool> = (0..21).map(|row| row % 3 != 0).collect();
        let part = RecountedPart::new(&CapacityRequest::default(), &reserved);
        assert_eq!(part.reserved(21), reserved);
        assert_eq!(RecountedPart::default().reserved(2), [true, true]);
    }
}
