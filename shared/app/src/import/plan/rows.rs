//! The rows of a file, in order: their people are looked up many at a time, then each row is written where it belongs.

use std::collections::HashMap;
use std::mem;

use jiff::Timestamp;
use usher_domain::invitation::asks_for_more;
use usher_domain::{EmailAddress, ExistingMembership, InvitationSpec, MembershipId, OrganisationId};
use usher_import::{Outcome, Rejection, Row, RowIssue};
use usher_import_files::{FlaggedRow, PlanFiles, PlannedRow, SkipReason, SkippedRow, invitation_differs};
use usher_store::{ImportCounts, ImportPlan, Versioned};

use super::flagged_rows::FlaggedRows;
use super::parts::Parts;
use super::skipped_rows::SkippedRows;
use crate::import::planning::{ImportPlanning, PlanningError};

/// How many people are looked up at once: eight requests of a hundred.
const LOOKUP_ROWS: usize = 800;
/// How many bytes of cells wait for that at most, since a cell may be as long as a page.
const LOOKUP_BYTES: usize = 8 * 1024 * 1024;

/// A row that waits for the lookup of its batch.
struct Waiting {
    number: u32,
    /// The person's membership id; `None` for a rejected row.
    id: Option<MembershipId>,
    row: Row,
    cells: Vec<String>,
}

/// The rows so far.
pub(crate) struct Rows<'a> {
    planning: &'a ImportPlanning,
    organisation: OrganisationId,
    /// One moment for the whole file, so that the result does not depend on how long reading takes.
    now: Timestamp,
    number: u32,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    parts: Parts<'a>,
    flagged: FlaggedRows<'a>,
    skipped: SkippedRows<'a>,
    counts: ImportCounts,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(planning: &'a ImportPlanning, organisation: OrganisationId, files: &'a PlanFiles) -> Self {
        Self {
            planning,
            organisation,
            now: planning.clock.now(),
            number: 0,
            waiting: Vec::new(),
            waiting_bytes: 0,
            parts: Parts::new(planning, organisation, files),
            flagged: FlaggedRows::new(&planning.bucket, files),
            skipped: SkippedRows::new(&planning.bucket, files),
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
        let existing = self.planning.store.memberships(self.organisation, &valid).await?;
        for row in waiting {
            self.write_row(row, &existing).await?;
        }
        Ok(())
    }

    async fn write_row(
        &mut self,
        waiting: Waiting,
        existing: &HashMap<MembershipId, Versioned>,
    ) -> Result<(), PlanningError> {
        let Waiting { number, id, row: Row { line, outcome, mut warnings }, cells } = waiting;
        let mut cells_to_return = Vec::new();
        match outcome {
            Outcome::Valid(spec) => {
                let existing = id.and_then(|id| existing.get(&id));
                if let Some(reason) = existing.and_then(|existing| skip_reason(&spec, existing, self.now)) {
                    if matches!(reason, SkipReason::Exists { differs: true, .. }) {
                        warnings.push(invitation_differs(line));
                    }
                    self.skip(number, line, spec.email, reason).await?;
                } else {
                    self.counts.valid += 1;
                    self.parts.add(&PlannedRow { row: number, line, spec: *spec, cells }).await?;
                }
            }
            Outcome::Duplicate { of, email } => {
                self.skip(number, line, email, SkipReason::Duplicate { of }).await?;
            }
            Outcome::Rejected(Rejection { issues, cells }) => {
                self.counts.rejected += 1;
                cells_to_return = cells;
                warnings.splice(..0, issues);
            }
        }
        let issues: Vec<RowIssue> = warnings;
        if issues.is_empty() {
            return Ok(());
        }
        self.flagged.add(&FlaggedRow { row: number, line, issues, cells: cells_to_return }).await
    }

    async fn skip(
        &mut self,
        row: u32,
        line: u32,
        email: EmailAddress,
        reason: SkipReason,
    ) -> Result<(), PlanningError> {
        let count = match reason {
            SkipReason::Duplicate { .. } => &mut self.counts.ignored_duplicates,
            SkipReason::Exists { existing: ExistingMembership::Invited, .. } => &mut self.counts.already_invited,
            SkipReason::Exists { existing: ExistingMembership::Member, .. } => &mut self.counts.already_member,
            SkipReason::Exists { existing: ExistingMembership::Deactivated, .. } => &mut self.counts.deactivated_member,
        };
        *count += 1;
        let membership = MembershipId::of(self.organisation, &email);
        self.skipped.add(&SkippedRow { row, line, email, membership, reason }).await
    }

    /// Ends the files, and returns the plan of the rows.
    pub(crate) async fn finish(mut self) -> Result<ImportPlan, PlanningError> {
        self.look_up().await?;
        self.skipped.finish().await?;
        let (issues, warnings) = self.flagged.finish().await?;
        let plan = self.parts.finish().await?;
        Ok(ImportPlan { counts: self.counts, issues, warnings, ..plan })
    }
}

/// Why the person needs no invitation; `None` if they do.
fn skip_reason(spec: &InvitationSpec, existing: &Versioned, now: Timestamp) -> Option<SkipReason> {
    let membership = &existing.membership;
    let existing = ExistingMembership::of(membership, now)?;
    let differs = existing == ExistingMembership::Invited && asks_for_more(spec, membership);
    Some(SkipReason::Exists { existing, differs })
}
