//! The rows of a file, in their order: looked up many at a time, then each written down where it belongs.

use std::collections::HashMap;
use std::mem;

use jiff::Timestamp;
use usher_domain::invitation::asks_for_more;
use usher_domain::{EmailAddress, InvitationSpec, MembershipId, OrganisationId, Status};
use usher_import::{Outcome, Rejection, Row, RowIssue};
use usher_import_files::{FlaggedRow, PlanFiles, PlannedRow, Skipped, SkippedRow, invitation_differs};
use usher_store::{ImportCounts, ImportPlan, Versioned};

use crate::flagged::Flagged;
use crate::parts::Parts;
use crate::skipped::SkippedRows;
use crate::{BulkImport, PlanningError};

/// How many people are looked up at once: eight requests of a hundred.
const LOOKUP_ROWS: usize = 800;
/// How many bytes of cells wait for that at most, since a cell may be as long as a page.
const LOOKUP_BYTES: usize = 8 * 1024 * 1024;

/// A row that waits until the people beside it are looked up.
struct Waiting {
    number: u32,
    /// Whose row it is; none for a rejected one.
    id: Option<MembershipId>,
    row: Row,
    cells: Vec<String>,
}

/// The rows so far.
pub(crate) struct Rows<'a> {
    bulk: &'a BulkImport,
    organisation: OrganisationId,
    /// One moment for the whole file, so that it does not matter how long reading it takes.
    now: Timestamp,
    number: u32,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    parts: Parts<'a>,
    flagged: Flagged<'a>,
    skipped: SkippedRows<'a>,
    counts: ImportCounts,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(bulk: &'a BulkImport, organisation: OrganisationId, files: &'a PlanFiles) -> Self {
        Self {
            bulk,
            organisation,
            now: bulk.clock.now(),
            number: 0,
            waiting: Vec::new(),
            waiting_bytes: 0,
            parts: Parts::new(&bulk.bucket, files),
            flagged: Flagged::new(&bulk.bucket, files),
            skipped: SkippedRows::new(&bulk.bucket, files),
            counts: ImportCounts::default(),
        }
    }

    /// Takes a row in; `cells` are those of a good one.
    pub(crate) async fn add(&mut self, row: Row, cells: Vec<String>) -> Result<(), PlanningError> {
        self.number += 1;
        let (email, rejected) = match &row.outcome {
            Outcome::Valid(spec) => (Some(&spec.email), &[][..]),
            Outcome::Duplicate { email, .. } => (Some(email), &[][..]),
            Outcome::Rejected(rejection) => (None, rejection.cells.as_slice()),
        };
        let id = email.map(|email| MembershipId::of(self.organisation, email));
        self.waiting_bytes += cells.iter().chain(rejected).map(String::len).sum::<usize>();
        self.waiting.push(Waiting { number: self.number, id, row, cells });
        if self.waiting.len() >= LOOKUP_ROWS || self.waiting_bytes >= LOOKUP_BYTES {
            self.look_up().await?;
        }
        Ok(())
    }

    async fn look_up(&mut self) -> Result<(), PlanningError> {
        let waiting = mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let valid = waiting.iter().filter(|waiting| matches!(waiting.row.outcome, Outcome::Valid(_)));
        let valid: Vec<_> = valid.filter_map(|waiting| waiting.id).collect();
        let existing = self.bulk.store.memberships(self.organisation, &valid).await?;
        for row in waiting {
            self.write_down(row, &existing).await?;
        }
        Ok(())
    }

    async fn write_down(
        &mut self,
        waiting: Waiting,
        existing: &HashMap<MembershipId, Versioned>,
    ) -> Result<(), PlanningError> {
        let Waiting { number, id, row: Row { line, outcome, mut warnings }, cells } = waiting;
        let mut to_mend = Vec::new();
        match outcome {
            Outcome::Valid(spec) => {
                let standing = id.and_then(|id| existing.get(&id));
                if let Some(because) = standing.and_then(|stored| why_not(&spec, stored, self.now)) {
                    if because == (Skipped::AlreadyInvited { differs: true }) {
                        warnings.push(invitation_differs(line));
                    }
                    self.skip(number, line, spec.email, because).await?;
                } else {
                    self.counts.valid += 1;
                    self.parts.add(&PlannedRow { row: number, line, spec: *spec, cells }).await?;
                }
            }
            Outcome::Duplicate { of, email } => {
                self.skip(number, line, email, Skipped::IgnoredDuplicate { of }).await?;
            }
            Outcome::Rejected(Rejection { issues, cells }) => {
                self.counts.rejected += 1;
                to_mend = cells;
                warnings.splice(..0, issues);
            }
        }
        let issues: Vec<RowIssue> = warnings;
        if issues.is_empty() {
            return Ok(());
        }
        self.flagged.add(&FlaggedRow { row: number, line, issues, cells: to_mend }).await
    }

    async fn skip(&mut self, row: u32, line: u32, email: EmailAddress, because: Skipped) -> Result<(), PlanningError> {
        let count = match because {
            Skipped::IgnoredDuplicate { .. } => &mut self.counts.ignored_duplicates,
            Skipped::AlreadyInvited { .. } => &mut self.counts.already_invited,
            Skipped::AlreadyMember => &mut self.counts.already_member,
            Skipped::DeactivatedMember => &mut self.counts.deactivated_member,
        };
        *count += 1;
        let membership = MembershipId::of(self.organisation, &email);
        self.skipped.add(&SkippedRow { row, line, email, membership, because }).await
    }

    /// What they come to.
    pub(crate) async fn finish(mut self) -> Result<ImportPlan, PlanningError> {
        self.look_up().await?;
        self.skipped.finish().await?;
        let (issues, warnings) = self.flagged.finish().await?;
        let plan = self.parts.finish().await?;
        Ok(ImportPlan { counts: self.counts, issues, warnings, ..plan })
    }
}

/// Why somebody need not be invited; `None` for those who can be. Decided by the clock: an invitation past its time
/// stands in nobody's way, recorded as expired or not.
fn why_not(spec: &InvitationSpec, standing: &Versioned, now: Timestamp) -> Option<Skipped> {
    let member = &standing.membership;
    match member.status(now) {
        Status::Held | Status::Pending => Some(Skipped::AlreadyInvited { differs: asks_for_more(spec, member) }),
        Status::Active => Some(Skipped::AlreadyMember),
        Status::Deactivated => Some(Skipped::DeactivatedMember),
        Status::Expired | Status::Revoked => None,
    }
}
