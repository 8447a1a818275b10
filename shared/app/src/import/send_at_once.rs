//! `mode: send`: sends a plan as soon as it is ready.

use std::collections::BTreeMap;

use jiff::Timestamp;
use usher_store::{Import, ImportFailure, ReserveError, StartError, Store, StoreError};

/// The code of the problem that a plan does not fit.
pub const CAPACITY_EXCEEDED: &str = "capacity_exceeded";

/// Whether the columns were inferred from their cells. Roles and teams are not given on a guess that nobody has seen; a
/// list of addresses is no guess.
fn is_inferred(import: &Import) -> bool {
    let dialect = import.plan.as_ref().map(|plan| &plan.dialect);
    dialect.is_some_and(|dialect| {
        dialect["has_header"] == false && dialect["columns"].as_array().is_some_and(|columns| columns.len() > 1)
    })
}

/// Starts the import. If capacity is missing, nobody is invited, and the import stays ready with the reason.
pub(super) async fn send_at_once(store: &Store, import: &Import, now: Timestamp) -> Result<(), StoreError> {
    if is_inferred(import) {
        let detail = "The file has no header, so its columns were inferred from their cells. Review the plan, then send it; or \
                      add a first line that names the columns.";
        let problem = ImportFailure { code: "columns_inferred".to_owned(), detail: detail.to_owned() };
        tracing::info!(code = problem.code, "not sent");
        return store.note_import_problem(import.organisation, import.id, &problem).await.map(drop);
    }
    let digest = import.plan.as_ref().map(|plan| plan.digest.clone()).unwrap_or_default();
    match store.start_import(import, &digest, None, &BTreeMap::new(), now).await {
        Ok(()) => tracing::info!("sent at once"),
        // Another admin sent or cancelled it first.
        Err(StartError::NotReady) => {}
        Err(StartError::Reserve(ReserveError::CapacityExceeded(exceeded))) => {
            let detail = format!("There is not enough capacity, so nobody was invited: {exceeded}.");
            let problem = ImportFailure { code: CAPACITY_EXCEEDED.to_owned(), detail };
            tracing::info!(code = problem.code, "not sent");
            store.note_import_problem(import.organisation, import.id, &problem).await?;
        }
        Err(StartError::Reserve(ReserveError::Store(error))) => return Err(error),
    }
    Ok(())
}
