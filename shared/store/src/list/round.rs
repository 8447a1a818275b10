//! One round of a list: every partition that has more is read at the same time.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures::future::try_join_all;
use usher_domain::OrganisationId;

use super::filter::Condition;
use super::position::{Position, Reached};
use crate::item::{Reader, read_membership, s};
use crate::{Store, StoreError, Versioned, keys};

/// What a round reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round<'a> {
    pub(super) organisation: OrganisationId,
    pub(super) condition: &'a Condition,
    /// How many people of each partition it looks at.
    pub(super) at_once: usize,
    /// Whether it sees every write that was answered before: that costs twice as much.
    pub(super) consistent: bool,
}

/// What one partition answered.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) shard: u8,
    pub(super) found: Vec<Versioned>,
    /// Where the next round goes on.
    pub(super) reached: Reached,
    /// How many people it looked at.
    pub(super) looked_at: usize,
    /// What that cost, in halves of a read unit.
    pub(super) half_units: usize,
}

impl Store {
    /// Reads on from `position` in each partition that has more.
    pub(super) async fn read_round(&self, round: Round<'_>, position: &Position) -> Result<Vec<Part>, StoreError> {
        let open = (0..).zip(position.0).filter(|(_, reached)| *reached != Reached::End);
        try_join_all(open.map(|(shard, reached)| self.read_part(round, shard, reached))).await
    }

    async fn read_part(&self, round: Round<'_>, shard: u8, from: Reached) -> Result<Part, StoreError> {
        let Round { organisation, condition, at_once, consistent } = round;
        let pk = keys::member_partition(organisation, shard);
        let mut call = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(consistent)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .limit(i32::try_from(at_once).unwrap_or(i32::MAX))
            .key_condition_expression("pk = :pk AND begins_with(sk, :member)");
        if !condition.text.is_empty() {
            call = call.filter_expression(&condition.text);
        }
        for (name, attribute) in &condition.names {
            call = call.expression_attribute_names(name, attribute);
        }
        let call = call
            .set_expression_attribute_values(Some(condition.values.clone()))
            .expression_attribute_values(":pk", s(&pk))
            .expression_attribute_values(":member", s(keys::MEMBER_PREFIX));
        let call = match from {
            Reached::After(id) => {
                let key = keys::membership(organisation, id);
                call.exclusive_start_key("pk", s(key.pk)).exclusive_start_key("sk", s(key.sk))
            }
            Reached::Start | Reached::End => call,
        };
        let answer = call.send().await.map_err(|error| StoreError::call("Query", &error))?;
        let looked_at = usize::try_from(answer.scanned_count).unwrap_or_default();
        let units = answer.consumed_capacity.and_then(|consumed| consumed.capacity_units);
        let reached = match &answer.last_evaluated_key {
            None => Reached::End,
            Some(key) => {
                let reader = Reader::new(key);
                Reached::After(keys::membership_of(reader.text("sk")?).ok_or_else(|| reader.damaged("sk"))?)
            }
        };
        let found = answer.items.unwrap_or_default().iter().map(read_membership).collect::<Result<_, _>>()?;
        Ok(Part { shard, found, reached, looked_at, half_units: half_units(units, looked_at) })
    }
}

/// Without figures of the table: as if each person took a kilobyte, which is more than most do.
fn half_units(units: Option<f64>, looked_at: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a query costs 0.5 to 256 units")]
    units.map_or(looked_at.div_ceil(4), |units| (units * 2.0).ceil() as usize)
}
