//! Handing a part on: what is made of it is written down, and a message says from which row to go on.
//!
//! Any number of deliveries may write the same checkpoint, and each of them tells the truth, so it does not matter which
//! of them is found. Without one, or with one that does not fit, the part is begun anew: what is there is recognised.

use usher_domain::job::ApplyJob;
use usher_import_files::{BucketError, Media, PartHeader, PlanFiles, PlannedRow, RowResult, write_line};
use usher_runtime::describe;
use usher_store::ImportPlan;

use crate::people::Made;
use crate::{ApplyError, ImportApply, settle};

/// What earlier deliveries made of the first rows of a part; nothing for one that begins.
pub(crate) async fn read(
    apply: &ImportApply,
    plan: &ImportPlan,
    job: &ApplyJob,
    rows: &[PlannedRow],
) -> Result<Vec<Made>, ApplyError> {
    if job.from == 0 {
        return Ok(Vec::new());
    }
    let key = PlanFiles::in_folder(&plan.folder).checkpoint(job.part, job.from);
    match lines(apply, &key, rows).await {
        Ok(Some(made)) if u32::try_from(made.len()) == Ok(job.from) => return Ok(made),
        Ok(_) | Err(BucketError::Absent(_) | BucketError::Damaged { .. } | BucketError::Beyond) => {}
        Err(error @ BucketError::Call { .. }) => return Err(error.into()),
    }
    tracing::warn!(from = job.from, "what was made is not written down as it should be; the part is begun anew");
    Ok(Vec::new())
}

/// The rows of a checkpoint; `None` if they are not the first ones of the part.
async fn lines(apply: &ImportApply, key: &str, rows: &[PlannedRow]) -> Result<Option<Vec<Made>>, BucketError> {
    let mut lines = apply.bucket.open(key).await?.lines();
    let header: Option<PartHeader> = lines.next_json().await?;
    let mut made = Vec::new();
    while let Some(RowResult { row, email, outcome, membership, issues, .. }) = lines.next_json().await? {
        let fits = rows.get(made.len()).is_some_and(|planned| planned.row == row && planned.spec.email == email);
        if !fits {
            return Ok(None);
        }
        made.push(Made { id: membership, outcome, issues });
    }
    Ok(header.filter(|header| header.rows == made.len()).map(|_| made))
}

/// Writes down what is made of a part, and names the job that goes on from there. Fails if nothing was made since `job`
/// began: handed on like that, a part would wander for ever.
pub(crate) async fn write(
    apply: &ImportApply,
    plan: &ImportPlan,
    job: ApplyJob,
    rows: &[PlannedRow],
    made: &[Made],
) -> Result<ApplyJob, ApplyError> {
    let from = u32::try_from(made.len()).unwrap_or(u32::MAX);
    if from <= job.from {
        return Err(ApplyError::OutOfTime);
    }
    let mut bytes = Vec::new();
    write_line(&PartHeader { rows: made.len() }, &mut bytes);
    settle::write_results(rows, made, &mut bytes);
    let key = PlanFiles::in_folder(&plan.folder).checkpoint(job.part, from);
    // Before the message: whoever gets it finds the checkpoint.
    apply.bucket.put(&key, &Media::json_lines(), bytes).await?;
    tracing::info!(from, rows = rows.len(), "the rest of the part is handed on");
    Ok(ApplyJob { from, ..job })
}

/// Leaves a job to another delivery, some seconds later.
pub(crate) async fn hand_on(apply: &ImportApply, job: ApplyJob, delay: i32) -> Result<(), ApplyError> {
    let body = serde_json::to_string(&job).map_err(|_| ApplyError::Malformed)?;
    let call = apply.sqs.send_message().queue_url(&apply.queue).message_body(body).delay_seconds(delay);
    let sent = call.message_group_id(job.organisation.to_string()).send().await;
    sent.map(drop).map_err(|error| ApplyError::Queue(describe(&error)))
}
