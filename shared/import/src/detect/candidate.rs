//! The beginning of a file as one dialect reads it, and how much sense that makes.

use std::cmp::Reverse;

use crate::detect::header::Header;
use crate::detect::infer_columns::infer;
use crate::detect::options::QUOTES;
use crate::detect::sniff::Sniffed;
use crate::read::cells::{Cell, Split, split};
use crate::read::dialect::Dialect;
use usher_domain::validator::InvitationValidator;

/// How many records are looked at.
const SAMPLE_RECORDS: usize = 100;
/// How many records may stand above the one that names the columns.
const PREAMBLE_RECORDS: usize = 20;

/// The records at the beginning of a file, as one dialect reads them.
struct Reading {
    dialect: Dialect,
    records: Vec<Record>,
}

struct Record {
    cells: Vec<String>,
    /// Where the next one begins, and on how many lines this one stands.
    end: usize,
    lines: u32,
}

impl Record {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }

    fn is_comment(&self) -> bool {
        self.cells.first().is_some_and(|cell| is_comment(cell, self.cells.len() > 1))
    }

    fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.trim().is_empty()).count()
    }

    fn has_address(&self) -> bool {
        self.cells.iter().any(|cell| cell.contains('@'))
    }
}

impl Reading {
    fn of(text: &str, last: bool, dialect: Dialect) -> Self {
        let mut cells: Vec<Cell> = Vec::new();
        let mut records = Vec::new();
        let mut at = 0;
        while records.len() < SAMPLE_RECORDS {
            let rest = &text[at..];
            // At the very end of what can be seen a record may be cut off; it says nothing.
            let Split::Record { length, lines } = split(rest, dialect, last, &mut cells) else { break };
            if length == 0 {
                break;
            }
            let cells = cells.iter().map(|cell| cell.text(rest, 0, dialect).into_owned()).collect();
            records.push(Record { cells, end: at + length, lines });
            at += length;
        }
        Self { dialect, records }
    }
}

/// How well a dialect explains the beginning of a file.
pub(crate) struct Candidate {
    reading: Reading,
    pub(crate) header: Header,
    /// The record that names the columns; none if there is none and they were inferred.
    pub(crate) named_by: Option<usize>,
}

impl Candidate {
    /// Whether each row has two addresses and something else: a table, in which nobody can tell whose are meant.
    pub(crate) fn has_two_addresses(&self) -> bool {
        let rows: Vec<_> = self.reading.records.iter().filter(|record| !record.is_blank()).collect();
        let width = rows.iter().map(|row| row.cells.len()).min().unwrap_or_default();
        let all = |at: usize, is_so: fn(&str) -> bool| rows.iter().all(|row| is_so(row.cells[at].trim()));
        let addresses =
            (0..width).filter(|at| all(*at, |cell| cell.contains('@') && !cell.contains(['<', ' ']))).count();
        let others = (0..width).filter(|at| all(*at, |cell| !cell.is_empty() && !cell.contains('@'))).count();
        addresses > 1 && others > 0
    }

    /// What is greater for what makes more sense.
    pub(crate) fn score(&self) -> (bool, bool, usize, usize, Reverse<usize>, usize) {
        let columns = self.header.names.len();
        let rows = self.reading.records.iter().skip(self.named_by.map_or(0, |at| at + 1));
        let rows = rows.filter(|record| !record.is_blank());
        let fits = |record: &&Record| {
            record.cells.len() >= columns && record.cells[columns..].iter().all(|cell| cell.trim().is_empty())
        };
        let has_email = self.header.email.is_some();
        let consistent = rows.clone().filter(fits).count();
        // Quotes that are still there were not read as what they are.
        let left = |cell: &&String| QUOTES.map(char::from).iter().any(|quote| is_wrapped(cell, *quote));
        let quotes_left = self.reading.records.iter().flat_map(|record| &record.cells).filter(left).count();
        let named = has_email && self.named_by.is_some();
        (named, has_email, self.header.known(), consistent, Reverse(quotes_left), columns)
    }

    /// Reads the beginning of a file in one dialect: with the columns the first line names that names an address, or, where
    /// none does, with what the cells themselves look like.
    pub(crate) fn read(
        text: &str,
        last: bool,
        dialect: Dialect,
        validator: &InvitationValidator<'_>,
        has_header: Option<bool>,
    ) -> Option<Self> {
        let reading = Reading::of(text, last, dialect);
        let filled = |record: &Record| !record.is_blank() && !record.is_comment();
        let first = reading.records.iter().position(filled)?;
        if has_header != Some(false) {
            // Who exported the list and when may stand above the header, but nobody with more than an address.
            let mut best: Option<(usize, Header)> = None;
            for (at, record) in reading.records.iter().enumerate().take(first + PREAMBLE_RECORDS) {
                if record.has_address() && record.filled() > 1 {
                    break;
                }
                if filled(record) && !record.has_address() {
                    let header = Header::read(&record.cells, validator);
                    let is_better = |(_, best): &(usize, Header)| header.known() > best.known();
                    if header.email.is_some() && best.as_ref().is_none_or(is_better) {
                        best = Some((at, header));
                    }
                }
            }
            if let Some((at, header)) = best {
                return Some(Self { reading, header, named_by: Some(at) });
            }
            let (names, rows) = (&reading.records[first], &reading.records[first + 1..]);
            if !names.has_address() && names.cells.len() > 1 {
                let rows: Vec<&[String]> =
                    rows.iter().filter(|record| filled(record)).map(|record| &*record.cells).collect();
                let header = Header::read(&names.cells, validator).with_addresses_of(&rows, validator);
                if header.email.is_some() {
                    return Some(Self { reading, header, named_by: Some(first) });
                }
            }
        }
        if has_header != Some(true) {
            let known_rows = has_header == Some(false);
            let rows: Vec<&[String]> =
                reading.records.iter().filter(|record| filled(record)).map(|record| &*record.cells).collect();
            // A first line that names no person is a header, if one without addresses, and no row.
            let begins_with_person =
                known_rows || rows.first().is_some_and(|row| row.iter().any(|cell| cell.contains('@')));
            if let Some(header) = infer(&rows, validator).filter(|_| begins_with_person) {
                return Some(Self { reading, header, named_by: None });
            }
        }
        let header = Header::read(&reading.records[first].cells, validator);
        Some(Self { reading, header, named_by: Some(first) })
    }

    /// `skipped`: bytes above what was read, of so many lines.
    pub(crate) fn table(self, skipped: usize, skipped_lines: u32) -> Sniffed {
        let Reading { dialect, records } = self.reading;
        let above = &records[..self.named_by.unwrap_or_default()];
        let lines = |records: &[Record]| records.iter().map(|record| record.lines).sum::<u32>();
        let preamble = lines(above);
        let (length, lines) = match self.named_by {
            Some(at) => (records[at].end, lines(&records[..=at])),
            None => (0, 0),
        };
        let (length, lines) = (length + skipped, lines + skipped_lines);
        // Blank lines above the header are none that say anything.
        let preamble = if above.iter().all(Record::is_blank) { 0 } else { preamble };
        Sniffed::Table { dialect, header: self.header, named: self.named_by.is_some(), length, lines, preamble }
    }
}

/// Whether a line that begins with this cell is a comment. `#N/A` in front of other cells is what a spreadsheet makes of
/// a person it did not find.
pub(crate) fn is_comment(first_cell: &str, has_more: bool) -> bool {
    first_cell.starts_with("# ")
        || first_cell == "#"
        || (first_cell.starts_with('#') && !has_more && !first_cell.contains('@'))
}

fn is_wrapped(cell: &str, quote: char) -> bool {
    let cell = cell.trim();
    cell.len() > 1 && cell.starts_with(quote) && cell.ends_with(quote)
}
