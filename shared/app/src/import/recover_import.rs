//! Recovers an import that did not finish in time: planning that was cut off, a plan that was not sent, or parts whose messages were lost.

use jiff::{SignedDuration, Timestamp};
use usher_domain::job::ApplyJob;
use usher_domain::{ImportId, OrganisationId};
use usher_store::{ImportFailure, ImportMode, ImportStatus, Store, StoreError};

use super::send_at_once::send_at_once;

/// How long an import may make no progress behind others before its parts are handed out again in any case.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Fails an import whose file could not be read, sends one that was to be sent at once, and returns the jobs to hand out again for one whose parts cannot be in
/// flight any more. `is_queue_empty` is asked only when the answer matters.
pub async fn recover_import<E, F>(
    store: &Store,
    organisation: OrganisationId,
    id: ImportId,
    is_queue_empty: impl FnOnce() -> F,
    now: Timestamp,
) -> Result<Vec<ApplyJob>, E>
where
    E: From<StoreError>,
    F: Future<Output = Result<bool, E>>,
{
    let Some(import) = store.import(organisation, id).await? else { return Ok(Vec::new()) };
    if import.status == ImportStatus::Planning {
        // The event was delivered again and again for an hour, and no attempt is running any more.
        let detail = "The file could not be read to its end. Upload it again; if that fails too, ask your operator.";
        let problem = ImportFailure { code: "planning_failed".to_owned(), detail: detail.to_owned() };
        store.fail_import(organisation, id, &problem, now).await?;
        tracing::error!(%organisation, import = %id, "planning an import failed");
        return Ok(Vec::new());
    }
    if import.status == ImportStatus::Ready && import.mode == ImportMode::Send && import.problem.is_none() {
        // Whoever planned it was cut off before sending it.
        send_at_once(store, &import, now).await?;
        return Ok(Vec::new());
    }
    // The parts of a cancelled import are handed out as well: completing them releases their capacity.
    if !matches!(import.status, ImportStatus::Applying | ImportStatus::Cancelled) {
        return Ok(Vec::new());
    }
    store.postpone_import(organisation, id, now).await?;
    // Parts that wait in the queue are not lost; but the parts of others must not delay these forever.
    let waited = now.duration_since(import.updated_at.unwrap_or(import.created_at));
    if waited < LONGEST_WAIT && !is_queue_empty().await? {
        return Ok(Vec::new());
    }
    let completed = store.completed_parts(organisation, id).await?;
    // The parts of an import that was cancelled before it was sent must never be handed out.
    let parts = import.plan.as_ref().filter(|_| import.started_at.is_some()).map_or(0, |plan| plan.parts);
    let job = |part| ApplyJob { organisation, import: id, part, from: 0 };
    let mut missing: Vec<ApplyJob> = (1..=parts).filter(|part| !completed.contains(part)).map(job).collect();
    if missing.is_empty() {
        // The delivery that completed the last part was cut off before it finished the import.
        missing.push(job(0));
    }
    Ok(missing)
}
