//! How far reading has come: written down now and then, and looked at by whoever wants to know or to stop it.

use jiff::SignedDuration;
use usher_store::{Import, Reading};

use crate::{BulkImport, PlanningError};

/// How often progress is written down at most.
const NOTE_SECONDS: SignedDuration = SignedDuration::from_secs(3);

/// The progress of one attempt at a file.
pub(crate) struct Progress<'a> {
    bulk: &'a BulkImport,
    import: &'a Import,
    reading: Reading,
    noted: u64,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(bulk: &'a BulkImport, import: &'a Import, of: u64) -> Self {
        let now = bulk.clock.now();
        Self { bulk, import, reading: Reading { bytes: 0, of, begun_at: now, at: now }, noted: 0 }
    }

    /// So many bytes more are read. `false` if there is no use in going on: somebody stopped it, or was faster.
    pub(crate) async fn read(&mut self, bytes: usize) -> Result<bool, PlanningError> {
        self.reading.bytes += bytes as u64;
        let now = self.bulk.clock.now();
        let soon = now.duration_since(self.reading.at) < NOTE_SECONDS;
        if soon && self.reading.bytes - self.noted < self.bulk.note_every {
            return Ok(true);
        }
        (self.reading.at, self.noted) = (now, self.reading.bytes);
        let Import { organisation, id, .. } = self.import;
        Ok(self.bulk.store.note_reading(*organisation, *id, &self.reading).await?)
    }
}
