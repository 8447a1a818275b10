//! One part, from its message to its outcome.

use jiff::{SignedDuration, Timestamp};
use usher_domain::job::ApplyJob;
use usher_plans::{BucketError, PartHeader, PlanFiles, PlannedRow};
use usher_store::{Import, ImportPlan, ImportStatus};

use crate::judge::Judge;
use crate::people::{self, Made};
use crate::{ApplyError, ImportApply, checkpoint, finish, settle};

/// How many rows are made before the time is looked at.
const BATCH_ROWS: usize = 500;
/// A batch is not begun with less time than this, which a slow one may take.
const RESERVE: SignedDuration = SignedDuration::from_secs(10);

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
    if job.part > 0 && !store.part_is_settled(import.organisation, import.id, job.part).await? {
        let rows = load(apply, plan, job.part).await?;
        let mut made = checkpoint::read(apply, plan, &job, &rows).await?;
        match import.status {
            ImportStatus::Applying => {
                make(apply, &import, &rows, &mut made, deadline).await?;
                if made.len() < rows.len() {
                    return checkpoint::hand_on(apply, plan, job, &rows, &made).await;
                }
            }
            ImportStatus::Cancelled if import.started_at.is_some() => {
                made.extend(people::found(apply, &import, &rows[made.len()..]).await?);
            }
            // Nobody sent it: there are no places for it.
            ImportStatus::AwaitingUpload
            | ImportStatus::Planning
            | ImportStatus::Ready
            | ImportStatus::Done
            | ImportStatus::Failed
            | ImportStatus::Cancelled => {
                tracing::warn!(status = import.status.as_str(), "a part nobody sent was left alone");
                return Ok(());
            }
        }
        settle::part(apply, &import, plan, job.part, &rows, made).await?;
    }
    finish::if_settled(apply, &import).await
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

/// Makes the rows behind those that are made already, as many as there is time for.
async fn make(
    apply: &ImportApply,
    import: &Import,
    rows: &[PlannedRow],
    made: &mut Vec<Made>,
    deadline: Timestamp,
) -> Result<(), ApplyError> {
    let loaded = Box::pin(apply.store.load_organisation(import.organisation, import.invited_by)).await?;
    let loaded = loaded.ok_or(ApplyError::Missing("organisation any more"))?;
    let judge = Judge::new(import, &loaded);
    for batch in rows[made.len()..].chunks(BATCH_ROWS) {
        if deadline.duration_since(apply.clock.now()) < RESERVE {
            break;
        }
        made.extend(people::make(apply, import, &judge, batch).await?);
    }
    Ok(())
}
