//! An organisation, its settings and the rules for them.

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

/// An organisation: its settings and its catalogue. Its [`Capacity`](crate::Capacity) is a value of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// The name in mails and on pages.
    pub name: ShortText,
    /// How long an invitation is open, in seconds.
    pub invitation_seconds: u32,
    /// Where a person goes after they joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard_url: Option<String>,
    /// The role of people without one in the request. Without it, every request has to give a role.
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

    /// The rank of an active admin; `None` for everybody else.
    #[must_use]
    pub fn admin_rank(&self, membership: &Membership) -> Option<u32> {
        let State::Active { .. } = membership.state else { return None };
        self.catalogue.role(&membership.entitlements.role).filter(|role| role.can_invite).map(|role| role.rank)
    }

    /// Nobody acts on a role above their own. A role that was deleted is below every other.
    pub fn check_rank(&self, own: u32, membership: &Membership) -> Result<(), RoleAboveOwn> {
        let theirs = self.catalogue.role(&membership.entitlements.role).map_or(0, |role| role.rank);
        if theirs <= own { Ok(()) } else { Err(RoleAboveOwn) }
    }
}

/// The person's role is above that of the admin who acts on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the person's role is above the admin's own")]
pub struct RoleAboveOwn;
