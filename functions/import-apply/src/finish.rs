//! The end of an import: once every part is settled, the files that show how it ended are written, and then it is marked.

use jiff::SignedDuration;
use usher_domain::job::ApplyJob;
use usher_import::DialectReport;
use usher_import_files::{BucketError, Media, PlanFiles};
use usher_store::{CompletedPart, Import, ImportPlan, PartOutcome};

use crate::{ApplyError, ImportApply, checkpoint, results};

/// How often it is ended anew when somebody acts on it at the same moment.
const ATTEMPTS: usize = 3;
/// How long files are kept at the least, whatever an operator chooses. One that is missing earlier is not gone, but cannot
/// be read.
const FILES_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Leaves ending the import, if its last part is settled, to a delivery that has all its time for it.
pub(crate) async fn hand_on(apply: &ImportApply, import: &Import) -> Result<(), ApplyError> {
    let (organisation, id) = (import.organisation, import.id);
    match apply.store.import(organisation, id).await? {
        Some(import) if import.all_parts_completed() && import.finished_at.is_none() => {
            checkpoint::hand_on(apply, ApplyJob { organisation, import: id, part: 0, from: 0 }, 0).await
        }
        _ => Ok(()),
    }
}

/// Ends the import if its last part is settled. Every delivery tries, so that one that is cut off here is made up for by
/// the next.
pub(crate) async fn if_settled(apply: &ImportApply, import: &Import) -> Result<(), ApplyError> {
    for _ in 0..ATTEMPTS {
        let Some(import) = apply.store.import(import.organisation, import.id).await? else { return Ok(()) };
        let Some(plan) = import.plan.as_ref().filter(|_| import.all_parts_completed()) else { return Ok(()) };
        if import.finished_at.is_some() {
            return Ok(());
        }
        let written = match write_files(apply, &import, plan).await {
            Ok(written) => written,
            // Stopped after what it is made of was deleted: it ends without the files, which would be deleted as well.
            Err(ApplyError::Bucket(BucketError::Absent(key)))
                if apply.clock.now().duration_since(import.created_at) > FILES_KEPT =>
            {
                tracing::warn!(key, "the import ends without its files, which are not kept any more");
                0
            }
            Err(error) => return Err(error),
        };
        if apply.store.finish_import(&import, apply.clock.now()).await? {
            let PartOutcome { rows, created, already_exists, drifted, cancelled } = import.outcome;
            tracing::info!(written, rows, created, already_exists, drifted, cancelled, "every row has its outcome");
            return Ok(());
        }
    }
    Ok(())
}

/// Writes the files that show how it ended; says how many rows `results.csv` has.
async fn write_files(apply: &ImportApply, import: &Import, plan: &ImportPlan) -> Result<u64, ApplyError> {
    let settled = apply.store.part_outcomes(import.organisation, import.id).await?;
    if import.outcome.drifted > 0 {
        add_drifted(apply, plan, &settled).await?;
    }
    results::write(&apply.bucket, import, plan, &settled).await
}

/// Puts the drifted rows of all parts behind the rejected ones.
async fn add_drifted(apply: &ImportApply, plan: &ImportPlan, settled: &[CompletedPart]) -> Result<(), ApplyError> {
    let files = PlanFiles::in_folder(&plan.folder);
    let report: DialectReport =
        serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
    let mut writer = apply.bucket.writer(files.failed_and_drifted(), Media::csv("failed.csv", &report.encoding));
    let drifted = settled.iter().filter(|settled| settled.outcome.drifted > 0);
    let keys = drifted.map(|settled| files.drifted(settled.part, &settled.delivery));
    for key in std::iter::once(files.failed()).chain(keys) {
        let mut object = apply.bucket.open(&key).await?;
        while let Some(chunk) = object.chunk().await? {
            writer.write(&chunk).await?;
        }
    }
    Ok(writer.finish().await?)
}
