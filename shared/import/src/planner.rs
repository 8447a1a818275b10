//! The planner: chunks of a file in, the outcome of every row out.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use crate::detect::options::DialectOverride;
use crate::detect::sniff::{SAMPLE_BYTES, Sniffed, sniff};
use crate::read::decode::Decoder;
use crate::read::dialect::{Dialect, Newline};
use crate::read::error::FileError;
use crate::read::records::{Fault, Next, RECORD_BYTES, Records};
use crate::report::dialect_report::{DialectReport, SkippedLines};
use crate::report::rejected_csv as failed;
use crate::report::row::{Counts, Rejection, Row, RowIssue};
use crate::validate::row_validator::{ImportDefaults, Invitee, People};
use crate::validate::table::{Skipped, Table};
use usher_domain::issue::IssueCode;
use usher_domain::organisation::Organisation;
use usher_domain::pasted;
use usher_domain::spec::{InvitationInput, Issue};

/// What the file turned out to be.
enum Layout {
    /// Too little text to say.
    Unknown,
    Table(Box<Table>),
    List,
}

/// How many rows are read before people are looked for among those of the rows before: so many look-ups at once.
const AHEAD: usize = 8;

/// A row that is read, and not handed out yet.
struct Ahead {
    line: u32,
    /// Where it stands in the text that is held.
    place: Range<usize>,
    found: Result<Invitee, Rejection>,
}

/// Plans a file in one pass: [`feed`](Self::feed) a chunk, take rows with [`next_row`](Self::next_row) until there are
/// none, and so on; [`finish`](Self::finish), and take the last ones.
///
/// Memory is bounded by two windows of 64 KiB, the chunk, a few records, and the set of people seen.
pub struct Planner<'a> {
    decoder: Decoder,
    records: Records,
    newline: Newline,
    layout: Layout,
    people: People<'a>,
    dialect: DialectOverride,
    ahead: VecDeque<Ahead>,
    /// Where the row that was handed out last stands in the text that is held.
    place: Range<usize>,
    counts: Counts,
    skipped: SkippedLines,
    /// The first line with a letter beyond ASCII, where the encoding had to be found out.
    first_line: Option<u32>,
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
            ahead: VecDeque::new(),
            place: 0..0,
            counts: Counts::default(),
            skipped: SkippedLines::default(),
            first_line: None,
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
        if self.ahead.is_empty() {
            self.read_ahead();
        }
        let Ahead { line, place, found } = self.ahead.pop_front()?;
        self.place = place;
        let row = match found.map(|invitee| self.people.judge(line, invitee)) {
            Ok(Ok((outcome, warnings))) => Row { line, outcome, warnings: self.issues(line, warnings) },
            Ok(Err(problems)) => {
                let rejection = Rejection { issues: self.issues(line, problems), cells: self.cells() };
                Row::rejected(line, rejection)
            }
            Err(rejection) => Row::rejected(line, rejection),
        };
        self.counts.add(&row.outcome);
        Some(row)
    }

    /// The cells of the row that was handed out last, to give back; of a list of addresses the piece it was read from. Good
    /// until more is fed.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let text = self.records.text.get(self.place.clone()).unwrap_or_default();
        match &self.layout {
            Layout::Table(table) => table.cells(text),
            Layout::List => vec![text.to_owned()],
            Layout::Unknown => Vec::new(),
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
        // Rows that were read ahead say where in the text they stand.
        if self.ahead.is_empty() {
            self.records.compact();
            self.place = 0..0;
        }
        self.decoder.forget_before(self.records.offset());
        self.decoder.feed(bytes, last, &mut self.records.text)?;
        self.records.last = last;
        let first_letter = self.decoder.finding().first_letter;
        self.first_line = self.first_line.or_else(|| self.records.line_of(first_letter?));
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
        let sniffed = sniff(sample, last, self.people.validator(), &self.dialect)?;
        self.people.look_at(sample);
        self.layout = match sniffed {
            Sniffed::List => Layout::List,
            Sniffed::Table { dialect, header, named, length, lines, preamble } => {
                self.skipped.preamble = preamble;
                self.records.consume(length, lines);
                if header.column(crate::detect::header::Field::Role).is_some() {
                    self.people.expect_roles();
                }
                Layout::Table(Box::new(Table::new(dialect, header, named)))
            }
        };
        Ok(())
    }

    /// Reads some rows, and looks for all their people.
    fn read_ahead(&mut self) {
        match self.layout {
            Layout::Unknown => {}
            Layout::Table(_) => while self.ahead.len() < AHEAD && self.read_record() {},
            Layout::List => while self.ahead.len() < AHEAD && self.read_line() {},
        }
        self.people.expect(self.ahead.iter().filter_map(|row| row.found.as_ref().ok()));
        self.people.meet(self.ahead.iter_mut().filter_map(|row| row.found.as_mut().ok()));
    }

    /// Reads one record of a table. Says whether there was one.
    fn read_record(&mut self) -> bool {
        let Layout::Table(table) = &self.layout else { return false };
        let (line, found) = match self.records.next(table.dialect, table.addresses()) {
            Next::Nothing => return false,
            Next::Broken { line, fault } => {
                let cells = match fault {
                    Fault::UnclosedQuote => table.cell_of_broken(self.records.raw()),
                    Fault::TooLong => Vec::new(),
                };
                (line, Err(Rejection { issues: vec![broken(line, fault, table.dialect)], cells }))
            }
            Next::Record { line } => {
                let too_many = table.cells_too_many(&self.records);
                let lost = self.has_lost.then(|| undecodable(&mut self.decoder, &self.records, line)).flatten();
                let issue = lost.or_else(|| (too_many > 0).then(|| ragged(line, too_many, table.dialect)));
                let is_comment = self.records.raw().starts_with('#');
                if issue.is_none()
                    && !is_comment
                    && let Some(invitee) = self.people.recognise(line, table, &self.records)
                {
                    self.ahead.push_back(Ahead { line, place: self.records.record.clone(), found: Ok(invitee) });
                    return true;
                }
                let found = match issue {
                    Some(issue) => Err(vec![issue]),
                    None => self
                        .people
                        .check_record(line, table, &self.records)
                        .map_err(|problems| self.issues(line, problems)),
                };
                // Whoever can be invited is a row, which saves looking what else the others are.
                if (found.is_err() || is_comment)
                    && let Some(skipped) = table.skipped(&self.records)
                {
                    let count = match skipped {
                        Skipped::Blank => &mut self.skipped.blank,
                        Skipped::Comment => &mut self.skipped.comments,
                        Skipped::RepeatedHeader => &mut self.skipped.repeated_headers,
                    };
                    *count = count.saturating_add(1);
                    return true;
                }
                (line, found.map_err(|issues| Rejection { issues, cells: table.cells(self.records.raw()) }))
            }
        };
        self.ahead.push_back(Ahead { line, place: self.records.record.clone(), found });
        true
    }

    /// Reads one line of a list. Says whether there was one.
    fn read_line(&mut self) -> bool {
        match self.records.next_line() {
            Next::Nothing => return false,
            Next::Broken { line, fault } => {
                let rejection = Rejection { issues: vec![broken(line, fault, Dialect::COMMA)], cells: Vec::new() };
                self.ahead.push_back(Ahead { line, place: self.records.record.clone(), found: Err(rejection) });
            }
            Next::Record { line } => {
                let undecodable = undecodable(&mut self.decoder, &self.records, line);
                let raw = self.records.raw();
                let ImportDefaults { role, team, send } = self.people.defaults();
                let (role, team) = (role.as_deref().map(Cow::Borrowed), team.as_deref().map(Cow::Borrowed));
                let base = InvitationInput { role, team, send: *send, ..InvitationInput::default() };
                for entry in pasted::parse(raw) {
                    let found = match undecodable.as_ref().filter(|_| has_lost(entry.text)) {
                        Some(issue) => Err(vec![issue.clone()]),
                        None => self
                            .people
                            .check(line, &entry.request(&base), Vec::new())
                            .map_err(|problems| self.issues(line, problems)),
                    };
                    let found = found.map_err(|issues| Rejection { issues, cells: vec![entry.text.to_owned()] });
                    let start = self.records.record.start + (entry.text.as_ptr() as usize - raw.as_ptr() as usize);
                    self.ahead.push_back(Ahead { line, place: start..start + entry.text.len(), found });
                }
            }
        }
        true
    }

    /// What is wrong with fields, by the columns as the file calls them.
    fn issues(&self, line: u32, problems: Vec<Issue>) -> Vec<RowIssue> {
        if problems.is_empty() {
            return Vec::new();
        }
        let called = |field: &'static str| match &self.layout {
            Layout::Table(table) => table.header.name_of(field).unwrap_or(field).to_owned(),
            Layout::Unknown | Layout::List => field.to_owned(),
        };
        problems.into_iter().map(|problem| RowIssue::of_field(line, called(problem.field), problem)).collect()
    }
}

const LOST: &str = "\u{fffd}";

fn broken(line: u32, fault: Fault, dialect: Dialect) -> RowIssue {
    match fault {
        Fault::UnclosedQuote => {
            let quote = char::from(dialect.quote);
            let message = format!(
                "a cell begins with {quote} but the {quote} at its end is missing; add it, or remove the first"
            );
            RowIssue::of_row(line, IssueCode::QuoteUnclosed, message)
        }
        Fault::TooLong => {
            let message = format!("the row is longer than {} KiB, which no person is", RECORD_BYTES / 1024);
            RowIssue::of_row(line, IssueCode::RowTooLong, message)
        }
    }
}

fn ragged(line: u32, too_many: usize, dialect: Dialect) -> RowIssue {
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
    RowIssue::of_row(line, IssueCode::TooManyCells, message)
}

/// Whether a letter was lost in some text, in reading it or before.
fn has_lost(text: &str) -> bool {
    [LOST, failed::LOST].into_iter().any(|lost| memmem::find(text.as_bytes(), lost.as_bytes()).is_some())
}

/// Finds letters that were lost, in reading this file or before it was made.
fn undecodable(decoder: &mut Decoder, records: &Records, line: u32) -> Option<RowIssue> {
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
    Some(RowIssue::of_row(line, IssueCode::Undecodable, message))
}
