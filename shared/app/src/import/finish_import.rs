//! Finishes an import: once every part is completed, its result files are written, then its record says so.

use jiff::{SignedDuration, Timestamp};
use usher_domain::job::ApplyJob;
use usher_domain::{ImportId, OrganisationId};
use usher_import::DialectReport;
use usher_import_files::{BucketError, Media, PlanFiles};
use usher_store::{CompletedPart, Import, ImportPlan, PartOutcome, StoreError};

use super::applying::HandOn;
use super::results_csv::{self, Written};
use crate::import::applying::{ApplyError, FILES_KEPT, ImportApplying};
use crate::retry::{Contention, until_saved};

/// Another piece of the results does not begin with less time than this.
const PIECE_RESERVE: SignedDuration = SignedDuration::from_secs(30);

/// The job that finishes the import if its last part is completed: another delivery has all its time for it.
pub(super) async fn hand_on(applying: &ImportApplying, import: &Import) -> Result<Option<HandOn>, ApplyError> {
    let (organisation, id) = (import.organisation, import.id);
    let import = applying.store.import(organisation, id).await?;
    let is_due = import.is_some_and(|import| import.all_parts_completed() && import.finished_at.is_none());
    let job = ApplyJob { organisation, import: id, part: 0, from: 0 };
    Ok(is_due.then_some(HandOn { job, delay: 0 }))
}

/// Finishes the import if its last part is completed. Every delivery tries, so that the next one makes up for one that was
/// cut off here. `from` is how many pieces of the results an earlier delivery wrote. Returns the job that continues them when
/// the time is over.
pub(super) async fn finish_import(
    applying: &ImportApplying,
    import: &Import,
    from: u32,
    deadline: Timestamp,
) -> Result<Option<HandOn>, ApplyError> {
    let (organisation, id) = (import.organisation, import.id);
    let Rest(rest) = until_saved(|| finish_once(applying, organisation, id, from, deadline)).await?;
    Ok(rest)
}

/// What another delivery continues, if anything.
struct Rest(Option<HandOn>);

/// `None` if an admin acted on the import meanwhile.
async fn finish_once(
    applying: &ImportApplying,
    organisation: OrganisationId,
    id: ImportId,
    from: u32,
    deadline: Timestamp,
) -> Result<Option<Rest>, ApplyError> {
    let Some(import) = applying.store.import(organisation, id).await? else { return Ok(Some(Rest(None))) };
    let Some(plan) = import.plan.as_ref().filter(|_| import.all_parts_completed()) else { return Ok(Some(Rest(None))) };
    if import.finished_at.is_some() {
        return Ok(Some(Rest(None)));
    }
    match write_files(applying, &import, plan, from, deadline).await {
        Ok(Written::All) => {}
        Ok(Written::UpTo(pieces)) => {
            tracing::info!(pieces, "the rest of the results is handed on");
            let job = ApplyJob { organisation, import: id, part: 0, from: pieces };
            return Ok(Some(Rest(Some(HandOn { job, delay: 0 }))));
        }
        // Cancelled after the plan's files were deleted: it finishes without the results, which would be deleted as well.
        Err(ApplyError::Bucket(BucketError::Absent(key)))
            if applying.clock.now().duration_since(import.created_at) > FILES_KEPT =>
        {
            tracing::warn!(key, "the import finishes without its files, which are no longer kept");
        }
        Err(error) => return Err(error),
    }
    if !applying.store.finish_import(&import, applying.clock.now()).await? {
        return Ok(None);
    }
    let PartOutcome { rows, created, already_exists, drifted, cancelled } = import.outcome;
    tracing::info!(rows, created, already_exists, drifted, cancelled, "every row has its outcome");
    Ok(Some(Rest(None)))
}

impl From<Contention> for ApplyError {
    fn from(_: Contention) -> Self {
        Self::Store(StoreError::Contention)
    }
}

/// Writes the result files, from so many pieces of `results.csv` on.
async fn write_files(
    applying: &ImportApplying,
    import: &Import,
    plan: &ImportPlan,
    from: u32,
    deadline: Timestamp,
) -> Result<Written, ApplyError> {
    let completed = applying.store.part_outcomes(import.organisation, import.id).await?;
    if import.outcome.drifted > 0 && from == 0 {
        add_drifted(applying, plan, &completed).await?;
    }
    let is_over = || deadline.duration_since(applying.clock.now()) < PIECE_RESERVE;
    results_csv::write(&applying.bucket, import, plan, &completed, from, is_over).await
}

/// Appends the drifted rows of all parts to the rejected ones.
async fn add_drifted(
    applying: &ImportApplying,
    plan: &ImportPlan,
    completed: &[CompletedPart],
) -> Result<(), ApplyError> {
    let files = PlanFiles::in_folder(&plan.folder);
    let report: DialectReport =
        serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
    let mut writer = applying.bucket.writer(files.failed_and_drifted(), Media::csv("failed.csv", &report.encoding));
    let drifted = completed.iter().filter(|completed| completed.outcome.drifted > 0);
    let keys = drifted.map(|completed| files.drifted(completed.part, &completed.delivery));
    for key in std::iter::once(files.failed()).chain(keys) {
        let mut object = applying.bucket.open(&key).await?;
        while let Some(chunk) = object.chunk().await? {
            writer.write(&chunk).await?;
        }
    }
    Ok(writer.finish().await?)
}
