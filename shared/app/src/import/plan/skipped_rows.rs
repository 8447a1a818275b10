//! Rows that are not wrong but make no invitation: written, so that every row is accounted for.

use usher_import_files::{Bucket, Media, PlanFiles, SkippedRow, Writer, write_line};

use crate::import::planning::PlanningError;

/// The skipped rows so far.
pub(crate) struct SkippedRows<'a>(Writer<'a>);

impl<'a> SkippedRows<'a> {
    pub(crate) fn new(bucket: &'a Bucket, files: &PlanFiles) -> Self {
        Self(bucket.writer(files.skipped(), Media::json_lines()))
    }

    pub(crate) async fn add(&mut self, row: &SkippedRow) -> Result<(), PlanningError> {
        let mut line = Vec::new();
        write_line(row, &mut line);
        Ok(self.0.write(&line).await?)
    }

    pub(crate) async fn finish(self) -> Result<(), PlanningError> {
        Ok(self.0.finish().await?)
    }
}
