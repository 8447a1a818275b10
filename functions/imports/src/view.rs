//! How an import is written for clients.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use usher_domain::capacity::Arithmetic;
use usher_domain::{Capacity, CapacityRequest, Resource};
use usher_http::by_resource;
use usher_store::{Import, ImportStatus, Reading};

/// How far an import has come: in reading its file, or in applying its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Progress {
    unit: Unit,
    done: u64,
    total: u64,
    rows_per_second: Option<u64>,
    bytes_per_second: Option<u64>,
    eta: Option<Timestamp>,
}

/// What progress is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Unit {
    Bytes,
    Rows,
}

impl Progress {
    /// The progress after some time, and when the rest will be done at that rate, if it still runs (`now`).
    fn new(unit: Unit, (done, total): (u64, u64), took: SignedDuration, now: Option<Timestamp>) -> Self {
        let seconds = u64::try_from(took.as_secs()).unwrap_or_default().max(1);
        let rate = (done > 0).then(|| (done / seconds).max(1));
        // From the count and the time, not from the rounded rate.
        let left = (done > 0).then(|| total.saturating_sub(done).saturating_mul(seconds).div_ceil(done));
        let left = left.map(|seconds| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
        let eta = now.and_then(|now| now.saturating_add(left?).ok());
        let (rows_per_second, bytes_per_second) = match unit {
            Unit::Rows => (rate, None),
            Unit::Bytes => (None, rate),
        };
        Self { unit, done, total, rows_per_second, bytes_per_second, eta }
    }
}

/// The import as the API shows it. Until it is sent, the capacity it needs is compared with `capacity` at every request.
pub(crate) fn view(import: &Import, capacity: &Capacity, now: Timestamp) -> Value {
    let plan = import.plan.as_ref();
    let counts = plan.map(|plan| {
        let (planned, outcome) = (&plan.counts, &import.outcome);
        json!({
            "valid": planned.valid,
            "rejected": planned.rejected,
            "ignored_duplicates": planned.ignored_duplicates,
            "already_invited": planned.already_invited,
            "already_member": planned.already_member,
            "deactivated_member": planned.deactivated_member,
            "created": outcome.created,
            "already_exists": outcome.already_exists,
            "drifted": outcome.drifted,
            "cancelled": outcome.cancelled,
        })
    });
    let needs = plan.filter(|_| import.status == ImportStatus::Ready).map(|plan| needs(&plan.needed(), capacity));
    json!({
        "id": import.id.to_string(),
        "status": import.status,
        "filename": import.filename,
        "mode": import.mode,
        "on_issues": import.on_issues,
        "rows": plan.map(|plan| plan.counts.rows()),
        "counts": counts,
        "issues": plan.map(|plan| &plan.issues),
        "warnings": plan.map(|plan| &plan.warnings),
        "dialect": plan.map(|plan| &plan.dialect),
        "requested_dialect": import.dialect,
        "capacity": needs,
        "digest": plan.map(|plan| &plan.digest),
        "progress": progress(import, now),
        "problem": import.problem,
        "created_by": import.created_by.map(|id| id.to_string()),
        "created_at": import.created_at,
        "started_at": import.started_at,
        "finished_at": import.finished_at,
    })
}

/// The arithmetic of all capacity that is needed, and of seats in any case.
fn needs(needed: &CapacityRequest, capacity: &Capacity) -> Value {
    let seats = capacity.allowance(&Resource::Seat);
    let none = Arithmetic { limit: seats.limit, used: seats.used, free: seats.free(), needed: 0, missing: 0 };
    let mut arithmetic = capacity.arithmetic(needed);
    arithmetic.entry(Resource::Seat).or_insert(none);
    by_resource(arithmetic.iter())
}

fn progress(import: &Import, now: Timestamp) -> Option<Progress> {
    if import.status == ImportStatus::Planning {
        let Reading { bytes, of, begun_at, at } = import.reading?;
        return Some(Progress::new(Unit::Bytes, (bytes, of), at.duration_since(begun_at), Some(at)));
    }
    let (plan, started) = (import.plan.as_ref()?, import.started_at?);
    let applying = import.status == ImportStatus::Applying;
    let until = if applying { now } else { import.updated_at.unwrap_or(now) };
    let rows = (import.outcome.rows, plan.counts.valid);
    Some(Progress::new(Unit::Rows, rows, until.duration_since(started), applying.then_some(now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::{Allowance, ImportId, OrganisationId};
    use usher_store::{ImportCounts, ImportPlan};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn import(status: ImportStatus) -> Import {
        let counts = ImportCounts { valid: 1_000, rejected: 2, ..ImportCounts::default() };
        let needed = [("seats".to_owned(), 1_000)].into();
        let plan = ImportPlan { counts, needed, digest: "d".into(), ..ImportPlan::default() };
        let (organisation, id) = (OrganisationId::from_parts(1, 1), ImportId::from_parts(1, 1));
        Import { status, plan: Some(plan), ..Import::announced(organisation, id, "people.csv".into(), at(0)) }
    }

    #[test]
    fn a_plan_shows_what_it_needs() {
        let capacity = Capacity([(Resource::Seat, Allowance { limit: Some(900), used: 100 })].into());
        let shown = view(&import(ImportStatus::Ready), &capacity, at(1));
        assert_eq!(shown["rows"], 1_002);
        assert_eq!(shown["counts"]["valid"], 1_000);
        let seats = json!({"limit": 900, "used": 100, "free": 800, "needed": 1_000, "missing": 200});
        assert_eq!(shown["capacity"]["seats"], seats);
        assert_eq!(shown["progress"], Value::Null);
    }

    #[test]
    fn progress_says_when_it_will_be_done() {
        let mut import = import(ImportStatus::Applying);
        import.started_at = Some(at(100));
        assert_eq!(view(&import, &Capacity::default(), at(100))["progress"]["eta"], Value::Null);
        import.outcome.rows = 250;
        let progress = progress(&import, at(110)).expect("it was started");
        let rows_per_second = Some(25);
        let (unit, bytes_per_second, eta) = (Unit::Rows, None, Some(at(140)));
        assert_eq!(progress, Progress { unit, done: 250, total: 1_000, rows_per_second, bytes_per_second, eta });
    }

    #[test]
    fn while_a_file_is_read_progress_is_in_bytes() {
        let reading = Some(Reading { bytes: 300, of: 1_200, begun_at: at(100), at: at(110) });
        let mut import = Import { plan: None, reading, ..import(ImportStatus::Planning) };
        // By when it was written down, not by when somebody asks.
        let shown = view(&import, &Capacity::default(), at(500));
        let expected = json!({"unit": "bytes", "done": 300, "total": 1_200, "rows_per_second": null,
            "bytes_per_second": 30, "eta": "1970-01-01T00:02:20Z"});
        assert_eq!(shown["progress"], expected);
        import.status = ImportStatus::Cancelled;
        assert_eq!(view(&import, &Capacity::default(), at(500))["progress"], Value::Null);
    }

    #[test]
    fn before_there_is_a_plan_nothing_is_known() {
        let import = Import { plan: None, ..import(ImportStatus::AwaitingUpload) };
        let shown = view(&import, &Capacity::default(), at(1));
        assert_eq!(shown["status"], "awaiting_upload");
        assert_eq!((&shown["rows"], &shown["counts"]), (&Value::Null, &Value::Null));
    }
}
