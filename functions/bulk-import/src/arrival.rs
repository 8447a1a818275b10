//! From an object that arrived to the import it belongs to.

use tracing::Instrument;
use usher_domain::{ImportId, OrganisationId};
use usher_import_files::{Arrival, Object};
use usher_store::{Import, ImportMode, ImportSource, ImportStatus};

use crate::{BulkImport, PlanningError, plan, send};

/// The key as it is, from the key as events spell it.
pub(crate) fn decode_key(key: &str) -> String {
    let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() << 4 | hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads an object, if it belongs to an import that waits for it.
pub(crate) async fn receive(bulk: &BulkImport, key: String, version: String) -> Result<(), PlanningError> {
    let Some(arrival) = Arrival::of_key(&key) else {
        tracing::warn!("an object whose key names no organisation or import was left alone");
        return Ok(());
    };
    let object = bulk.bucket.open_version(&key, &version).await?;
    let source = ImportSource { key, version };
    let import = match arrival {
        Arrival::Announced { organisation, import } => bulk.store.import(organisation, import).await?,
        Arrival::Dropped { organisation, filename } => dropped(bulk, organisation, filename, &source, &object).await?,
    };
    let Some(import) = import else {
        tracing::warn!("an object of an organisation or import that is not there was left alone");
        return Ok(());
    };
    let span = tracing::info_span!("import", organisation = %import.organisation, import = %import.id);
    Box::pin(begin(bulk, import, source, object)).instrument(span).await
}

async fn begin(bulk: &BulkImport, import: Import, source: ImportSource, object: Object) -> Result<(), PlanningError> {
    let (organisation, id) = (import.organisation, import.id);
    if bulk.store.begin_planning(organisation, id, &source, object.length, bulk.clock.now()).await? {
        plan::make(bulk, &import, object).await?;
    } else if import.source.as_ref() != Some(&source) {
        tracing::warn!("another file of the same import was left alone; the first that arrives counts");
    }
    // Also when the plan was there already: an earlier attempt may have been cut off right behind it.
    match bulk.store.import(organisation, id).await? {
        Some(planned) if planned.status == ImportStatus::Ready && planned.mode == ImportMode::Send => {
            send::at_once(bulk, &planned).await
        }
        _ => Ok(()),
    }
}

/// The import of a file that nobody announced: by an operator, who may give every role, and to be looked at before it is
/// sent. `None` if there is no such organisation.
async fn dropped(
    bulk: &BulkImport,
    organisation: OrganisationId,
    filename: String,
    source: &ImportSource,
    object: &Object,
) -> Result<Option<Import>, PlanningError> {
    let id = id_of(bulk.bucket.name(), source, object);
    if let Some(import) = bulk.store.import(organisation, id).await? {
        return Ok(Some(import));
    }
    if Box::pin(bulk.store.load_organisation(organisation, None)).await?.is_none() {
        return Ok(None);
    }
    let import = Import::announced(organisation, id, filename, bulk.clock.now());
    // If it was announced in the meantime, by the same event delivered twice, it is the same import.
    bulk.store.create_import(&import).await?;
    Ok(Some(import))
}

/// The same version of the same object is always the same import. Its time stands in front, as in every other import's
/// id, so that lists of imports are in the order of their files.
fn id_of(bucket: &str, source: &ImportSource, object: &Object) -> ImportId {
    let hash = ImportId::of_object(bucket, &source.key, &source.version);
    let milliseconds = object.modified.map_or(0, |at| u64::try_from(at.as_millisecond()).unwrap_or_default());
    ImportId::from_parts(milliseconds, u128::from_be_bytes(hash.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_events_spell_them() {
        assert_eq!(decode_key("inbox/x/people+%26+co+%28M%C3%BCnchen%29%2B.csv"), "inbox/x/people & co (München)+.csv");
        assert_eq!(decode_key("100%"), "100%");
        assert_eq!(decode_key("%zz%4"), "%zz%4");
    }
}
