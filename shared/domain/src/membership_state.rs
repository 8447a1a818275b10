//! The states of a membership, and why a state refuses a transition.

use jiff::Timestamp;

/// The state of a membership, with the data that only this state has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Created, mail not sent yet: there is no link.
    Held,
    /// Sent, and open until `expires_at`.
    Pending {
        /// The first moment at which it can no longer be accepted.
        expires_at: Timestamp,
    },
    /// Not accepted in time. Its capacity was released.
    Expired {
        /// When it expired.
        expired_at: Timestamp,
    },
    /// Withdrawn by an admin. Its capacity was released.
    Revoked {
        /// When it was withdrawn.
        revoked_at: Timestamp,
    },
    /// Accepted: the person is a member.
    Active {
        /// When they accepted.
        joined_at: Timestamp,
    },
    /// A member without access, until an admin reactivates them.
    Deactivated {
        /// When they accepted.
        joined_at: Timestamp,
        /// When they lost access.
        deactivated_at: Timestamp,
    },
}

/// The state as people see it at a given time: an invitation past its `expires_at` is expired, recorded or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// [`State::Held`].
    Held,
    /// [`State::Pending`] before `expires_at`.
    Pending,
    /// [`State::Expired`], or [`State::Pending`] from `expires_at` on.
    Expired,
    /// [`State::Revoked`].
    Revoked,
    /// [`State::Active`].
    Active,
    /// [`State::Deactivated`].
    Deactivated,
}

impl Status {
    /// The name in lists of invitations, where every member is `accepted`.
    #[must_use]
    pub fn of_invitation(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Active | Self::Deactivated => "accepted",
        }
    }

    /// The name in lists of members; `None` for a person who has not joined.
    #[must_use]
    pub fn of_member(self) -> Option<&'static str> {
        match self {
            Self::Active => Some("active"),
            Self::Deactivated => Some("deactivated"),
            Self::Held | Self::Pending | Self::Expired | Self::Revoked => None,
        }
    }
}

/// A transition that the state does not allow, named by the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The invitation was already accepted.
    #[error("the invitation was already accepted")]
    AlreadyAccepted,
    /// The invitation has not been sent.
    #[error("the invitation is held and was never sent")]
    Held,
    /// The invitation has expired.
    #[error("the invitation has expired")]
    Expired,
    /// The invitation was revoked.
    #[error("the invitation was revoked")]
    Revoked,
    /// The member is deactivated.
    #[error("the member is deactivated")]
    Deactivated,
    /// The person has not accepted yet.
    #[error("the person has not accepted yet")]
    NotAMember,
}
