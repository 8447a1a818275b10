//! What is due: read from the sparse index `due`, day by day, so that the cost of a sweep depends on what is due and not
//! on the number of organisations.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use usher_domain::id::ReservationId;
use usher_domain::{ImportId, MembershipId, OrganisationId};

use crate::item::{Reader, keyed, s};
use crate::keys::{self, DUTY_SHARDS, EXPIRY_SHARDS};
use crate::write::write;
use crate::{Item, Store, StoreError};

/// How many days back a sweeper looks before its first sweep has finished.
const FIRST_LOOK_BACK_DAYS: i64 = 30;
/// How many partitions are read at the same time.
const QUERIES: usize = 8;
/// The most duties of one sweep: more than it has time for.
const MOST_DUTIES: usize = 20_000;
/// How many entries a page of the index has at least, and at most: 10,000 keys are about a megabyte.
const PAGE: (usize, usize) = (100, 10_000);

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

/// What is due on some days.
#[derive(Debug, Clone, Default)]
pub struct DueList {
    /// The items, partition by partition, those of the oldest day first.
    pub due: Vec<Due>,
    /// The days on which something is due.
    pub days: BTreeSet<Date>,
}

/// How far one partition was read.
struct Reading {
    day: Date,
    partition: String,
    start: Option<Item>,
}

impl Store {
    /// What is due up to now on these days, without the invitations that expire.
    pub async fn duties(&self, days: &BTreeSet<Date>, now: Timestamp) -> Result<DueList, StoreError> {
        let of_day = |day: Date| (0..DUTY_SHARDS).map(move |shard| (day, keys::duty_partition(day, shard)));
        self.read_due(days.iter().copied().flat_map(of_day).collect(), MOST_DUTIES, now).await
    }

    /// The invitations that expired up to now on these days: all of them, or more than `most`. Then it has some of each
    /// partition, so that those of one organisation hide nobody else's.
    pub async fn expiries(&self, days: &BTreeSet<Date>, most: usize, now: Timestamp) -> Result<DueList, StoreError> {
        let of_day = |day: Date| (0..EXPIRY_SHARDS).map(move |shard| (day, keys::expiry_partition(day, shard)));
        self.read_due(days.iter().copied().flat_map(of_day).collect(), most, now).await
    }

    async fn read_due(
        &self,
        partitions: Vec<(Date, String)>,
        most: usize,
        now: Timestamp,
    ) -> Result<DueList, StoreError> {
        let at_once = (most / partitions.len().max(1)).clamp(PAGE.0, PAGE.1);
        let at_once = i32::try_from(at_once).unwrap_or(i32::MAX);
        let mut list = DueList::default();
        let mut open: Vec<Reading> =
            partitions.into_iter().map(|(day, partition)| Reading { day, partition, start: None }).collect();
        while !open.is_empty() && list.due.len() < most {
            let pages = open.into_iter().map(|reading| self.due_page(reading, at_once, now));
            let mut pages = futures::stream::iter(pages).buffered(QUERIES);
            let mut further = Vec::new();
            while let Some((reading, due)) = pages.try_next().await? {
                if !due.is_empty() || reading.start.is_some() {
                    list.days.insert(reading.day);
                }
                list.due.extend(due);
                if reading.start.is_some() {
                    further.push(reading);
                }
            }
            open = further;
        }
        Ok(list)
    }

    /// One page of a partition, and how far it was read then.
    async fn due_page(
        &self,
        reading: Reading,
        at_once: i32,
        now: Timestamp,
    ) -> Result<(Reading, Vec<Due>), StoreError> {
        let Reading { day, partition, start } = reading;
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(keys::DUE_INDEX)
            .limit(at_once)
            .key_condition_expression("due_pk = :day AND due_sk <= :now")
            .expression_attribute_values(":day", s(&partition))
            .expression_attribute_values(":now", s(keys::due_sort(now)))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::call("Query", &error))?;
        let mut due = Vec::new();
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
        Ok((Reading { day, partition, start: answer.last_evaluated_key }, due))
    }

    /// The days that a sweep has to look at: those on which an earlier one found something, and all from the last sweep to
    /// today.
    pub async fn days_to_sweep(&self, now: Timestamp) -> Result<BTreeSet<Date>, StoreError> {
        let today = keys::due_date(now);
        let (from, mut days) = match self.get(&keys::sweep()).await? {
            Some(item) => {
                let reader = Reader::new(&item);
                (reader.optional("swept_before")?.unwrap_or(today), reader.parsed_texts("left")?)
            }
            None => (today.saturating_sub(FIRST_LOOK_BACK_DAYS.days()), BTreeSet::new()),
        };
        days.extend(from.series(1.day()).take_while(|date| *date <= today));
        Ok(days)
    }

    /// Remembers on which days something is due, as this sweep found them. Nothing becomes due on a day before yesterday any
    /// more, so a day that was found empty is done with. Yesterday is looked at again, for clocks that differ.
    pub async fn remember_days(&self, days: &BTreeSet<Date>, now: Timestamp) -> Result<(), StoreError> {
        let yesterday = keys::due_date(now).saturating_sub(1.day());
        let mut item = keyed(&keys::sweep());
        item.insert("swept_before".to_owned(), s(yesterday.to_string()));
        let left: Vec<String> = days.range(..yesterday).map(Date::to_string).collect();
        if !left.is_empty() {
            item.insert("left".to_owned(), AttributeValue::Ss(left));
        }
        write(self.client.put_item().table_name(&self.table).set_item(Some(item))).await.map(drop)
    }
}
