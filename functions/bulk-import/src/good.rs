//! Good rows: those whose people can be invited are written down in parts, the others are counted.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use usher_domain::{Demand, Membership, MembershipId, OrganisationId, Status};
use usher_plans::{Media, PART_BYTES, PART_ROWS, PartHeader, PlanFiles, PlannedRow, write_line};
use usher_store::{ImportCounts, ImportPlan};

use crate::{BulkImport, PlanningError};

/// How many people are looked up at once: eight requests of a hundred.
const LOOKUP_ROWS: usize = 800;

/// The good rows of a file so far.
pub(crate) struct Good<'a> {
    bulk: &'a BulkImport,
    organisation: OrganisationId,
    files: &'a PlanFiles,
    /// One moment for the whole file, so that it does not matter how long reading it takes.
    now: Timestamp,
    waiting: Vec<PlannedRow>,
    part: Vec<u8>,
    part_rows: usize,
    parts: u32,
    counts: ImportCounts,
    demand: Demand,
    digest: Sha256,
}

impl<'a> Good<'a> {
    pub(crate) fn new(bulk: &'a BulkImport, organisation: OrganisationId, files: &'a PlanFiles) -> Self {
        Self {
            bulk,
            organisation,
            files,
            now: bulk.clock.now(),
            waiting: Vec::new(),
            part: Vec::new(),
            part_rows: 0,
            parts: 0,
            counts: ImportCounts::default(),
            demand: Demand::default(),
            digest: Sha256::new(),
        }
    }

    pub(crate) async fn add(&mut self, mut row: PlannedRow) -> Result<(), PlanningError> {
        if row.cells.is_empty() {
            row.cells.push(list_entry(&row));
        }
        self.waiting.push(row);
        if self.waiting.len() >= LOOKUP_ROWS { self.look_up().await } else { Ok(()) }
    }

    async fn look_up(&mut self) -> Result<(), PlanningError> {
        let rows = std::mem::take(&mut self.waiting);
        let ids: Vec<_> = rows.iter().map(|row| MembershipId::of(self.organisation, &row.draft.email)).collect();
        let existing = self.bulk.store.memberships(self.organisation, &ids).await?;
        for (id, row) in ids.iter().zip(&rows) {
            let standing = existing.get(id).map(|stored| &stored.membership);
            match count_of(standing, self.now, &mut self.counts) {
                Some(count) => *count += 1,
                None => self.write(row).await?,
            }
        }
        Ok(())
    }

    async fn write(&mut self, row: &PlannedRow) -> Result<(), PlanningError> {
        let before = self.part.len();
        write_line(row, &mut self.part);
        if self.part_rows == PART_ROWS || (self.part.len() > PART_BYTES && self.part_rows > 0) {
            let line = self.part.split_off(before);
            self.end_part().await?;
            self.part = line;
        }
        self.part_rows += 1;
        self.counts.good += 1;
        self.demand.add(&row.draft.access);
        Ok(())
    }

    async fn end_part(&mut self) -> Result<(), PlanningError> {
        if self.part_rows == 0 {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(self.part.len() + 32);
        write_line(&PartHeader { rows: self.part_rows }, &mut bytes);
        bytes.append(&mut self.part);
        self.digest.update(&bytes);
        self.parts += 1;
        self.part_rows = 0;
        self.bulk.bucket.put(&self.files.part(self.parts), &Media::json_lines(), bytes).await?;
        Ok(())
    }

    /// What they come to.
    pub(crate) async fn finish(mut self) -> Result<ImportPlan, PlanningError> {
        self.look_up().await?;
        self.end_part().await?;
        Ok(ImportPlan {
            counts: self.counts,
            demand: ImportPlan::demand_of(&self.demand),
            parts: self.parts,
            digest: HEXLOWER.encode(&self.digest.finalize()),
            ..ImportPlan::default()
        })
    }
}

/// Which count somebody belongs to who need not be invited; `None` for those who can be. Decided by the clock: an
/// invitation past its time stands in nobody's way, recorded as expired or not.
fn count_of<'a>(standing: Option<&Membership>, now: Timestamp, counts: &'a mut ImportCounts) -> Option<&'a mut u64> {
    match standing?.status(now) {
        Status::Held | Status::Pending => Some(&mut counts.already_invited),
        Status::Active => Some(&mut counts.already_member),
        Status::Deactivated => Some(&mut counts.deactivated_member),
        Status::Expired | Status::Revoked => None,
    }
}

/// How a list of addresses names somebody.
fn list_entry(row: &PlannedRow) -> String {
    let address = row.draft.email.as_typed();
    row.draft.name.display().map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>"))
}
