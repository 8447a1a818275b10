//! Commits a reservation whose owner was cut off before it could.

use usher_domain::{CapacityRequest, OrganisationId, ReservationId};
use usher_store::{Store, StoreError};

/// Commits a reservation whose lease has run out: the memberships that name it used it, the rest is released. Returns
/// whether there was one.
pub async fn commit_reservation(
    store: &Store,
    organisation: OrganisationId,
    id: ReservationId,
) -> Result<bool, StoreError> {
    // The owner or another sweeper may have committed it since the index was read.
    let Some(reservation) = store.reservation(organisation, id).await? else { return Ok(false) };
    let members = store.memberships(organisation, &reservation.members).await?;
    let mut used = CapacityRequest::default();
    for stored in members.values().filter(|stored| stored.membership.reservation == Some(id)) {
        used.add(&stored.membership.entitlements);
    }
    store.commit_reservation(organisation, id, &reservation.needed.minus(&used)).await?;
    tracing::warn!(%organisation, reservation = %id, "committed an abandoned reservation");
    Ok(true)
}
