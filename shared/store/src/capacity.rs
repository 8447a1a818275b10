//! The capacity item: limit, use and what is free of each resource, changed only inside transactions.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use usher_domain::id::ReservationId;
use usher_domain::{Allowance, Capacity, CapacityExceeded, CapacityRequest, Membership, OrganisationId, Resource};

use crate::item::{Reader, keyed, n, s};
use crate::keys;
use crate::membership::{Change, Versioned};
use crate::transact::Transacted;
use crate::{Item, Store, StoreError};

/// The most resources of one organisation: one transaction changes them all, and an expression holds 4 KB (a DynamoDB
/// limit).
pub const MOST_RESOURCES: usize = 100;
/// How often a change is tried when limits change at the same time.
const ATTEMPTS: u8 = 5;

/// Why capacity was not reserved.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// Too little is free. Nothing was reserved.
    #[error("capacity exceeded: {0}")]
    CapacityExceeded(CapacityExceeded),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The name of a resource in the table.
pub(crate) fn resource_key(resource: &Resource) -> String {
    match resource {
        Resource::Seat => "seats".to_owned(),
        Resource::Product(id) => format!("product#{id}"),
        Resource::Course(slug) => format!("course#{slug}"),
    }
}

pub(crate) fn read_resource(key: &str) -> Option<Resource> {
    match key.split_once('#').unwrap_or((key, "")) {
        ("seats", _) => Some(Resource::Seat),
        ("product", id) => Some(Resource::Product(id.to_owned())),
        ("course", slug) => Some(Resource::Course(slug.to_owned())),
        _ => None,
    }
}

pub(crate) fn attribute(kind: &str, resource: &Resource) -> String {
    format!("{kind}#{}", resource_key(resource))
}

pub(crate) fn read_capacity(item: &Item) -> Result<Capacity, StoreError> {
    let reader = Reader::new(item);
    let mut capacity: BTreeMap<Resource, Allowance> = BTreeMap::new();
    for name in item.keys() {
        let Some((kind, rest)) = name.split_once('#') else { continue };
        let resource = read_resource(rest).ok_or_else(|| reader.damaged(name))?;
        let allowance = capacity.entry(resource).or_default();
        match kind {
            "used" => allowance.used = reader.number(name)?,
            "limit" => allowance.limit = Some(reader.number(name)?),
            // Derived from the two others. Stored because a condition cannot subtract.
            "free" => {}
            _ => return Err(reader.damaged(name)),
        }
    }
    Ok(Capacity(capacity))
}

pub(crate) fn write_capacity(organisation: OrganisationId, capacity: &Capacity) -> Item {
    let mut item = keyed(&keys::capacity(organisation));
    item.insert("kind".to_owned(), s("capacity"));
    for (resource, allowance) in &capacity.0 {
        item.insert(attribute("used", resource), n(allowance.used));
        if let Some(limit) = allowance.limit {
            item.insert(attribute("limit", resource), n(limit));
            item.insert(attribute("free", resource), n(i64::from(limit) - i64::from(allowance.used)));
        }
    }
    item
}

impl Store {
    /// Limit and use of each resource.
    pub async fn capacity(&self, organisation: OrganisationId) -> Result<Capacity, StoreError> {
        let item = self.get(&keys::capacity(organisation)).await?;
        read_capacity(&item.ok_or_else(|| StoreError::damaged(keys::CAPACITY, "is missing"))?)
    }

    /// The part of a transaction that changes capacity. No resource is both reserved and released. Its conditions: a
    /// limited resource has enough free (`free >= n`), which makes overselling impossible; and a resource is still limited,
    /// or unlimited, as it was loaded.
    fn capacity_update(
        &self,
        organisation: OrganisationId,
        seen: &Capacity,
        reserved: &CapacityRequest,
        released: &CapacityRequest,
    ) -> Result<TransactWriteItem, StoreError> {
        let (mut adds, mut conditions) = (Vec::new(), Vec::new());
        let (mut names, mut values) = (HashMap::new(), Item::new());
        let to_reserve = reserved.iter().map(|(resource, count)| (resource, count, 1));
        let to_release = released.iter().map(|(resource, count)| (resource, count, -1));
        for (index, (resource, count, sign)) in to_reserve.chain(to_release).enumerate() {
            names.insert(format!("#u{index}"), attribute("used", resource));
            names.insert(format!("#f{index}"), attribute("free", resource));
            let count = i64::from(count);
            values.insert(format!(":u{index}"), n(sign * count));
            adds.push(format!("#u{index} :u{index}"));
            if seen.allowance(resource).limit.is_some() {
                values.insert(format!(":f{index}"), n(-sign * count));
                adds.push(format!("#f{index} :f{index}"));
                // Reserving needs enough free; releasing only needs that the limit still exists.
                let least = if sign > 0 { count } else { i64::MIN / 2 };
                values.insert(format!(":l{index}"), n(least));
                conditions.push(format!("#f{index}>=:l{index}"));
            } else {
                conditions.push(format!("attribute_not_exists(#f{index})"));
            }
        }
        let key = keys::capacity(organisation);
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", s(key.pk))
            .key("sk", s(key.sk))
            .update_expression(format!("ADD {}", adds.join(",")))
            .condition_expression(conditions.join(" AND "))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(|error| StoreError::damaged(keys::CAPACITY, error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Reserves, releases and writes `companions` in one transaction. `Ok(refused)` names the companions whose condition
    /// failed; then nothing was written.
    pub(crate) async fn exchange_capacity(
        &self,
        organisation: OrganisationId,
        request: ReservationId,
        reserved: &CapacityRequest,
        released: &CapacityRequest,
        companions: Vec<TransactWriteItem>,
    ) -> Result<Vec<usize>, ReserveError> {
        for attempt in 0..ATTEMPTS {
            let mut items = companions.clone();
            if !reserved.is_empty() || !released.is_empty() {
                let seen = self.capacity(organisation).await?;
                seen.check(reserved).map_err(ReserveError::CapacityExceeded)?;
                items.push(self.capacity_update(organisation, &seen, reserved, released)?);
            }
            match self.transact(token(request, attempt), items).await? {
                Transacted::Written => return Ok(Vec::new()),
                Transacted::Refused(positions) if positions.iter().any(|at| *at < companions.len()) => {
                    return Ok(positions.into_iter().filter(|at| *at < companions.len()).collect());
                }
                // Use or limit changed since the load: load again.
                Transacted::Refused(_) => {}
            }
        }
        Err(StoreError::Contention.into())
    }

    /// Reserves and writes `companions` in one transaction. `Ok(false)`: a companion's condition failed, and nothing was
    /// written.
    pub(crate) async fn reserve_capacity(
        &self,
        organisation: OrganisationId,
        request: ReservationId,
        needed: &CapacityRequest,
        companions: Vec<TransactWriteItem>,
    ) -> Result<bool, ReserveError> {
        let refused =
            self.exchange_capacity(organisation, request, needed, &CapacityRequest::default(), companions).await?;
        Ok(refused.is_empty())
    }

    /// Releases and writes `companions` in one transaction. `Ok(refused)` names the companions whose condition failed; then
    /// nothing was written.
    pub(crate) async fn release_capacity(
        &self,
        organisation: OrganisationId,
        request: ReservationId,
        needed: &CapacityRequest,
        companions: Vec<TransactWriteItem>,
    ) -> Result<Vec<usize>, StoreError> {
        match self.exchange_capacity(organisation, request, &CapacityRequest::default(), needed, companions).await {
            Ok(refused) => Ok(refused),
            Err(ReserveError::Store(error)) => Err(error),
            // Nothing is reserved, so nothing can be exceeded.
            Err(ReserveError::CapacityExceeded(_)) => Err(StoreError::Contention),
        }
    }

    /// Changes a membership, reserves what it needs in addition and releases what it no longer needs. `Ok(false)`: another
    /// write came first; load again and decide again.
    ///
    /// One transaction, because two would either lose capacity or count it twice.
    pub async fn update_with_capacity(
        &self,
        before: &Versioned,
        after: &Membership,
        reserved: &CapacityRequest,
        released: &CapacityRequest,
    ) -> Result<bool, ReserveError> {
        if reserved.is_empty() && released.is_empty() {
            return Ok(self.update_membership(before, after).await?);
        }
        let change = Change::of(before, after).transact_item(&self.table)?;
        let request = request_of(before);
        Ok(self.exchange_capacity(after.organisation, request, reserved, released, vec![change]).await?.is_empty())
    }
}

/// Names one change of a membership. Each attempt is a change of its own: its conditions decide whether it still applies.
fn request_of(before: &Versioned) -> ReservationId {
    let random = fastrand::u128(..).to_be_bytes();
    ReservationId::derived(&[&before.membership.id.to_bytes(), &before.version.to_be_bytes(), &random])
}

fn token(request: ReservationId, attempt: u8) -> [u8; 16] {
    ReservationId::derived(&[&request.to_bytes(), &[attempt]]).to_bytes()
}
