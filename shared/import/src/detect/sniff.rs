//! Detects the layout of a file from its beginning: a table in some dialect, or a list of addresses.
//!
//! Each candidate dialect parses the sample; the highest score wins. A line that names known columns counts most: general
//! sniffers go by regularity alone and cannot know it.

use memchr::memchr_iter;
use usher_domain::InvitationValidator;

use super::candidate::Candidate;
use super::header::Header;
use super::list;
use super::options::DialectOverride;
use super::sample_records::{Record, SampleRecords};
use crate::read::dialect::{DELIMITERS, Dialect, Newline, QUOTES};
use crate::read::error::{COLUMNS, FileError, HEADER_BYTES, excerpt};

/// How much text decides the dialect.
pub(crate) const SAMPLE_BYTES: usize = 64 * 1024;
/// How many columns a message names.
const COLUMNS_NAMED: usize = 20;

/// The layout of a file.
#[derive(Debug)]
pub(crate) enum Sniffed {
    /// A table. Its rows begin after `length` bytes and `lines` lines, `preamble` of which precede the header. `named`: a line
    /// names the columns.
    Table { dialect: Dialect, header: Header, named: bool, length: usize, lines: u32, preamble: u32 },
    /// Addresses, one or many to a line.
    List,
}

/// Detects the layout of a file from its beginning. `last`: the sample is the whole file.
pub(crate) fn sniff(
    sample: &str,
    last: bool,
    validator: &InvitationValidator<'_>,
    known: &DialectOverride,
) -> Result<Sniffed, FileError> {
    if sample.trim().is_empty() {
        return Err(FileError::Empty);
    }
    let (announced, skipped) = separator_line(sample);
    let rest = &sample[skipped..];
    let dialects = dialects(rest, known, announced);
    let candidates: Vec<_> = dialects
        .into_iter()
        .filter_map(|dialect| Candidate::read(rest, last, dialect, validator, known.header))
        .collect();
    let is_ambiguous = candidates.iter().any(Candidate::has_two_addresses);
    // Of equal scores the first wins, which is the more common dialect.
    let best = candidates.into_iter().reduce(|best, other| if other.score() > best.score() { other } else { best });
    let says_nothing = |line: &str| line.starts_with('#') || !line.contains(char::is_alphanumeric);
    if last && sample.split(['\r', '\n']).all(says_nothing) {
        return Err(FileError::Empty);
    }
    let Some(best) = best else {
        // No record ends within the sample. A list may be a single line.
        let is_list = list::looks_like_one(sample, last);
        return if is_list { Ok(Sniffed::List) } else { Err(FileError::NoEmailColumn { columns: Vec::new() }) };
    };
    let named = best.named_by.is_some();
    let only_names = named && best.header.known() == best.header.names.len();
    let may_be_list = known.header != Some(true) && known.delimiter.is_none() && announced.is_none() && !only_names;
    // A table of addresses without a header is a list.
    let has_email = best.header.email.is_some();
    if may_be_list && !(named && has_email) && !is_ambiguous && list::looks_like_one(sample, last) {
        return Ok(Sniffed::List);
    }
    if !has_email {
        if best.header.names.iter().any(|name| name.contains('@')) {
            return Err(FileError::NoHeader);
        }
        if let [only] = &*best.header.names
            && Candidate::read(only, true, Dialect::COMMA, validator, Some(true))
                .is_some_and(|inner| inner.header.email.is_some())
        {
            return Err(FileError::RowsQuoted);
        }
        let first = best.header.names.iter().take(COLUMNS_NAMED);
        return Err(FileError::NoEmailColumn { columns: first.map(|name| excerpt(name)).collect() });
    }
    let (columns, bytes) = (best.header.names.len(), best.header.names.iter().map(String::len).sum());
    if columns > COLUMNS || bytes > HEADER_BYTES {
        return Err(FileError::HeaderTooLarge { columns, bytes });
    }
    Ok(table(best, skipped, u32::from(announced.is_some())))
}

/// The layout of the best candidate. `skipped`: bytes before the sample, on `skipped_lines` lines.
fn table(best: Candidate, skipped: usize, skipped_lines: u32) -> Sniffed {
    let SampleRecords { dialect, records } = best.sample;
    let above = &records[..best.named_by.unwrap_or_default()];
    let lines = |records: &[Record]| records.iter().map(|record| record.lines).sum::<u32>();
    // Blank lines above the header say nothing.
    let preamble = if above.iter().all(Record::is_blank) { 0 } else { lines(above) };
    let (length, lines) = match best.named_by {
        Some(at) => (records[at].end, lines(&records[..=at])),
        None => (0, 0),
    };
    let (length, lines) = (length + skipped, lines + skipped_lines);
    Sniffed::Table { dialect, header: best.header, named: best.named_by.is_some(), length, lines, preamble }
}

/// The candidate dialects, the more common first.
fn dialects(sample: &str, known: &DialectOverride, announced: Option<u8>) -> Vec<Dialect> {
    let one = known.delimiter().or(announced);
    let delimiters = one.as_ref().map_or(&DELIMITERS[..], std::slice::from_ref);
    // An apostrophe can be a quote only where it wraps at least as many cells as double quotes do.
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

/// About how many cells these quotes wrap, with any delimiter.
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

/// Excel accepts any character.
fn is_separator(byte: u8) -> bool {
    DELIMITERS.contains(&byte) || (byte.is_ascii_punctuation() && !QUOTES.contains(&byte))
}

/// The delimiter of a `sep=;` line, which Excel reads, and the length of that line.
fn separator_line(sample: &str) -> (Option<u8>, usize) {
    let (line, length) = match sample.find(['\r', '\n']) {
        Some(end) => (&sample[..end], end + Newline::of(sample).as_str().len()),
        None => (sample, sample.len()),
    };
    let line = line.trim_matches('"').as_bytes();
    match line {
        [s, e, p, b'=', delimiter] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" && is_separator(*delimiter) => {
            (Some(*delimiter), length)
        }
        _ => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::catalogue::Catalogue;
    use usher_domain::spec::Authority;

    fn sniffed(sample: &str, known: &DialectOverride) -> Result<Sniffed, FileError> {
        let catalogue = Catalogue::default();
        sniff(sample, true, &InvitationValidator::new(&catalogue, Authority { rank: None, default_role: None }), known)
    }

    fn delimiter(sample: &str) -> Option<(char, usize, u32)> {
        match sniffed(sample, &DialectOverride::default()) {
            Ok(Sniffed::Table { dialect, length, lines, .. }) => Some((char::from(dialect.delimiter), length, lines)),
            _ => None,
        }
    }

    #[test]
    fn the_header_decides_the_delimiter() {
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
    fn the_right_quotes_leave_none_behind() {
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
    fn options_replace_detection() {
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
    fn a_file_that_is_neither_table_nor_list_is_refused() {
        let code = |text| sniffed(text, &DialectOverride::default()).expect_err("refused").code();
        assert_eq!(code(""), "file_empty");
        assert_eq!(code(" \r\n\t\n"), "file_empty");
        assert_eq!(code("name,role\nJo,admin\n"), "no_email_column");
        assert_eq!(code("name\na@b.c\n"), "no_email_column");
        assert_eq!(code("just some words\n"), "no_email_column");
        assert_eq!(code("\""), "file_empty");
    }

    #[test]
    fn a_table_without_a_header_is_read_by_its_cells() {
        let sample = "john@company.com,John Smith,x1\nann@company.com,Ann Lee,x2\n";
        let Ok(Sniffed::Table { header, length, .. }) = sniffed(sample, &DialectOverride::default()) else {
            panic!("a table");
        };
        assert_eq!((header.names.join("/"), length), ("email/name/column 3".to_owned(), 0));
    }
}
