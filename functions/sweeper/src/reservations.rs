//! Reservations whose owner was cut off between reserving and settling.

use usher_domain::{CapacityRequest, OrganisationId, ReservationId};

use crate::{SweepError, Sweeper};

/// Settles a reservation whose lease is over: memberships that name it used it, the rest of it goes back.
pub(crate) async fn settle(
    sweeper: &Sweeper,
    organisation: OrganisationId,
    id: ReservationId,
) -> Result<usize, SweepError> {
    // Settled since the index was written, by the one it belongs to or by another sweeper.
    let Some(reservation) = sweeper.store.reservation(organisation, id).await? else { return Ok(0) };
    let members = sweeper.store.memberships(organisation, &reservation.members).await?;
    let mut used = CapacityRequest::default();
    for stored in members.values().filter(|stored| stored.membership.reservation == Some(id)) {
        used.add(&stored.membership.entitlements);
    }
    sweeper.store.commit_reservation(organisation, id, &reservation.needed.minus(&used)).await?;
    tracing::warn!(%organisation, reservation = %id, "settled a reservation that was abandoned");
    Ok(1)
}
