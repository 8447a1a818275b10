//! One part, from its message to its outcome.

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use usher_domain::job::ApplyJob;
use usher_import_files::{BucketError, PartHeader, PlanFiles, PlannedRow};
use usher_runtime::random;
use usher_store::{Import, ImportPlan, ImportStatus, PartLease};

use crate::judge::Judge;
use crate::people::{self, Made};
use crate::{ApplyError, ImportApply, checkpoint, finish, settle};

/// How many rows are made before the time, and whether the import is still to be carried out, is looked at.
const BATCH_ROWS: usize = 500;
/// A batch is not begun with less time than this, which a slow one may take.
const RESERVE: SignedDuration = SignedDuration::from_secs(10);
/// How much longer than a delivery its lease lasts: a request may still be on its way, and clocks differ.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(30);
/// An import is not ended with less time than this, since every row passes by once more: half of what a delivery has.
const END_RESERVE: SignedDuration = SignedDuration::from_secs(60);
/// For how long what a failure interrupted is left alone, in seconds: most often the table was asked for too much.
const REST: i32 = 15;

/// What a delivery did with a part.
enum Delivered {
    /// It is settled, by this delivery or by an earlier one.
    Settled,
    /// It is made as far as this says.
    Interrupted { rest: ApplyJob, delay: i32 },
    /// It is not to be made.
    Nothing,
}

pub(crate) async fn apply(apply: &ImportApply, job: ApplyJob, deadline: Timestamp) -> Result<(), ApplyError> {
    let store = &apply.store;
    let Some(import) = store.import(job.organisation, job.import).await? else {
        tracing::warn!("a part of an import that is not there any more was left alone");
        return Ok(());
    };
    let plan = import.plan.as_ref().ok_or(ApplyError::Missing("plan"))?;
    if job.part > plan.parts {
        return Err(ApplyError::Missing("part of this number"));
    }
    if job.part > 0 {
        match alone(apply, &import, plan, job, deadline).await? {
            Delivered::Settled => {}
            Delivered::Interrupted { rest, delay } => return checkpoint::hand_on(apply, rest, delay).await,
            Delivered::Nothing => return Ok(()),
        }
        if deadline.duration_since(apply.clock.now()) < END_RESERVE {
            return finish::hand_on(apply, &import).await;
        }
    }
    finish::if_settled(apply, &import).await
}

/// Makes a part under its lease, which is given up whatever comes of it: the message may be the next to need it.
async fn alone(
    apply: &ImportApply,
    import: &Import,
    plan: &ImportPlan,
    job: ApplyJob,
    deadline: Timestamp,
) -> Result<Delivered, ApplyError> {
    let holder = HEXLOWER.encode(&random::bits().to_be_bytes());
    let lease = PartLease { organisation: import.organisation, import: import.id, part: job.part, holder };
    let delivered = match apply.store.take_part(&lease, apply.clock.now(), deadline + LEASE_MARGIN).await {
        Ok(true) => deliver(apply, import, plan, job, deadline).await,
        Ok(false) if apply.store.part_is_completed(import.organisation, import.id, job.part).await? => {
            return Ok(Delivered::Settled);
        }
        Ok(false) => return Err(ApplyError::AtWork),
        // It may have been taken all the same.
        Err(error) => Err(error.into()),
    };
    if let Err(error) = apply.store.free_part(&lease).await {
        tracing::warn!(%error, "the lease on the part was not given up; it runs out");
    }
    delivered
}

async fn deliver(
    apply: &ImportApply,
    import: &Import,
    plan: &ImportPlan,
    job: ApplyJob,
    deadline: Timestamp,
) -> Result<Delivered, ApplyError> {
    // Asked under the lease: since the message came, another delivery may have settled it.
    if apply.store.part_is_completed(import.organisation, import.id, job.part).await? {
        return Ok(Delivered::Settled);
    }
    let rows = load(apply, plan, job.part).await?;
    let mut made = checkpoint::read(apply, plan, &job, &rows).await?;
    let begun = made.len();
    match make(apply, import, &rows, &mut made, deadline).await {
        Ok(Stop::Complete) => {}
        Ok(Stop::Cancelled) => made.extend(people::found(apply, import, &rows[made.len()..]).await?),
        Ok(Stop::OutOfTime) => {
            let rest = checkpoint::write(apply, plan, job, &rows, &made).await?;
            return Ok(Delivered::Interrupted { rest, delay: 0 });
        }
        Ok(Stop::NotSent(status)) => {
            tracing::warn!(status = status.as_str(), "a part nobody sent was left alone");
            return Ok(Delivered::Nothing);
        }
        // What is made is not thrown away; a part that gets nowhere fails.
        Err(error) if made.len() > begun => {
            tracing::warn!(%error, "interrupted");
            let rest = checkpoint::write(apply, plan, job, &rows, &made).await?;
            return Ok(Delivered::Interrupted { rest, delay: REST });
        }
        Err(error) => return Err(error),
    }
    settle::part(apply, import, plan, job.part, &rows, made).await?;
    Ok(Delivered::Settled)
}

/// The rows of a part, all of them.
async fn load(apply: &ImportApply, plan: &ImportPlan, part: u32) -> Result<Vec<PlannedRow>, ApplyError> {
    let key = PlanFiles::in_folder(&plan.folder).part(part);
    let mut lines = apply.bucket.open(&key).await?.lines();
    let header: Option<PartHeader> = lines.next_json().await?;
    let mut rows = Vec::new();
    while let Some(row) = lines.next_json().await? {
        rows.push(row);
    }
    match header {
        Some(header) if header.rows == rows.len() => Ok(rows),
        _ => Err(BucketError::damaged(&key, "it has not as many rows as it says").into()),
    }
}

/// Why no further batch is made.
enum Stop {
    /// All rows are made.
    Complete,
    /// An admin stopped the import.
    Cancelled,
    /// Too little time is left for another batch.
    OutOfTime,
    /// Nobody sent the import: there are no places for it.
    NotSent(ImportStatus),
}

/// Makes the rows behind those that are made already, as many as there is time for while nobody stops the import.
async fn make(
    apply: &ImportApply,
    import: &Import,
    rows: &[PlannedRow],
    made: &mut Vec<Made>,
    deadline: Timestamp,
) -> Result<Stop, ApplyError> {
    let loaded = Box::pin(apply.store.load_organisation(import.organisation, import.created_by)).await?;
    let loaded = loaded.ok_or(ApplyError::Missing("organisation any more"))?;
    let judge = Judge::new(import, &loaded);
    for batch in rows[made.len()..].chunks(BATCH_ROWS) {
        match apply.store.import(import.organisation, import.id).await? {
            Some(Import { status: ImportStatus::Applying, .. }) => {}
            Some(Import { status: ImportStatus::Cancelled, started_at: Some(_), .. }) => return Ok(Stop::Cancelled),
            Some(import) => return Ok(Stop::NotSent(import.status)),
            None => return Err(ApplyError::Missing("record any more")),
        }
        if deadline.duration_since(apply.clock.now()) < RESERVE {
            return Ok(Stop::OutOfTime);
        }
        made.extend(people::make(apply, import, &judge, batch).await?);
    }
    Ok(Stop::Complete)
}
