//! The sweeper: records what the clock ends, and finishes what was cut off.
//!
//! It reads only what is due, from the index `due`. Everything it does can safely be done twice, because another sweeper,
//! or an earlier one that was cut off, may do the same.

mod imports;
mod queues;

use std::collections::BTreeMap;

use serde::Serialize;
use usher_domain::{MembershipId, OrganisationId, ReservationId};
use usher_runtime::Clock;
use usher_store::{DueItem, Store, StoreError};

pub use queues::{QueueError, Queues};

/// What the sweeper works with.
#[derive(Debug, Clone)]
pub struct Sweeper {
    /// The table.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// The queues it checks.
    pub queues: Queues,
}

/// Why a sweep did not finish. What it did stays done; the next sweep does the rest.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Some due items failed; each was logged.
    #[error("{0} of the due items failed")]
    Incomplete(usize),
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Swept {
    /// Invitations that were recorded as expired, and whose capacity was released.
    pub expired: usize,
    /// Abandoned reservations that were committed.
    pub committed: usize,
    /// Mails that were queued again.
    pub requeued: usize,
    /// Parts of imports that were handed out again.
    pub parts: usize,
}

/// Sweeps everything that is due.
pub async fn handle(sweeper: &Sweeper) -> Result<Swept, SweepError> {
    let now = sweeper.clock.now();
    let (mut swept, mut failed) = (Swept::default(), 0);
    let mut expiring: BTreeMap<OrganisationId, Vec<MembershipId>> = BTreeMap::new();
    let mut others = Vec::new();
    for date in sweeper.store.days_to_sweep(now).await? {
        for shard in Store::due_shards() {
            for due in sweeper.store.due(date, shard, now).await? {
                match due.item {
                    DueItem::Membership(id) => expiring.entry(due.organisation).or_default().push(id),
                    _ => others.push(due),
                }
            }
        }
    }
    for (organisation, ids) in expiring {
        match usher_app::expire_due(&sweeper.store, organisation, &ids, now).await {
            Ok(count) => swept.expired += count,
            Err(error) => {
                failed += ids.len();
                tracing::error!(%organisation, %error, "could not expire invitations");
            }
        }
    }
    for due in others {
        let organisation = due.organisation;
        let done = match due.item {
            DueItem::Reservation(id) => {
                commit_reservation(sweeper, organisation, id).await.map(|count| swept.committed += count)
            }
            DueItem::DeliveryCheck(hour) => {
                check_delivery(sweeper, organisation, hour).await.map(|count| swept.requeued += count)
            }
            DueItem::Import(id) => {
                imports::look_after(sweeper, organisation, id).await.map(|count| swept.parts += count)
            }
            DueItem::Membership(_) => Ok(()),
        };
        if let Err(error) = done {
            failed += 1;
            tracing::error!(%organisation, due = ?due.item, %error, "a due item failed");
        }
    }
    tracing::info!(
        expired = swept.expired,
        committed = swept.committed,
        requeued = swept.requeued,
        parts = swept.parts,
        "swept"
    );
    if failed > 0 {
        return Err(SweepError::Incomplete(failed));
    }
    sweeper.store.swept(now).await?;
    Ok(swept)
}

async fn commit_reservation(
    sweeper: &Sweeper,
    organisation: OrganisationId,
    id: ReservationId,
) -> Result<usize, SweepError> {
    Ok(usize::from(usher_app::commit_reservation(&sweeper.store, organisation, id).await?))
}

async fn check_delivery(sweeper: &Sweeper, organisation: OrganisationId, hour: i64) -> Result<usize, SweepError> {
    let now = sweeper.clock.now();
    let queue_is_empty = sweeper.queues.mail_is_drained().await?;
    Ok(usher_app::check_delivery(&sweeper.store, organisation, hour, queue_is_empty, now).await?)
}
