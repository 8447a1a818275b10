//! The sweeper: records what the clock ends, and finishes what was cut off.
//!
//! It reads only what is due, from the index `due`. Everything it does can safely be done twice, because another sweeper,
//! or an earlier one that was cut off, may do the same.

mod imports;
mod queues;
mod task;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use usher_runtime::Clock;
use usher_store::{Due, DueList, Store, StoreError};

pub use queues::{QueueError, Queues};
use task::tasks;

/// How long one step may take, before the function is stopped. Most take a second.
const LONGEST_STEP: SignedDuration = SignedDuration::from_secs(20);
/// How long before the function is stopped a step is cut off.
const TO_FINISH: SignedDuration = SignedDuration::from_secs(3);
/// How many of those who expire one sweep reads: as many as it has time for.
const MOST_EXPIRING: usize = 400_000;

/// What the sweeper works with.
#[derive(Debug, Clone)]
pub struct Sweeper {
    /// The table.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// The queues it checks.
    pub queues: Queues,
    /// When this sweep is stopped, finished or not.
    pub deadline: Timestamp,
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
    /// Tasks that wait for the next sweep, because there was no time left.
    pub left: usize,
    /// Tasks that failed; each was logged.
    pub failed: usize,
}

/// Sweeps what is due, until nothing is left or the time is over: first what is cheap, then a step for each organisation in
/// turn. What it did stays done, and the next sweep does the rest.
pub async fn handle(sweeper: &Sweeper) -> Result<Swept, SweepError> {
    let now = sweeper.clock.now();
    let last_step = sweeper.deadline - LONGEST_STEP;
    let mut swept = Swept::default();
    let mut tasks = tasks(due(sweeper, &mut swept).await?);
    while sweeper.clock.now() < last_step
        && let Some((organisation, task)) = tasks.pop_front()
    {
        // A step can be cut off anywhere: the next sweep finds what is due.
        let time = Duration::try_from(sweeper.deadline - TO_FINISH - sweeper.clock.now()).unwrap_or_default();
        let Ok(done) = tokio::time::timeout(time, task.step(sweeper, organisation, &mut swept)).await else {
            swept.left = 1;
            break;
        };
        match done {
            Ok(left) => tasks.extend(left.into_iter().map(|task| (organisation, task))),
            Err(error) => {
                swept.failed += 1;
                tracing::error!(%organisation, %error, "a due item failed");
            }
        }
    }
    swept.left += tasks.len();
    let seconds = sweeper.clock.now().duration_since(now).as_secs();
    let Swept { expired, committed, requeued, parts, left, failed } = swept;
    tracing::info!(expired, committed, requeued, parts, left, failed, seconds, "swept");
    if failed > 0 { Err(SweepError::Incomplete(failed)) } else { Ok(swept) }
}

/// What is due. If not all of it can be read, the duties are looked after all the same.
async fn due(sweeper: &Sweeper, swept: &mut Swept) -> Result<Vec<Due>, SweepError> {
    let (store, now) = (&sweeper.store, sweeper.clock.now());
    let days = store.days_to_sweep(now).await?;
    let DueList { mut due, days: mut busy } = store.duties(&days, now).await?;
    let expiries = async {
        let expiries = store.expiries(&days, MOST_EXPIRING, now).await?;
        busy.extend(expiries.days);
        store.remember_days(&busy, now).await?;
        Ok::<_, StoreError>(expiries.due)
    };
    match expiries.await {
        Ok(expiring) => due.extend(expiring),
        Err(error) => {
            swept.failed += 1;
            tracing::error!(%error, "could not read who expires");
        }
    }
    Ok(due)
}
