//! Expire: records that invitations expired, and releases their capacity.

use jiff::Timestamp;
use usher_domain::{Membership, MembershipId, OrganisationId};
use usher_store::{Store, StoreError, Versioned};

/// How many invitations are loaded at a time.
const LOADED_AT_ONCE: usize = 990;

/// Records those of these invitations that are past their `expires_at`, and returns how many. An invitation that was
/// accepted or resent since it was loaded stays as it is.
pub async fn expire(
    store: &Store,
    organisation: OrganisationId,
    members: Vec<Versioned>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let after = |stored: &Versioned| stored.membership.clone().expire(now);
    let expired: Vec<(Versioned, Membership)> =
        members.into_iter().filter_map(|stored| after(&stored).map(|after| (stored, after))).collect();
    store.record_expired(organisation, expired).await
}

/// Expires the invitations that the index lists as due. The index lags behind the table, so each one is loaded.
pub async fn expire_due(
    store: &Store,
    organisation: OrganisationId,
    ids: &[MembershipId],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut expired = 0;
    for ids in ids.chunks(LOADED_AT_ONCE) {
        let members = store.memberships(organisation, ids).await?.into_values().collect();
        expired += expire(store, organisation, members, now).await?;
    }
    Ok(expired)
}
