//! Memberships: one by one, many at once, and in pages.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;
use usher_domain::id::SHARDS;
use usher_domain::{ImportId, Membership, MembershipId, OrganisationId};

pub use crate::item::Versioned;
use crate::item::{
    MAIL_ATTRIBUTES, Reader, STATE_ATTRIBUTES, n, read_membership, s, update_expression, write_membership,
};
use crate::keys::{self, Key};
use crate::write::write;
use crate::{Item, Store, StoreError};

/// How many items a filtered query looks at in one request.
const FILTERED_AT_ONCE: usize = 500;

/// Which members of an organisation a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Stored states, by the names people see: `held`, `pending`, `expired`, `revoked`, `active`, `deactivated`. Empty
    /// for all.
    pub statuses: Vec<&'static str>,
    /// The id of a team.
    pub team: Option<String>,
    /// An import.
    pub import: Option<ImportId>,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<String>,
}

/// A conditional update, for use alone or in a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    key: Key,
    expression: String,
    condition: String,
    names: HashMap<String, String>,
    values: Item,
}

impl Change {
    /// The write that changes `before` to `after`, if nobody else wrote in between (`version`): of two people who act on the
    /// same invitation at once, neither undoes the other; the second one decides again.
    pub(crate) fn of(before: &Versioned, after: &Membership) -> Self {
        let mut item = write_membership(after, before.version + 1);
        let new_generation = after.generation != before.membership.generation;
        let (mut sets, mut removals) = (vec!["#version = :version".to_owned()], Vec::new());
        let mut names = HashMap::from([("#version".to_owned(), "version".to_owned())]);
        let mut values =
            Item::from([(":version".to_owned(), n(before.version + 1)), (":seen".to_owned(), n(before.version))]);
        let mail = if new_generation || after.mail.is_none() { MAIL_ATTRIBUTES } else { &[] };
        for attribute in STATE_ATTRIBUTES.iter().chain(mail) {
            names.insert(format!("#{attribute}"), (*attribute).to_owned());
            match item.remove(*attribute) {
                Some(value) => {
                    sets.push(format!("#{attribute} = :{attribute}"));
                    values.insert(format!(":{attribute}"), value);
                }
                None => removals.push(format!("#{attribute}")),
            }
        }
        let expression = update_expression(&sets, &removals);
        let key = keys::membership(after.organisation, after.id);
        Self { key, expression, condition: "#version = :seen".to_owned(), names, values }
    }

    pub(crate) fn transact_item(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(table)
            .key("pk", s(self.key.pk))
            .key("sk", s(self.key.sk))
            .update_expression(self.expression)
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .build()
            .map_err(|error| StoreError::damaged("update", error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

impl Store {
    /// One membership, read consistently.
    pub async fn membership(
        &self,
        organisation: OrganisationId,
        id: MembershipId,
    ) -> Result<Option<Versioned>, StoreError> {
        let item = self.get(&keys::membership(organisation, id)).await?;
        item.as_ref().map(read_membership).transpose()
    }

    /// Those of these memberships that exist, in no order.
    pub async fn memberships(
        &self,
        organisation: OrganisationId,
        ids: &[MembershipId],
    ) -> Result<HashMap<MembershipId, Versioned>, StoreError> {
        // The table refuses a request that names a key twice.
        let ids: BTreeSet<MembershipId> = ids.iter().copied().collect();
        let keys: Vec<Key> = ids.into_iter().map(|id| keys::membership(organisation, id)).collect();
        let items = self.batch_get(keys).await?;
        items.iter().map(|item| read_membership(item).map(|found| (found.membership.id, found))).collect()
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let call = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = call.key("pk", s(&key.pk)).key("sk", s(&key.sk)).send().await;
        Ok(answer.map_err(|error| StoreError::call("GetItem", &error))?.item)
    }

    /// Changes `before` to `after`. `false` if somebody else wrote since the load: load again and decide again.
    pub async fn update_membership(&self, before: &Versioned, after: &Membership) -> Result<bool, StoreError> {
        let change = Change::of(before, after);
        let call = self.client.update_item().table_name(&self.table);
        let call = call.key("pk", s(change.key.pk)).key("sk", s(change.key.sk));
        let call = call
            .update_expression(change.expression)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values));
        if write(call).await? {
            return Ok(true);
        }
        // It may be our own write: the SDK repeats a call whose answer was lost, and finds the version raised.
        let found = self.membership(after.organisation, after.id).await?;
        Ok(found.is_some_and(|found| found.version == before.version + 1 && found.is_written_as(after)))
    }

    /// Whether a text is a position where a page of this list ended.
    #[must_use]
    pub fn is_list_position(position: &str) -> bool {
        position.split_once('#').is_some_and(|(shard, after)| {
            shard.parse::<u8>().is_ok_and(|shard| shard < SHARDS)
                && (after.is_empty() || keys::membership_of(after).is_some())
        })
    }

    /// One page of an organisation's memberships, to show.
    pub async fn list_memberships(
        &self,
        organisation: OrganisationId,
        filter: &ListFilter,
        limit: usize,
        from: Option<&str>,
        now: Timestamp,
    ) -> Result<Page<Membership>, StoreError> {
        let page = self.list_versioned(organisation, filter, limit, from, now).await?;
        let items = page.items.into_iter().map(|stored| stored.membership).collect();
        Ok(Page { items, next: page.next })
    }

    /// One page of an organisation's memberships, to change, shard after shard. `now` decides which invitations count as
    /// expired.
    pub async fn list_versioned(
        &self,
        organisation: OrganisationId,
        filter: &ListFilter,
        limit: usize,
        from: Option<&str>,
        now: Timestamp,
    ) -> Result<Page<Versioned>, StoreError> {
        let (mut shard, mut after) = match from {
            None => (0, None),
            Some(from) => {
                let (shard, after) = from.split_once('#').ok_or_else(|| StoreError::damaged("next", "cursor"))?;
                let shard = shard.parse::<u8>().map_err(|_| StoreError::damaged("next", "cursor"))?;
                (shard, (!after.is_empty()).then(|| after.to_owned()))
            }
        };
        let mut items: Vec<Versioned> = Vec::new();
        while shard < SHARDS {
            let pk = keys::member_partition(organisation, shard);
            let (expression, names, values) = filter_expression(filter, now);
            let mut call = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :member)")
                .expression_attribute_values(":pk", s(&pk))
                .expression_attribute_values(":member", s(keys::MEMBER_PREFIX));
            // A filter is applied after the limit, so a filtered query reads more at a time than it may show.
            let read = if expression.is_empty() { limit + 1 } else { (limit + 1).max(FILTERED_AT_ONCE) };
            call = call.limit(i32::try_from(read).unwrap_or(i32::MAX));
            if !expression.is_empty() {
                call = call.filter_expression(expression);
            }
            for (name, attribute) in names {
                call = call.expression_attribute_names(name, attribute);
            }
            for (name, value) in values {
                call = call.expression_attribute_values(name, value);
            }
            if let Some(sk) = after.take() {
                call = call.exclusive_start_key("pk", s(&pk)).exclusive_start_key("sk", s(sk));
            }
            let answer = call.send().await.map_err(|error| StoreError::call("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                if items.len() == limit {
                    let last = items.last().map(|member| keys::membership(organisation, member.membership.id).sk);
                    return Ok(Page { items, next: Some(format!("{shard}#{}", last.unwrap_or_default())) });
                }
                items.push(read_membership(&item)?);
            }
            match answer.last_evaluated_key {
                Some(key) => after = Some(Reader::new(&key).text("sk")?.to_owned()),
                None => shard += 1,
            }
            if items.len() == limit && shard < SHARDS {
                // Exactly what is shown was read: the next page begins where this query ended.
                return Ok(Page { items, next: Some(format!("{shard}#{}", after.unwrap_or_default())) });
            }
        }
        Ok(Page { items, next: None })
    }
}

type Expression = (String, HashMap<String, String>, Item);

fn filter_expression(filter: &ListFilter, now: Timestamp) -> Expression {
    let (mut clauses, mut names, mut values) = (Vec::new(), HashMap::new(), Item::new());
    let mut statuses = Vec::new();
    for status in &filter.statuses {
        names.insert("#status".to_owned(), "status".to_owned());
        values.insert(format!(":{status}"), s(*status));
        // By the clock, not by the recorded state: the sweeper may not have recorded it yet.
        statuses.push(match *status {
            "pending" => "#status = :pending AND expires_at > :now".to_owned(),
            "expired" => {
                values.insert(":pending".to_owned(), s("pending"));
                "#status = :expired OR (#status = :pending AND expires_at <= :now)".to_owned()
            }
            other => format!("#status = :{other}"),
        });
    }
    if statuses.iter().any(|clause| clause.contains(":now")) {
        values.insert(":now".to_owned(), n(now.as_second()));
    }
    if !statuses.is_empty() {
        clauses.push(combined(&statuses, " OR "));
    }
    if let Some(team) = &filter.team {
        clauses.push("team = :team".to_owned());
        values.insert(":team".to_owned(), s(team));
    }
    if let Some(import) = filter.import {
        names.insert("#import".to_owned(), "import".to_owned());
        clauses.push("#import = :import".to_owned());
        values.insert(":import".to_owned(), s(import.to_string()));
    }
    (combined(&clauses, " AND "), names, values)
}

/// Joins clauses. The table refuses parentheses around a single clause.
fn combined(clauses: &[String], operator: &str) -> String {
    match clauses {
        [only] => only.clone(),
        clauses => clauses.iter().map(|clause| format!("({clause})")).collect::<Vec<_>>().join(operator),
    }
}
