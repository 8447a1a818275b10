//! What all changes of a membership by an admin share: the load, and why a change is refused.

use usher_domain::{CapacityExceeded, MembershipId, OrganisationId, RoleAboveOwn, TransitionError};
use usher_store::{ReserveError, Store, StoreError, Versioned};

use crate::admin::Admin;
use crate::retry::Contention;

/// Why an admin's change of a membership was refused.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The organisation has no such membership.
    #[error("the organisation has no such membership")]
    NotFound,
    /// The reservation of the invitation is not committed yet.
    #[error("the invitation is still being created")]
    StillCreating,
    /// The person's role is above the admin's own.
    #[error(transparent)]
    RoleAboveOwn(#[from] RoleAboveOwn),
    /// The state of the membership does not allow it.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// Too little capacity is free.
    #[error("capacity exceeded: {0}")]
    CapacityExceeded(CapacityExceeded),
    /// Others kept writing the same membership.
    #[error(transparent)]
    Contention(#[from] Contention),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReserveError> for ChangeError {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::CapacityExceeded(exceeded) => Self::CapacityExceeded(exceeded),
            ReserveError::Store(error) => Self::Store(error),
        }
    }
}

/// One membership of an organisation. The organisation is part of the key, so other organisations' ids are not found.
pub async fn load_membership(
    store: &Store,
    organisation: OrganisationId,
    id: MembershipId,
) -> Result<Versioned, ChangeError> {
    store.membership(organisation, id).await?.ok_or(ChangeError::NotFound)
}

/// A membership that the admin may act on, and whose reservation is committed.
///
/// An open reservation counts its use by what its memberships hold, so nobody may change that until it is committed: a
/// moment later, or a few minutes if its owner was cut off.
pub(crate) async fn load_committed(store: &Store, admin: &Admin, id: MembershipId) -> Result<Versioned, ChangeError> {
    let organisation = admin.organisation.id;
    let stored = load_membership(store, organisation, id).await?;
    if let Some(reservation) = stored.membership.reservation
        && store.reservation(organisation, reservation).await?.is_some()
    {
        return Err(ChangeError::StillCreating);
    }
    admin.check_rank(&stored.membership)?;
    Ok(stored)
}

/// A member that the admin may act on. A person who has not joined is not found.
pub(crate) async fn load_member(store: &Store, admin: &Admin, id: MembershipId) -> Result<Versioned, ChangeError> {
    let stored = load_membership(store, admin.organisation.id, id).await?;
    if stored.membership.joined_at().is_none() {
        return Err(ChangeError::NotFound);
    }
    admin.check_rank(&stored.membership)?;
    Ok(stored)
}
