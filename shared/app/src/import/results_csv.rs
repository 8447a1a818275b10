//! `results.csv`: every row of the file with its outcome, in the order of the file.
//!
//! Three sources hold the rows, each in that order: rows with issues, skipped rows, and the parts one after another. They are
//! merged in one pass that holds three rows. When the time is over, a checkpoint says where each source is, and another delivery
//! continues the file behind its last piece.

use csv::{Terminator, WriterBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use usher_domain::{EmailAddress, MembershipId};
use usher_import::{DialectReport, RowIssue, guarded};
use usher_import_files::{
    AppliedOutcome, BegunObject, Bucket, BucketError, FlaggedRow, Lines, Media, PartHeader, PlanFiles, PlannedRow,
    RowResult, SkipReason, SkippedRow, invitation_differs,
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
    keys: Vec<String>,
    /// Which of them is read.
    key: usize,
    /// Where it is opened.
    offset: u64,
    lines: Option<Lines>,
}

impl<'a> PartRows<'a> {
    fn new(
        bucket: &'a Bucket,
        import: &'a Import,
        plan: &ImportPlan,
        completed: &[CompletedPart],
        (key, offset): (usize, u64),
    ) -> Self {
        let files = PlanFiles::in_folder(&plan.folder);
        let keys = match import.started_at {
            Some(_) => completed.iter().map(|completed| files.result(completed.part, &completed.delivery)).collect(),
            None => (1..=plan.parts).map(|part| files.part(part)).collect(),
        };
        Self { bucket, import, keys, key, offset, lines: None }
    }

    /// The file that is read, and where its next line begins.
    fn place(&self) -> (usize, u64) {
        (self.key, self.lines.as_ref().map_or(self.offset, Lines::offset))
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
                (self.key, self.offset, self.lines) = (self.key + 1, 0, None);
            }
            let Some(key) = self.keys.get(self.key) else { return Ok(None) };
            self.lines = lines_from(self.bucket, key, self.offset).await?;
            match &mut self.lines {
                Some(lines) if !was_sent && self.offset == 0 => {
                    let _: Option<PartHeader> = lines.next_json().await?;
                }
                Some(_) => {}
                None => (self.key, self.offset) = (self.key + 1, 0),
            }
        }
    }
}

/// The lines of a file from an offset on; `None` if it ends there.
async fn lines_from(bucket: &Bucket, key: &str, offset: u64) -> Result<Option<Lines>, ApplyError> {
    match bucket.lines_from(key, offset).await {
        Ok(lines) => Ok(Some(lines)),
        Err(BucketError::Beyond) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The next line of a file that may have ended.
async fn next_line<T: DeserializeOwned>(lines: &mut Option<Lines>) -> Result<Option<T>, ApplyError> {
    match lines {
        Some(lines) => Ok(lines.next_json().await?),
        None => Ok(None),
    }
}

/// Where the next line of a file begins that was opened at an offset.
fn place(lines: Option<&Lines>, opened: u64) -> u64 {
    lines.map_or(opened, Lines::offset)
}

/// The rejected rows.
struct RejectedRows {
    lines: Option<Lines>,
    email_column: usize,
}

impl RejectedRows {
    async fn next(&mut self) -> Result<Option<Record>, ApplyError> {
        while let Some(row) = next_line(&mut self.lines).await? {
            // Rows with warnings only are in the other sources.
            if let Some(written) = Record::of_rejected(row, self.email_column) {
                return Ok(Some(written));
            }
        }
        Ok(None)
    }
}

/// How far the results are written.
pub(super) enum Written {
    /// To the end.
    All,
    /// So many pieces; the time is over.
    UpTo(u32),
}

/// How far the results are written when the time is over: another delivery continues behind the last piece.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Checkpoint {
    begun: Option<BegunObject>,
    /// Where the first row begins that they do not hold.
    rejected: u64,
    skipped: u64,
    part: (usize, u64),
}

/// The checkpoint behind so many pieces. Without one the file is written from its beginning.
async fn checkpoint(bucket: &Bucket, files: &PlanFiles, pieces: u32) -> Result<Checkpoint, ApplyError> {
    if pieces == 0 {
        return Ok(Checkpoint::default());
    }
    match bucket.open(&files.results_checkpoint(pieces)).await {
        Ok(object) => Ok(serde_json::from_slice(&object.bytes().await?).unwrap_or_default()),
        Err(BucketError::Absent(_)) => Ok(Checkpoint::default()),
        Err(error) => Err(error.into()),
    }
}

async fn is_there(bucket: &Bucket, key: &str) -> Result<bool, ApplyError> {
    match bucket.expiry(key).await {
        Ok(_) => Ok(true),
        Err(BucketError::Absent(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes the file from so many pieces on, until `is_over`. Every attempt writes the same pieces, because its sources no longer
/// change; so any two may write at once.
pub(super) async fn write(
    bucket: &Bucket,
    import: &Import,
    plan: &ImportPlan,
    completed: &[CompletedPart],
    from: u32,
    is_over: impl Fn() -> bool,
) -> Result<Written, ApplyError> {
    let files = PlanFiles::in_folder(&plan.folder);
    let report: DialectReport =
        serde_json::from_value(plan.dialect.clone()).map_err(|_| ApplyError::Missing("readable dialect"))?;
    let start = checkpoint(bucket, &files, from).await?;
    // The file only appears whole, and what it was uploaded with is gone then: an earlier delivery was cut off right after it.
    if start.begun.is_some() && is_there(bucket, &files.results()).await? {
        return Ok(Written::All);
    }
    let mut rejected = RejectedRows {
        lines: lines_from(bucket, &files.issues(), start.rejected).await?,
        email_column: report.email_column().unwrap_or_default(),
    };
    let mut skipped = lines_from(bucket, &files.skipped(), start.skipped).await?;
    let mut parts = PartRows::new(bucket, import, plan, completed, start.part);
    let media = Media::csv("results.csv", "utf-8");
    let is_begun = start.begun.is_some();
    let mut writer = match start.begun {
        Some(begun) => bucket.continue_writer(files.results(), media, begun),
        None => bucket.writer(files.results(), media),
    };
    if !is_begun {
        writer.write(&records([HEADER.map(str::to_owned)])?).await?;
    }
    let of_skipped = |row: Option<SkippedRow>| row.as_ref().map(Record::of_skipped);
    // Where the rows begin that are the next of each source.
    let (mut at_rejected, mut at_skipped, mut at_part) = (start.rejected, start.skipped, start.part);
    let mut heads = [rejected.next().await?, of_skipped(next_line(&mut skipped).await?), parts.next().await?];
    let mut rows = Vec::with_capacity(ROWS);
    loop {
        let first = (0..heads.len()).filter(|source| heads[*source].is_some());
        let first = first.min_by_key(|source| heads[*source].as_ref().map(|head| (head.row, head.line)));
        if first.is_none() || rows.len() == ROWS {
            writer.write(&records(rows.drain(..))?).await?;
            if let Some(begun) = writer.begun().filter(|_| first.is_some() && is_over()) {
                let pieces = u32::try_from(begun.pieces()).unwrap_or(u32::MAX);
                let part = at_part;
                let next = Checkpoint { begun: Some(begun), rejected: at_rejected, skipped: at_skipped, part };
                let bytes = serde_json::to_vec(&next).map_err(|_| ApplyError::Missing("checkpoint"))?;
                // Written before the message, so that the next delivery finds it.
                bucket.put(&files.results_checkpoint(pieces), &Media::json_lines(), bytes).await?;
                return Ok(Written::UpTo(pieces));
            }
        }
        let Some(source) = first else { break };
        let next = match source {
            0 => {
                at_rejected = place(rejected.lines.as_ref(), start.rejected);
                rejected.next().await?
            }
            1 => {
                at_skipped = place(skipped.as_ref(), start.skipped);
                of_skipped(next_line(&mut skipped).await?)
            }
            _ => {
                at_part = parts.place();
                parts.next().await?
            }
        };
        let head = std::mem::replace(&mut heads[source], next);
        rows.extend(head.map(|head| head.cells()));
    }
    writer.finish().await?;
    Ok(Written::All)
}

fn records(rows: impl IntoIterator<Item = [String; 6]>) -> Result<Vec<u8>, ApplyError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|_| ApplyError::Missing("rows that can be written"))?;
    }
    writer.into_inner().map_err(|_| ApplyError::Missing("rows that can be written"))
}
