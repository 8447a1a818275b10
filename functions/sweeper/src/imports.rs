//! Imports that did not finish in time.

use usher_app::import::recover_import;
use usher_domain::{ImportId, OrganisationId};

use crate::{SweepError, Sweeper};

/// Hands lost parts of an import out again; returns how many.
pub(crate) async fn look_after(
    sweeper: &Sweeper,
    organisation: OrganisationId,
    id: ImportId,
) -> Result<usize, SweepError> {
    let is_queue_empty = || async { Ok::<_, SweepError>(sweeper.queues.apply_is_drained().await?) };
    let jobs = recover_import(&sweeper.store, organisation, id, is_queue_empty, sweeper.clock.now()).await?;
    if !jobs.is_empty() {
        sweeper.queues.send_parts(&jobs).await?;
        tracing::warn!(%organisation, import = %id, parts = jobs.len(), "handed out parts of an import again");
    }
    Ok(jobs.len())
}
