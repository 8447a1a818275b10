//! One candidate dialect: the beginning of a file as it reads it, and how much sense that makes.

use std::cmp::Reverse;

use usher_domain::InvitationValidator;

use super::header::Header;
use super::infer_columns::infer_columns;
use super::sample_records::{Record, SampleRecords};
use crate::read::dialect::{Dialect, QUOTES};

/// How many records may precede the header.
const PREAMBLE_RECORDS: usize = 20;

/// The beginning of a file in one dialect.
pub(crate) struct Candidate {
    pub(crate) sample: SampleRecords,
    pub(crate) header: Header,
    /// The record that names the columns; `None` if they were inferred.
    pub(crate) named_by: Option<usize>,
}

impl Candidate {
    /// Whether each row has two addresses and another cell: a table in which nobody can tell which address is meant.
    pub(crate) fn has_two_addresses(&self) -> bool {
        let rows: Vec<_> = self.sample.records.iter().filter(|record| !record.is_blank()).collect();
        let width = rows.iter().map(|row| row.cells.len()).min().unwrap_or_default();
        let all = |at: usize, is_so: fn(&str) -> bool| rows.iter().all(|row| is_so(row.cells[at].trim()));
        let addresses =
            (0..width).filter(|at| all(*at, |cell| cell.contains('@') && !cell.contains(['<', ' ']))).count();
        let others = (0..width).filter(|at| all(*at, |cell| !cell.is_empty() && !cell.contains('@'))).count();
        addresses > 1 && others > 0
    }

    /// The score: the greater, the more sense the dialect makes.
    pub(crate) fn score(&self) -> (bool, bool, usize, usize, Reverse<usize>, usize) {
        let columns = self.header.names.len();
        let rows = self.sample.records.iter().skip(self.named_by.map_or(0, |at| at + 1));
        let rows = rows.filter(|record| !record.is_blank());
        let fits = |record: &&Record| {
            record.cells.len() >= columns && record.cells[columns..].iter().all(|cell| cell.trim().is_empty())
        };
        let has_email = self.header.email.is_some();
        let consistent = rows.clone().filter(fits).count();
        // Quotes around cells mean that the dialect misreads them.
        let left = |cell: &&String| QUOTES.map(char::from).iter().any(|quote| is_wrapped(cell, *quote));
        let quotes_left = self.sample.records.iter().flat_map(|record| &record.cells).filter(left).count();
        let named = has_email && self.named_by.is_some();
        (named, has_email, self.header.known(), consistent, Reverse(quotes_left), columns)
    }

    /// Reads the beginning of a file in one dialect. The columns come from the first line that names an email column, or else
    /// from what the cells look like.
    pub(crate) fn read(
        text: &str,
        last: bool,
        dialect: Dialect,
        validator: &InvitationValidator<'_>,
        has_header: Option<bool>,
    ) -> Option<Self> {
        let sample = SampleRecords::of(text, last, dialect);
        let filled = |record: &Record| !record.is_blank() && !record.is_comment();
        let first = sample.records.iter().position(filled)?;
        if has_header != Some(false) {
            // A title or a date may precede the header, but not a person: a row with an address and more.
            let mut best: Option<(usize, Header)> = None;
            for (at, record) in sample.records.iter().enumerate().take(first + PREAMBLE_RECORDS) {
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
                return Some(Self { sample, header, named_by: Some(at) });
            }
            let (names, rows) = (&sample.records[first], &sample.records[first + 1..]);
            if !names.has_address() && names.cells.len() > 1 {
                let rows: Vec<&[String]> =
                    rows.iter().filter(|record| filled(record)).map(|record| &*record.cells).collect();
                let header = Header::read(&names.cells, validator).with_addresses_of(&rows, validator);
                if header.email.is_some() {
                    return Some(Self { sample, header, named_by: Some(first) });
                }
            }
        }
        if has_header != Some(true) {
            let known_rows = has_header == Some(false);
            let rows: Vec<&[String]> =
                sample.records.iter().filter(|record| filled(record)).map(|record| &*record.cells).collect();
            // A first line without an address is a header and not a row.
            let begins_with_person =
                known_rows || rows.first().is_some_and(|row| row.iter().any(|cell| cell.contains('@')));
            if let Some(header) = infer_columns(&rows, validator).filter(|_| begins_with_person) {
                return Some(Self { sample, header, named_by: None });
            }
        }
        let header = Header::read(&sample.records[first].cells, validator);
        Some(Self { sample, header, named_by: Some(first) })
    }
}

fn is_wrapped(cell: &str, quote: char) -> bool {
    let cell = cell.trim();
    cell.len() > 1 && cell.starts_with(quote) && cell.ends_with(quote)
}
