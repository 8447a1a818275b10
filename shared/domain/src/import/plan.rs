//! The planner: chunks of a file in, the outcome of every row out.

use std::collections::VecDeque;

use super::decode::Decoder;
use super::dialect::{Dialect, Newline};
use super::error::FileError;
use super::failed;
use super::people::{ImportDefaults, People};
use super::records::{Fault, Next, RECORD_BYTES, Records};
use super::report::{DialectReport, SkippedLines};
use super::row::{Counts, Issue, Outcome, Rejection, Row};
use super::settings::DialectOverride;
use super::sniff::{SAMPLE_BYTES, Sniffed, sniff};
use super::table::{Skipped, Table};
use crate::draft::{DraftRequest, FieldProblem};
use crate::issue::IssueCode;
use crate::organisation::Organisation;
use crate::pasted;

/// What the file turned out to be.
enum Layout {
    /// Too little text to say.
    Unknown,
    Table(Box<Table>),
    List,
}

/// Plans a file in one pass: [`feed`](Self::feed) a chunk, take rows with [`next_row`](Self::next_row) until there are
/// none, and so on; [`finish`](Self::finish), and take the last ones.
///
/// Memory is bounded by two windows of 64 KiB, the chunk, one record, and the set of people seen.
pub struct Planner<'a> {
    decoder: Decoder,
    records: Records,
    newline: Newline,
    layout: Layout,
    people: People<'a>,
    dialect: DialectOverride,
    /// Filled anew for every row.
    request: DraftRequest,
    /// Rows of a line with several addresses.
    waiting: VecDeque<Row>,
    counts: Counts,
    skipped: SkippedLines,
    /// Whether a letter was lost anywhere in the text that is held, which saves looking for one in every row.
    has_lost: bool,
}

impl<'a> Planner<'a> {
    /// Begins a file that somebody imports who may give roles up to this rank; `None` for an operator, who may give any.
    #[must_use]
    pub fn new(
        organisation: &'a Organisation,
        rank: Option<u32>,
        defaults: ImportDefaults,
        dialect: DialectOverride,
    ) -> Self {
        Self {
            decoder: Decoder::new(dialect.encoding()),
            records: Records::new(),
            newline: Newline::default(),
            layout: Layout::Unknown,
            people: People::new(organisation, rank, defaults),
            dialect,
            request: DraftRequest::default(),
            waiting: VecDeque::new(),
            counts: Counts::default(),
            skipped: SkippedLines::default(),
            has_lost: false,
        }
    }

    /// Takes in one more chunk. Fails only before the first row.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.advance(bytes, false)
    }

    /// Says that no more will come. Fails only before the first row.
    pub fn finish(&mut self) -> Result<(), FileError> {
        self.advance(&[], true)
    }

    /// The next row, `None` until more is fed.
    pub fn next_row(&mut self) -> Option<Row> {
        let row = match self.layout {
            Layout::Unknown => None,
            Layout::Table(_) => self.next_of_table(),
            Layout::List => self.next_of_list(),
        }?;
        self.counts.add(&row.outcome);
        Some(row)
    }

    /// The cells of the row that was handed out last, to give back; none of a list of addresses. Good until more is fed.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        match &self.layout {
            Layout::Table(table) => table.cells(&self.records),
            Layout::Unknown | Layout::List => Vec::new(),
        }
    }

    /// How many rows came to what so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How the file is read, once that is known. The encoding is known for good only at the end.
    #[must_use]
    pub fn report(&self) -> Option<DialectReport> {
        let finding = self.decoder.finding();
        match &self.layout {
            Layout::Unknown => None,
            Layout::Table(table) => Some(DialectReport::of_table(finding, self.newline, table, self.skipped)),
            Layout::List => Some(DialectReport::of_list(finding, self.newline)),
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
        self.has_lost = has_lost(&self.records.text);
        if matches!(self.layout, Layout::Unknown) && (last || self.records.text.len() >= SAMPLE_BYTES) {
            self.look()?;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), FileError> {
        let unread = self.records.unread();
        // Exactly as much, so that what a file is does not depend on how it arrives.
        let sample = &unread[..unread.floor_char_boundary(SAMPLE_BYTES)];
        let last = self.records.last && sample.len() == unread.len();
        self.newline = Newline::of(sample.trim_start());
        let sniffed = sniff(sample, last, self.people.checker(), &self.dialect)?;
        self.people.look_at(sample);
        self.layout = match sniffed {
            Sniffed::List => Layout::List,
            Sniffed::Table { dialect, header, named, length, lines, preamble } => {
                self.skipped.preamble = preamble;
                self.records.consume(length, lines);
                if header.column(super::Field::Role).is_some() {
                    self.people.expect_roles();
                }
                Layout::Table(Box::new(Table { dialect, header, named }))
            }
        };
        Ok(())
    }

    fn next_of_table(&mut self) -> Option<Row> {
        let Layout::Table(table) = &self.layout else { return None };
        loop {
            match self.records.next(table.dialect, table.addresses()) {
                Next::Nothing => return None,
                Next::Broken { line, fault } => {
                    let cells = match fault {
                        Fault::UnclosedQuote => table.cell_of_broken(self.records.raw()),
                        Fault::TooLong => Vec::new(),
                    };
                    return Some(rejected(line, vec![broken(line, fault, table.dialect)], cells));
                }
                Next::Record { line } => {
                    if let Some(skipped) = table.skipped(&self.records) {
                        let count = match skipped {
                            Skipped::Blank => &mut self.skipped.blank,
                            Skipped::Comment => &mut self.skipped.comments,
                            Skipped::RepeatedHeader => &mut self.skipped.repeated_headers,
                        };
                        *count = count.saturating_add(1);
                        continue;
                    }
                    let too_many = table.cells_too_many(&self.records);
                    let lost = self.has_lost.then(|| undecodable(&mut self.decoder, &self.records, line)).flatten();
                    let issue = lost.or_else(|| (too_many > 0).then(|| ragged(line, too_many, table.dialect)));
                    if let Some(issue) = issue {
                        return Some(rejected(line, vec![issue], table.cells(&self.records)));
                    }
                    let problems = table.fill(&self.records, self.people.defaults(), &mut self.request);
                    let called = |field: &'static str| table.header.name_of(field).unwrap_or(field).to_owned();
                    return Some(match self.people.judge(line, &self.request, problems) {
                        Ok((outcome, warnings)) => Row { line, outcome, warnings: issues(line, warnings, called) },
                        Err(problems) => rejected(line, issues(line, problems, called), table.cells(&self.records)),
                    });
                }
            }
        }
    }

    fn next_of_list(&mut self) -> Option<Row> {
        loop {
            if let Some(row) = self.waiting.pop_front() {
                return Some(row);
            }
            match self.records.next_line() {
                Next::Nothing => return None,
                Next::Broken { line, fault } => {
                    return Some(rejected(line, vec![broken(line, fault, Dialect::COMMA)], Vec::new()));
                }
                Next::Record { line } => {
                    let undecodable = undecodable(&mut self.decoder, &self.records, line);
                    for entry in pasted::parse(self.records.raw()) {
                        let cells = || vec![entry.text.to_owned()];
                        if let Some(issue) = undecodable.as_ref().filter(|_| has_lost(entry.text)) {
                            self.waiting.push_back(rejected(line, vec![issue.clone()], cells()));
                            continue;
                        }
                        let ImportDefaults { role, team, send } = self.people.defaults().clone();
                        let base = DraftRequest { role, team, send, ..DraftRequest::default() };
                        self.waiting.push_back(match self.people.judge(line, &entry.request(&base), Vec::new()) {
                            Ok((outcome, warnings)) => {
                                Row { line, outcome, warnings: issues(line, warnings, str::to_owned) }
                            }
                            Err(problems) => rejected(line, issues(line, problems, str::to_owned), cells()),
                        });
                    }
                }
            }
        }
    }
}

const LOST: char = char::REPLACEMENT_CHARACTER;

fn rejected(line: u32, issues: Vec<Issue>, cells: Vec<String>) -> Row {
    Row { line, outcome: Outcome::Rejected(Rejection { issues, cells }), warnings: Vec::new() }
}

fn issues(line: u32, problems: Vec<FieldProblem>, called: impl Fn(&'static str) -> String) -> Vec<Issue> {
    problems.into_iter().map(|problem| Issue::of_field(line, called(problem.field), problem)).collect()
}

fn broken(line: u32, fault: Fault, dialect: Dialect) -> Issue {
    match fault {
        Fault::UnclosedQuote => {
            let quote = char::from(dialect.quote);
            let message = format!(
                "a cell begins with {quote} but the {quote} at its end is missing; add it, or remove the first"
            );
            Issue::of_row(line, IssueCode::QuoteUnclosed, message)
        }
        Fault::TooLong => {
            let message = format!("the row is longer than {} KiB, which no person is", RECORD_BYTES / 1024);
            Issue::of_row(line, IssueCode::RowTooLong, message)
        }
    }
}

fn ragged(line: u32, too_many: usize, dialect: Dialect) -> Issue {
    let delimiter = match dialect.delimiter {
        b'\t' => "tab".to_owned(),
        b',' => "comma".to_owned(),
        b';' => "semicolon".to_owned(),
        delimiter => char::from(delimiter).to_string(),
    };
    let message = format!(
        "the row has {too_many} more cells than the first line has columns; a cell that contains a {delimiter} needs \
         quotes around it"
    );
    Issue::of_row(line, IssueCode::TooManyCells, message)
}

/// Whether a letter was lost in some text, in reading it or before.
fn has_lost(text: &str) -> bool {
    text.contains(LOST) || text.contains(failed::LOST)
}

/// Finds letters that were lost, in reading this file or before it was made.
fn undecodable(decoder: &mut Decoder, records: &Records, line: u32) -> Option<Issue> {
    if !has_lost(records.raw()) {
        return None;
    }
    let end = records.offset();
    let encoding = decoder.finding().encoding.name();
    let message = match decoder.undecodable_in(end - records.raw().len() as u64..end) {
        Some(byte) => format!("byte {byte} of the file is no letter in {encoding}; save the file as CSV UTF-8"),
        None => {
            format!("{LOST} or {} stands where a letter was lost before this file was made; type it anew", failed::LOST)
        }
    };
    Some(Issue::of_row(line, IssueCode::Undecodable, message))
}
