//! Splits one record into its cells.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2, memchr3};

use crate::read::dialect::Dialect;

/// One cell: its position in the text it was split from, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    start: usize,
    end: usize,
    /// Whether it is in quotes.
    quoted: bool,
    /// Whether it contains a doubled quote or an escape.
    escaped: bool,
}

impl Cell {
    fn plain(start: usize, end: usize) -> Self {
        Self { start, end, quoted: false, escaped: false }
    }

    /// The text of the cell. Its record begins at `start` of the whole text.
    pub(crate) fn text(self, of: &str, start: usize, dialect: Dialect) -> Cow<'_, str> {
        self.plain_text(of, start)
            .map_or_else(|| Cow::Owned(self.unescaped(self.raw(of, start), dialect)), Cow::Borrowed)
    }

    /// The same without unescaping; `None` if the cell needs it.
    #[inline]
    pub(crate) fn plain_text(self, of: &str, start: usize) -> Option<&str> {
        (!self.escaped).then(|| self.raw(of, start))
    }

    #[inline]
    fn raw(self, of: &str, start: usize) -> &str {
        of.get(start + self.start..start + self.end).unwrap_or_default()
    }

    fn unescaped(self, text: &str, dialect: Dialect) -> String {
        let quote = char::from(dialect.quote);
        let mut plain = String::with_capacity(text.len());
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let delimiter = char::from(dialect.delimiter);
            let next = if character == '\\' && dialect.backslash {
                characters.next_if(|next| [quote, '\\', delimiter, '\r', '\n'].contains(next))
            } else {
                characters.next_if(|next| self.quoted && character == quote && *next == quote)
            };
            plain.push(next.unwrap_or(character));
        }
        plain
    }
}

/// What a text begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// A record that may continue in text that has not arrived yet.
    Incomplete,
    /// A whole record, and its size.
    Record { length: usize, lines: u32 },
    /// A record with a quoted cell that does not end where a cell may end. `length` bytes were examined.
    Unclosed { length: usize },
}

/// Splits the record at the beginning of the text into cells. `last`: no text follows.
pub(crate) fn split(text: &str, dialect: Dialect, last: bool, cells: &mut Vec<Cell>) -> Split {
    cells.clear();
    let bytes = text.as_bytes();
    if let Some(length) = split_line(bytes, dialect, cells) {
        return Split::Record { length, lines: 1 };
    }
    let (mut at, mut lines) = (0, 0);
    loop {
        let (cell, end) = match cell(bytes, at, dialect, last) {
            Ok(found) => found,
            Err(otherwise) => return otherwise,
        };
        if cell.quoted {
            lines += line_ends(&bytes[cell.start..cell.end]);
        }
        cells.push(cell);
        match (bytes.get(end), bytes.get(end + 1)) {
            (None, _) if last => return Split::Record { length: end, lines },
            (None, _) => return Split::Incomplete,
            (Some(b'\r'), Some(b'\n')) => return Split::Record { length: end + 2, lines: lines + 1 },
            (Some(b'\r'), None) if !last => return Split::Incomplete,
            (Some(b'\n' | b'\r'), _) => return Split::Record { length: end + 1, lines: lines + 1 },
            (Some(_), _) => at = end + 1,
        }
    }
}

/// Splits a line without quotes or backslashes at its delimiters, and returns its length. Most records take this way.
fn split_line(bytes: &[u8], dialect: Dialect, cells: &mut Vec<Cell>) -> Option<usize> {
    if dialect.backslash {
        return None;
    }
    let end = memchr3(b'\n', b'\r', dialect.quote, bytes)?;
    let length = match (bytes[end], bytes.get(end + 1)) {
        (b'\r', Some(b'\n')) => 2,
        (b'\n', _) | (b'\r', Some(_)) => 1,
        _ => return None,
    };
    let mut start = 0;
    for delimiter in memchr_iter(dialect.delimiter, &bytes[..end]) {
        cells.push(Cell::plain(start, delimiter));
        start = delimiter + 1;
    }
    cells.push(Cell::plain(start, end));
    Some(end + length)
}

/// The cell that begins at `at`, and its end: a delimiter, a line ending or the end of the text.
fn cell(bytes: &[u8], at: usize, dialect: Dialect, last: bool) -> Result<(Cell, usize), Split> {
    let ends_cell = |byte: u8| byte == dialect.delimiter || byte == b'\n' || byte == b'\r';
    // The end of unquoted text, and whether it contains an escape.
    let next_end = |mut from: usize| {
        let mut escaped = false;
        loop {
            match memchr3(dialect.delimiter, b'\n', b'\r', bytes.get(from..).unwrap_or_default()) {
                // Only delimiters can be escaped; a line ending always ends the cell.
                Some(length)
                    if dialect.backslash
                        && bytes[from + length] == dialect.delimiter
                        && is_escaped(&bytes[at..from + length]) =>
                {
                    (from, escaped) = (from + length + 1, true);
                }
                Some(length) => return Ok((from + length, escaped)),
                None if last => return Ok((bytes.len(), escaped)),
                None => return Err(Split::Incomplete),
            }
        }
    };
    let skip_blanks = |from: usize| {
        let blank = |byte: u8| byte == b' ' && byte != dialect.delimiter;
        bytes[from..].iter().position(|byte| !blank(*byte)).map_or(bytes.len(), |length| from + length)
    };
    let open = skip_blanks(at);
    if bytes.get(open) != Some(&dialect.quote) {
        let (end, escaped) = next_end(at)?;
        return Ok((Cell { start: at, end, quoted: false, escaped }, end));
    }
    let start = open + 1;
    let (close, escaped) = closing(bytes, start, dialect, last)?;
    let after = skip_blanks(close + 1);
    let cell = Cell { start, end: close, quoted: true, escaped };
    match bytes.get(after) {
        None if !last => Err(Split::Incomplete),
        None => Ok((cell, after)),
        Some(byte) if ends_cell(*byte) => Ok((cell, after)),
        // Text follows the closing quote. On one line the quotes belong to the text; over several lines a quote is missing.
        Some(_) if line_ends(&bytes[start..close]) > 0 => Err(Split::Unclosed { length: after }),
        Some(_) => {
            let (end, escaped) = next_end(after)?;
            Ok((Cell { start: at, end, quoted: false, escaped }, end))
        }
    }
}

/// The quote that closes a cell whose text begins at `from`, and whether the text contains a doubled quote or an escape.
fn closing(bytes: &[u8], mut from: usize, dialect: Dialect, last: bool) -> Result<(usize, bool), Split> {
    let mut escaped = false;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let next = if dialect.backslash { memchr2(dialect.quote, b'\\', rest) } else { memchr(dialect.quote, rest) };
        let Some(length) = next else {
            return Err(if last { Split::Unclosed { length: bytes.len() } } else { Split::Incomplete });
        };
        let found = from + length;
        match bytes.get(found + 1) {
            None if !last => return Err(Split::Incomplete),
            // A backslash escapes any character.
            _ if bytes[found] != dialect.quote => (from, escaped) = (found + 2, true),
            Some(byte) if *byte == dialect.quote => (from, escaped) = (found + 2, true),
            _ => return Ok((found, escaped)),
        }
    }
}

/// Whether a backslash at the end of this text escapes the next character.
fn is_escaped(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// How many line endings a text contains.
pub(crate) fn line_ends(bytes: &[u8]) -> u32 {
    let mut ends = 0;
    for (at, byte) in bytes.iter().enumerate() {
        ends += u32::from(*byte == b'\r' || (*byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r')));
    }
    ends
}
