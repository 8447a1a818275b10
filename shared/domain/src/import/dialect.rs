//! How a file separates its cells, and how that is found out from its beginning.

use serde::{Deserialize, Serialize};

use super::cells::{Split, split};
use super::error::FileError;
use super::header::Header;
use super::list;
use super::row::excerpt;
use crate::catalogue::Catalogue;

/// How much text the dialect is found out from.
pub(super) const SAMPLE_BYTES: usize = 64 * 1024;
/// How many records of it.
const SAMPLE_RECORDS: usize = 100;

/// How many columns of a file without addresses are named.
const COLUMNS_NAMED: usize = 20;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What separates cells and what wraps them. Both are ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Newline {
    /// LF, as Unix writes it.
    #[default]
    Lf,
    /// CR LF, as Windows writes it.
    CrLf,
    /// CR, as old Macs wrote it.
    Cr,
}

impl Newline {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }

    pub(super) fn of(text: &str) -> Self {
        match text.find(['\r', '\n']) {
            Some(at) if text[at..].starts_with("\r\n") => Self::CrLf,
            Some(at) if text[at..].starts_with('\r') => Self::Cr,
            _ => Self::Lf,
        }
    }
}

impl Dialect {
    const fn of(delimiter: u8) -> Self {
        Self { delimiter, quote: b'"' }
    }

    /// Writes a record so that [`split`] reads the same cells back. The line end is the caller's.
    pub(super) fn write<'a>(self, cells: impl IntoIterator<Item = &'a str>, out: &mut String) {
        let (delimiter, quote) = (char::from(self.delimiter), char::from(self.quote));
        for (column, cell) in cells.into_iter().enumerate() {
            if column > 0 {
                out.push(delimiter);
            }
            if !cell.contains([delimiter, quote, '\r', '\n']) && !cell.starts_with(' ') {
                out.push_str(cell);
                continue;
            }
            out.push(quote);
            for part in cell.split_inclusive(quote) {
                out.push_str(part);
                if part.ends_with(quote) {
                    out.push(quote);
                }
            }
            out.push(quote);
        }
    }
}

/// What a file turned out to be.
#[derive(Debug)]
pub(super) enum Sniffed {
    /// A table, whose rows begin after so many bytes and lines.
    Table { dialect: Dialect, header: Header, length: usize, lines: u32 },
    /// Addresses, one or many to a line.
    List,
}

/// How well a delimiter explains the beginning of a file.
struct Candidate {
    dialect: Dialect,
    header: Header,
    length: usize,
    lines: u32,
    /// How many of the records after the first have as many cells as it, not counting what a trailing delimiter leaves.
    consistent: usize,
}

impl Candidate {
    fn score(&self) -> (bool, usize, usize, usize) {
        (self.header.email.is_some(), self.header.known(), self.consistent, self.header.names.len())
    }
}

/// Finds out what a file is from its beginning. `last`: the sample is all of it.
pub(super) fn sniff(sample: &str, last: bool, catalogue: &Catalogue) -> Result<Sniffed, FileError> {
    if sample.trim().is_empty() {
        return Err(FileError::Empty);
    }
    let (announced, length) = separator_line(sample);
    let rest = &sample[length..];
    let delimiters = announced.as_ref().map_or(&DELIMITERS[..], std::slice::from_ref);
    let candidates =
        delimiters.iter().filter_map(|delimiter| candidate(rest, last, Dialect::of(*delimiter), catalogue));
    // Of equals the first stands, which is the more usual one.
    let best = candidates.reduce(|best, other| if other.score() > best.score() { other } else { best });
    let names = match best {
        Some(Candidate { dialect, header, length: header_length, lines, .. }) if header.email.is_some() => {
            let lines = lines + u32::from(announced.is_some());
            return Ok(Sniffed::Table { dialect, header, length: length + header_length, lines });
        }
        // A line of nothing but names of columns is a header, however much like a list the rest looks.
        Some(Candidate { header, .. }) if header.known() == header.names.len() => header.names,
        _ if list::looks_like_one(sample, last) => return Ok(Sniffed::List),
        Some(Candidate { header, .. }) => header.names,
        None => Vec::new(),
    };
    if names.iter().any(|name| name.contains('@')) {
        return Err(FileError::NoHeader);
    }
    Err(FileError::NoEmailColumn { columns: names.iter().take(COLUMNS_NAMED).map(|name| excerpt(name)).collect() })
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

fn candidate(text: &str, last: bool, dialect: Dialect, catalogue: &Catalogue) -> Option<Candidate> {
    let mut cells = Vec::new();
    let (mut at, mut line_count) = (0, 0);
    let mut found: Option<Candidate> = None;
    for _ in 0..SAMPLE_RECORDS {
        let rest = &text[at..];
        // At the very end of what can be seen a record may be cut off; it says nothing.
        let Split::Record { length, lines } = split(rest, dialect, last, &mut cells) else { break };
        if length == 0 {
            break;
        }
        at += length;
        line_count += lines;
        let texts = cells.iter().map(|cell| cell.text(rest, dialect));
        if texts.clone().all(|text| text.trim().is_empty()) {
            continue;
        }
        match &mut found {
            None => {
                let header = Header::read(texts, catalogue);
                found = Some(Candidate { dialect, header, length: at, lines: line_count, consistent: 0 });
            }
            Some(candidate) => {
                let columns = candidate.header.names.len();
                let fits = cells.len() >= columns && texts.skip(columns).all(|text| text.trim().is_empty());
                candidate.consistent += usize::from(fits);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(sample: &str) -> Option<(char, usize, u32)> {
        match sniff(sample, true, &Catalogue::default()) {
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
        assert_eq!(delimiter("email\na@b.c"), Some((',', 6, 1)));
        assert_eq!(delimiter("email\na@b.c,\nd@e.f,"), Some((',', 6, 1)));
    }

    #[test]
    fn a_separator_line_is_obeyed() {
        assert_eq!(delimiter("sep=;\r\nemail;a,b,c\r\n"), Some((';', 20, 2)));
        assert_eq!(delimiter("\"SEP=|\"\nemail|name\n"), Some(('|', 19, 2)));
        assert_eq!(delimiter("sep=\t\nemail\tname"), Some(('\t', 16, 1)));
    }

    #[test]
    fn what_is_neither_table_nor_list_is_refused() {
        let code = |text| sniff(text, true, &Catalogue::default()).expect_err("refused").code();
        assert_eq!(code(""), "file_empty");
        assert_eq!(code(" \r\n\t\n"), "file_empty");
        assert_eq!(code("name,role\nJo,admin\n"), "no_email_column");
        assert_eq!(code("name\na@b.c\n"), "no_email_column");
        assert_eq!(code("just some words\n"), "no_email_column");
        assert_eq!(code("john@company.com,John Smith,sales_rep,SMB\n"), "no_header");
        assert_eq!(code("\""), "no_email_column");
    }
}
