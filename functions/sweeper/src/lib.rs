//! The sweeper: what the clock brings about, and what was cut off.
//!
//! It looks only at what is due, in the index `due`, and each thing it does may be done twice: another sweeper, or the
//! one before that was cut off, may be at the same.

mod imports;
mod mails;
mod queues;
mod reservations;

use std::collections::BTreeMap;

use serde::Serialize;
use usher_domain::{MembershipId, OrganisationId};
use usher_runtime::Clock;
use usher_store::{DueItem, Store, StoreError, Versioned};

pub use queues::{QueueError, Queues};

/// How many invitations are loaded at a time.
const LOADED_AT_ONCE: usize = 990;

/// What the sweeper works with.
#[derive(Debug, Clone)]
pub struct Sweeper {
    /// The table.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// The queues it looks into.
    pub queues: Queues,
}

/// Why a sweep did not finish. What it had done stays done; the next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Some of what was due could not be dealt with; each was logged.
    #[error("{0} of the things due could not be dealt with")]
    Incomplete(usize),
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Swept {
    /// Invitations whose end was recorded, and whose places were given back.
    pub expired: usize,
    /// Reservations that nobody else settled.
    pub settled: usize,
    /// Mails that were queued anew.
    pub requeued: usize,
    /// Parts of imports that were handed out again.
    pub parts: usize,
}

/// Deals with everything that is due.
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
        match expire(sweeper, organisation, &ids).await {
            Ok(count) => swept.expired += count,
            Err(error) => {
                failed += ids.len();
                tracing::error!(%organisation, %error, "invitations could not be expired");
            }
        }
    }
    for due in others {
        let organisation = due.organisation;
        let done = match due.item {
            DueItem::Reservation(id) => {
                reservations::settle(sweeper, organisation, id).await.map(|count| swept.settled += count)
            }
            DueItem::DeliveryCheck(hour) => {
                mails::look_after(sweeper, organisation, hour).await.map(|count| swept.requeued += count)
            }
            DueItem::Import(id) => {
                imports::look_after(sweeper, organisation, id).await.map(|count| swept.parts += count)
            }
            DueItem::Membership(_) => Ok(()),
        };
        if let Err(error) = done {
            failed += 1;
            tracing::error!(%organisation, due = ?due.item, %error, "something due could not be dealt with");
        }
    }
    tracing::info!(
        expired = swept.expired,
        settled = swept.settled,
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

async fn expire(sweeper: &Sweeper, organisation: OrganisationId, ids: &[MembershipId]) -> Result<usize, StoreError> {
    let mut expired = 0;
    for ids in ids.chunks(LOADED_AT_ONCE) {
        // The index lags behind the table: what it names is loaded and decided anew.
        let members: Vec<Versioned> = sweeper.store.memberships(organisation, ids).await?.into_values().collect();
        expired += sweeper.store.expire(organisation, members, sweeper.clock.now()).await?;
    }
    Ok(expired)
}
