//! Delivery checks: when an organisation's mails are looked at, and how far the walk through its people got, which may take
//! several sweeps.

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use jiff::Timestamp;
use usher_domain::OrganisationId;

use crate::item::{Reader, keyed, n, s, set_due, time};
use crate::write::write;
use crate::{Store, StoreError, keys};

/// How long a check that nobody ends is kept.
const KEPT_SECONDS: i64 = 30 * 86_400;

/// How far a delivery check got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryWalk {
    /// Where it goes on; `None` at the beginning.
    pub from: Option<String>,
    /// When a mail that it has met is to be looked at again; `None` if none may still need help.
    pub look: Option<Timestamp>,
}

impl Store {
    /// Writes the check of an hour, due at `at`.
    fn put_check(
        &self,
        organisation: OrganisationId,
        hour: i64,
        at: Timestamp,
        now: Timestamp,
    ) -> PutItemFluentBuilder {
        let mut item = keyed(&keys::delivery_check(organisation, hour));
        item.insert("kind".to_owned(), s("delivery_check"));
        item.insert("ttl".to_owned(), n(now.as_second() + KEPT_SECONDS));
        set_due(&mut item, at, organisation.to_bytes()[15] >> 5);
        self.client.put_item().table_name(&self.table).set_item(Some(item))
    }

    /// Schedules the delivery check of the mails that are queued in this hour, at `at` or earlier. Called before the change
    /// that queues a mail, so that no mail is ever queued without a check. One small write per organisation and hour.
    pub async fn schedule_delivery_check(
        &self,
        organisation: OrganisationId,
        hour: i64,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Condition: the first mail of the hour schedules it, and another only if it needs the check earlier.
        let put = self.put_check(organisation, hour, at, now);
        let put = put.condition_expression("attribute_not_exists(pk) OR due_sk > :at");
        write(put.expression_attribute_values(":at", s(keys::due_sort(at)))).await.map(drop)
    }

    /// Ends a delivery check: every mail of that hour was sent, or can never be.
    pub async fn end_delivery_check(&self, organisation: OrganisationId, hour: i64) -> Result<(), StoreError> {
        let key = keys::delivery_check(organisation, hour);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        write(delete).await.map(drop)
    }

    /// Runs a delivery check again at `at`, from the beginning.
    pub async fn postpone_delivery_check(
        &self,
        organisation: OrganisationId,
        hour: i64,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write(self.put_check(organisation, hour, at, now)).await.map(drop)
    }

    /// How far the delivery check of an hour got; `None` if it is over.
    pub async fn delivery_walk(
        &self,
        organisation: OrganisationId,
        hour: i64,
    ) -> Result<Option<DeliveryWalk>, StoreError> {
        let Some(item) = self.get(&keys::delivery_check(organisation, hour)).await? else { return Ok(None) };
        let reader = Reader::new(&item);
        let from = reader.optional_text("walk_from")?.map(str::to_owned);
        Ok(Some(DeliveryWalk { from, look: reader.optional_time("walk_look")? }))
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
        let expression = match walk.look {
            Some(_) => "SET walk_from = :from, walk_look = :look",
            None => "SET walk_from = :from REMOVE walk_look",
        };
        let update = update
            .update_expression(expression)
            // Condition: another sweeper may have ended the check, and must not find it again.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":from", s(walk.from.as_deref().unwrap_or_default()));
        let update = match walk.look {
            Some(look) => update.expression_attribute_values(":look", time(look)),
            None => update,
        };
        write(update).await.map(drop)
    }
}
