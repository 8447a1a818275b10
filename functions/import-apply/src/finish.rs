//! The end of an import: once every part is settled, and the file of what failed is whole.

use usher_domain::import::DialectReport;
use usher_plans::{Media, PlanFiles};
use usher_store::{Import, ImportPlan, ImportStatus};

use crate::{ApplyError, ImportApply};

/// Ends the import if its last part is settled. Every delivery tries, so that one that is cut off here is made up for by
/// the next.
pub(crate) async fn if_settled(apply: &ImportApply, import: &Import) -> Result<(), ApplyError> {
    let Some(import) = apply.store.import(import.organisation, import.id).await? else { return Ok(()) };
    let Some(plan) = import.plan.as_ref().filter(|_| import.is_settled()) else { return Ok(()) };
    if import.status == ImportStatus::Done {
        return Ok(());
    }
    if import.outcome.drifted > 0 {
        add_drifted(apply, &import, plan).await?;
    }
    apply.store.finish_import(&import, apply.clock.now()).await?;
    let usher_store::PartOutcome { rows, created, already_there, drifted, cancelled } = import.outcome;
    tracing::info!(rows, created, already_there, drifted, cancelled, "every part is settled");
    Ok(())
}

/// Puts the drifted rows of all parts behind the rejected ones.
async fn add_drifted(apply: &ImportApply, import: &Import, plan: &ImportPlan) -> Result<(), ApplyError> {
    let files = PlanFiles::in_folder(&plan.folder);
    let report: DialectReport =
        serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
    let mut writer = apply.bucket.writer(files.failed_and_drifted(), Media::csv("failed.csv", &report.encoding));
    let outcomes = apply.store.part_outcomes(import.organisation, import.id).await?;
    let drifted = outcomes.into_iter().filter(|(_, outcome)| outcome.drifted > 0);
    let keys = drifted.map(|(part, _)| files.drifted(part));
    for key in std::iter::once(files.failed()).chain(keys) {
        let mut object = apply.bucket.open(&key).await?;
        while let Some(chunk) = object.chunk().await? {
            writer.write(&chunk).await?;
        }
    }
    Ok(writer.finish().await?)
}
