//! `mode: send`: a plan that is carried out as soon as it is there.

use usher_store::{Import, ImportFailure, ReserveError, StartError};

use crate::{BulkImport, PlanningError};

/// Whether the columns of the file were told by what stands in them. What people are given is not sent on a guess that
/// nobody has looked at; addresses alone are none.
fn is_inferred(import: &Import) -> bool {
    let dialect = import.plan.as_ref().map(|plan| &plan.dialect);
    dialect.is_some_and(|dialect| {
        dialect["has_header"] == false && dialect["columns"].as_array().is_some_and(|columns| columns.len() > 1)
    })
}

/// Starts the import. If places are short nobody is invited; it stays ready, and says so.
pub(crate) async fn at_once(bulk: &BulkImport, import: &Import) -> Result<(), PlanningError> {
    if is_inferred(import) {
        let detail = "The file has no header, so its columns were told by what stands in them. Look at the plan, then \
                      send it; or put a line above the rows that names the columns.";
        let problem = ImportFailure { code: "columns_inferred".to_owned(), detail: detail.to_owned() };
        tracing::info!(code = problem.code, "not sent");
        return Ok(bulk.store.note_import_problem(import.organisation, import.id, &problem).await.map(drop)?);
    }
    let digest = import.plan.as_ref().map(|plan| plan.digest.clone()).unwrap_or_default();
    match bulk.store.start_import(import, &digest, None, bulk.clock.now()).await {
        Ok(()) => tracing::info!("sent at once"),
        // Somebody sent or cancelled it first.
        Err(StartError::NotReady) => {}
        Err(StartError::Reserve(ReserveError::CapacityExceeded(exceeded))) => {
            let detail = format!("There are too few places, so nobody was invited. {exceeded}.");
            let problem = ImportFailure { code: "capacity_exceeded".to_owned(), detail };
            tracing::info!(code = problem.code, "not sent");
            bulk.store.note_import_problem(import.organisation, import.id, &problem).await?;
        }
        Err(StartError::Reserve(ReserveError::Store(error))) => return Err(error.into()),
    }
    Ok(())
}
