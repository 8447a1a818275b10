//! What is due: read from the sparse index `due`, day by day, so that the cost of a sweep depends on what is due and not
//! on the number of organisations.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use usher_domain::id::{ReservationId, SHARDS};
use usher_domain::{ImportId, MembershipId, OrganisationId};

use crate::item::{Reader, keyed, n, s, set_due};
use crate::keys;
use crate::write::write;
use crate::{Store, StoreError};

/// How many days back a sweeper looks before its first sweep has finished.
const FIRST_LOOK_BACK_DAYS: i64 = 30;

/// One item that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its organisation.
    pub organisation: OrganisationId,
    /// The item.
    pub item: DueItem,
}

/// The kinds of items that become due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueItem {
    /// An invitation expires.
    Membership(MembershipId),
    /// A reservation's lease ran out.
    Reservation(ReservationId),
    /// An import should have finished.
    Import(ImportId),
    /// The mails queued in this hour (since the epoch) should have been sent.
    DeliveryCheck(i64),
}

fn read_due(pk: &str, sk: &str) -> Option<Due> {
    let organisation = keys::organisation_of(pk)?;
    let item = keys::membership_of(sk)
        .map(DueItem::Membership)
        .or_else(|| keys::reservation_of(sk).map(DueItem::Reservation))
        .or_else(|| keys::import_of(sk).map(DueItem::Import))
        .or_else(|| sk.strip_prefix(keys::DELIVERY_CHECK_PREFIX)?.parse().ok().map(DueItem::DeliveryCheck))?;
    Some(Due { organisation, item })
}

impl Store {
    /// Everything that was due up to now on one day and shard.
    pub async fn due(&self, date: Date, shard: u8, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        let mut due = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(keys::DUE_INDEX)
                .key_condition_expression("due_pk = :day AND due_sk <= :now")
                .expression_attribute_values(":day", s(keys::due_partition(date, shard)))
                .expression_attribute_values(":now", s(keys::due_sort(now)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::call("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let reader = Reader::new(&item);
                let (pk, sk) = (reader.text("pk")?, reader.text("sk")?);
                if let Some(found) = read_due(pk, sk) {
                    due.push(found);
                } else {
                    // Skipped: one strange item must not keep all others from being swept.
                    tracing::error!(sk, "nothing that can be due is due");
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(due);
            }
        }
    }

    /// The days that a sweep has to look at: from the last that was not swept to its end, to today.
    pub async fn days_to_sweep(&self, now: Timestamp) -> Result<Vec<Date>, StoreError> {
        let today = keys::due_date(now);
        let from = match self.get(&keys::sweep()).await? {
            Some(item) => Reader::new(&item).optional("swept_before")?.unwrap_or(today),
            None => today.saturating_sub(FIRST_LOOK_BACK_DAYS.days()),
        };
        Ok(from.series(1.day()).take_while(|date| *date <= today).collect())
    }

    /// Remembers that everything due before today was dealt with. Yesterday is looked at again, for clocks that differ.
    pub async fn swept(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut item = keyed(&keys::sweep());
        item.insert("swept_before".to_owned(), s(keys::due_date(now).saturating_sub(1.day()).to_string()));
        write(self.client.put_item().table_name(&self.table).set_item(Some(item))).await.map(drop)
    }

    /// All shards of a day.
    pub fn due_shards() -> impl Iterator<Item = u8> {
        0..SHARDS
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
        let mut item = keyed(&keys::delivery_check(organisation, hour));
        item.insert("kind".to_owned(), s("delivery_check"));
        item.insert("ttl".to_owned(), n(now.as_second() + 30 * 86_400));
        set_due(&mut item, at, organisation.to_bytes()[15] >> 5);
        // Condition: the first mail of the hour schedules it, and another only if it needs the check earlier.
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk) OR due_sk > :at");
        write(put.expression_attribute_values(":at", s(keys::due_sort(at)))).await.map(drop)
    }

    /// Ends a delivery check: every mail of that hour was sent, or can never be.
    pub async fn end_delivery_check(&self, organisation: OrganisationId, hour: i64) -> Result<(), StoreError> {
        let key = keys::delivery_check(organisation, hour);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        write(delete).await.map(drop)
    }

    /// Runs a delivery check again at `at`.
    pub async fn postpone_delivery_check(
        &self,
        organisation: OrganisationId,
        hour: i64,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = keyed(&keys::delivery_check(organisation, hour));
        item.insert("kind".to_owned(), s("delivery_check"));
        item.insert("ttl".to_owned(), n(now.as_second() + 30 * 86_400));
        set_due(&mut item, at, organisation.to_bytes()[15] >> 5);
        write(self.client.put_item().table_name(&self.table).set_item(Some(item))).await.map(drop)
    }
}
