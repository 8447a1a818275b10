//! Memberships: one by one, and many at once.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use usher_domain::{Membership, MembershipId, OrganisationId};

pub use crate::item::Versioned;
use crate::item::{MAIL_ATTRIBUTES, STATE_ATTRIBUTES, n, read_membership, s, update_expression, write_membership};
use crate::keys::{self, Key};
use crate::write::write;
use crate::{Item, Store, StoreError};

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
}
