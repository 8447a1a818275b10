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
pub enum InviteAction {
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
pub fn decide(existing: Option<&Membership>, now: Timestamp) -> InviteAction {
    let Some(membership) = existing else { return InviteAction::Invite };
    match (ExistingMembership::of(membership, now), membership.state) {
        (Some(existing), _) => InviteAction::Exists(existing),
        (None, State::Pending { .. }) => InviteAction::RecordExpiry,
        (None, _) => InviteAction::InviteAgain(Box::new(membership.clone())),
    }
}

/// Whether a spec asks for something that an open invitation does not give. What it leaves out it does not ask for.
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

/// Whether an invitation can still be accepted: its role and team exist, and the inviter may still invite to that role.
/// `team_exists` is about the invitation's team, if it has one; `inviter` is `None` if they were deleted.
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
    // Operators invite to every role.
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
    use crate::fixtures::{self, role};
    use crate::spec::Entitlements;

    fn invitation(email: &str, role_name: &str, team: Option<&str>, by: Option<&Membership>) -> Membership {
        let entitlements = Entitlements { team: team.map(Into::into), ..role(role_name) };
        let spec = InvitationSpec { entitlements: entitlements.into(), ..fixtures::spec(email, role_name) };
        Membership { invited_by: by.map(|by| by.id), ..fixtures::invited(spec) }
    }

    #[test]
    fn what_a_spec_leaves_out_it_does_not_ask_for() {
        let open = Membership { job_title: "VP".parse().ok(), ..invitation("a@example.com", "member", None, None) };
        let spec = fixtures::spec("a@example.com", "member");
        assert!(!asks_for_more(&spec, &open));
        assert!(!asks_for_more(&InvitationSpec { job_title: "VP".parse().ok(), ..spec.clone() }, &open));
        assert!(asks_for_more(&InvitationSpec { job_title: "CEO".parse().ok(), ..spec }, &open));
    }

    #[test]
    fn an_invitation_is_acceptable_while_its_inviter_could_send_it_now() {
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
        assert!(!is_acceptable(&offer("member", None), &catalogue, true, Some(&out)), "the inviter is deactivated");
        let demoted = Membership { entitlements: offer("member", None).entitlements, ..admin.clone() };
        assert!(!is_acceptable(&offer("member", None), &catalogue, true, Some(&demoted)), "the inviter may not invite");
        assert!(
            is_acceptable(&invitation("c@example.com", "owner", None, None), &catalogue, false, None),
            "an operator"
        );
    }
}
