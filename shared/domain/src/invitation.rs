//! What an invitation of somebody comes to, given where they stand already.

use crate::membership::{Membership, State};

/// What to do with one draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nobody with this address is known: a new invitation.
    Invite,
    /// An earlier invitation ended: the same person, a new generation.
    InviteAgain(Box<Membership>),
    /// An invitation is open or held; it stays as it is.
    AlreadyInvited,
    /// The person is in.
    AlreadyMember,
    /// The person is in but shut out: an admin reactivates them, an invitation would go round that.
    DeactivatedMember,
}

/// Decides by the recorded state. An invitation past its time that is not recorded as expired still holds its places;
/// inviting again revives it as a resend would, through [`Decision::InviteAgain`] once the caller recorded the end.
#[must_use]
pub fn decide(existing: Option<Membership>) -> Decision {
    let Some(membership) = existing else { return Decision::Invite };
    match membership.state {
        State::Held | State::Pending { .. } => Decision::AlreadyInvited,
        State::Active { .. } => Decision::AlreadyMember,
        State::Deactivated { .. } => Decision::DeactivatedMember,
        State::Expired { .. } | State::Revoked { .. } => Decision::InviteAgain(Box::new(membership)),
    }
}
