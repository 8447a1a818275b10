//! The admin who acts: an active member whose role may invite, with their organisation.

use usher_domain::{
    Authority, Capacity, EmailAddress, Membership, MembershipId, Organisation, OrganisationId, RoleAboveOwn, State,
};
use usher_store::{Store, StoreError};

/// An active admin of an organisation, and that organisation.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Their own membership.
    pub membership: Membership,
    /// The rank of their role.
    pub rank: u32,
    /// The organisation.
    pub organisation: Organisation,
    /// Its capacity when it was loaded.
    pub capacity: Capacity,
}

/// Why a person is not an admin of an organisation.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no such organisation, or the person is not a member of it. An outsider does not learn which.
    #[error("the organisation does not exist, or the person is not a member")]
    NotFound,
    /// Their membership is deactivated.
    #[error("the person's membership is deactivated")]
    Deactivated,
    /// Their role may not invite.
    #[error("the person's role does not administer the organisation")]
    NotAnAdmin,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Admin {
    /// The admin with this address. Read at every request, so that a changed role or a deactivation counts at once.
    pub async fn load(store: &Store, organisation: OrganisationId, email: &EmailAddress) -> Result<Self, AdminError> {
        let id = MembershipId::of(organisation, email);
        let loaded = Box::pin(store.load_organisation(organisation, Some(id))).await?.ok_or(AdminError::NotFound)?;
        let membership = loaded.member.ok_or(AdminError::NotFound)?.membership;
        match membership.state {
            State::Active { .. } => {}
            State::Deactivated { .. } => return Err(AdminError::Deactivated),
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => {
                return Err(AdminError::NotFound);
            }
        }
        let rank = loaded.organisation.admin_rank(&membership).ok_or(AdminError::NotAnAdmin)?;
        Ok(Self { membership, rank, organisation: loaded.organisation, capacity: loaded.capacity })
    }

    /// The id of their membership.
    #[must_use]
    pub fn id(&self) -> MembershipId {
        self.membership.id
    }

    /// What they may give.
    #[must_use]
    pub fn authority(&self) -> Authority<'_> {
        Authority { rank: Some(self.rank), default_role: self.organisation.default_role.as_deref() }
    }

    /// Whether they may act on this person.
    pub(crate) fn check_rank(&self, membership: &Membership) -> Result<(), RoleAboveOwn> {
        self.organisation.check_rank(self.rank, membership)
    }
}
