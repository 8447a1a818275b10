//! What a part came to: written to its files first, then settled in the table, so that whoever sees the count finds the
//! rows.

use data_encoding::HEXLOWER;
use usher_domain::CapacityRequest;
use usher_import::{DialectReport, Rejection, rejected_csv};
use usher_import_files::{Media, PlanFiles, PlannedRow, RowOutcome, RowResult, write_line};
use usher_runtime::random;
use usher_store::{CompletedPart, Import, ImportPlan, PartOutcome};

use crate::people::Made;
use crate::{ApplyError, ImportApply};

pub(crate) async fn part(
    apply: &ImportApply,
    import: &Import,
    plan: &ImportPlan,
    part: u32,
    rows: &[PlannedRow],
    made: Vec<Made>,
) -> Result<(), ApplyError> {
    let files = PlanFiles::in_folder(&plan.folder);
    let (outcome, unused) = sums(rows, &made);
    let (mut results, mut drifted) = (Vec::new(), Vec::new());
    let delivery = HEXLOWER.encode(&random::bits().to_be_bytes());
    write_results(rows, &made, &mut results);
    for (row, made) in rows.iter().zip(made) {
        if made.outcome == RowOutcome::Drifted {
            drifted.push(Rejection { issues: made.issues, cells: row.cells.clone() });
        }
    }
    apply.bucket.put(&files.result(part, &delivery), &Media::json_lines(), results).await?;
    if !drifted.is_empty() {
        let report: DialectReport =
            serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
        let bytes = rejected_csv(&report, false, &drifted);
        apply.bucket.put(&files.drifted(part, &delivery), &Media::csv("drifted.csv", &report.encoding), bytes).await?;
    }
    let now = apply.clock.now();
    let settled = CompletedPart { part, delivery, outcome };
    apply.store.complete_part(import.organisation, import.id, &settled, &unused, now).await?;
    let PartOutcome { rows, created, already_exists, drifted, cancelled } = outcome;
    tracing::info!(rows, created, already_exists, drifted, cancelled, "settled a part");
    Ok(())
}

/// Puts down what became of these rows, a line each.
pub(crate) fn write_results(rows: &[PlannedRow], made: &[Made], out: &mut Vec<u8>) {
    for (PlannedRow { row, line, spec, .. }, Made { id, outcome, issues }) in rows.iter().zip(made) {
        let (email, issues) = (spec.email.clone(), issues.clone());
        let result = RowResult { row: *row, line: *line, email, outcome: *outcome, membership: *id, issues };
        write_line(&result, out);
    }
}

/// What the rows came to, and the places that were taken for them and are not used.
fn sums(rows: &[PlannedRow], made: &[Made]) -> (PartOutcome, CapacityRequest) {
    let (mut outcome, mut unused) = (PartOutcome::default(), CapacityRequest::default());
    for (row, made) in rows.iter().zip(made) {
        outcome.rows += 1;
        match made.outcome {
            RowOutcome::Created => outcome.created += 1,
            RowOutcome::AlreadyInvited | RowOutcome::AlreadyMember | RowOutcome::DeactivatedMember => {
                outcome.already_exists += 1;
            }
            RowOutcome::Drifted => outcome.drifted += 1,
            RowOutcome::Cancelled => outcome.cancelled += 1,
        }
        if made.outcome != RowOutcome::Created {
            unused.add(&row.spec.entitlements);
        }
    }
    (outcome, unused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::spec::Entitlements;
    use usher_domain::{InvitationSpec, MembershipId, PersonName, Resource};

    fn row(products: &[&str]) -> PlannedRow {
        let products = products.iter().map(|id| (*id).to_owned()).collect();
        let entitlements = Entitlements { role: "rep".into(), team: None, products, courses: [].into() };
        let email = "ada@example.com".parse().expect("an address");
        PlannedRow {
            row: 1,
            line: 1,
            spec: InvitationSpec {
                email,
                name: PersonName::default(),
                job_title: None,
                entitlements: entitlements.into(),
                send: true,
            },
            cells: vec![],
        }
    }

    #[test]
    fn every_row_counts_once_and_what_was_not_used_goes_back() {
        let rows = [row(&["a"]), row(&["a", "b"]), row(&[]), row(&["b"])];
        let outcomes = [RowOutcome::Created, RowOutcome::AlreadyMember, RowOutcome::Drifted, RowOutcome::Cancelled];
        let made = outcomes.map(|outcome| Made { id: MembershipId::from_bytes([0; 16]), outcome, issues: Vec::new() });
        let (outcome, unused) = sums(&rows, &made);
        assert_eq!(outcome.rows, outcome.created + outcome.already_exists + outcome.drifted + outcome.cancelled);
        assert_eq!(unused.count(&Resource::Seat), 3);
        assert_eq!(unused.count(&Resource::Product("a".into())), 1);
        assert_eq!(unused.count(&Resource::Product("b".into())), 2);
    }
}
