//! `mode: send`: a plan that is carried out as soon as it is there.

use usher_store::{Import, ImportProblem, ReserveError, StartError};

use crate::{BulkImport, PlanningError};

/// Starts the import. If places are short nobody is invited; it stays ready, and says so.
pub(crate) async fn at_once(bulk: &BulkImport, import: &Import) -> Result<(), PlanningError> {
    let digest = import.plan.as_ref().map(|plan| plan.digest.clone()).unwrap_or_default();
    match bulk.store.start_import(import, &digest, None, bulk.clock.now()).await {
        Ok(()) => tracing::info!("sent at once"),
        // Somebody sent or cancelled it first.
        Err(StartError::NotReady) => {}
        Err(StartError::Reserve(ReserveError::Shortfall(shortfall))) => {
            let detail = format!("There are too few places, so nobody was invited. {shortfall}.");
            let problem = ImportProblem { code: "capacity_exceeded".to_owned(), detail };
            tracing::info!(code = problem.code, "not sent");
            bulk.store.note_import_problem(import.organisation, import.id, &problem).await?;
        }
        Err(StartError::Reserve(ReserveError::Store(error))) => return Err(error.into()),
    }
    Ok(())
}
