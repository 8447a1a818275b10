//! What a file is, found out from its beginning: a table in some dialect, with its columns, or a list of addresses.
//!
//! Every dialect there is gets a try at the beginning of the file, and the one stands that makes most sense of it: first
//! of all a line that names columns this program knows. That is what general sniffers lack, which go by regularity alone.

use std::cmp::Reverse;

use memchr::memchr_iter;

use super::cells::{Cell, Split, split};
use super::columns::infer;
use super::dialect::{Dialect, Newline};
use super::error::FileError;
use super::header::Header;
use super::list;
use super::row::excerpt;
use super::settings::{DELIMITERS, DialectOverride, QUOTES};
use crate::check::Checker;

/// How much text the dialect is found out from.
pub(super) const SAMPLE_BYTES: usize = 64 * 1024;
/// How many records of it.
const SAMPLE_RECORDS: usize = 100;
/// How many records may stand above the one that names the columns.
const PREAMBLE_RECORDS: usize = 20;
/// How many columns of a file without addresses are named.
const COLUMNS_NAMED: usize = 20;

/// What a file turned out to be.
#[derive(Debug)]
pub(super) enum Sniffed {
    /// A table, whose rows begin after so many bytes and lines, of which `preamble` stand above the header.
    Table { dialect: Dialect, header: Header, length: usize, lines: u32, preamble: u32 },
    /// Addresses, one or many to a line.
    List,
}

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

/// How well a dialect explains the beginning of a file.
struct Candidate {
    reading: Reading,
    header: Header,
    /// The record that names the columns; none if there is none and they were inferred.
    named_by: Option<usize>,
}

impl Candidate {
    fn score(&self) -> (bool, bool, usize, usize, Reverse<usize>, usize) {
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
}

/// Whether a line that begins with this cell is a comment. `#N/A` in front of other cells is what a spreadsheet makes of
/// a person it did not find.
pub(super) fn is_comment(first_cell: &str, has_more: bool) -> bool {
    first_cell.starts_with("# ")
        || first_cell == "#"
        || (first_cell.starts_with('#') && !has_more && !first_cell.contains('@'))
}

fn is_wrapped(cell: &str, quote: char) -> bool {
    let cell = cell.trim();
    cell.len() > 1 && cell.starts_with(quote) && cell.ends_with(quote)
}

/// Finds out what a file is from its beginning. `last`: the sample is all of it.
pub(super) fn sniff(
    sample: &str,
    last: bool,
    checker: &Checker<'_>,
    known: &DialectOverride,
) -> Result<Sniffed, FileError> {
    if sample.trim().is_empty() {
        return Err(FileError::Empty);
    }
    let (announced, skipped) = separator_line(sample);
    let rest = &sample[skipped..];
    let dialects = dialects(rest, known, announced);
    let candidates = dialects.into_iter().filter_map(|dialect| candidate(rest, last, dialect, checker, known.header));
    // Of equals the first stands, which is the more usual one.
    let best = candidates.reduce(|best, other| if other.score() > best.score() { other } else { best });
    let says_nothing = |line: &str| line.starts_with('#') || !line.contains(char::is_alphanumeric);
    if last && sample.split(['\r', '\n']).all(says_nothing) {
        return Err(FileError::Empty);
    }
    let Some(best) = best else {
        // Not one line ends here, which a list on a single line need not.
        let is_list = list::looks_like_one(sample, last);
        return if is_list { Ok(Sniffed::List) } else { Err(FileError::NoEmailColumn { columns: Vec::new() }) };
    };
    let named = best.named_by.is_some();
    let only_names = named && best.header.known() == best.header.names.len();
    let may_be_list = known.header != Some(true) && known.delimiter.is_none() && announced.is_none() && !only_names;
    // A table without a line of names says no more than a list where all it holds is addresses.
    let has_email = best.header.email.is_some();
    if may_be_list && !(named && has_email) && list::looks_like_one(sample, last) {
        return Ok(Sniffed::List);
    }
    if !has_email {
        if best.header.names.iter().any(|name| name.contains('@')) {
            return Err(FileError::NoHeader);
        }
        if let [only] = &*best.header.names
            && candidate(only, true, Dialect::COMMA, checker, Some(true))
                .is_some_and(|inner| inner.header.email.is_some())
        {
            return Err(FileError::RowsQuoted);
        }
        let names = best.header.names.iter().take(COLUMNS_NAMED);
        return Err(FileError::NoEmailColumn { columns: names.map(|name| excerpt(name)).collect() });
    }
    Ok(best.table(skipped, u32::from(announced.is_some())))
}

impl Candidate {
    /// `skipped`: bytes above what was read, of so many lines.
    fn table(self, skipped: usize, skipped_lines: u32) -> Sniffed {
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
        Sniffed::Table { dialect, header: self.header, length, lines, preamble }
    }
}

/// Every dialect worth a try, the more usual one first.
fn dialects(sample: &str, known: &DialectOverride, announced: Option<u8>) -> Vec<Dialect> {
    let one = known.delimiter().or(announced);
    let delimiters = one.as_ref().map_or(&DELIMITERS[..], std::slice::from_ref);
    // An apostrophe is a quote only where no fewer cells stand in it than in quotes proper.
    let [usual, other] = QUOTES.map(|quote| (wrapped(sample, quote), quote));
    let quotes = match known.quote() {
        Some(known) => vec![known],
        None if other.0 == 0 || other.0 < usual.0 => vec![usual.1],
        None if other.0 > usual.0 => vec![other.1, usual.1],
        None => vec![usual.1, other.1],
    };
    let mut dialects = Vec::new();
    for (quote, backslash) in quotes.into_iter().flat_map(|quote| [(quote, false), (quote, true)]) {
        let of = |delimiter: &u8| Dialect { delimiter: *delimiter, quote, backslash };
        let escapes = |dialect: &Dialect| {
            let escaped = |byte: u8| sample.contains(&*String::from_iter(['\\', char::from(byte)]));
            !backslash || escaped(dialect.quote) || escaped(dialect.delimiter)
        };
        dialects.extend(delimiters.iter().map(of).filter(escapes));
    }
    dialects
}

/// About how many cells stand in these quotes, whatever separates them.
fn wrapped(sample: &str, quote: u8) -> usize {
    let bytes = sample.as_bytes();
    let is_edge =
        |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b'\r' | b'\n') || DELIMITERS.contains(byte));
    let (mut opened, mut closed) = (0, 0);
    for at in memchr_iter(quote, bytes) {
        opened += usize::from(is_edge(at.checked_sub(1).and_then(|before| bytes.get(before))));
        closed += usize::from(is_edge(bytes.get(at + 1)));
    }
    opened.min(closed)
}

/// The line with which Excel is told the delimiter, `sep=;`, and its length.
fn separator_line(sample: &str) -> (Option<u8>, usize) {
    let (line, length) = match sample.find(['\r', '\n']) {
        Some(end) => (&sample[..end], end + Newline::of(sample).as_str().len()),
        None => (sample, sample.len()),
    };
    let line = line.trim_matches('"').as_bytes();
    match line {
        [s, e, p, b'=', delimiter] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" && delimiter.is_ascii() => {
            (Some(*delimiter), length)
        }
        _ => (None, 0),
    }
}

fn read(text: &str, last: bool, dialect: Dialect) -> Reading {
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
        let cells = cells.iter().map(|cell| cell.text(rest, dialect).into_owned()).collect();
        records.push(Record { cells, end: at + length, lines });
        at += length;
    }
    Reading { dialect, records }
}

/// Reads the beginning of a file in one dialect: with the columns the first line names that names an address, or, where
/// none does, with what the cells themselves look like.
fn candidate(
    text: &str,
    last: bool,
    dialect: Dialect,
    checker: &Checker<'_>,
    has_header: Option<bool>,
) -> Option<Candidate> {
    let reading = read(text, last, dialect);
    let filled = |record: &Record| !record.is_blank() && !record.is_comment();
    let first = reading.records.iter().position(filled)?;
    if has_header != Some(false) {
        // Who exported the list and when may stand above the header, but nobody with as many cells as it has names.
        let mut people = 0;
        let mut best: Option<(usize, Header)> = None;
        for (at, record) in reading.records.iter().enumerate().take(first + PREAMBLE_RECORDS) {
            let filled_cells = record.filled();
            if record.has_address() {
                people = people.max(filled_cells);
            } else if filled(record) && filled_cells > people {
                let header = Header::read(&record.cells, checker);
                let is_better = |(_, best): &(usize, Header)| header.known() > best.known();
                if header.email.is_some() && best.as_ref().is_none_or(is_better) {
                    best = Some((at, header));
                }
            }
        }
        if let Some((at, header)) = best {
            return Some(Candidate { reading, header, named_by: Some(at) });
        }
        let (names, rows) = (&reading.records[first], &reading.records[first + 1..]);
        if !names.has_address() && names.cells.len() > 1 {
            let rows: Vec<&[String]> =
                rows.iter().filter(|record| filled(record)).map(|record| &*record.cells).collect();
            let header = Header::read(&names.cells, checker).with_addresses_of(&rows, checker);
            if header.email.is_some() {
                return Some(Candidate { reading, header, named_by: Some(first) });
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
        if let Some(header) = infer(&rows, checker).filter(|_| begins_with_person) {
            return Some(Candidate { reading, header, named_by: None });
        }
    }
    let header = Header::read(&reading.records[first].cells, checker);
    Some(Candidate { reading, header, named_by: Some(first) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::draft::Authority;

    fn sniffed(sample: &str, known: &DialectOverride) -> Result<Sniffed, FileError> {
        let catalogue = Catalogue::default();
        sniff(sample, true, &Checker::new(&catalogue, Authority { rank: None, default_role: None }), known)
    }

    fn delimiter(sample: &str) -> Option<(char, usize, u32)> {
        match sniffed(sample, &DialectOverride::default()) {
            Ok(Sniffed::Table { dialect, length, lines, .. }) => Some((char::from(dialect.delimiter), length, lines)),
            _ => None,
        }
    }

    #[test]
    fn delimiters_are_told_by_the_header() {
        assert_eq!(delimiter("email,name\na@b.c,\"x;y;z\"\n"), Some((',', 11, 1)));
        assert_eq!(delimiter("E-Mail;Name\r\na@b.c;Doe, Jo\r\n"), Some((';', 13, 1)));
        assert_eq!(delimiter("email\tname\ra@b.c\tJo\r"), Some(('\t', 11, 1)));
        assert_eq!(delimiter("\n\nemail|name\na@b.c|Jo"), Some(('|', 13, 3)));
        assert_eq!(delimiter("email^name\na@b.c^Jo"), Some(('^', 11, 1)));
        assert_eq!(delimiter("email\na@b.c"), Some((',', 6, 1)));
        assert_eq!(delimiter("email\na@b.c,\nd@e.f,"), Some((',', 6, 1)));
        assert_eq!(delimiter("Staff, by team\n2 March\nname;email\nJo;a@b.c\n"), Some((';', 34, 3)));
    }

    #[test]
    fn quotes_are_told_by_what_they_leave() {
        let quotes = |sample: &str| match sniffed(sample, &DialectOverride::default()) {
            Ok(Sniffed::Table { dialect, .. }) => Some((char::from(dialect.quote), dialect.backslash)),
            _ => None,
        };
        assert_eq!(quotes("'email','name'\n'a@b.c','Doe, Jo'\n"), Some(('\'', false)));
        assert_eq!(quotes("email,name\na@b.c,'t Hooft\n"), Some(('"', false)));
        assert_eq!(quotes("\"email\",\"name\"\n\"a@b.c\",\"Jo \\\"J\\\" Doe\"\n"), Some(('"', true)));
    }

    #[test]
    fn a_separator_line_is_obeyed() {
        assert_eq!(delimiter("sep=;\r\nemail;a,b,c\r\n"), Some((';', 20, 2)));
        assert_eq!(delimiter("\"SEP=|\"\nemail|name\n"), Some(('|', 19, 2)));
        assert_eq!(delimiter("sep=\t\nemail\tname"), Some(('\t', 16, 1)));
    }

    #[test]
    fn what_is_known_is_not_found_out() {
        let known = |delimiter: &str, header| DialectOverride {
            delimiter: Some(delimiter.to_owned()),
            header,
            ..DialectOverride::default()
        };
        let names = |sample: &str, known: &DialectOverride| match sniffed(sample, known) {
            Ok(Sniffed::Table { header, .. }) => header.names.join("/"),
            Ok(Sniffed::List) => "list".to_owned(),
            Err(error) => error.code().to_owned(),
        };
        assert_eq!(names("email;a,b,c\nx@y.z;1,2,3\n", &known(";", None)), "email/a,b,c");
        assert_eq!(
            names("email,name\nx@y.z,Jo Doe\ny@y.z,Al Roe\nz@y.z,Cy Poe\nv@y.z,Ed Coe", &known(",", Some(false))),
            "email/name"
        );
        assert_eq!(names("x@y.z,Jo Doe\n", &known(",", Some(true))), "no_header");
    }

    #[test]
    fn what_is_neither_table_nor_list_is_refused() {
        let code = |text| sniffed(text, &DialectOverride::default()).expect_err("refused").code();
        assert_eq!(code(""), "file_empty");
        assert_eq!(code(" \r\n\t\n"), "file_empty");
        assert_eq!(code("name,role\nJo,admin\n"), "no_email_column");
        assert_eq!(code("name\na@b.c\n"), "no_email_column");
        assert_eq!(code("just some words\n"), "no_email_column");
        assert_eq!(code("\""), "file_empty");
    }

    #[test]
    fn a_table_without_a_header_is_read_by_what_stands_in_it() {
        let sample = "john@company.com,John Smith,x1\nann@company.com,Ann Lee,x2\n";
        let Ok(Sniffed::Table { header, length, .. }) = sniffed(sample, &DialectOverride::default()) else {
            panic!("a table");
        };
        assert_eq!((header.names.join("/"), length), ("email/name/column 3".to_owned(), 0));
    }
}
