//! A checkpoint: what became of the first rows of a part, so that another delivery continues behind them.
//!
//! Any number of deliveries may write the same checkpoint, and each is true, so it does not matter which one is read. Without
//! one, or with one that does not fit, the part starts from its first row: existing invitations are recognised.

use usher_domain::job::ApplyJob;
use usher_import_files::{BucketError, Media, PartHeader, PlanFiles, PlannedRow, RowResult, write_line};
use usher_store::ImportPlan;

use super::complete::write_results;
use super::rows::AppliedRow;
use crate::import::applying::{ApplyError, ImportApplying};

/// What became of the first rows of a part in earlier deliveries; nothing for a part that starts.
pub(crate) async fn read(
    applying: &ImportApplying,
    plan: &ImportPlan,
    job: &ApplyJob,
    rows: &[PlannedRow],
) -> Result<Vec<AppliedRow>, ApplyError> {
    if job.from == 0 {
        return Ok(Vec::new());
    }
    let key = PlanFiles::in_folder(&plan.folder).checkpoint(job.part, job.from);
    match lines(applying, &key, rows).await {
        Ok(Some(applied)) if u32::try_from(applied.len()) == Ok(job.from) => return Ok(applied),
        Ok(_) | Err(BucketError::Absent(_) | BucketError::Damaged { .. } | BucketError::Beyond) => {}
        Err(error @ BucketError::Call { .. }) => return Err(error.into()),
    }
    tracing::warn!(from = job.from, "the checkpoint cannot be used; the part starts again");
    Ok(Vec::new())
}

/// The rows of a checkpoint; `None` if they are not the first ones of the part.
async fn lines(
    applying: &ImportApplying,
    key: &str,
    rows: &[PlannedRow],
) -> Result<Option<Vec<AppliedRow>>, BucketError> {
    let mut lines = applying.bucket.open(key).await?.lines();
    let header: Option<PartHeader> = lines.next_json().await?;
    let mut applied = Vec::new();
    while let Some(RowResult { row, email, outcome, membership, issues, .. }) = lines.next_json().await? {
        let fits = rows.get(applied.len()).is_some_and(|planned| planned.row == row && planned.spec.email == email);
        if !fits {
            return Ok(None);
        }
        applied.push(AppliedRow { id: membership, outcome, issues });
    }
    Ok(header.filter(|header| header.rows == applied.len()).map(|_| applied))
}

/// Writes a checkpoint, and returns the job that continues from it. Fails if nothing was applied since `job` began:
/// otherwise a part could be handed on forever.
pub(crate) async fn write(
    applying: &ImportApplying,
    plan: &ImportPlan,
    job: ApplyJob,
    rows: &[PlannedRow],
    applied: &[AppliedRow],
) -> Result<ApplyJob, ApplyError> {
    let from = u32::try_from(applied.len()).unwrap_or(u32::MAX);
    if from <= job.from {
        return Err(ApplyError::OutOfTime);
    }
    let mut bytes = Vec::new();
    write_line(&PartHeader { rows: applied.len() }, &mut bytes);
    write_results(rows, applied, &mut bytes);
    let key = PlanFiles::in_folder(&plan.folder).checkpoint(job.part, from);
    // Written before the message, so that the next delivery finds it.
    applying.bucket.put(&key, &Media::json_lines(), bytes).await?;
    tracing::info!(from, rows = rows.len(), "the rest of the part is handed on");
    Ok(ApplyJob { from, ..job })
}
