//! Applies one part of an import: from its message to its outcome.

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use usher_domain::job::ApplyJob;
use usher_runtime::random;
use usher_store::{Import, ImportPlan, ImportStatus, PartLease};

use super::apply::drift::DriftCheck;
use super::apply::rows::{self, AppliedRow, PartRows};
use super::apply::{checkpoint, complete, lost};
use super::applying::HandOn;
use super::finish_import::{self, finish_import};
use super::part_rows;
use crate::import::applying::{ApplyError, ImportApplying};

/// How many rows are applied before the time, and whether the import is still to be carried out, is looked at.
const BATCH_ROWS: usize = 500;
/// A batch does not begin with less time than this: a slow one may take it.
const RESERVE: SignedDuration = SignedDuration::from_secs(10);
/// How much longer than the delivery its lease lasts: a request may still be in flight, and clocks differ.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(30);
/// Finishing does not begin with less time than this, half of what a delivery has: it reads every row once more.
const FINISH_RESERVE: SignedDuration = SignedDuration::from_secs(60);
/// How long a part that a failure interrupted waits, in seconds: most often the table was throttled.
const REST: i32 = 15;

/// What a delivery did with a part.
enum Delivery {
    /// The part is completed, by this delivery or by an earlier one.
    Completed,
    /// The part is applied up to a row.
    Interrupted(HandOn),
    /// The part must not be applied.
    Ignored,
}

/// Applies one part of an import, and finishes the import after its last part. Returns the job that another delivery must
/// continue.
pub async fn apply_part(
    applying: &ImportApplying,
    job: ApplyJob,
    deadline: Timestamp,
) -> Result<Option<HandOn>, ApplyError> {
    let store = &applying.store;
    let Some(import) = store.import(job.organisation, job.import).await? else {
        tracing::warn!("ignored a part of an import that no longer exists");
        return Ok(None);
    };
    let plan = import.plan.as_ref().ok_or(ApplyError::Missing("plan"))?;
    if job.part > plan.parts {
        return Err(ApplyError::Missing("part of this number"));
    }
    if job.part > 0 {
        match apply_under_lease(applying, &import, plan, job, deadline).await? {
            Delivery::Completed => {}
            Delivery::Interrupted(rest) => return Ok(Some(rest)),
            Delivery::Ignored => return Ok(None),
        }
        if deadline.duration_since(applying.clock.now()) < FINISH_RESERVE {
            return finish_import::hand_on(applying, &import).await;
        }
    }
    let from = if job.part == 0 { job.from } else { 0 };
    finish_import(applying, &import, from, deadline).await
}

/// Applies a part under its lease. The lease is released in any case: the next delivery may need it.
async fn apply_under_lease(
    applying: &ImportApplying,
    import: &Import,
    plan: &ImportPlan,
    job: ApplyJob,
    deadline: Timestamp,
) -> Result<Delivery, ApplyError> {
    let holder = HEXLOWER.encode(&random::bits().to_be_bytes());
    let lease = PartLease { organisation: import.organisation, import: import.id, part: job.part, holder };
    let delivery = match applying.store.take_part(&lease, applying.clock.now(), deadline + LEASE_MARGIN).await {
        Ok(true) => apply_rows(applying, import, plan, job, deadline).await,
        Ok(false) if applying.store.part_is_completed(import.organisation, import.id, job.part).await? => {
            return Ok(Delivery::Completed);
        }
        Ok(false) => return Err(ApplyError::Leased),
        // The lease may have been taken although the answer was lost.
        Err(error) => Err(error.into()),
    };
    if let Err(error) = applying.store.free_part(&lease).await {
        tracing::warn!(%error, "the lease on the part was not released; it runs out");
    }
    delivery
}

async fn apply_rows(
    applying: &ImportApplying,
    import: &Import,
    plan: &ImportPlan,
    job: ApplyJob,
    deadline: Timestamp,
) -> Result<Delivery, ApplyError> {
    // Checked under the lease: another delivery may have completed the part since the message came.
    if applying.store.part_is_completed(import.organisation, import.id, job.part).await? {
        return Ok(Delivery::Completed);
    }
    let rows = match part_rows::load(&applying.bucket, plan, job.part).await {
        Ok(rows) => rows,
        Err(error) if import.started_at.is_some() && lost::is_lost(applying, import, &error) => {
            lost::complete_lost_part(applying, import, plan, job.part).await?;
            return Ok(Delivery::Completed);
        }
        Err(error) => return Err(error.into()),
    };
    let reserved = import.recounted.get(&job.part).map(|part| part.reserved(rows.len()));
    let reserved = reserved.unwrap_or_else(|| vec![true; rows.len()]);
    let part = PartRows { rows: &rows, reserved: &reserved };
    let mut applied = checkpoint::read(applying, plan, &job, &rows).await?;
    let begun = applied.len();
    match apply_batches(applying, import, part, &mut applied, deadline).await {
        Ok(Stop::Complete) => {}
        Ok(Stop::Cancelled) => applied.extend(rows::cancelled(import, &rows[applied.len()..])),
        Ok(Stop::OutOfTime) => {
            let rest = checkpoint::write(applying, plan, job, &rows, &applied).await?;
            return Ok(Delivery::Interrupted(HandOn { job: rest, delay: 0 }));
        }
        Ok(Stop::NotSent(status)) => {
            tracing::warn!(status = status.as_str(), "ignored a part of an import that was not sent");
            return Ok(Delivery::Ignored);
        }
        // Keeps what is applied. A part that makes no progress fails.
        Err(error) if applied.len() > begun => {
            tracing::warn!(%error, "interrupted");
            let rest = checkpoint::write(applying, plan, job, &rows, &applied).await?;
            return Ok(Delivery::Interrupted(HandOn { job: rest, delay: REST }));
        }
        Err(error) => return Err(error),
    }
    rows::recognise_created(applying, import, &mut applied).await?;
    complete::complete_part(applying, import, plan, job.part, part, applied).await?;
    Ok(Delivery::Completed)
}

/// Why no further batch is applied.
enum Stop {
    /// All rows are applied.
    Complete,
    /// An admin cancelled the import.
    Cancelled,
    /// Too little time is left for another batch.
    OutOfTime,
    /// The import was not sent, so no capacity is reserved for it.
    NotSent(ImportStatus),
}

/// Applies the remaining rows, until the time is over or the import is cancelled.
async fn apply_batches(
    applying: &ImportApplying,
    import: &Import,
    part: PartRows<'_>,
    applied: &mut Vec<AppliedRow>,
    deadline: Timestamp,
) -> Result<Stop, ApplyError> {
    let loaded = Box::pin(applying.store.load_organisation(import.organisation, import.created_by)).await?;
    let loaded = loaded.ok_or(ApplyError::Missing("organisation any more"))?;
    let check = DriftCheck::new(import, &loaded);
    while applied.len() < part.rows.len() {
        match applying.store.import(import.organisation, import.id).await? {
            Some(Import { status: ImportStatus::Applying, .. }) => {}
            Some(Import { status: ImportStatus::Cancelled, started_at: Some(_), .. }) => return Ok(Stop::Cancelled),
            Some(import) => return Ok(Stop::NotSent(import.status)),
            None => return Err(ApplyError::Missing("record any more")),
        }
        if deadline.duration_since(applying.clock.now()) < RESERVE {
            return Ok(Stop::OutOfTime);
        }
        let batch = part.batch(applied.len(), BATCH_ROWS);
        applied.extend(rows::apply_rows(applying, import, &check, batch).await?);
    }
    Ok(Stop::Complete)
}
