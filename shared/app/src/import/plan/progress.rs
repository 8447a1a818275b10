//! How far reading has come: stored now and then, for admins to see and to learn that they cancelled it.

use jiff::SignedDuration;
use usher_store::{Import, Reading};

use crate::import::planning::{ImportPlanning, PlanningError};

/// The shortest time between two stored figures.
const NOTE_SECONDS: SignedDuration = SignedDuration::from_secs(3);

/// The progress of one attempt at a file.
pub(crate) struct Progress<'a> {
    planning: &'a ImportPlanning,
    import: &'a Import,
    reading: Reading,
    noted: u64,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(planning: &'a ImportPlanning, import: &'a Import, of: u64) -> Self {
        let now = planning.clock.now();
        Self { planning, import, reading: Reading { bytes: 0, of, begun_at: now, at: now }, noted: 0 }
    }

    /// Counts bytes that were read. `false` if reading on is useless: an admin cancelled, or another attempt was faster.
    pub(crate) async fn read(&mut self, bytes: usize) -> Result<bool, PlanningError> {
        self.reading.bytes += bytes as u64;
        let now = self.planning.clock.now();
        let soon = now.duration_since(self.reading.at) < NOTE_SECONDS;
        if soon && self.reading.bytes - self.noted < self.planning.progress_bytes {
            return Ok(true);
        }
        (self.reading.at, self.noted) = (now, self.reading.bytes);
        let Import { organisation, id, .. } = self.import;
        Ok(self.planning.store.note_reading(*organisation, *id, &self.reading).await?)
    }
}
