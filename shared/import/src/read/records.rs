//! Text that has arrived, handed out record by record. Only the current record and unread text stay in memory.
//!
//! This is not the `csv` crate, although tests require the same result for every well-formed table. Malformed files need
//! more: one stray quote costs one row and not all rows below it, records are numbered by their line even where lines end
//! with CR alone, and text that merely contains quotes (`"La Jefa" Gómez`) keeps them.

use std::borrow::Cow;
use std::ops::Range;

use super::cells::{Cell, Split, line_ends, split};
use super::dialect::Dialect;
pub(crate) use super::lines::{AddressColumn, RECORD_BYTES};
use super::lines::{cut, first_line, goes_on_in_quotes, is_row, swallows_rows};

/// The byte order mark, as text.
const MARK: char = '\u{feff}';

/// Why a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A quote that is never closed, or only after it swallowed other rows. Only its own line is rejected.
    UnclosedQuote,
    /// Over [`RECORD_BYTES`].
    TooLong,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing, until more text arrives or the text ends.
    Nothing,
    /// A record. Its cells can be read until the next call.
    Record { line: u32 },
    /// A line that cannot be read. [`Records::raw`] holds it.
    Broken { line: u32, fault: Fault },
}

/// What is being skipped, because it is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    /// The rest of a line.
    Line,
    /// The lines of a quoted cell, up to its closing quote. `inside`: a part of the current line is skipped already; `odd`:
    /// that part has an odd number of quotes.
    Quoted { odd: bool, inside: bool },
}

/// The unread text, and the current record.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) text: String,
    /// Whether the text is complete.
    pub(crate) last: bool,
    /// Where the unread text begins: in `text`, and in all text of the file.
    start: usize,
    offset: u64,
    line: u32,
    cells: Vec<Cell>,
    /// The position of the current record in `text`. Its cells refer to it.
    pub(crate) record: Range<usize>,
    skipping: Option<Skip>,
}

impl Records {
    pub(crate) fn new() -> Self {
        Self { line: 1, ..Self::default() }
    }

    /// Frees the text that was read. Called before more text is added.
    pub(crate) fn compact(&mut self) {
        self.text.drain(..self.start);
        self.start = 0;
        self.record = 0..0;
        self.cells.clear();
    }

    pub(crate) fn unread(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// The line of a position, in bytes of all text; `None` unless it is in the unread text.
    pub(crate) fn line_of(&self, place: u64) -> Option<u32> {
        let before = usize::try_from(place.checked_sub(self.offset)?).ok()?;
        let unread = self.unread().as_bytes();
        (before < unread.len()).then(|| self.line.saturating_add(line_ends(&unread[..before])))
    }

    /// The position of the unread text, in bytes of all text.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn cells(&self) -> usize {
        self.cells.len()
    }

    /// The text of the cell in this column; blank where the row is too short.
    pub(crate) fn cell(&self, column: usize, dialect: Dialect) -> Cow<'_, str> {
        self.cells.get(column).map_or(Cow::Borrowed(""), |cell| cell.text(&self.text, self.record.start, dialect))
    }

    /// The same without unescaping; `None` where the cell needs it.
    #[inline]
    pub(crate) fn plain_cell(&self, column: usize) -> Option<&str> {
        self.cells.get(column).map_or(Some(""), |cell| cell.plain_text(&self.text, self.record.start))
    }

    /// The current record as the file has it.
    pub(crate) fn raw(&self) -> &str {
        self.text.get(self.record.clone()).unwrap_or_default()
    }

    pub(crate) fn consume(&mut self, length: usize, lines: u32) {
        self.record = self.start..self.start + length;
        self.start += length;
        self.offset += length as u64;
        self.line = self.line.saturating_add(lines);
    }

    /// Reads the next record of a table with its addresses in this column.
    pub(crate) fn next(&mut self, dialect: Dialect, addresses: AddressColumn) -> Next {
        if !self.skip_rest_of_line() || !self.skip_rest_of_cell(dialect, addresses) {
            return Next::Nothing;
        }
        let line = self.line;
        // Concatenated files have a byte order mark in the middle.
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

    /// Reads the next line of a list. A line over the limit is cut behind an address.
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

    /// Skips the first line, which cannot be read.
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

    /// Skips the rest of a long line, and returns whether the text is now at the beginning of a record.
    fn skip_rest_of_line(&mut self) -> bool {
        if self.skipping == Some(Skip::Line) {
            match first_line(self.unread(), self.last) {
                Some((_, length)) => {
                    self.consume(length, 1);
                    self.skipping = None;
                }
                // A CR at the very end stays: it may be half of a line ending.
                None => self.consume(self.unread().trim_end_matches('\r').len(), 0),
            }
        }
        self.skipping != Some(Skip::Line)
    }

    /// Skips the rest of a long quoted cell: up to the line that closes it, or a line that is a row by itself. Returns whether
    /// the text is now at the beginning of a record.
    fn skip_rest_of_cell(&mut self, dialect: Dialect, addresses: AddressColumn) -> bool {
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
            // A line that is too long is not a row, however it is chunked.
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

#[cfg(test)]
mod tests;
