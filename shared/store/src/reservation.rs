//! Reservations: capacity that is reserved before it is used, and committed when it is known how much was.
//!
//! ```text
//! reserve ─► CAPACITY −n, RESERVATION open (lease)     one transaction; refused if one resource has too little free
//! insert  ─► memberships that name the reservation     any number of requests, each repeatable
//! commit  ─► RESERVATION gone, CAPACITY +unused        one transaction; a second one finds nothing to commit
//! ```
//!
//! If the owner is cut off after the reservation, its lease runs out and the sweeper commits it: memberships that name the
//! reservation used it, the rest is released.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use usher_domain::id::ReservationId;
use usher_domain::{CapacityRequest, MembershipId, OrganisationId};

use crate::capacity::{ReserveError, attribute, read_resource};
use crate::item::{Reader, keyed, n, s, set_due};
use crate::keys;
use crate::{Store, StoreError};

/// How long a request may take from reserve to commit. Longer than any request lives, so that the sweeper never commits a
/// reservation that is still in use.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// Capacity that is reserved and not yet committed.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// How much.
    pub needed: CapacityRequest,
    /// The people it is for.
    pub members: Vec<MembershipId>,
}

impl Store {
    /// Reserves capacity for new members: all of it or none.
    ///
    /// It can be repeated with the same id: the reservation is made once. (Condition `attribute_not_exists`: the answer to
    /// the first attempt may have been lost.)
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
        // Refused: an earlier attempt made the same reservation.
        self.reserve_capacity(organisation, reservation.id, &reservation.needed, vec![put]).await.map(drop)
    }

    /// Ends a reservation and releases what it did not use. Only the first commit has an effect.
    pub async fn commit_reservation(
        &self,
        organisation: OrganisationId,
        reservation: ReservationId,
        unused: &CapacityRequest,
    ) -> Result<(), StoreError> {
        let key = keys::reservation(organisation, reservation);
        // Condition `attribute_exists`: the sweeper, or an earlier attempt whose answer was lost, may have committed it.
        let delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", s(key.pk))
            .key("sk", s(key.sk))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|error| StoreError::damaged(keys::RESERVATION_PREFIX, error.to_string()))?;
        let delete = TransactWriteItem::builder().delete(delete).build();
        let request = ReservationId::derived(&[b"commit", &reservation.to_bytes()]);
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
}
