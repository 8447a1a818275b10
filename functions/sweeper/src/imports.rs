//! Imports whose parts did not all come back.

use jiff::SignedDuration;
use usher_domain::job::ApplyJob;
use usher_domain::{ImportId, OrganisationId};
use usher_store::{ImportFailure, ImportStatus};

use crate::{SweepError, Sweeper};

/// How long an import may be quiet behind others before its parts are handed out again all the same.
const LONG_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Ends an import whose file could not be read; hands the parts of one that is being applied out again, once none of
/// them can be on its way any more.
pub(crate) async fn look_after(
    sweeper: &Sweeper,
    organisation: OrganisationId,
    id: ImportId,
) -> Result<usize, SweepError> {
    let (store, now) = (&sweeper.store, sweeper.clock.now());
    let Some(import) = store.import(organisation, id).await? else { return Ok(0) };
    if import.status == ImportStatus::Planning {
        // Reading it was tried again and again for an hour, and nobody is at it any more.
        let detail = "The file could not be read to its end. Upload it again; if that fails too, tell your operator.";
        let problem = ImportFailure { code: "planning_failed".to_owned(), detail: detail.to_owned() };
        store.fail_import(organisation, id, &problem, now).await?;
        tracing::error!(%organisation, import = %id, "gave up planning an import");
        return Ok(0);
    }
    // A cancelled import's parts are handed out as well: settling them is what gives its places back.
    if !matches!(import.status, ImportStatus::Applying | ImportStatus::Cancelled) {
        return Ok(0);
    }
    store.postpone_import(organisation, id, now).await?;
    // Parts that wait their turn are not lost; but others' parts must not keep these from being looked after for ever.
    let quiet = now.duration_since(import.updated_at.unwrap_or(import.created_at));
    if quiet < LONG_WAIT && !sweeper.queues.apply_is_drained().await? {
        return Ok(0);
    }
    let settled = store.completed_parts(organisation, id).await?;
    let parts = import.plan.as_ref().map_or(0, |plan| plan.parts);
    let job = |part| ApplyJob { organisation, import: id, part, from: 0 };
    // Of an import that was stopped before it was sent no part was ever handed out, and none may be.
    let handed_out = if import.started_at.is_some() { parts } else { 0 };
    let mut missing: Vec<ApplyJob> = (1..=handed_out).filter(|part| !settled.contains(part)).map(job).collect();
    if missing.is_empty() {
        // None is still to come, and whoever settled the last one was cut off before ending the import.
        missing.push(job(0));
    }
    sweeper.queues.send_parts(&missing).await?;
    tracing::warn!(%organisation, import = %id, parts = missing.len(), "handed parts of an import out again");
    Ok(missing.len())
}
