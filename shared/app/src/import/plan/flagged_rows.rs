//! Rows with issues: written one by one, and counted by code, errors and warnings apart.

use std::collections::BTreeMap;

use usher_domain::Severity;
use usher_import_files::{Bucket, FlaggedRow, Media, PlanFiles, Writer, write_line};

use crate::import::planning::PlanningError;

/// How many there are of each code.
type ByCode = BTreeMap<String, u64>;

/// The rows with issues so far.
pub(crate) struct FlaggedRows<'a> {
    writer: Writer<'a>,
    issues: ByCode,
    warnings: ByCode,
}

impl<'a> FlaggedRows<'a> {
    pub(crate) fn new(bucket: &'a Bucket, files: &PlanFiles) -> Self {
        let writer = bucket.writer(files.issues(), Media::json_lines());
        Self { writer, issues: ByCode::new(), warnings: ByCode::new() }
    }

    pub(crate) async fn add(&mut self, row: &FlaggedRow) -> Result<(), PlanningError> {
        for issue in &row.issues {
            let counts = match issue.severity {
                Severity::Error => &mut self.issues,
                Severity::Warning => &mut self.warnings,
            };
            *counts.entry(issue.code.to_string()).or_default() += 1;
        }
        let mut line = Vec::new();
        write_line(row, &mut line);
        Ok(self.writer.write(&line).await?)
    }

    /// How many errors and how many warnings there are of each code.
    pub(crate) async fn finish(self) -> Result<(ByCode, ByCode), PlanningError> {
        self.writer.finish().await?;
        Ok((self.issues, self.warnings))
    }
}
