//! What inviting a person does, given the membership that exists already.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::membership::{Membership, State, Status};
use crate::spec::InvitationSpec;

/// A membership that makes a new invitation unnecessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExistingMembership {
    /// An invitation is held or pending. It stays as it is.
    #[serde(rename = "already_invited")]
    Invited,
    /// The person is an active member.
    #[serde(rename = "already_member")]
    Member,
    /// The person is a deactivated member. An admin reactivates them; an invitation would bypass that decision.
    #[serde(rename = "deactivated_member")]
    Deactivated,
}

impl ExistingMembership {
    /// Decides by the clock: an invitation past its time does not count, recorded as expired or not.
    #[must_use]
    pub fn of(membership: &Membership, now: Timestamp) -> Option<Self> {
        match membership.status(now) {
            Status::Held | Status::Pending => Some(Self::Invited),
            Status::Active => Some(Self::Member),
            Status::Deactivated => Some(Self::Deactivated),
            Status::Expired | Status::Revoked => None,
        }
    }

    /// The name that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "already_invited",
            Self::Member => "already_member",
            Self::Deactivated => "deactivated_member",
        }
    }
}

/// What to do with one [`InvitationSpec`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nobody with this address is known: create an invitation.
    Invite,
    /// An earlier invitation ended: the same membership, a new generation.
    InviteAgain(Box<Membership>),
    /// An earlier invitation is past its time but still holds capacity: record its end, then decide again.
    RecordExpiry,
    /// The membership stays as it is.
    Exists(ExistingMembership),
}

/// Decides what inviting a person does.
#[must_use]
pub fn decide(existing: Option<&Membership>, now: Timestamp) -> Decision {
    let Some(membership) = existing else { return Decision::Invite };
    match (ExistingMembership::of(membership, now), membership.state) {
        (Some(existing), _) => Decision::Exists(existing),
        (None, State::Pending { .. }) => Decision::RecordExpiry,
        (None, _) => Decision::InviteAgain(Box::new(membership.clone())),
    }
}

/// Whether somebody asks for something that an open invitation does not give. What they leave open they do not ask for.
#[must_use]
pub fn asks_for_more(spec: &InvitationSpec, open: &Membership) -> bool {
    let (wanted, given) = (&spec.entitlements, &open.entitlements);
    let name = spec.name.display();
    wanted.role != given.role
        || (wanted.team.is_some() && wanted.team != given.team)
        || (spec.job_title.is_some() && spec.job_title != open.job_title)
        || !wanted.products.is_subset(&given.products)
        || !wanted.courses.is_subset(&given.courses)
        || (name.is_some() && name != open.name.display())
        || (spec.send && open.state == State::Held)
}

/// Whether what an invitation offers can still be given at the moment it is accepted: its role and team exist, and who
/// invited may still invite to that role. `team_exists` is about the team it names, if it names one; `inviter` is who
/// invited, if they still are in the table.
#[must_use]
pub fn is_acceptable(
    invitation: &Membership,
    catalogue: &Catalogue,
    team_exists: bool,
    inviter: Option<&Membership>,
) -> bool {
    let Some(role) = catalogue.role(&invitation.entitlements.role) else { return false };
    if invitation.entitlements.team.is_some() && !team_exists {
        return false;
    }
    // An operator invites to every role.
    if invitation.invited_by.is_none() {
        return true;
    }
    let Some(inviter) = inviter.filter(|inviter| matches!(inviter.state, State::Active { .. })) else { return false };
    catalogue.role(&inviter.entitlements.role).is_some_and(|theirs| theirs.can_invite && theirs.rank >= role.rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Role;
    use crate::id::OrganisationId;
    use crate::membership::Origin;
    use crate::spec::Entitlements;
    use crate::text::PersonName;
    use jiff::SignedDuration;

    fn invitation(email: &str, role: &str, team: Option<&str>, by: Option<&Membership>) -> Membership {
        let entitlements =
            Entitlements { role: role.into(), team: team.map(Into::into), products: [].into(), courses: [].into() };
        let email = email.parse().expect("an address");
        let spec = InvitationSpec {
            email,
            name: PersonName::default(),
            job_title: None,
            entitlements: entitlements.into(),
            send: true,
        };
        let origin = Origin { invited_by: by.map(|by| by.id), import: None, reservation: None };
        let organisation = OrganisationId::from_parts(1, 1);
        Membership::invite(organisation, spec, origin, SignedDuration::from_hours(1), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_left_open_is_not_asked_for() {
        let open = Membership { job_title: "VP".parse().ok(), ..invitation("a@example.com", "member", None, None) };
        let entitlements = Entitlements { role: "member".into(), team: None, products: [].into(), courses: [].into() };
        let spec = InvitationSpec {
            email: open.email.clone(),
            name: PersonName::default(),
            job_title: None,
            entitlements: entitlements.into(),
            send: true,
        };
        assert!(!asks_for_more(&spec, &open));
        assert!(!asks_for_more(&InvitationSpec { job_title: "VP".parse().ok(), ..spec.clone() }, &open));
        assert!(asks_for_more(&InvitationSpec { job_title: "CEO".parse().ok(), ..spec }, &open));
    }

    #[test]
    fn an_offer_holds_only_while_it_could_be_made_anew() {
        let role = |name: &str, rank, can_invite| Role { name: name.into(), rank, can_invite };
        let roles = vec![role("owner", 3, true), role("admin", 2, true), role("member", 1, false)];
        let catalogue = Catalogue { roles, ..Catalogue::default() };
        let now = Timestamp::UNIX_EPOCH;
        let admin = invitation("a@example.com", "admin", None, None).accept(now).expect("in time");
        let offer = |role, team| invitation("b@example.com", role, team, Some(&admin));

        assert!(is_acceptable(&offer("member", None), &catalogue, false, Some(&admin)));
        assert!(is_acceptable(&offer("member", Some("smb")), &catalogue, true, Some(&admin)));
        assert!(!is_acceptable(&offer("member", Some("smb")), &catalogue, false, Some(&admin)), "the team is gone");
        assert!(!is_acceptable(&offer("guest", None), &catalogue, true, Some(&admin)), "the role is gone");
        assert!(!is_acceptable(&offer("owner", None), &catalogue, true, Some(&admin)), "above the inviter");
        assert!(!is_acceptable(&offer("member", None), &catalogue, true, None), "the inviter was removed");
        let out = admin.clone().deactivate(now).expect("a member");
        assert!(!is_acceptable(&offer("member", None), &catalogue, true, Some(&out)), "the inviter is shut out");
        let demoted = Membership { entitlements: offer("member", None).entitlements, ..admin.clone() };
        assert!(!is_acceptable(&offer("member", None), &catalogue, true, Some(&demoted)), "the inviter may not invite");
        assert!(
            is_acceptable(&invitation("c@example.com", "owner", None, None), &catalogue, false, None),
            "an operator"
        );
    }
}
