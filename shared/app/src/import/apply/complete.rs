//! Completes a part: first its files, then the table, so that everybody who sees the counts finds the rows.

use data_encoding::HEXLOWER;
use usher_domain::CapacityRequest;
use usher_import::{DialectReport, Rejection, rejected_csv};
use usher_import_files::{AppliedOutcome, Media, PlanFiles, PlannedRow, RowResult, write_line};
use usher_runtime::random;
use usher_store::{CompletedPart, Import, ImportPlan, PartOutcome};

use super::rows::{AppliedRow, PartRows};
use crate::import::applying::{ApplyError, ImportApplying};

pub(crate) async fn complete_part(
    applying: &ImportApplying,
    import: &Import,
    plan: &ImportPlan,
    part: u32,
    of_part: PartRows<'_>,
    applied: Vec<AppliedRow>,
) -> Result<(), ApplyError> {
    let rows = of_part.rows;
    let files = PlanFiles::in_folder(&plan.folder);
    let (outcome, unused) = count(of_part, &applied);
    let (mut results, mut drifted) = (Vec::new(), Vec::new());
    let delivery = HEXLOWER.encode(&random::bits().to_be_bytes());
    write_results(rows, &applied, &mut results);
    for (row, applied) in rows.iter().zip(applied) {
        if applied.outcome == AppliedOutcome::Drifted {
            drifted.push(Rejection { issues: applied.issues, cells: row.cells.clone() });
        }
    }
    applying.bucket.put(&files.result(part, &delivery), &Media::json_lines(), results).await?;
    if !drifted.is_empty() {
        let report: DialectReport =
            serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
        let bytes = rejected_csv(&report, false, &drifted);
        applying
            .bucket
            .put(&files.drifted(part, &delivery), &Media::csv("drifted.csv", &report.encoding), bytes)
            .await?;
    }
    let now = applying.clock.now();
    let completed = CompletedPart { part, delivery, outcome };
    applying.store.complete_part(import.organisation, import.id, &completed, &unused, None, now).await?;
    let PartOutcome { rows, created, already_exists, drifted, cancelled } = outcome;
    tracing::info!(rows, created, already_exists, drifted, cancelled, "completed a part");
    Ok(())
}

/// Writes what became of these rows, a line each.
pub(crate) fn write_results(rows: &[PlannedRow], applied: &[AppliedRow], out: &mut Vec<u8>) {
    for (PlannedRow { row, line, spec, .. }, AppliedRow { id, outcome, issues }) in rows.iter().zip(applied) {
        let (email, issues) = (spec.email.clone(), issues.clone());
        let result = RowResult { row: *row, line: *line, email, outcome: *outcome, membership: *id, issues };
        write_line(&result, out);
    }
}

/// How many rows had which outcome, and the capacity that was reserved for them and is not used.
fn count(PartRows { rows, reserved }: PartRows<'_>, applied: &[AppliedRow]) -> (PartOutcome, CapacityRequest) {
    let (mut outcome, mut unused) = (PartOutcome::default(), CapacityRequest::default());
    for ((row, reserved), applied) in rows.iter().zip(reserved).zip(applied) {
        outcome.rows += 1;
        match applied.outcome {
            AppliedOutcome::Created => outcome.created += 1,
            AppliedOutcome::Exists(_) => outcome.already_exists += 1,
            AppliedOutcome::Drifted => outcome.drifted += 1,
            AppliedOutcome::Cancelled => outcome.cancelled += 1,
        }
        if *reserved && applied.outcome != AppliedOutcome::Created {
            unused.add(&row.spec.entitlements);
        }
    }
    (outcome, unused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::spec::Entitlements;
    use usher_domain::{ExistingMembership, InvitationSpec, MembershipId, PersonName, Resource};

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
    fn every_row_counts_once_and_unused_capacity_is_released() {
        let rows = [row(&["a"]), row(&["a", "b"]), row(&[]), row(&["b"])];
        let outcomes = [
            AppliedOutcome::Created,
            AppliedOutcome::Exists(ExistingMembership::Member),
            AppliedOutcome::Drifted,
            AppliedOutcome::Cancelled,
        ];
        let applied =
            outcomes.map(|outcome| AppliedRow { id: MembershipId::from_bytes([0; 16]), outcome, issues: Vec::new() });
        let (outcome, unused) = count(PartRows { rows: &rows, reserved: &[true; 4] }, &applied);
        assert_eq!(outcome.rows, outcome.created + outcome.already_exists + outcome.drifted + outcome.cancelled);
        assert_eq!(unused.count(&Resource::Seat), 3);
        assert_eq!(unused.count(&Resource::Product("a".into())), 1);
        assert_eq!(unused.count(&Resource::Product("b".into())), 2);
        // What was never reserved is not released.
        let (again, unused) = count(PartRows { rows: &rows, reserved: &[true, false, true, true] }, &applied);
        assert_eq!((again, unused.count(&Resource::Seat)), (outcome, 2));
    }
}
