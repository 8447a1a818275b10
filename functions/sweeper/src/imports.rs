//! Imports whose parts did not all come back.

use usher_domain::job::ApplyJob;
use usher_domain::{ImportId, OrganisationId};
use usher_store::ImportStatus;

use crate::{SweepError, Sweeper};

/// Hands the parts of an import that are not settled out again, once none of them can be on its way any more.
pub(crate) async fn look_after(
    sweeper: &Sweeper,
    organisation: OrganisationId,
    id: ImportId,
) -> Result<usize, SweepError> {
    let (store, now) = (&sweeper.store, sweeper.clock.now());
    let Some(import) = store.import(organisation, id).await? else { return Ok(0) };
    // A cancelled import's parts are handed out as well: settling them is what gives its places back.
    if !matches!(import.status, ImportStatus::Applying | ImportStatus::Cancelled) {
        return Ok(0);
    }
    store.postpone_import(organisation, id, now).await?;
    if !sweeper.queues.apply_is_drained().await? {
        return Ok(0);
    }
    let settled = store.settled_parts(organisation, id).await?;
    let parts = import.plan.as_ref().map_or(0, |plan| plan.parts);
    let job = |part| ApplyJob { organisation, import: id, part };
    let mut missing: Vec<ApplyJob> = (1..=parts).filter(|part| !settled.contains(part)).map(job).collect();
    if missing.is_empty() {
        // All are settled, and whoever settled the last one was cut off before ending the import. Any part will do that.
        missing.push(job(1));
    }
    sweeper.queues.send_parts(&missing).await?;
    tracing::warn!(%organisation, import = %id, parts = missing.len(), "handed parts of an import out again");
    Ok(missing.len())
}
