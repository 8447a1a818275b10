//! Rejected rows: written down one by one, their issues counted by code.

use std::collections::BTreeMap;

use usher_plans::{Bucket, Media, PlanFiles, RejectedRow, Writer, write_line};

use crate::PlanningError;

/// The rejected rows of a file so far.
pub(crate) struct Rejected<'a> {
    writer: Writer<'a>,
    issues: BTreeMap<String, u64>,
}

impl<'a> Rejected<'a> {
    pub(crate) fn new(bucket: &'a Bucket, files: &PlanFiles) -> Self {
        Self { writer: bucket.writer(files.issues(), Media::json_lines()), issues: BTreeMap::new() }
    }

    pub(crate) async fn add(&mut self, row: &RejectedRow) -> Result<(), PlanningError> {
        for issue in &row.rejection.issues {
            *self.issues.entry(issue.code.to_string()).or_default() += 1;
        }
        let mut line = Vec::new();
        write_line(row, &mut line);
        Ok(self.writer.write(&line).await?)
    }

    /// How many issues of each code there are.
    pub(crate) async fn finish(self) -> Result<BTreeMap<String, u64>, PlanningError> {
        self.writer.finish().await?;
        Ok(self.issues)
    }
}
