//! What a sweep has to do, in steps that are short, so that every organisation has its turn.

use std::collections::{BTreeMap, VecDeque};

use usher_domain::id::ReservationId;
use usher_domain::{ImportId, MembershipId, OrganisationId};
use usher_runtime::random;
use usher_store::{Due, DueItem, StoreError};

use crate::{SweepError, Sweeper, Swept, imports};

/// How many people one step expires: four transactions.
const EXPIRED_AT_ONCE: usize = 4 * 99;

/// What is due in one organisation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// A reservation to commit.
    Commit(ReservationId),
    /// An import to look after.
    Import(ImportId),
    /// The delivery checks of these hours.
    CheckDelivery(Vec<i64>),
    /// People whose invitations expired.
    Expire(Vec<MembershipId>),
}

/// The tasks, those that are cheap first. Mails and expiries of one organisation are one task each.
pub(crate) fn tasks(due: impl IntoIterator<Item = Due>) -> VecDeque<(OrganisationId, Task)> {
    let mut cheap = VecDeque::new();
    let mut checks: BTreeMap<OrganisationId, Vec<i64>> = BTreeMap::new();
    let mut expiring: BTreeMap<OrganisationId, Vec<MembershipId>> = BTreeMap::new();
    for Due { organisation, item } in due {
        match item {
            DueItem::Reservation(id) => cheap.push_back((organisation, Task::Commit(id))),
            DueItem::Import(id) => cheap.push_back((organisation, Task::Import(id))),
            DueItem::DeliveryCheck(hour) => checks.entry(organisation).or_default().push(hour),
            DueItem::Membership(id) => expiring.entry(organisation).or_default().push(id),
        }
    }
    cheap.extend(expiring.into_iter().map(|(organisation, ids)| (organisation, Task::Expire(ids))));
    let mut checks: Vec<_> =
        checks.into_iter().map(|(organisation, hours)| (organisation, Task::CheckDelivery(hours))).collect();
    // Somebody else is first each time, in case there is not time for all.
    let first = usize::try_from(random::bits() % checks.len().max(1) as u128).unwrap_or_default();
    checks.rotate_left(first);
    cheap.extend(checks);
    cheap
}

impl Task {
    /// Does a part of it, and returns what is left.
    pub(crate) async fn step(
        self,
        sweeper: &Sweeper,
        organisation: OrganisationId,
        swept: &mut Swept,
    ) -> Result<Vec<Self>, SweepError> {
        let (store, now) = (&sweeper.store, sweeper.clock.now());
        match self {
            Self::Commit(id) => {
                swept.committed += usize::from(usher_app::commit_reservation(store, organisation, id).await?);
                Ok(Vec::new())
            }
            Self::Import(id) => {
                swept.parts += imports::look_after(sweeper, organisation, id).await?;
                Ok(Vec::new())
            }
            Self::CheckDelivery(mut hours) => {
                let is_empty = sweeper.queues.mail_is_drained().await?;
                swept.requeued += usher_app::check_delivery(store, organisation, &mut hours, is_empty, now).await?;
                Ok(if hours.is_empty() { Vec::new() } else { vec![Self::CheckDelivery(hours)] })
            }
            Self::Expire(mut ids) => {
                let rest = ids.split_off(ids.len().min(EXPIRED_AT_ONCE));
                let mut left = Vec::new();
                match usher_app::expire_due(store, organisation, &ids, now).await {
                    Ok(count) => swept.expired += count,
                    // One of them cannot be read: the others must not wait for it.
                    Err(StoreError::Damaged { .. }) if ids.len() > 1 => {
                        let half = ids.split_off(ids.len() / 2);
                        left.extend([Self::Expire(ids), Self::Expire(half)]);
                    }
                    Err(error) if rest.is_empty() => return Err(error.into()),
                    Err(error) => {
                        swept.failed += 1;
                        tracing::error!(%organisation, %error, "could not expire invitations");
                    }
                }
                if !rest.is_empty() {
                    left.push(Self::Expire(rest));
                }
                Ok(left)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cheap_comes_first_and_an_organisation_has_one_task_of_what_is_dear() {
        let organisation = |n| OrganisationId::from_parts(1, n);
        let due = |n, item| Due { organisation: organisation(n), item };
        let person = MembershipId::from_bytes([1; 16]);
        let (reservation, import) = (ReservationId::derived(&[b"r"]), ImportId::from_parts(1, 1));
        let tasks = tasks([
            due(1, DueItem::Membership(person)),
            due(1, DueItem::DeliveryCheck(7)),
            due(1, DueItem::Membership(person)),
            due(2, DueItem::Import(import)),
            due(1, DueItem::DeliveryCheck(8)),
            due(3, DueItem::Reservation(reservation)),
        ]);
        let expected = [
            (organisation(2), Task::Import(import)),
            (organisation(3), Task::Commit(reservation)),
            (organisation(1), Task::Expire(vec![person, person])),
            (organisation(1), Task::CheckDelivery(vec![7, 8])),
        ];
        assert_eq!(tasks, expected);
    }
}
