//! What can be done with a valid link.

use jiff::Timestamp;

use crate::link::Link;
use crate::membership::{Membership, State};

/// The status of a link, by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStatus {
    /// It can be accepted.
    Open {
        /// Until this time.
        until: Timestamp,
    },
    /// A newer link replaced it, and that one is open.
    Superseded {
        /// When the newer one was sent; `None` while its mail is queued.
        newer_at: Option<Timestamp>,
    },
    /// It was not accepted in time.
    Expired {
        /// When it expired.
        at: Timestamp,
    },
    /// The invitation was revoked, or is held again and not sent yet.
    Closed,
    /// It was accepted, and the person is an active member.
    Accepted,
    /// It was accepted, and the member was deactivated since.
    Deactivated,
    /// There never was a link of this generation.
    Unknown,
}

impl LinkStatus {
    /// The status at a time, recorded or not. The person's state comes before the link's generation: a member who clicks
    /// an old link is not sent to a newer one.
    #[must_use]
    pub fn of(link: Link, membership: &Membership, now: Timestamp) -> Self {
        if link.generation > membership.generation || link.generation == 0 {
            return Self::Unknown;
        }
        match membership.state {
            State::Held | State::Revoked { .. } => Self::Closed,
            State::Active { .. } => Self::Accepted,
            State::Deactivated { .. } => Self::Deactivated,
            State::Expired { expired_at: at } => Self::Expired { at },
            State::Pending { expires_at } if expires_at <= now => Self::Expired { at: expires_at },
            State::Pending { .. } if link.generation < membership.generation => {
                Self::Superseded { newer_at: membership.sent_at }
            }
            State::Pending { expires_at } => Self::Open { until: expires_at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{DAY, at, pending};

    const HOUR: i64 = 3_600;

    fn status(membership: &Membership, generation: u32, now: Timestamp) -> LinkStatus {
        let link = Link { organisation: membership.organisation, membership: membership.id, generation };
        LinkStatus::of(link, membership, now)
    }

    #[test]
    fn a_link_is_open_until_it_expires_or_a_newer_one_is_sent() {
        let end = at(24 * HOUR);
        assert_eq!(status(&pending(), 1, at(HOUR)), LinkStatus::Open { until: end });
        assert_eq!(status(&pending(), 1, end), LinkStatus::Expired { at: end });
        let recorded = pending().expire(at(30 * HOUR)).expect("it expired");
        assert_eq!(status(&recorded, 1, at(30 * HOUR)), LinkStatus::Expired { at: end });
        let resent = pending().send(DAY, at(2 * HOUR)).expect("resend");
        assert_eq!(status(&resent, 1, at(3 * HOUR)), LinkStatus::Superseded { newer_at: None });
        assert_eq!(status(&resent, 2, at(3 * HOUR)), LinkStatus::Open { until: at(26 * HOUR) });
        assert_eq!(status(&resent, 1, at(26 * HOUR)), LinkStatus::Expired { at: at(26 * HOUR) });
        assert_eq!(status(&resent, 3, at(3 * HOUR)), LinkStatus::Unknown);
        assert_eq!(status(&resent, 0, at(3 * HOUR)), LinkStatus::Unknown);
    }

    #[test]
    fn the_persons_state_comes_before_the_links_generation() {
        let active = pending().send(DAY, at(HOUR)).expect("resend").accept(at(2 * HOUR)).expect("in time");
        assert_eq!(status(&active, 1, at(99 * HOUR)), LinkStatus::Accepted);
        let deactivated = active.deactivate(at(3 * HOUR)).expect("a member");
        assert_eq!(status(&deactivated, 2, at(99 * HOUR)), LinkStatus::Deactivated);
        assert_eq!(status(&pending().revoke(at(2 * HOUR)).expect("open"), 1, at(3 * HOUR)), LinkStatus::Closed);
    }
}
