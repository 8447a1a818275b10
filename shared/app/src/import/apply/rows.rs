//! Applies rows: invites their people, and recognises what an earlier delivery wrote.

use std::collections::HashMap;

use usher_domain::invitation::asks_for_more;
use usher_domain::membership::Origin;
use usher_domain::{ExistingMembership, Membership, MembershipId};
use usher_import::RowIssue;
use usher_import_files::{AppliedOutcome, PlannedRow, invitation_differs};
use usher_store::Import;

use super::drift::DriftCheck;
use crate::check_delivery::schedule_delivery_check;
use crate::import::applying::{ApplyError, ImportApplying};
use crate::insert_invitations::{Candidate, Insertion, Inviting};

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

/// What earlier deliveries wrote of a part that must not be applied further.
pub(crate) async fn find_applied(
    applying: &ImportApplying,
    import: &Import,
    rows: &[PlannedRow],
) -> Result<Vec<AppliedRow>, ApplyError> {
    let ids = ids(import, rows);
    let existing = applying.store.memberships(import.organisation, &ids).await?;
    let applied = ids.into_iter().map(|id| {
        let is_ours = existing.get(&id).is_some_and(|existing| existing.membership.came_with(import.id));
        let outcome = if is_ours { AppliedOutcome::Created } else { AppliedOutcome::Cancelled };
        AppliedRow { id, outcome, issues: Vec::new() }
    });
    Ok(applied.collect())
}

/// Applies these rows. Rows are assumed to be new, as the plan found them; only those that met an existing membership, and
/// those that drifted, are looked up.
pub(crate) async fn apply_rows(
    applying: &ImportApplying,
    import: &Import,
    check: &DriftCheck<'_>,
    rows: &[PlannedRow],
) -> Result<Vec<AppliedRow>, ApplyError> {
    let (store, now) = (&applying.store, applying.clock.now());
    // Before any mail becomes due, so that none is due unwatched.
    schedule_delivery_check(store, import.organisation, check.organisation.invitation_duration(), now).await?;
    let ids = ids(import, rows);
    let drift: Vec<Vec<RowIssue>> = rows.iter().map(|row| check.drift(row)).collect();
    let candidates: Vec<Candidate<'_>> = ids
        .iter()
        .zip(rows)
        .zip(&drift)
        .map(|((id, row), drift)| Candidate { id: *id, spec: &row.spec, is_allowed: drift.is_empty() })
        .collect();
    let origin = Origin { invited_by: import.created_by, import: Some(import.id), reservation: None };
    // Even if the invitation ended since, its capacity was reserved by this import.
    let is_ours = |membership: &Membership| membership.came_with(import.id);
    let inviting = Inviting { store, organisation: check.organisation, origin, now, is_ours };
    let insertions = inviting.insert(&candidates, HashMap::new()).await?;
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
