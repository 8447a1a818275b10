//! The one routine that writes invitations, for a request, for an organisation's first admins and for a part of an import.
//!
//! It decides by the membership that exists, writes many at once, and looks again at those that met another write. The
//! caller has reserved capacity for everybody it may invite.

use std::collections::HashMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use usher_domain::membership::Origin;
use usher_domain::{ExistingMembership, InvitationSpec, InviteAction, Membership, MembershipId, Organisation, decide};
use usher_store::{Inserted, Store, StoreError, Versioned};

use crate::commit_reservation::commit_reservation;
use crate::expire::expire;

/// How often people who met another write are looked at again.
const ROUNDS: usize = 6;
/// How many updates run at once.
const CONCURRENT_UPDATES: usize = 8;

/// One person to invite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) id: MembershipId,
    pub(crate) spec: &'a InvitationSpec,
    /// Whether an invitation may be written; otherwise only an existing membership is reported.
    pub(crate) is_allowed: bool,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Insertion {
    /// The invitation is written, now or by an earlier attempt of the same request.
    Created(Box<Membership>),
    /// A membership exists and stays as it is.
    Exists(ExistingMembership, Box<Membership>),
    /// There is no membership, and writing one was not allowed.
    Refused,
}

/// Who invites, where, and how an earlier attempt's rows are recognised.
pub(crate) struct Inviting<'a, F> {
    pub(crate) store: &'a Store,
    pub(crate) organisation: &'a Organisation,
    pub(crate) origin: Origin,
    pub(crate) now: Timestamp,
    /// Whether a membership was written by an earlier attempt of this request: its capacity is this request's.
    pub(crate) is_ours: F,
}

/// The writes of one round, each with the index of its candidate.
#[derive(Default)]
struct Round {
    new: Vec<(usize, Membership)>,
    again: Vec<(usize, Versioned, Membership)>,
    /// Invitations past their time that are not recorded as expired.
    expired: Vec<Versioned>,
    /// Candidates to look at again.
    open: Vec<usize>,
}

impl<F: Fn(&Membership) -> bool> Inviting<'_, F> {
    /// Invites the candidates; the answers are in their order. `known` holds memberships that were looked up already. In the
    /// first round all others are assumed to be new, except those that may not be invited.
    pub(crate) async fn insert(
        &self,
        candidates: &[Candidate<'_>],
        mut known: HashMap<MembershipId, Versioned>,
    ) -> Result<Vec<Insertion>, StoreError> {
        let mut insertions: Vec<Option<Insertion>> = vec![None; candidates.len()];
        let mut open: Vec<usize> = (0..candidates.len()).collect();
        for round in 0..ROUNDS {
            let unknown = open
                .iter()
                .map(|index| &candidates[*index])
                .filter(|candidate| round > 0 || (!candidate.is_allowed && !known.contains_key(&candidate.id)));
            let unknown: Vec<_> = unknown.map(|candidate| candidate.id).collect();
            known.extend(self.store.memberships(self.organisation.id, &unknown).await?);
            let mut writes = Round::default();
            for index in open {
                let candidate = &candidates[index];
                insertions[index] = self.decide(index, candidate, known.get(&candidate.id), &mut writes);
            }
            open = self.write(writes, &mut insertions).await?;
            if open.is_empty() {
                break;
            }
        }
        insertions.into_iter().collect::<Option<_>>().ok_or(StoreError::Contention)
    }

    /// Decides about one candidate: what became of it, or `None` and what to write for it.
    fn decide(
        &self,
        index: usize,
        candidate: &Candidate<'_>,
        existing: Option<&Versioned>,
        writes: &mut Round,
    ) -> Option<Insertion> {
        let membership = existing.map(|existing| &existing.membership);
        if let Some(ours) = membership.filter(|membership| (self.is_ours)(membership)) {
            return Some(Insertion::Created(Box::new(ours.clone())));
        }
        let duration = self.organisation.invitation_duration();
        match (decide(membership, self.now), existing) {
            (InviteAction::Exists(existing), Some(found)) => {
                return Some(Insertion::Exists(existing, Box::new(found.membership.clone())));
            }
            _ if !candidate.is_allowed => return Some(Insertion::Refused),
            (InviteAction::RecordExpiry, Some(found)) => {
                writes.expired.push(found.clone());
                writes.open.push(index);
            }
            (InviteAction::InviteAgain(before), Some(found)) => {
                match before.invite_again(candidate.spec.clone(), self.origin, duration, self.now) {
                    Ok(after) => writes.again.push((index, found.clone(), after)),
                    Err(_) => writes.open.push(index),
                }
            }
            _ => {
                let spec = candidate.spec.clone();
                let membership = Membership::invite(self.organisation.id, spec, self.origin, duration, self.now);
                writes.new.push((index, membership));
            }
        }
        None
    }

    /// Commits the reservation that the person's ended invitation came from, if nobody has yet. It counts its use by the
    /// memberships that name it, and this one is about to name another. Its owner is gone: an invitation is open for longer
    /// than a request lives, and one with an open reservation cannot be revoked.
    async fn commit_earlier(&self, ended: &Membership) -> Result<(), StoreError> {
        match ended.reservation {
            Some(reservation) => commit_reservation(self.store, self.organisation.id, reservation).await.map(drop),
            None => Ok(()),
        }
    }

    /// Writes one round, and returns the candidates that met another write.
    async fn write(&self, writes: Round, insertions: &mut [Option<Insertion>]) -> Result<Vec<usize>, StoreError> {
        let Round { new, again, expired, mut open } = writes;
        if !expired.is_empty() {
            // Their capacity is released first; this request has its own.
            expire(self.store, self.organisation.id, expired, self.now).await?;
        }
        let (indexes, members): (Vec<usize>, Vec<Membership>) = new.into_iter().unzip();
        let inserted = self.store.insert_memberships(&members).await?;
        for ((index, member), inserted) in indexes.into_iter().zip(members).zip(inserted) {
            match inserted {
                Inserted::Created => insertions[index] = Some(Insertion::Created(Box::new(member))),
                // It may be our own row, written by an attempt whose answer was lost.
                Inserted::AlreadyExists => open.push(index),
            }
        }
        let updates = again.into_iter().map(|(index, before, after)| async move {
            self.commit_earlier(&before.membership).await?;
            let written = self.store.update_membership(&before, &after).await?;
            Ok::<_, StoreError>((index, written.then_some(after)))
        });
        let answers: Vec<_> = stream::iter(updates).buffer_unordered(CONCURRENT_UPDATES).try_collect().await?;
        for (index, written) in answers {
            match written {
                Some(after) => insertions[index] = Some(Insertion::Created(Box::new(after))),
                None => open.push(index),
            }
        }
        Ok(open)
    }
}
