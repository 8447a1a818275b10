//! Applies rows: invites their people, and recognises what an earlier delivery wrote.

use std::collections::HashMap;

use usher_domain::invitation::asks_for_more;
use usher_domain::membership::Origin;
use usher_domain::{ExistingMembership, IssueCode, Membership, MembershipId, OrganisationId};
use usher_import::RowIssue;
use usher_import_files::{AppliedOutcome, PlannedRow, invitation_differs};
use usher_store::{Import, Store, StoreError, Versioned};

use super::drift::DriftCheck;
use crate::check_delivery::schedule_delivery_check;
use crate::import::applying::{ApplyError, ImportApplying};
use crate::insert_invitations::{Candidate, Insertion, Inviting};

/// How many rows the table inserts in one request. Each request is carried out as a whole unless the table throttles it.
const INSERTED_AT_ONCE: usize = 25;

/// Rows of a part, and for each of them whether capacity is reserved for it.
#[derive(Clone, Copy)]
pub(crate) struct PartRows<'a> {
    pub(crate) rows: &'a [PlannedRow],
    pub(crate) reserved: &'a [bool],
}

impl PartRows<'_> {
    /// So many rows from one on.
    pub(crate) fn batch(&self, from: usize, rows: usize) -> Self {
        let to = self.rows.len().min(from + rows);
        Self { rows: &self.rows[from..to], reserved: &self.reserved[from..to] }
    }
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppliedRow {
    pub(crate) id: MembershipId,
    pub(crate) outcome: AppliedOutcome,
    /// Why the row drifted, or how an existing invitation differs from it.
    pub(crate) issues: Vec<RowIssue>,
}

fn ids(import: &Import, rows: &[PlannedRow]) -> Vec<MembershipId> {
    rows.iter().map(|row| MembershipId::of(import.organisation, &row.spec.email)).collect()
}

/// The rows that an admin's cancellation left.
pub(crate) fn cancelled(import: &Import, rows: &[PlannedRow]) -> Vec<AppliedRow> {
    let of = |id| AppliedRow { id, outcome: AppliedOutcome::Cancelled, issues: Vec::new() };
    ids(import, rows).into_iter().map(of).collect()
}

/// Asks once more whose every row is that is not `created`, right before the part is completed. A checkpoint says what one
/// delivery found; another delivery may have created the row since, and its capacity is used.
pub(crate) async fn recognise_created(
    applying: &ImportApplying,
    import: &Import,
    applied: &mut [AppliedRow],
) -> Result<(), ApplyError> {
    let open = applied.iter().filter(|row| row.outcome != AppliedOutcome::Created);
    let open: Vec<_> = open.map(|row| row.id).collect();
    let existing = applying.store.memberships(import.organisation, &open).await?;
    for row in applied {
        if existing.get(&row.id).is_some_and(|existing| existing.membership.came_with(import.id)) {
            (row.outcome, row.issues) = (AppliedOutcome::Created, Vec::new());
        }
    }
    Ok(())
}

/// The people who exist, if the rows were applied before: by an earlier delivery, or by another import of the same file. One
/// row of each request is looked up, which costs less than to insert a row in vain; all of them, if one exists.
async fn find_existing(
    store: &Store,
    organisation: OrganisationId,
    ids: &[MembershipId],
) -> Result<HashMap<MembershipId, Versioned>, StoreError> {
    let some: Vec<_> = ids.iter().step_by(INSERTED_AT_ONCE).copied().collect();
    let found = store.memberships(organisation, &some).await?;
    if found.is_empty() { Ok(found) } else { store.memberships(organisation, ids).await }
}

/// Why a row is not applied for which no capacity is reserved, if its person is gone.
fn unreserved(row: &PlannedRow) -> RowIssue {
    let message = "the person was invited or a member when the import was sent, and is not any more";
    RowIssue::of_row(row.line, IssueCode::ChangedSincePlan, message)
}

/// Applies these rows. Unless they were applied before, rows are assumed to be new, as the plan found them; only those that
/// met an existing membership, and those that drifted, are looked up.
pub(crate) async fn apply_rows(
    applying: &ImportApplying,
    import: &Import,
    check: &DriftCheck<'_>,
    PartRows { rows, reserved }: PartRows<'_>,
) -> Result<Vec<AppliedRow>, ApplyError> {
    let (store, now) = (&applying.store, applying.clock.now());
    // Before any mail becomes due, so that none is due unwatched.
    schedule_delivery_check(store, import.organisation, check.organisation.invitation_duration(), now).await?;
    let ids = ids(import, rows);
    let drift: Vec<Vec<RowIssue>> = rows
        .iter()
        .zip(reserved)
        .map(|(row, reserved)| {
            let mut drift = check.drift(row);
            drift.extend((!reserved).then(|| unreserved(row)));
            drift
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = ids
        .iter()
        .zip(rows)
        .zip(&drift)
        .map(|((id, row), drift)| Candidate { id: *id, spec: &row.spec, is_allowed: drift.is_empty() })
        .collect();
    let existing = find_existing(store, import.organisation, &ids).await?;
    let origin = Origin { invited_by: import.created_by, import: Some(import.id), reservation: None };
    // Even if the invitation ended since, its capacity was reserved by this import.
    let is_ours = |membership: &Membership| membership.came_with(import.id);
    let inviting = Inviting { store, organisation: check.organisation, origin, now, is_ours };
    let insertions = inviting.insert(&candidates, existing).await?;
    let applied = ids.into_iter().zip(rows).zip(drift).zip(insertions).map(|(((id, row), drift), insertion)| {
        let (outcome, issues) = match insertion {
            Insertion::Created(_) => (AppliedOutcome::Created, Vec::new()),
            Insertion::Exists(existing, membership) => {
                let differs = existing == ExistingMembership::Invited && asks_for_more(&row.spec, &membership);
                let issues = if differs { vec![invitation_differs(row.line)] } else { Vec::new() };
                (AppliedOutcome::Exists(existing), issues)
            }
            Insertion::Refused => (AppliedOutcome::Drifted, drift),
        };
        AppliedRow { id, outcome, issues }
    });
    Ok(applied.collect())
}
