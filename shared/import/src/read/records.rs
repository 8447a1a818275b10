//! The text that is waiting, handed out as records, each held in memory only while it is looked at.
//!
//! The `csv` crate is not used here, though tests hold this code to its reading of every well-formed table, because of
//! what a file full of people needs when it is *not* well formed: one stray quote must cost one row and not all that
//! follow, a record is numbered by its line in files that end lines with CR alone, and text that merely contains quotes
//! (`"La Jefa" Gómez`) keeps them.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

use crate::read::cells::{Cell, Split, line_ends, split};
use crate::read::dialect::Dialect;

/// The longest a record may be. A longer one is a rejected row.
pub const RECORD_BYTES: usize = 64 * 1024;

/// The byte order mark, as text.
const MARK: char = '\u{feff}';

/// The end of the first line, without and with its line end.
fn first_line(text: &str, last: bool) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    match memchr2(b'\n', b'\r', bytes) {
        Some(end) if bytes[end] == b'\r' => match bytes.get(end + 1) {
            Some(b'\n') => Some((end, end + 2)),
            None if !last => None,
            _ => Some((end, end + 1)),
        },
        Some(end) => Some((end, end + 1)),
        None => last.then_some((bytes.len(), bytes.len())),
    }
}

/// Why the record on a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A quote that is never closed, or closed only after it swallowed other rows. Only its own line is given up.
    UnclosedQuote,
    /// Over [`RECORD_BYTES`].
    TooLong,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing, until more text is fed or the end is known.
    Nothing,
    /// A record, whose cells can be read until the next call.
    Record { line: u32 },
    /// A line that cannot be read; it is there as [`Records::raw`].
    Broken { line: u32, fault: Fault },
}

/// Where rows have their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) column: usize,
    /// Whether there is no other column.
    pub(crate) alone: bool,
}

/// What is being thrown away, because it was too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    /// The rest of a line.
    Line,
    /// The lines of a quoted cell, up to the one where it is closed. `inside`: of the current line a part is gone already,
    /// with an `odd` number of quotes in it.
    Quoted { odd: bool, inside: bool },
}

/// The text that has arrived and is not read yet.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) text: String,
    /// Whether no more text will come.
    pub(crate) last: bool,
    /// Where the unread text begins, in `text` and in all text there ever was.
    start: usize,
    offset: u64,
    line: u32,
    cells: Vec<Cell>,
    /// Where the current record stands in `text`, which its cells point into.
    pub(crate) record: Range<usize>,
    skipping: Option<Skip>,
}

impl Records {
    pub(crate) fn new() -> Self {
        Self { line: 1, ..Self::default() }
    }

    /// Frees what was read. Called before more text is fed.
    pub(crate) fn compact(&mut self) {
        self.text.drain(..self.start);
        self.start = 0;
        self.record = 0..0;
        self.cells.clear();
    }

    pub(crate) fn unread(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// The line of a place of the text, in bytes of all text; `None` before it has arrived, and once it is read.
    pub(crate) fn line_of(&self, place: u64) -> Option<u32> {
        let before = usize::try_from(place.checked_sub(self.offset)?).ok()?;
        let unread = self.unread().as_bytes();
        (before < unread.len()).then(|| self.line.saturating_add(line_ends(&unread[..before])))
    }

    /// Where the unread text begins, in bytes of all text.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn cells(&self) -> usize {
        self.cells.len()
    }

    /// The text of the cell in this column; blank where the row is too short to have one.
    pub(crate) fn cell(&self, column: usize, dialect: Dialect) -> Cow<'_, str> {
        self.cells.get(column).map_or(Cow::Borrowed(""), |cell| cell.text(&self.text, self.record.start, dialect))
    }

    /// The text of the cell in this column where it reads as it stands in the file; blank where the row is too short.
    #[inline]
    pub(crate) fn plain_cell(&self, column: usize) -> Option<&str> {
        self.cells.get(column).map_or(Some(""), |cell| cell.plain_text(&self.text, self.record.start))
    }

    /// The current record as it stands in the file.
    pub(crate) fn raw(&self) -> &str {
        self.text.get(self.record.clone()).unwrap_or_default()
    }

    pub(crate) fn consume(&mut self, length: usize, lines: u32) {
        self.record = self.start..self.start + length;
        self.start += length;
        self.offset += length as u64;
        self.line = self.line.saturating_add(lines);
    }

    /// The next record of a table that has its addresses in this column.
    pub(crate) fn next(&mut self, dialect: Dialect, addresses: Addresses) -> Next {
        if !self.skip_rest_of_line() || !self.skip_rest_of_cell(dialect, addresses) {
            return Next::Nothing;
        }
        let line = self.line;
        // Files that were put together have the mark of the second one inside.
        while self.unread().starts_with(MARK) {
            self.consume(MARK.len_utf8(), 0);
        }
        let text = self.text.get(self.start..).unwrap_or_default();
        if text.is_empty() {
            return Next::Nothing;
        }
        let split = split(text, dialect, self.last, &mut self.cells);
        let length = match split {
            Split::Record { length, .. } | Split::Unclosed { length } => length,
            Split::Incomplete => text.len(),
        };
        if length > RECORD_BYTES && goes_on_in_quotes(text, dialect, addresses) {
            self.cells.clear();
            self.skipping = Some(Skip::Quoted { odd: false, inside: false });
            self.skip_line();
            return Next::Broken { line, fault: Fault::TooLong };
        }
        let fault = match split {
            Split::Record { length, lines } if length <= RECORD_BYTES => {
                if lines <= 1 || !swallows_rows(&text[..length], dialect, addresses) {
                    self.consume(length, lines);
                    return Next::Record { line };
                }
                true
            }
            Split::Incomplete => text.len() > RECORD_BYTES,
            Split::Record { .. } | Split::Unclosed { .. } => true,
        };
        if fault { self.give_up_line() } else { Next::Nothing }
    }

    /// The next line of a list. A line over the limit is cut behind an address.
    pub(crate) fn next_line(&mut self) -> Next {
        if !self.skip_rest_of_line() {
            return Next::Nothing;
        }
        let line = self.line;
        let text = self.unread();
        match first_line(text, self.last) {
            _ if text.is_empty() => Next::Nothing,
            Some((end, length)) if end <= RECORD_BYTES => {
                self.consume(length, 1);
                Next::Record { line }
            }
            None if text.len() <= RECORD_BYTES => Next::Nothing,
            _ => match cut(text) {
                Some(length) => {
                    self.consume(length, 0);
                    Next::Record { line }
                }
                None => self.give_up_line(),
            },
        }
    }

    fn give_up_line(&mut self) -> Next {
        let line = self.line;
        self.cells.clear();
        let (fault, length, lines) = match first_line(self.unread(), self.last) {
            Some((end, length)) if end <= RECORD_BYTES => (Fault::UnclosedQuote, length, 1),
            Some((_, length)) => (Fault::TooLong, length, 1),
            None => {
                self.skipping = Some(Skip::Line);
                (Fault::TooLong, self.unread().len(), 0)
            }
        };
        self.consume(length, lines);
        Next::Broken { line, fault }
    }

    /// Whether the text stands at the beginning of a record.
    fn skip_rest_of_line(&mut self) -> bool {
        if self.skipping == Some(Skip::Line) {
            match first_line(self.unread(), self.last) {
                Some((_, length)) => {
                    self.consume(length, 1);
                    self.skipping = None;
                }
                // A CR at the very end stays, for it may be half of a line end.
                None => self.consume(self.unread().trim_end_matches('\r').len(), 0),
            }
        }
        self.skipping != Some(Skip::Line)
    }

    /// Whether the text stands at the beginning of a record, once the rest of a quoted cell is thrown away: up to the line
    /// where its quote is closed, or to one that is a row by itself.
    fn skip_rest_of_cell(&mut self, dialect: Dialect, addresses: Addresses) -> bool {
        while let Some(Skip::Quoted { odd, inside }) = self.skipping {
            let text = self.unread();
            let quotes_odd = |text: &str| text.matches(char::from(dialect.quote)).count() % 2 == 1;
            let Some((end, _)) = first_line(text, self.last).filter(|_| !text.is_empty()) else {
                if text.len() > RECORD_BYTES {
                    let part = text.trim_end_matches('\r');
                    let (length, odd) = (part.len(), odd != quotes_odd(part));
                    self.skipping = Some(Skip::Quoted { odd, inside: true });
                    self.consume(length, 0);
                }
                return false;
            };
            let line = &text[..end];
            // However it arrives, a line that is too long is no row.
            if !inside && end <= RECORD_BYTES && is_row(line, dialect, addresses) {
                self.skipping = None;
                return true;
            }
            let closed = odd != quotes_odd(line);
            self.skipping = (!closed).then_some(Skip::Quoted { odd: false, inside: false });
            self.skip_line();
        }
        true
    }

    fn skip_line(&mut self) {
        if let Some((_, length)) = first_line(self.unread(), self.last) {
            self.consume(length, 1);
        }
    }
}

/// Whether a line has an address where one belongs. Rows may be shorter than the header.
fn is_row(line: &str, dialect: Dialect, addresses: Addresses) -> bool {
    let delimiter = char::from(dialect.delimiter);
    let is_address = |cell: &str| cell.contains('@') && (cell.contains('<') || !cell.trim().contains(' '));
    let has_more = addresses.alone || line.contains(delimiter);
    has_more && line.split(delimiter).nth(addresses.column).is_some_and(is_address)
}

/// Whether a record that is too long is a cell of many lines, and not a row with a quote too many before other rows.
fn goes_on_in_quotes(text: &str, dialect: Dialect, addresses: Addresses) -> bool {
    // Only as much is looked at as is there however the text arrives.
    let text = &text[..text.floor_char_boundary(RECORD_BYTES)];
    let mut lines = text.split(['\r', '\n']);
    lines.next().is_some_and(|line| line.len() < text.len()) && !lines.any(|line| is_row(line, dialect, addresses))
}

/// Whether a record of several lines contains a line that is a row by itself: then its quote was opened by mistake.
fn swallows_rows(record: &str, dialect: Dialect, addresses: Addresses) -> bool {
    let mut inner = record.trim_end_matches(['\r', '\n']).split(['\r', '\n']).skip(1).peekable();
    while let Some(line) = inner.next() {
        // The last line is where the record goes on behind the quote.
        if inner.peek().is_some() && is_row(line, dialect, addresses) {
            return true;
        }
    }
    false
}

/// Where a long line of addresses may be cut: behind the last separator that follows an address.
fn cut(text: &str) -> Option<usize> {
    let end = text.floor_char_boundary(RECORD_BYTES);
    let separators = text[..end].rmatch_indices([',', ';', '\t', ' ']);
    let mut later: Option<usize> = None;
    for (at, _) in separators {
        if let Some(later) = later
            && text[at..later].contains('@')
        {
            return Some(later + 1);
        }
        later = Some(at);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Dialect = Dialect::COMMA;

    fn read(text: &str, alone: bool) -> Vec<(Next, Vec<String>)> {
        let mut records = Records::new();
        records.text.push_str(text);
        records.last = true;
        let mut all = Vec::new();
        loop {
            let next = records.next(COMMA, Addresses { column: 0, alone });
            if next == Next::Nothing {
                return all;
            }
            all.push((next, (0..records.cells()).map(|cell| records.cell(cell, COMMA).into_owned()).collect()));
        }
    }

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text, false).into_iter().map(|(_, cells)| cells).collect()
    }

    #[test]
    fn quotes_are_read_as_they_were_meant() {
        assert_eq!(cells("a,\"b, c\"\r\nd,\"e \"\"f\"\"\"\n"), [["a", "b, c"], ["d", "e \"f\""]]);
        assert_eq!(cells("María \"La Jefa\" Gómez,x"), [["María \"La Jefa\" Gómez", "x"]]);
        assert_eq!(cells("\"La Jefa\" Gómez,x"), [["\"La Jefa\" Gómez", "x"]]);
        assert_eq!(cells("a, \"b, c\" ,d"), [["a", "b, c", "d"]]);
        assert_eq!(cells("\"two\nlines\",x"), [["two\nlines", "x"]]);
        assert_eq!(cells("a,\n,"), [["a", ""], ["", ""]]);
    }

    #[test]
    fn every_kind_of_line_end_counts_one_line() {
        let lines: Vec<_> = read("a\nb\r\nc\rd\n\n\"e\r\nf\"\ng", true).into_iter().map(|(next, _)| next).collect();
        let expected = [1, 2, 3, 4, 5, 6, 8].map(|line| Next::Record { line });
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_stray_quote_costs_its_own_line_only() {
        let broken = |line| Next::Broken { line, fault: Fault::UnclosedQuote };
        let record = |line| Next::Record { line };
        let kinds = |text| read(text, false).into_iter().map(|(next, _)| next).collect::<Vec<_>>();
        assert_eq!(kinds("a@b.c,\"Bob\nd@e.f,Al\ng@h.i,Cy\n"), [broken(1), record(2), record(3)]);
        assert_eq!(kinds("a@b.c,\"Bob\nd@e.f,\"Al\ng@h.i,Cy"), [broken(1), broken(2), record(3)]);
        assert_eq!(kinds("a@b.c,\"Bob\nd@e.f,Al\ng@h.i,Cy \"x\"\n"), [broken(1), record(2), record(3)]);
        assert_eq!(kinds("\""), [broken(1)]);
    }

    #[test]
    fn a_record_over_the_limit_is_given_up_however_it_arrives() {
        let long = format!("{},x\nb,c\n", "a".repeat(RECORD_BYTES));
        for chunk in [1_000, 10_000, long.len()] {
            let mut records = Records::new();
            let mut seen = Vec::new();
            let mut rest = long.as_str();
            while !records.last {
                records.compact();
                let (piece, tail) = rest.split_at(chunk.min(rest.len()));
                rest = tail;
                records.text.push_str(piece);
                records.last = rest.is_empty();
                loop {
                    match records.next(COMMA, Addresses { column: 0, alone: false }) {
                        Next::Nothing => break,
                        next => seen.push(next),
                    }
                }
                assert!(records.text.len() <= RECORD_BYTES + 2 * chunk, "memory is bounded");
            }
            assert_eq!(seen, [Next::Broken { line: 1, fault: Fault::TooLong }, Next::Record { line: 2 }]);
        }
    }
}
