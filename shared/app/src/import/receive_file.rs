//! A file arrives in the bucket: finds the import it belongs to, plans it, and sends it if that was asked for.

use tracing::Instrument;
use usher_domain::{ImportId, OrganisationId};
use usher_import_files::{Arrival, Object};
use usher_store::{Import, ImportMode, ImportSource, ImportStatus};

use super::{plan_import, send_at_once};
use crate::import::planning::{ImportPlanning, PlanningError};

/// Plans the object if it belongs to an import that waits for it. The same object may arrive any number of times.
pub async fn receive_file(planning: &ImportPlanning, key: String, version: String) -> Result<(), PlanningError> {
    let Some(arrival) = Arrival::of_key(&key) else {
        tracing::warn!("ignored an object whose key names no organisation or import");
        return Ok(());
    };
    let object = planning.bucket.open_version(&key, &version).await?;
    let source = ImportSource { key, version };
    let import = match arrival {
        Arrival::Announced { organisation, import } => planning.store.import(organisation, import).await?,
        Arrival::Dropped { organisation, filename } => {
            import_of_dropped_file(planning, organisation, filename, &source, &object).await?
        }
    };
    let Some(import) = import else {
        tracing::warn!("ignored an object of an unknown organisation or import");
        return Ok(());
    };
    let span = tracing::info_span!("import", organisation = %import.organisation, import = %import.id);
    Box::pin(plan_and_send(planning, import, source, object)).instrument(span).await
}

async fn plan_and_send(
    planning: &ImportPlanning,
    import: Import,
    source: ImportSource,
    object: Object,
) -> Result<(), PlanningError> {
    let (organisation, id) = (import.organisation, import.id);
    if planning.store.begin_planning(organisation, id, &source, object.length, planning.clock.now()).await? {
        plan_import::plan_import(planning, &import, object).await?;
    } else if import.source.as_ref() != Some(&source) {
        tracing::warn!("ignored another file of the same import: the first to arrive counts");
    }
    // Also when the plan existed already: an earlier attempt may have been cut off right after it. Not when somebody was told
    // that it was not sent.
    match planning.store.import(organisation, id).await? {
        Some(planned)
            if planned.status == ImportStatus::Ready
                && planned.mode == ImportMode::Send
                && planned.problem.is_none() =>
        {
            Ok(send_at_once::send_at_once(&planning.store, &planned, planning.clock.now()).await?)
        }
        _ => Ok(()),
    }
}

/// The import of a file that an operator dropped, created now unless it exists. Operators may give every role; the plan is
/// reviewed before it is sent. `None` if there is no such organisation.
async fn import_of_dropped_file(
    planning: &ImportPlanning,
    organisation: OrganisationId,
    filename: String,
    source: &ImportSource,
    object: &Object,
) -> Result<Option<Import>, PlanningError> {
    let id = id_of(planning.bucket.name(), source, object);
    if let Some(import) = planning.store.import(organisation, id).await? {
        return Ok(Some(import));
    }
    if Box::pin(planning.store.load_organisation(organisation, None)).await?.is_none() {
        return Ok(None);
    }
    let import = Import::announced(organisation, id, filename, planning.clock.now());
    // A second delivery of the same event may have created it meanwhile: it has the same id.
    planning.store.create_import(&import).await?;
    Ok(Some(import))
}

/// The same version of the same object is always the same import. The id begins with the object's time, like every other
/// import's, so that lists of imports follow the order of their files.
fn id_of(bucket: &str, source: &ImportSource, object: &Object) -> ImportId {
    let hash = ImportId::of_object(bucket, &source.key, &source.version);
    let milliseconds = object.modified.map_or(0, |at| u64::try_from(at.as_millisecond()).unwrap_or_default());
    ImportId::from_parts(milliseconds, u128::from_be_bytes(hash.to_bytes()))
}
