//! The planner: chunks of a file in, the outcome of every row out.

use std::borrow::Cow;
use std::collections::VecDeque;

use usher_domain::{InvitationInput, InvitationSpec, Issue, Organisation, pasted};

use crate::detect::encoding::detect_encoding;
use crate::detect::header::Field;
use crate::detect::options::DialectOverride;
use crate::detect::sniff::{SAMPLE_BYTES, Sniffed, sniff};
use crate::read::decode::Decoder;
use crate::read::dialect::{Dialect, Newline};
use crate::read::error::FileError;
use crate::read::lost_letter::has_lost_letter;
use crate::read::records::{Fault, Next, Records};
use crate::report::dialect_report::{DialectReport, SkippedLines};
use crate::report::row::{Counts, Outcome, Rejection, Row};
use crate::report::row_issue::RowIssue;
use crate::report::unreadable::{broken, ragged, undecodable};
use crate::validate::defaults::ImportDefaults;
use crate::validate::row_validator::{RowValidator, ValidRow};
use crate::validate::table::{NoRow, Table};

/// The layout of the file.
enum Layout {
    /// Too little text has arrived to tell.
    Unknown,
    Table(Box<Table>),
    List,
}

/// An entry of a list that was read with its line and not handed out yet.
struct PendingRow {
    line: u32,
    /// The entry as the file has it.
    text: String,
    validated: Result<Box<InvitationSpec>, Vec<RowIssue>>,
}

/// Plans a file in one pass: [`feed`](Self::feed) a chunk, take rows with [`next_row`](Self::next_row) until there are
/// none, and repeat; then [`finish`](Self::finish), and take the last rows.
///
/// Memory is bounded by two windows of 64 KiB, the chunk, one record, and the index of the people so far.
pub struct Planner<'a> {
    decoder: Decoder,
    records: Records,
    newline: Newline,
    layout: Layout,
    validator: RowValidator<'a>,
    options: DialectOverride,
    pending: VecDeque<PendingRow>,
    /// The entry of a list that was handed out last.
    entry: String,
    counts: Counts,
    skipped: SkippedLines,
    /// The first line with a letter beyond ASCII, where the encoding was detected.
    first_line: Option<u32>,
    /// Whether the text in memory has a lost letter anywhere, which saves searching every row.
    has_lost_letter: bool,
}

impl<'a> Planner<'a> {
    /// Starts a file of an admin who may give roles up to this rank; `None` for an operator, who may give any role.
    #[must_use]
    pub fn new(
        organisation: &'a Organisation,
        rank: Option<u32>,
        defaults: ImportDefaults,
        options: DialectOverride,
    ) -> Self {
        Self {
            decoder: Decoder::new(options.encoding(), detect_encoding),
            records: Records::new(),
            newline: Newline::default(),
            layout: Layout::Unknown,
            validator: RowValidator::new(organisation, rank, defaults),
            options,
            pending: VecDeque::new(),
            entry: String::new(),
            counts: Counts::default(),
            skipped: SkippedLines::default(),
            first_line: None,
            has_lost_letter: false,
        }
    }

    /// Takes one more chunk. Fails only before the first row.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.advance(bytes, false)
    }

    /// Marks the end of the file. Fails only before the first row.
    pub fn finish(&mut self) -> Result<(), FileError> {
        self.advance(&[], true)
    }

    /// The next row; `None` until more is fed.
    pub fn next_row(&mut self) -> Option<Row> {
        let row = match self.layout {
            Layout::Unknown => None,
            Layout::Table(_) => self.next_record(),
            Layout::List => self.next_entry(),
        }?;
        self.counts.add(&row.outcome);
        Some(row)
    }

    /// The cells of the row that was handed out last, as `failed.csv` would give them back; for a list, its entry. Valid until
    /// more is fed.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        match &self.layout {
            Layout::Table(table) => table.cells(&self.records),
            Layout::List => vec![self.entry.clone()],
            Layout::Unknown => Vec::new(),
        }
    }

    /// How many rows have which outcome so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How the file is read; `None` until that is known. The encoding may still change before the end.
    #[must_use]
    pub fn report(&self) -> Option<DialectReport> {
        let (finding, line) = (self.decoder.finding(), self.first_line);
        match &self.layout {
            Layout::Unknown => None,
            Layout::Table(table) => Some(DialectReport::of_table(finding, line, self.newline, table, self.skipped)),
            Layout::List => Some(DialectReport::of_list(finding, line, self.newline)),
        }
    }

    fn advance(&mut self, bytes: &[u8], last: bool) -> Result<(), FileError> {
        if self.records.last {
            return Ok(());
        }
        self.records.compact();
        self.decoder.forget_before(self.records.offset());
        self.decoder.feed(bytes, last, &mut self.records.text)?;
        self.records.last = last;
        let first_letter = self.decoder.finding().first_letter;
        self.first_line = self.first_line.or_else(|| self.records.line_of(first_letter?));
        self.has_lost_letter = has_lost_letter(&self.records.text);
        if matches!(self.layout, Layout::Unknown) && (last || self.records.text.len() >= SAMPLE_BYTES) {
            self.detect_layout()?;
        }
        Ok(())
    }

    fn detect_layout(&mut self) -> Result<(), FileError> {
        let unread = self.records.unread();
        // Always the same amount, so that the layout does not depend on how the file is chunked.
        let sample = &unread[..unread.floor_char_boundary(SAMPLE_BYTES)];
        let last = self.records.last && sample.len() == unread.len();
        self.newline = Newline::of(sample.trim_start());
        let sniffed = sniff(sample, last, self.validator.validator(), &self.options)?;
        self.validator.learn_domains(sample);
        self.layout = match sniffed {
            Sniffed::List => Layout::List,
            Sniffed::Table { dialect, header, named, length, lines, preamble } => {
                self.skipped.preamble = preamble;
                self.records.consume(length, lines);
                if header.column(Field::Role).is_some() {
                    self.validator.require_roles();
                }
                Layout::Table(Box::new(Table::new(dialect, header, named)))
            }
        };
        Ok(())
    }

    /// Reads records of a table up to the next row.
    fn next_record(&mut self) -> Option<Row> {
        let Layout::Table(table) = &self.layout else { return None };
        loop {
            let line = match self.records.next(table.dialect, table.addresses()) {
                Next::Nothing => return None,
                Next::Broken { line, fault } => {
                    let cells = match fault {
                        Fault::UnclosedQuote => table.cells_of_broken(self.records.raw()),
                        Fault::TooLong => Vec::new(),
                    };
                    let issues = vec![broken(line, fault, table.dialect)];
                    return Some(Row::rejected(line, Rejection { issues, cells }));
                }
                Next::Record { line } => line,
            };
            let excess = table.excess_cells(&self.records);
            let lost = self.has_lost_letter.then(|| undecodable(&mut self.decoder, &self.records, line)).flatten();
            let validated = match lost.or_else(|| (excess > 0).then(|| ragged(line, excess, table.dialect))) {
                Some(issue) => Err(vec![issue]),
                None => self
                    .validator
                    .validate_record(table, &self.records)
                    .map_err(|issues| row_issues(Some(table), line, issues)),
            };
            // A record that can be invited is a row, unless it begins like a comment.
            if (validated.is_err() || self.records.raw().starts_with('#'))
                && let Some(skipped) = table.skipped(&self.records)
            {
                let count = match skipped {
                    NoRow::Blank => &mut self.skipped.blank,
                    NoRow::Comment => &mut self.skipped.comments,
                    NoRow::RepeatedHeader => &mut self.skipped.repeated_headers,
                };
                *count = count.saturating_add(1);
                continue;
            }
            let cells = || table.cells(&self.records);
            return Some(classified(&mut self.validator, Some(table), line, validated, cells));
        }
    }

    /// Takes the next entry of a list, and reads another line if there is none.
    fn next_entry(&mut self) -> Option<Row> {
        while self.pending.is_empty() {
            match self.records.next_line() {
                Next::Nothing => return None,
                Next::Broken { line, fault } => {
                    self.entry.clear();
                    let issues = vec![broken(line, fault, Dialect::COMMA)];
                    return Some(Row::rejected(line, Rejection { issues, cells: Vec::new() }));
                }
                Next::Record { line } => self.read_entries(line),
            }
        }
        let PendingRow { line, text, validated } = self.pending.pop_front()?;
        self.entry = text;
        Some(classified(&mut self.validator, None, line, validated, || vec![self.entry.clone()]))
    }

    /// Reads the entries of the current line of a list.
    fn read_entries(&mut self, line: u32) {
        let undecodable = undecodable(&mut self.decoder, &self.records, line);
        let ImportDefaults { role, team, send } = self.validator.defaults();
        let (role, team) = (role.as_deref().map(Cow::Borrowed), team.as_deref().map(Cow::Borrowed));
        let base = InvitationInput { role, team, send: *send, ..InvitationInput::default() };
        for entry in pasted::parse(self.records.raw()) {
            let validated = match undecodable.as_ref().filter(|_| has_lost_letter(entry.text)) {
                Some(issue) => Err(vec![issue.clone()]),
                None => self
                    .validator
                    .validate_entry(&entry.request(&base))
                    .map_err(|issues| row_issues(None, line, issues)),
            };
            self.pending.push_back(PendingRow { line, text: entry.text.to_owned(), validated });
        }
    }
}

/// The row of a validated record or entry, once it is compared with the rows before it.
fn classified(
    validator: &mut RowValidator<'_>,
    table: Option<&Table>,
    line: u32,
    validated: Result<Box<InvitationSpec>, Vec<RowIssue>>,
    cells: impl FnOnce() -> Vec<String>,
) -> Row {
    let classified =
        validated.and_then(|spec| validator.classify(line, spec).map_err(|issues| row_issues(table, line, issues)));
    match classified {
        Ok(ValidRow { spec, duplicate_of, warnings }) => {
            let outcome = match duplicate_of {
                Some(of) => Outcome::Duplicate { of, email: spec.email },
                None => Outcome::Valid(spec),
            };
            Row { line, outcome, warnings: row_issues(table, line, warnings) }
        }
        Err(issues) => Row::rejected(line, Rejection { issues, cells: cells() }),
    }
}

/// Issues of fields as issues of columns, named as the file names them.
fn row_issues(table: Option<&Table>, line: u32, issues: Vec<Issue>) -> Vec<RowIssue> {
    let column = |field: &str| table.and_then(|table| table.header.name_of(field)).unwrap_or(field).to_owned();
    issues.into_iter().map(|issue| RowIssue::of_field(line, column(&issue.field), issue)).collect()
}
