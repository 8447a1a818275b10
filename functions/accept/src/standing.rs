//! Where a genuine link stands.

use jiff::Timestamp;
use usher_domain::link::Link;
use usher_domain::{Membership, State};

/// What can be done with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It can be accepted.
    Open {
        /// Until then.
        until: Timestamp,
    },
    /// A newer one was sent, and that one is open.
    Superseded,
    /// Its time is over.
    Expired {
        /// Since then.
        at: Timestamp,
    },
    /// It was taken back, or was prepared anew and is not sent yet.
    Closed,
    /// It was accepted, and the person is in.
    Accepted,
    /// It was accepted, but the member was shut out since.
    Deactivated,
    /// There never was one of this generation.
    Unknown,
}

impl Standing {
    /// By the clock, whatever is recorded. What became of the person comes before which mail they clicked: who has
    /// joined is not told that a newer link exists.
    pub(crate) fn of(link: Link, membership: &Membership, now: Timestamp) -> Self {
        if link.generation > membership.generation || link.generation == 0 {
            return Self::Unknown;
        }
        match membership.state {
            State::Held | State::Revoked { .. } => Self::Closed,
            State::Active { .. } => Self::Accepted,
            State::Deactivated { .. } => Self::Deactivated,
            State::Expired { expired_at: at } => Self::Expired { at },
            State::Pending { expires_at } if expires_at <= now => Self::Expired { at: expires_at },
            State::Pending { .. } if link.generation < membership.generation => Self::Superseded,
            State::Pending { expires_at } => Self::Open { until: expires_at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use usher_domain::membership::Origin;
    use usher_domain::spec::{Entitlements, InvitationSpec};
    use usher_domain::{OrganisationId, PersonName};

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3_600).expect("a time")
    }

    fn pending() -> Membership {
        let entitlements = Entitlements { role: "member".into(), team: None, products: [].into(), courses: [].into() };
        let email = "ada@example.com".parse().expect("an address");
        let spec = InvitationSpec {
            email,
            name: PersonName::default(),
            job_title: None,
            entitlements: entitlements.into(),
            send: true,
        };
        let origin = Origin { invited_by: None, import: None, reservation: None };
        Membership::invite(OrganisationId::from_parts(1, 1), spec, origin, DAY, at(0))
    }

    fn standing(membership: &Membership, generation: u32, now: Timestamp) -> Standing {
        let link = Link { organisation: membership.organisation, membership: membership.id, generation };
        Standing::of(link, membership, now)
    }

    #[test]
    fn a_link_is_open_until_its_time_is_over_or_a_newer_one_was_sent() {
        assert_eq!(standing(&pending(), 1, at(1)), Standing::Open { until: at(24) });
        assert_eq!(standing(&pending(), 1, at(24)), Standing::Expired { at: at(24) });
        assert_eq!(standing(&pending().expire(at(30)).expect("over"), 1, at(30)), Standing::Expired { at: at(24) });
        let resent = pending().send(DAY, at(2)).expect("resend");
        assert_eq!(standing(&resent, 1, at(3)), Standing::Superseded);
        assert_eq!(standing(&resent, 2, at(3)), Standing::Open { until: at(26) });
        assert_eq!(standing(&resent, 1, at(26)), Standing::Expired { at: at(26) });
        assert_eq!(standing(&resent, 3, at(3)), Standing::Unknown);
        assert_eq!(standing(&resent, 0, at(3)), Standing::Unknown);
    }

    #[test]
    fn what_became_of_the_person_comes_first() {
        let active = pending().send(DAY, at(1)).expect("resend").accept(at(2)).expect("in time");
        assert_eq!(standing(&active, 1, at(99)), Standing::Accepted);
        assert_eq!(standing(&active.deactivate(at(3)).expect("in"), 2, at(99)), Standing::Deactivated);
        assert_eq!(standing(&pending().revoke(at(2)).expect("open"), 1, at(3)), Standing::Closed);
    }
}
