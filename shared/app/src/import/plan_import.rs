//! Plans an import: reads its file once, in bounded memory, and shows what every row would do.

use usher_import::{DialectReport, FileError, Outcome, PEOPLE, Planner};
use usher_import_files::{Object, PlanFiles};
use usher_runtime::random;
use usher_store::{Import, ImportFailure, ImportPlan, OnIssues};

use super::plan::progress::Progress;
use super::plan::rejected_csv;
use super::plan::rows::Rows;
use crate::import::planning::{ImportPlanning, PlanningError};

/// What became of a file.
enum Planned {
    Made(Box<ImportPlan>),
    Refused(ImportFailure),
    /// An admin cancelled it, or another attempt was faster.
    Stopped,
}

/// How many bytes are read before progress is checked.
const PIECE_BYTES: usize = 64 * 1024;

fn refused(code: &str, detail: impl Into<String>) -> Planned {
    Planned::Refused(ImportFailure { code: code.to_owned(), detail: detail.into() })
}

/// Plans an import and stores the plan, or why there is none.
pub(super) async fn plan_import(
    planning: &ImportPlanning,
    import: &Import,
    object: Object,
) -> Result<(), PlanningError> {
    let (store, organisation, id) = (&planning.store, import.organisation, import.id);
    match Box::pin(read(planning, import, object)).await? {
        Planned::Made(plan) => {
            let problem = Some(plan.counts.rejected).filter(|_| import.on_issues == OnIssues::RejectFile);
            let shown = match problem.and_then(has_issues) {
                Some(problem) => store.refuse_plan(organisation, id, &plan, &problem, planning.clock.now()).await?,
                None => store.finish_planning(import, &plan, planning.clock.now()).await?,
            };
            let (rows, valid, rejected, parts) =
                (plan.counts.rows(), plan.counts.valid, plan.counts.rejected, plan.parts);
            tracing::info!(shown, rows, valid, rejected, parts, "planned");
        }
        Planned::Refused(problem) => {
            tracing::info!(code = problem.code, "refused a file");
            store.fail_import(organisation, id, &problem, planning.clock.now()).await?;
        }
        Planned::Stopped => tracing::info!("stopped reading: the import is no longer being planned"),
    }
    Ok(())
}

/// Why a file is refused for its rejected rows, if it has any.
fn has_issues(rejected: u64) -> Option<ImportFailure> {
    let rows = match rejected {
        0 => return None,
        1 => "1 row is wrong".to_owned(),
        many => format!("{many} rows are wrong"),
    };
    let detail = format!(
        "{rows}, and this import refuses such files, so nobody was invited. The import's issues say what is wrong, and its \
         failed.csv holds those rows. Correct the file and upload it as a new import."
    );
    Some(ImportFailure { code: "file_has_issues".to_owned(), detail })
}

async fn read(planning: &ImportPlanning, import: &Import, object: Object) -> Result<Planned, PlanningError> {
    if let Some(limit) = planning.largest_file.filter(|limit| object.length > *limit) {
        let detail = format!(
            "The file has {} bytes; the limit is {limit} bytes ({} MiB) and {PEOPLE} people. Split it into several files.",
            object.length,
            limit / (1024 * 1024),
        );
        return Ok(refused("file_too_large", detail));
    }
    let loaded = Box::pin(planning.store.load_organisation(import.organisation, import.created_by)).await?;
    let Some(loaded) = loaded else {
        return Ok(refused("organisation_gone", "The organisation no longer exists."));
    };
    let rank = match import.created_by {
        None => None,
        Some(_) => match loaded.member.and_then(|member| loaded.organisation.admin_rank(&member.membership)) {
            Some(rank) => Some(rank),
            None => {
                return Ok(refused("not_an_admin", "The admin who created the import is no longer an admin."));
            }
        },
    };
    let defaults = serde_json::from_value(import.defaults.clone()).map_err(|_| PlanningError::Damaged("defaults"))?;
    let dialect = serde_json::from_value(import.dialect.clone()).map_err(|_| PlanningError::Damaged("dialect"))?;
    let planner = Planner::new(&loaded.organisation, rank, defaults, dialect);
    Box::pin(read_rows(planning, import, planner, object)).await
}

async fn read_rows(
    planning: &ImportPlanning,
    import: &Import,
    mut planner: Planner<'_>,
    mut object: Object,
) -> Result<Planned, PlanningError> {
    let files = &PlanFiles::of_run(import.organisation, import.id, random::bits());
    let mut rows = Rows::new(planning, import.organisation, files);
    let mut progress = Progress::new(planning, import, object.length);
    let not_people = |error: FileError| refused(error.code(), sentence(&error.to_string()));
    while let Some(chunk) = object.chunk().await? {
        for piece in chunk.chunks(PIECE_BYTES) {
            if let Err(error) = planner.feed(piece) {
                return Ok(not_people(error));
            }
            take_rows(&mut planner, &mut rows).await?;
            if !progress.read(piece.len()).await? {
                return Ok(Planned::Stopped);
            }
        }
    }
    if let Err(error) = planner.finish() {
        return Ok(not_people(error));
    }
    take_rows(&mut planner, &mut rows).await?;
    let report = planner.report().ok_or(PlanningError::Damaged("layout"))?;
    let mut plan = rows.finish().await?;
    rejected_csv::write(&planning.bucket, files, &report).await?;
    files.folder().clone_into(&mut plan.folder);
    plan.dialect = dialect(&report)?;
    Ok(Planned::Made(Box::new(plan)))
}

async fn take_rows(planner: &mut Planner<'_>, rows: &mut Rows<'_>) -> Result<(), PlanningError> {
    while let Some(row) = planner.next_row() {
        let is_good = matches!(row.outcome, Outcome::Valid(_));
        let cells = if is_good { planner.cells() } else { Vec::new() };
        rows.add(row, cells).await?;
    }
    Ok(())
}

fn dialect(report: &DialectReport) -> Result<serde_json::Value, PlanningError> {
    serde_json::to_value(report).map_err(|_| PlanningError::Damaged("dialect"))
}

/// Messages of the import crate begin in lower case, because most follow the name of a column.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
