//! The valid rows, in parts that one invocation can apply.

use std::mem;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use usher_domain::{CapacityRequest, MembershipId, OrganisationId};
use usher_import_files::{Media, PART_BYTES, PART_ROWS, PartHeader, PlanFiles, PlannedRow, write_line};
use usher_store::{ImportPlan, PartPlan};

use crate::import::planning::{ImportPlanning, PlanningError};

/// The parts so far.
pub(crate) struct Parts<'a> {
    planning: &'a ImportPlanning,
    organisation: OrganisationId,
    files: &'a PlanFiles,
    /// The rows of the part that is open.
    open: Vec<u8>,
    open_plan: PartPlan,
    ended: u32,
    needed: CapacityRequest,
    digest: Sha256,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(planning: &'a ImportPlanning, organisation: OrganisationId, files: &'a PlanFiles) -> Self {
        let (open, open_plan) = (Vec::new(), PartPlan::default());
        let (needed, digest) = (CapacityRequest::default(), Sha256::new());
        Self { planning, organisation, files, open, open_plan, ended: 0, needed, digest }
    }

    pub(crate) async fn add(&mut self, row: &PlannedRow) -> Result<(), PlanningError> {
        let before = self.open.len();
        write_line(row, &mut self.open);
        let rows = self.open_plan.members.len();
        if rows == PART_ROWS || (self.open.len() > PART_BYTES && rows > 0) {
            let line = self.open.split_off(before);
            self.end_part().await?;
            self.open = line;
        }
        self.open_plan.members.push(MembershipId::of(self.organisation, &row.spec.email));
        self.open_plan.needed.add(&row.spec.entitlements);
        Ok(())
    }

    async fn end_part(&mut self) -> Result<(), PlanningError> {
        let plan = mem::take(&mut self.open_plan);
        if plan.members.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(self.open.len() + 32);
        write_line(&PartHeader { rows: plan.members.len() }, &mut bytes);
        bytes.append(&mut self.open);
        self.digest.update(&bytes);
        self.ended += 1;
        self.needed.merge(&plan.needed);
        let ImportPlanning { store, bucket, clock, .. } = self.planning;
        store.put_part_plan(self.organisation, self.files.folder(), self.ended, &plan, clock.now()).await?;
        bucket.put(&self.files.part(self.ended), &Media::json_lines(), bytes).await?;
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
