//! `failed.csv`: the rejected rows as a file to correct.
//!
//! It is written in a second pass, over the rows that were written down, because it is in the encoding of the file, and
//! what that is may be known only near its end.

use usher_import::{DialectReport, Rejection, rejected_csv};
use usher_import_files::{Bucket, FlaggedRow, Media, PlanFiles};

use crate::import::planning::PlanningError;

/// How many rows are written at once.
const ROWS: usize = 500;

pub(crate) async fn write(bucket: &Bucket, files: &PlanFiles, report: &DialectReport) -> Result<(), PlanningError> {
    let mut lines = bucket.open(&files.issues()).await?.lines();
    let mut writer = bucket.writer(files.failed(), Media::csv("failed.csv", &report.encoding));
    writer.write(&rejected_csv(report, true, [])).await?;
    let mut rows: Vec<Rejection> = Vec::with_capacity(ROWS);
    loop {
        let row: Option<FlaggedRow> = lines.next_json().await?;
        let last = row.is_none();
        rows.extend(row.and_then(FlaggedRow::into_rejection));
        if last || rows.len() == ROWS {
            writer.write(&rejected_csv(report, false, &rows)).await?;
            rows.clear();
        }
        if last {
            return Ok(writer.finish().await?);
        }
    }
}
