//! Places: reserved before they are used, settled when it is known how many were.
//!
//! ```text
//! reserve ─► CAPACITY −n, RESERVATION open (lease)     one transaction; refused if one place is short
//! insert  ─► memberships that name the reservation     any number of requests, any of them repeated
//! settle  ─► RESERVATION gone, CAPACITY +unused        one transaction; a second one finds nothing to settle
//! ```
//!
//! Cut off after the reservation, the lease runs out and the sweeper settles: what memberships name the reservation was
//! used, the rest goes back.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use usher_domain::id::ReservationId;
use usher_domain::{
    Allowance, Capacity, CapacityExceeded, CapacityRequest, Membership, MembershipId, OrganisationId, Resource,
};

use crate::item::{Reader, keyed, n, s, set_due};
use crate::keys;
use crate::membership::{Change, Versioned};
use crate::transact::Transacted;
use crate::{Item, Store, StoreError};

/// How long somebody may take between reserving and settling. Longer than any request lives, so that the sweeper never
/// settles under the hands of one that is still at work.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// The most kinds of places that one organisation can have: one transaction moves them all, and an expression holds 4 KB
/// (a DynamoDB limit).
pub const MOST_RESOURCES: usize = 100;
/// How often a change of places is tried when limits change under it.
const ATTEMPTS: u8 = 5;

/// Why places were not reserved.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// There are too few; nothing was taken.
    #[error("too few places: {0}")]
    CapacityExceeded(CapacityExceeded),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Places that were taken and not yet settled.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// Which.
    pub id: ReservationId,
    /// How many places.
    pub needed: CapacityRequest,
    /// Whom they are for.
    pub members: Vec<MembershipId>,
}

/// The name of a kind of place in the table.
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

fn attribute(kind: &str, resource: &Resource) -> String {
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
            // Derived from the two others; it is there because a condition cannot subtract.
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
    /// How many places there are and are taken.
    pub async fn capacity(&self, organisation: OrganisationId) -> Result<Capacity, StoreError> {
        let item = self.get(&keys::capacity(organisation)).await?;
        read_capacity(&item.ok_or_else(|| StoreError::damaged(keys::CAPACITY, "is missing"))?)
    }

    /// The part of a transaction that moves places; nothing is both taken and given back. Its conditions: a place that is
    /// limited has enough left (`free >= n`), which is what makes overselling impossible; and limited or not is as it
    /// was seen.
    fn capacity_update(
        &self,
        organisation: OrganisationId,
        seen: &Capacity,
        taken: &CapacityRequest,
        returned: &CapacityRequest,
    ) -> Result<TransactWriteItem, StoreError> {
        let (mut adds, mut conditions) = (Vec::new(), Vec::new());
        let (mut names, mut values) = (HashMap::new(), Item::new());
        let to_take = taken.iter().map(|(resource, count)| (resource, count, 1));
        let to_return = returned.iter().map(|(resource, count)| (resource, count, -1));
        for (index, (resource, count, sign)) in to_take.chain(to_return).enumerate() {
            names.insert(format!("#u{index}"), attribute("used", resource));
            names.insert(format!("#f{index}"), attribute("free", resource));
            let count = i64::from(count);
            values.insert(format!(":u{index}"), n(sign * count));
            adds.push(format!("#u{index} :u{index}"));
            if seen.allowance(resource).limit.is_some() {
                values.insert(format!(":f{index}"), n(-sign * count));
                adds.push(format!("#f{index} :f{index}"));
                // Taking is refused where there are too few; giving back where there is no limit any more.
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

    /// Moves places and writes `companions` in one transaction. `Ok(refused)` names the companions whose condition did
    /// not hold, in which case nothing was written.
    pub(crate) async fn exchange_capacity(
        &self,
        organisation: OrganisationId,
        request: ReservationId,
        taken: &CapacityRequest,
        returned: &CapacityRequest,
        companions: Vec<TransactWriteItem>,
    ) -> Result<Vec<usize>, ReserveError> {
        for attempt in 0..ATTEMPTS {
            let mut items = companions.clone();
            if !taken.is_empty() || !returned.is_empty() {
                let seen = self.capacity(organisation).await?;
                seen.check(taken).map_err(ReserveError::CapacityExceeded)?;
                items.push(self.capacity_update(organisation, &seen, taken, returned)?);
            }
            match self.transact(token(request, attempt), items).await? {
                Transacted::Written => return Ok(Vec::new()),
                Transacted::Refused(positions) if positions.iter().any(|at| *at < companions.len()) => {
                    return Ok(positions.into_iter().filter(|at| *at < companions.len()).collect());
                }
                // Somebody took places, or changed a limit, since they were read: read them again.
                Transacted::Refused(_) => {}
            }
        }
        Err(StoreError::Contention.into())
    }

    /// Takes places and writes `companions` in one transaction. `Ok(false)`: a companion's condition did not hold, and
    /// nothing was written.
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

    /// Gives places back and writes `companions` in one transaction; `Ok(refused)` names the companions whose condition
    /// did not hold, in which case nothing was written.
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
            // Nothing is taken, so nothing can be short.
            Err(ReserveError::CapacityExceeded(_)) => Err(StoreError::Contention),
        }
    }

    /// Reserves places for new members: all of them or none.
    ///
    /// Repeating it with the same id is safe: the reservation is made once. (Condition `attribute_not_exists`: the answer
    /// to the first attempt may have been lost.)
    pub async fn reserve(
        &self,
        organisation: OrganisationId,
        reservation: &Reservation,
        now: Timestamp,
    ) -> Result<(), ReserveError> {
        if reservation.needed.is_empty() {
            return Ok(());
        }
        let mut item = keyed(&keys::reservation(organisation, reservation.id));
        item.insert("kind".to_owned(), s("reservation"));
        for (resource, count) in reservation.needed.iter() {
            item.insert(attribute("needed", resource), n(count));
        }
        let members: Vec<u8> = reservation.members.iter().flat_map(|id| id.to_bytes()).collect();
        item.insert("members".to_owned(), AttributeValue::B(members.into()));
        set_due(&mut item, now + LEASE, reservation.id.to_bytes()[15] >> 5);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| StoreError::damaged(keys::RESERVATION_PREFIX, error.to_string()))?;
        let put = TransactWriteItem::builder().put(put).build();
        // Refused: the reservation is there already, which is what was asked for.
        self.reserve_capacity(organisation, reservation.id, &reservation.needed, vec![put]).await.map(drop)
    }

    /// Ends a reservation and gives back what it did not use. Only the first to settle does anything.
    pub async fn commit_reservation(
        &self,
        organisation: OrganisationId,
        reservation: ReservationId,
        unused: &CapacityRequest,
    ) -> Result<(), StoreError> {
        let key = keys::reservation(organisation, reservation);
        // Condition `attribute_exists`: the sweeper, or an earlier attempt whose answer was lost, may have settled it.
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", s(key.pk))
            .key("sk", s(key.sk))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|error| StoreError::damaged(keys::RESERVATION_PREFIX, error.to_string()))?;
        let delete = TransactWriteItem::builder().delete(delete).build();
        let request = ReservationId::derived(&[b"settle", &reservation.to_bytes()]);
        self.release_capacity(organisation, request, unused, vec![delete]).await.map(drop)
    }

    /// A reservation that is still open.
    pub async fn reservation(
        &self,
        organisation: OrganisationId,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        let Some(item) = self.get(&keys::reservation(organisation, id)).await? else { return Ok(None) };
        let reader = Reader::new(&item);
        let mut needed = Vec::new();
        for name in item.keys() {
            if let Some(rest) = name.strip_prefix("needed#") {
                needed.push((read_resource(rest).ok_or_else(|| reader.damaged(name))?, reader.number(name)?));
            }
        }
        let members =
            item.get("members").and_then(|value| value.as_b().ok()).ok_or_else(|| reader.damaged("members"))?;
        let members = members.as_ref().chunks_exact(16).map(|chunk| {
            let mut id = [0; 16];
            id.copy_from_slice(chunk);
            MembershipId::from_bytes(id)
        });
        Ok(Some(Reservation { id, needed: needed.into_iter().collect(), members: members.collect() }))
    }

    /// Changes a membership, takes the places that it needs in addition and gives back those it needs no more.
    /// `Ok(false)`: somebody else wrote; read again and decide anew.
    ///
    /// One transaction, because two would either lose places or move them twice.
    pub async fn update_exchanging_capacity(
        &self,
        before: &Versioned,
        after: &Membership,
        taken: &CapacityRequest,
        returned: &CapacityRequest,
    ) -> Result<bool, ReserveError> {
        if taken.is_empty() && returned.is_empty() {
            return Ok(self.update_membership(before, after).await?);
        }
        let change = Change::of(before, after).transact_item(&self.table)?;
        let request = request_of(before);
        Ok(self.exchange_capacity(after.organisation, request, taken, returned, vec![change]).await?.is_empty())
    }

    /// Changes a membership and takes the places that it needs beyond those it holds. `Ok(false)`: somebody else wrote.
    pub async fn update_taking(
        &self,
        before: &Versioned,
        after: &Membership,
        needed: &CapacityRequest,
    ) -> Result<bool, ReserveError> {
        self.update_exchanging_capacity(before, after, needed, &CapacityRequest::default()).await
    }

    /// Changes a membership and gives places back with it. `Ok(false)`: somebody else wrote.
    pub async fn update_giving_back(
        &self,
        before: &Versioned,
        after: &Membership,
        needed: &CapacityRequest,
    ) -> Result<bool, ReserveError> {
        self.update_exchanging_capacity(before, after, &CapacityRequest::default(), needed).await
    }
}

/// Names one change of a membership. Another attempt is another change: its conditions decide whether it is still due.
fn request_of(before: &Versioned) -> ReservationId {
    let random = fastrand::u128(..).to_be_bytes();
    ReservationId::derived(&[&before.membership.id.to_bytes(), &before.version.to_be_bytes(), &random])
}

fn token(request: ReservationId, attempt: u8) -> [u8; 16] {
    ReservationId::derived(&[&request.to_bytes(), &[attempt]]).to_bytes()
}
