//! The walk of a delivery check through an organisation's people, which may take several sweeps.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use usher_domain::OrganisationId;

use crate::item::{Reader, s};
use crate::{Store, StoreError, keys};

/// How far a delivery check got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryWalk {
    /// Where it goes on; `None` at the beginning.
    pub from: Option<String>,
    /// Whether it has met a mail that may still need help.
    pub open: bool,
}

impl Store {
    /// How far the delivery check of an hour got; `None` if it is over.
    pub async fn delivery_walk(
        &self,
        organisation: OrganisationId,
        hour: i64,
    ) -> Result<Option<DeliveryWalk>, StoreError> {
        let Some(item) = self.get(&keys::delivery_check(organisation, hour)).await? else { return Ok(None) };
        let from = Reader::new(&item).optional_text("walk_from")?.map(str::to_owned);
        let open = item.get("walk_open").and_then(|value| value.as_bool().ok()).copied().unwrap_or_default();
        Ok(Some(DeliveryWalk { from, open }))
    }

    /// Records how far a delivery check got, so that the next sweep goes on there.
    pub async fn record_delivery_walk(
        &self,
        organisation: OrganisationId,
        hour: i64,
        walk: &DeliveryWalk,
    ) -> Result<(), StoreError> {
        let key = keys::delivery_check(organisation, hour);
        let update = self.client.update_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        let answer = update
            .update_expression("SET walk_from = :from, walk_open = :open")
            // Condition: another sweeper may have ended the check, and must not find it again.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":from", s(walk.from.as_deref().unwrap_or_default()))
            .expression_attribute_values(":open", AttributeValue::Bool(walk.open))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }
}
