//! The valid rows, in parts that one invocation can apply.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use usher_domain::CapacityRequest;
use usher_import_files::{Bucket, Media, PART_BYTES, PART_ROWS, PartHeader, PlanFiles, PlannedRow, write_line};
use usher_store::ImportPlan;

use crate::import::planning::PlanningError;

/// The parts so far.
pub(crate) struct Parts<'a> {
    bucket: &'a Bucket,
    files: &'a PlanFiles,
    /// The rows of the part that is open.
    open: Vec<u8>,
    open_rows: usize,
    ended: u32,
    needed: CapacityRequest,
    digest: Sha256,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(bucket: &'a Bucket, files: &'a PlanFiles) -> Self {
        let (open, needed, digest) = (Vec::new(), CapacityRequest::default(), Sha256::new());
        Self { bucket, files, open, open_rows: 0, ended: 0, needed, digest }
    }

    pub(crate) async fn add(&mut self, row: &PlannedRow) -> Result<(), PlanningError> {
        let before = self.open.len();
        write_line(row, &mut self.open);
        if self.open_rows == PART_ROWS || (self.open.len() > PART_BYTES && self.open_rows > 0) {
            let line = self.open.split_off(before);
            self.end_part().await?;
            self.open = line;
        }
        self.open_rows += 1;
        self.needed.add(&row.spec.entitlements);
        Ok(())
    }

    async fn end_part(&mut self) -> Result<(), PlanningError> {
        if self.open_rows == 0 {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(self.open.len() + 32);
        write_line(&PartHeader { rows: self.open_rows }, &mut bytes);
        bytes.append(&mut self.open);
        self.digest.update(&bytes);
        self.ended += 1;
        self.open_rows = 0;
        self.bucket.put(&self.files.part(self.ended), &Media::json_lines(), bytes).await?;
        Ok(())
    }

    /// How many there are, what they need and their digest.
    pub(crate) async fn finish(mut self) -> Result<ImportPlan, PlanningError> {
        self.end_part().await?;
        Ok(ImportPlan {
            needed: ImportPlan::needed_of(&self.needed),
            parts: self.ended,
            digest: HEXLOWER.encode(&self.digest.finalize()),
            ..ImportPlan::default()
        })
    }
}
