//! An organisation and its settings.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::id::OrganisationId;
use crate::membership::{Membership, State};
use crate::text::ShortText;

/// How long an invitation is open unless the organisation says otherwise: 7 days, in seconds.
pub const DEFAULT_INVITATION_SECONDS: u32 = 7 * 24 * 60 * 60;
/// The shortest an invitation may be open: 1 minute, in seconds.
pub const SHORTEST_INVITATION_SECONDS: u32 = 60;
/// The longest an invitation may be open: 90 days, in seconds.
pub const LONGEST_INVITATION_SECONDS: u32 = 90 * 24 * 60 * 60;

/// An organisation: its settings and what it has to give. How many places are left is kept apart, in
/// [`Capacity`](crate::Capacity).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Which one.
    pub id: OrganisationId,
    /// What it is called, in mails and on pages.
    pub name: ShortText,
    /// How long an invitation is open, in seconds.
    pub invitation_seconds: u32,
    /// Where a person goes once they have joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard_url: Option<String>,
    /// The role of those for whom none is named; without it a role has to be named for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_role: Option<String>,
    /// Roles, teams, products and courses.
    #[serde(flatten)]
    pub catalogue: Catalogue,
}

impl Organisation {
    /// How long an invitation is open.
    #[must_use]
    pub fn invitation_duration(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.invitation_seconds))
    }

    /// The rank of somebody who administers it at this moment; `None` for everybody else.
    #[must_use]
    pub fn admin_rank(&self, membership: &Membership) -> Option<u32> {
        let State::Active { .. } = membership.state else { return None };
        self.catalogue.role(&membership.entitlements.role).filter(|role| role.can_invite).map(|role| role.rank)
    }
}
