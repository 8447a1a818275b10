//! `results.csv`: every row of the file with its outcome, in the order of the file.
//!
//! Three sources hold the rows, each in that order: rows with issues, skipped rows, and the parts one after another. They are
//! merged in one pass that holds three rows.

use csv::{Terminator, WriterBuilder};
use usher_domain::{EmailAddress, MembershipId};
use usher_import::{DialectReport, RowIssue, guarded};
use usher_import_files::{
    AppliedOutcome, Bucket, FlaggedRow, Lines, Media, PartHeader, PlanFiles, PlannedRow, RowResult, SkipReason,
    SkippedRow, invitation_differs,
};
use usher_store::{CompletedPart, Import, ImportPlan};

use crate::import::applying::ApplyError;

const HEADER: [&str; 6] = ["line", "email", "outcome", "membership_id", "codes", "message"];
/// How many rows are written at once.
const ROWS: usize = 500;

/// A line of the file.
struct Record {
    row: u32,
    line: u32,
    email: String,
    outcome: &'static str,
    membership: Option<MembershipId>,
    issues: Vec<RowIssue>,
    message: Option<String>,
}

impl Record {
    fn of_rejected(row: FlaggedRow, email_column: usize) -> Option<Self> {
        let FlaggedRow { row: number, line, ref cells, .. } = row;
        let email = cells.get(email_column).cloned().unwrap_or_default();
        let issues = row.into_rejection()?.issues;
        Some(Self { row: number, line, email, outcome: "rejected", membership: None, issues, message: None })
    }

    fn of_skipped(skipped: &SkippedRow) -> Self {
        let SkippedRow { row, line, email, membership, reason } = skipped;
        let (outcome, issues, message) = match reason {
            SkipReason::Duplicate { of } => ("ignored_duplicate", Vec::new(), Some(format!("the same as line {of}"))),
            SkipReason::Exists { existing, differs } => {
                let issues = if *differs { vec![invitation_differs(*line)] } else { Vec::new() };
                (existing.as_str(), issues, None)
            }
        };
        let (email, membership) = (email.as_typed().to_owned(), Some(*membership));
        Self { row: *row, line: *line, email, outcome, membership, issues, message }
    }

    fn of_made(row: u32, line: u32, email: &EmailAddress, membership: MembershipId, outcome: AppliedOutcome) -> Self {
        let (email, membership) = (email.as_typed().to_owned(), Some(membership));
        Self { row, line, email, outcome: outcome.as_str(), membership, issues: Vec::new(), message: None }
    }

    fn cells(&self) -> [String; 6] {
        let codes: Vec<_> = self.issues.iter().map(|issue| issue.code.as_str()).collect();
        let said = self.issues.iter().map(|issue| match &issue.column {
            Some(column) => format!("{column}: {}", issue.message),
            None => issue.message.clone(),
        });
        let said: Vec<_> = said.chain(self.message.clone()).collect();
        let membership = self.membership.map(|id| id.to_string()).unwrap_or_default();
        let text = |text: &str| guarded(text).into_owned();
        let (email, message) = (text(&self.email), text(&said.join("; ")));
        [self.line.to_string(), email, self.outcome.to_owned(), membership, codes.join(" "), message]
    }
}

/// The rows of all parts with their outcomes; all cancelled if the import was never sent.
struct PartRows<'a> {
    bucket: &'a Bucket,
    import: &'a Import,
    /// The keys of their files, the last one first.
    keys: Vec<String>,
    lines: Option<Lines>,
}

impl<'a> PartRows<'a> {
    fn new(bucket: &'a Bucket, import: &'a Import, plan: &ImportPlan, completed: &[CompletedPart]) -> Self {
        let files = PlanFiles::in_folder(&plan.folder);
        let keys = match import.started_at {
            Some(_) => {
                completed.iter().rev().map(|completed| files.result(completed.part, &completed.delivery)).collect()
            }
            None => (1..=plan.parts).rev().map(|part| files.part(part)).collect(),
        };
        Self { bucket, import, keys, lines: None }
    }

    async fn next(&mut self) -> Result<Option<Record>, ApplyError> {
        let was_sent = self.import.started_at.is_some();
        loop {
            if let Some(lines) = &mut self.lines {
                let row = if was_sent {
                    lines.next_json().await?.map(|row: RowResult| {
                        let RowResult { row, line, email, outcome, membership, issues } = row;
                        Record { issues, ..Record::of_made(row, line, &email, membership, outcome) }
                    })
                } else {
                    lines.next_json().await?.map(|PlannedRow { row, line, spec, .. }| {
                        let membership = MembershipId::of(self.import.organisation, &spec.email);
                        Record::of_made(row, line, &spec.email, membership, AppliedOutcome::Cancelled)
                    })
                };
                if row.is_some() {
                    return Ok(row);
                }
            }
            let Some(key) = self.keys.pop() else { return Ok(None) };
            let lines = self.lines.insert(self.bucket.open(&key).await?.lines());
            if !was_sent {
                let _: Option<PartHeader> = lines.next_json().await?;
            }
        }
    }
}

/// The rejected rows.
struct RejectedRows {
    lines: Lines,
    email_column: usize,
}

impl RejectedRows {
    async fn next(&mut self) -> Result<Option<Record>, ApplyError> {
        while let Some(row) = self.lines.next_json().await? {
            // Rows with warnings only are in the other sources.
            if let Some(written) = Record::of_rejected(row, self.email_column) {
                return Ok(Some(written));
            }
        }
        Ok(None)
    }
}

/// Writes the file. Every attempt writes the same, because its sources no longer change.
pub(super) async fn write(
    bucket: &Bucket,
    import: &Import,
    plan: &ImportPlan,
    completed: &[CompletedPart],
) -> Result<u64, ApplyError> {
    let files = PlanFiles::in_folder(&plan.folder);
    let report: DialectReport =
        serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
    let mut rejected = RejectedRows {
        lines: bucket.open(&files.issues()).await?.lines(),
        email_column: report.email_column().unwrap_or_default(),
    };
    let mut skipped = bucket.open(&files.skipped()).await?.lines();
    let mut parts = PartRows::new(bucket, import, plan, completed);
    let mut writer = bucket.writer(files.results(), Media::csv("results.csv", "utf-8"));
    writer.write(&records([HEADER.map(str::to_owned)])?).await?;
    let of_skipped = |row: Option<SkippedRow>| row.as_ref().map(Record::of_skipped);
    let mut heads = [rejected.next().await?, of_skipped(skipped.next_json().await?), parts.next().await?];
    let (mut rows, mut count) = (Vec::with_capacity(ROWS), 0);
    loop {
        let first = (0..heads.len()).filter(|source| heads[*source].is_some());
        let first = first.min_by_key(|source| heads[*source].as_ref().map(|head| (head.row, head.line)));
        if first.is_none() || rows.len() == ROWS {
            writer.write(&records(rows.drain(..))?).await?;
        }
        let Some(source) = first else { break };
        let next = match source {
            0 => rejected.next().await?,
            1 => of_skipped(skipped.next_json().await?),
            _ => parts.next().await?,
        };
        let head = std::mem::replace(&mut heads[source], next);
        rows.extend(head.map(|head| head.cells()));
        count += 1;
    }
    writer.finish().await?;
    Ok(count)
}

fn records(rows: impl IntoIterator<Item = [String; 6]>) -> Result<Vec<u8>, ApplyError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|_| ApplyError::Missing("rows that can be written"))?;
    }
    writer.into_inner().map_err(|_| ApplyError::Missing("rows that can be written"))
}
