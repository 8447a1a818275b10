//! Inviting: the one routine for one person, for five hundred, and for an organisation's first admins.
//!
//! Look up who is there → reserve places for the rest, all or nothing → insert → settle what was not used. No mail is
//! sent here: that follows from the table's stream.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use usher_domain::membership::Origin;
use usher_domain::{
    CapacityRequest, Decision, InvitationSpec, Membership, MembershipId, Organisation, ReservationId, Status, decide,
};

use crate::bulk::Inserted;
use crate::capacity::ReserveError;
use crate::membership::Versioned;
use crate::reservation::Reservation;
use crate::{Store, StoreError};

/// What came of inviting one person, and how they stand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteOutcome {
    /// They are invited, and the mail is due.
    Invited(Membership),
    /// They are prepared; no mail is due yet.
    Held(Membership),
    /// They had been invited already, and that stays as it is.
    AlreadyInvited(Membership),
    /// They are in.
    AlreadyMember(Membership),
    /// They are in, but shut out.
    DeactivatedMember(Membership),
}

impl InviteOutcome {
    /// How somebody stands whom this request did not invite.
    fn standing(membership: Membership, now: Timestamp) -> Self {
        match membership.status(now) {
            Status::Active => Self::AlreadyMember(membership),
            Status::Deactivated => Self::DeactivatedMember(membership),
            Status::Held | Status::Pending | Status::Expired | Status::Revoked => Self::AlreadyInvited(membership),
        }
    }

    fn made(membership: Membership) -> Self {
        if membership.generation == 0 || membership.mail.is_none() {
            Self::Held(membership)
        } else {
            Self::Invited(membership)
        }
    }
}

impl Store {
    /// Invites these people, in order; somebody named twice is invited once. All places or none.
    pub async fn invite(
        &self,
        organisation: &Organisation,
        specs: Vec<InvitationSpec>,
        invited_by: Option<MembershipId>,
        reservation: ReservationId,
        now: Timestamp,
    ) -> Result<Vec<InviteOutcome>, ReserveError> {
        let origin = Origin { invited_by, import: None, reservation: Some(reservation) };
        let ids: Vec<MembershipId> = specs.iter().map(|spec| MembershipId::of(organisation.id, &spec.email)).collect();
        let existing = self.standing(organisation, &ids, now).await?;
        let duration = organisation.invitation_duration();

        let (mut new, mut again, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        let mut needed = CapacityRequest::default();
        for (id, spec) in ids.iter().zip(specs) {
            if !seen.insert(*id) {
                continue;
            }
            let known = existing.get(id);
            match decide(known.map(|known| known.membership.clone())) {
                Decision::Invite => {
                    let member = Membership::invite(organisation.id, spec, origin, duration, now);
                    needed.add(&member.entitlements);
                    new.push(member);
                }
                Decision::InviteAgain(before) => {
                    let after = before.invite_again(spec, origin, duration, now);
                    if let (Some(known), Ok(after)) = (known, after) {
                        needed.add(&after.entitlements);
                        again.push((known.clone(), after));
                    }
                }
                Decision::AlreadyInvited | Decision::AlreadyMember | Decision::DeactivatedMember => {}
            }
        }

        let members = new.iter().chain(again.iter().map(|(_, after)| after)).map(|member| member.id).collect();
        let made = if needed.is_empty() {
            HashMap::new()
        } else {
            // First the watch, so that no mail is ever due unwatched.
            self.schedule_delivery_check(organisation.id, now).await?;
            let reservation = Reservation { id: reservation, needed, members };
            self.reserve(organisation.id, &reservation, now).await?;
            self.make(organisation, reservation.id, new, again).await?
        };

        // Whoever is neither made now nor was there before came by another way while this ran.
        let missing: Vec<_> =
            ids.iter().filter(|id| !made.contains_key(id) && !existing.contains_key(id)).copied().collect();
        let came = self.memberships(organisation.id, &missing).await?;
        let mut announced = HashSet::new();
        let outcome = |id: &MembershipId| -> Result<InviteOutcome, StoreError> {
            if let Some(member) = made.get(id) {
                let first = announced.insert(*id);
                let member = member.clone();
                return Ok(if first { InviteOutcome::made(member) } else { InviteOutcome::AlreadyInvited(member) });
            }
            let known = came.get(id).or_else(|| existing.get(id));
            let known = known.ok_or_else(|| StoreError::damaged("MEMBER", "it was there and is gone"))?;
            Ok(InviteOutcome::standing(known.membership.clone(), now))
        };
        ids.iter().map(outcome).collect::<Result<_, _>>().map_err(ReserveError::Store)
    }

    /// How these people stand, with invitations that are over recorded as such, so that none of them stands in the way.
    async fn standing(
        &self,
        organisation: &Organisation,
        ids: &[MembershipId],
        now: Timestamp,
    ) -> Result<HashMap<MembershipId, Versioned>, StoreError> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut existing = self.memberships(organisation.id, &ids).await?;
        let over: Vec<(Versioned, Membership)> = existing
            .values()
            .filter_map(|stored| Some((stored.clone(), stored.membership.clone().expire(now)?)))
            .collect();
        if !over.is_empty() {
            let ids: Vec<_> = over.iter().map(|(_, expired)| expired.id).collect();
            self.record_expired(organisation.id, over).await?;
            existing.extend(self.memberships(organisation.id, &ids).await?);
        }
        Ok(existing)
    }

    /// Writes the memberships whose places are reserved, and gives back the places of those that others wrote first.
    async fn make(
        &self,
        organisation: &Organisation,
        reservation: ReservationId,
        new: Vec<Membership>,
        again: Vec<(Versioned, Membership)>,
    ) -> Result<HashMap<MembershipId, Membership>, StoreError> {
        let inserted = self.insert_memberships(&new).await?;
        let doubtful: Vec<MembershipId> = new
            .iter()
            .zip(&inserted)
            .filter(|(_, inserted)| **inserted == Inserted::AlreadyExists)
            .map(|(member, _)| member.id)
            .collect();
        // "Already there" may be our own row, written by an attempt whose answer was lost.
        let there = self.memberships(organisation.id, &doubtful).await?;
        let ours =
            |id: &MembershipId| there.get(id).is_some_and(|stored| stored.membership.reservation == Some(reservation));
        let (mut made, mut unused) = (HashMap::new(), CapacityRequest::default());
        for (member, inserted) in new.into_iter().zip(inserted) {
            if inserted == Inserted::Created || ours(&member.id) {
                made.insert(member.id, member);
            } else {
                unused.add(&member.entitlements);
            }
        }
        for (before, after) in again {
            if self.update_membership(&before, &after).await? {
                made.insert(after.id, after);
                continue;
            }
            let known = self.membership(organisation.id, after.id).await?;
            if known.is_some_and(|known| known.membership.reservation == Some(reservation)) {
                made.insert(after.id, after);
            } else {
                unused.add(&after.entitlements);
            }
        }
        if let Err(error) = self.commit_reservation(organisation.id, reservation, &unused).await {
            // The people are invited; the sweeper settles when the lease is over.
            tracing::warn!(%error, %reservation, "a reservation is left to the sweeper");
        }
        Ok(made)
    }
}
