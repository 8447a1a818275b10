//! Specs and memberships for tests.

use jiff::{SignedDuration, Timestamp};

use crate::id::OrganisationId;
use crate::membership::{Membership, Origin};
use crate::spec::{Entitlements, InvitationSpec};
use crate::text::PersonName;

/// How long the invitations of [`pending`] are open.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An operator who invites by hand.
pub const OPERATOR: Origin = Origin { invited_by: None, import: None, reservation: None };

/// A time: so many seconds after the epoch.
///
/// # Panics
///
/// If there is no such time.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that names an impossible time has to fail")]
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

/// The organisation of [`invited`].
#[must_use]
pub fn organisation() -> OrganisationId {
    OrganisationId::from_parts(1, 1)
}

/// Entitlements with a role and nothing else.
#[must_use]
pub fn role(role: &str) -> Entitlements {
    Entitlements { role: role.into(), team: None, products: [].into(), courses: [].into() }
}

/// A spec for this address and role, whose mail is to be sent.
///
/// # Panics
///
/// If the address is not valid.
#[must_use]
#[expect(clippy::expect_used, reason = "a test with an invalid address has to fail")]
pub fn spec(email: &str, role_name: &str) -> InvitationSpec {
    InvitationSpec {
        email: email.parse().expect("an address"),
        name: PersonName::default(),
        job_title: None,
        entitlements: role(role_name).into(),
        send: true,
    }
}

/// The membership of a spec that an operator invited at the epoch, open for a [`DAY`].
#[must_use]
pub fn invited(spec: InvitationSpec) -> Membership {
    Membership::invite(organisation(), spec, OPERATOR, DAY, Timestamp::UNIX_EPOCH)
}

/// Ada, invited as a member at the epoch, and pending for a [`DAY`].
#[must_use]
pub fn pending() -> Membership {
    invited(spec("ada@example.com", "member"))
}
