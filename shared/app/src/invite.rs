//! Invites one person, several hundred, or an organisation's first admins.
//!
//! Look up who exists → reserve capacity for the others, all or nothing → insert → commit the reservation. It sends no mail:
//! that follows from the table's stream.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use usher_domain::membership::Origin;
use usher_domain::{
    CapacityRequest, ExistingMembership, InvitationSpec, InviteAction, Membership, MembershipId, Organisation,
    ReservationId, decide,
};
use usher_store::{Reservation, ReserveError, Store, StoreError, Versioned};

use crate::check_delivery::schedule_delivery_check;
use crate::expire::expire;
use crate::insert_invitations::{Candidate, Insertion, Inviting};

/// What became of one person, and their membership now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteResult {
    /// They are invited, and the mail is due.
    Invited(Membership),
    /// Their invitation is held; no mail is due yet.
    Held(Membership),
    /// They are invited or a member already, and that stays as it is.
    Exists(ExistingMembership, Membership),
}

impl InviteResult {
    fn created(membership: Membership) -> Self {
        if membership.mail.is_none() { Self::Held(membership) } else { Self::Invited(membership) }
    }

    /// Of a membership that this request did not write.
    fn exists(membership: Membership, now: Timestamp) -> Self {
        // An invitation that ended meanwhile was there when this request decided.
        let existing = ExistingMembership::of(&membership, now).unwrap_or(ExistingMembership::Invited);
        Self::Exists(existing, membership)
    }
}

/// Invites these people; the outcomes are in their order. A person named twice is invited once. Capacity is reserved for all
/// of them or for none.
pub async fn invite(
    store: &Store,
    organisation: &Organisation,
    specs: Vec<InvitationSpec>,
    invited_by: Option<MembershipId>,
    reservation: ReservationId,
    now: Timestamp,
) -> Result<Vec<InviteResult>, ReserveError> {
    let ids: Vec<MembershipId> = specs.iter().map(|spec| MembershipId::of(organisation.id, &spec.email)).collect();
    let existing = existing(store, organisation, &ids, now).await?;
    let mut named = HashSet::new();
    let candidates: Vec<Candidate<'_>> = ids
        .iter()
        .zip(&specs)
        .filter(|(id, _)| {
            let membership = existing.get(id).map(|existing| &existing.membership);
            !matches!(decide(membership, now), InviteAction::Exists(_)) && named.insert(**id)
        })
        .map(|(id, spec)| Candidate { id: *id, spec, is_allowed: true })
        .collect();
    let written = reserve_and_insert(store, organisation, &candidates, existing.clone(), invited_by, reservation, now);
    let written: HashMap<_, _> = written.await?.into_iter().collect();
    let mut reported = HashSet::new();
    let outcome = |id: &MembershipId| match (written.get(id), existing.get(id)) {
        (Some(outcome), _) if reported.insert(*id) => Ok(outcome.clone()),
        // Named again, the person is invited already.
        (Some(InviteResult::Invited(member) | InviteResult::Held(member)), _) => {
            Ok(InviteResult::exists(member.clone(), now))
        }
        (Some(exists), _) => Ok(exists.clone()),
        (None, Some(known)) => Ok(InviteResult::exists(known.membership.clone(), now)),
        (None, None) => Err(StoreError::Contention.into()),
    };
    ids.iter().map(outcome).collect()
}

/// The memberships that exist. Invitations past their time are recorded as expired first, so that they release what they
/// hold and the person can be invited again.
async fn existing(
    store: &Store,
    organisation: &Organisation,
    ids: &[MembershipId],
    now: Timestamp,
) -> Result<HashMap<MembershipId, Versioned>, StoreError> {
    let mut existing = store.memberships(organisation.id, ids).await?;
    let is_over = |found: &&Versioned| decide(Some(&found.membership), now) == InviteAction::RecordExpiry;
    let over: Vec<Versioned> = existing.values().filter(is_over).cloned().collect();
    if !over.is_empty() {
        let ids: Vec<_> = over.iter().map(|found| found.membership.id).collect();
        expire(store, organisation.id, over, now).await?;
        existing.extend(store.memberships(organisation.id, &ids).await?);
    }
    Ok(existing)
}

/// Reserves capacity for the candidates, inserts them, and commits the reservation with what was not used.
async fn reserve_and_insert(
    store: &Store,
    organisation: &Organisation,
    candidates: &[Candidate<'_>],
    existing: HashMap<MembershipId, Versioned>,
    invited_by: Option<MembershipId>,
    reservation: ReservationId,
    now: Timestamp,
) -> Result<Vec<(MembershipId, InviteResult)>, ReserveError> {
    let mut needed = CapacityRequest::default();
    for candidate in candidates {
        needed.add(&candidate.spec.entitlements);
    }
    if needed.is_empty() {
        return Ok(Vec::new());
    }
    // Before any mail becomes due, so that none is due unwatched.
    schedule_delivery_check(store, organisation.id, organisation.invitation_duration(), now).await?;
    let members = candidates.iter().map(|candidate| candidate.id).collect();
    store.reserve(organisation.id, &Reservation { id: reservation, needed, members }, now).await?;

    let origin = Origin { invited_by, import: None, reservation: Some(reservation) };
    let is_ours = |membership: &Membership| membership.reservation == Some(reservation);
    let inviting = Inviting { store, organisation, origin, now, is_ours };
    let insertions = inviting.insert(candidates, existing).await?;
    let mut unused = CapacityRequest::default();
    let mut outcomes = Vec::with_capacity(candidates.len());
    for (candidate, insertion) in candidates.iter().zip(insertions) {
        let outcome = match insertion {
            Insertion::Created(member) => InviteResult::created(*member),
            Insertion::Exists(existing, member) => InviteResult::Exists(existing, *member),
            // Every candidate of a request is allowed.
            Insertion::Refused => return Err(StoreError::Contention.into()),
        };
        if matches!(outcome, InviteResult::Exists(..)) {
            unused.add(&candidate.spec.entitlements);
        }
        outcomes.push((candidate.id, outcome));
    }
    if let Err(error) = store.commit_reservation(organisation.id, reservation, &unused).await {
        // The people are invited; the sweeper commits when the lease is over.
        tracing::warn!(%error, %reservation, "the sweeper will commit this reservation");
    }
    Ok(outcomes)
}
