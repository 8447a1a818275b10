//! What a part came to: written to its files first, then settled in the table, so that whoever sees the count finds the
//! rows.

use usher_domain::Demand;
use usher_domain::import::{DialectReport, Rejection, failed_rows};
use usher_plans::{Media, PlanFiles, PlannedRow, RowOutcome, RowResult, write_line};
use usher_store::{Import, ImportPlan, PartOutcome};

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
    for (row, made) in rows.iter().zip(made) {
        if made.outcome == RowOutcome::Drifted {
            drifted.push(Rejection { issues: made.issues.clone(), cells: row.cells.clone() });
        }
        let Made { id, outcome, issues } = made;
        write_line(&RowResult { line: row.line, outcome, membership: id, issues }, &mut results);
    }
    apply.bucket.put(&files.result(part), &Media::json_lines(), results).await?;
    if !drifted.is_empty() {
        let report: DialectReport =
            serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
        let bytes = failed_rows(&report, false, &drifted);
        apply.bucket.put(&files.drifted(part), &Media::csv("drifted.csv", &report.encoding), bytes).await?;
    }
    let now = apply.clock.now();
    apply.store.settle_part(import.organisation, import.id, part, &outcome, &unused, now).await?;
    let PartOutcome { rows, created, already_there, drifted, cancelled } = outcome;
    tracing::info!(rows, created, already_there, drifted, cancelled, "settled a part");
    Ok(())
}

/// What the rows came to, and the places that were taken for them and are not used.
fn sums(rows: &[PlannedRow], made: &[Made]) -> (PartOutcome, Demand) {
    let (mut outcome, mut unused) = (PartOutcome::default(), Demand::default());
    for (row, made) in rows.iter().zip(made) {
        outcome.rows += 1;
        match made.outcome {
            RowOutcome::Created => outcome.created += 1,
            RowOutcome::AlreadyThere => outcome.already_there += 1,
            RowOutcome::Drifted => outcome.drifted += 1,
            RowOutcome::Cancelled => outcome.cancelled += 1,
        }
        if made.outcome != RowOutcome::Created {
            unused.add(&row.draft.access);
        }
    }
    (outcome, unused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::draft::Access;
    use usher_domain::{Draft, MembershipId, PersonName, Resource};

    fn row(products: &[&str]) -> PlannedRow {
        let products = products.iter().map(|id| (*id).to_owned()).collect();
        let access = Access { role: "rep".into(), team: None, job_title: None, products, courses: [].into() };
        let email = "ada@example.com".parse().expect("an address");
        PlannedRow { line: 1, draft: Draft { email, name: PersonName::default(), access, send: true }, cells: vec![] }
    }

    #[test]
    fn every_row_counts_once_and_what_was_not_used_goes_back() {
        let rows = [row(&["a"]), row(&["a", "b"]), row(&[]), row(&["b"])];
        let outcomes = [RowOutcome::Created, RowOutcome::AlreadyThere, RowOutcome::Drifted, RowOutcome::Cancelled];
        let made = outcomes.map(|outcome| Made { id: MembershipId::from_bytes([0; 16]), outcome, issues: Vec::new() });
        let (outcome, unused) = sums(&rows, &made);
        assert_eq!(outcome.rows, outcome.created + outcome.already_there + outcome.drifted + outcome.cancelled);
        assert_eq!(unused.count(&Resource::Seat), 3);
        assert_eq!(unused.count(&Resource::Product("a".into())), 1);
        assert_eq!(unused.count(&Resource::Product("b".into())), 2);
    }
}
