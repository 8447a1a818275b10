//! One record to its cells.

use std::borrow::Cow;

use super::dialect::Dialect;

/// One cell: where it stands in the text it was split from, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    start: usize,
    end: usize,
    /// Whether quotes are doubled inside.
    doubled: bool,
}

impl Cell {
    pub(super) fn text(self, of: &str, dialect: Dialect) -> Cow<'_, str> {
        let text = of.get(self.start..self.end).unwrap_or_default();
        if !self.doubled {
            return Cow::Borrowed(text);
        }
        let quote = char::from(dialect.quote);
        Cow::Owned(text.replace(&format!("{quote}{quote}"), quote.encode_utf8(&mut [0; 4])))
    }
}

/// What stands at the beginning of some text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// The record may go on in text that is not here yet.
    Incomplete,
    /// A record of so many bytes and line ends.
    Record { length: usize, lines: u32 },
    /// A quoted cell that does not end where a cell may end.
    Unclosed,
}

/// Splits the record at the beginning of the text into cells. `last`: no text follows.
pub(super) fn split(text: &str, dialect: Dialect, last: bool, cells: &mut Vec<Cell>) -> Split {
    cells.clear();
    let bytes = text.as_bytes();
    let (mut at, mut lines) = (0, 0);
    loop {
        let (cell, end) = match cell(bytes, at, dialect, last) {
            Ok(found) => found,
            Err(otherwise) => return otherwise,
        };
        if end - at > cell.end - cell.start {
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

/// The cell that begins at `at`, and where it ends: at a delimiter, a line end, or the end of the text.
fn cell(bytes: &[u8], at: usize, dialect: Dialect, last: bool) -> Result<(Cell, usize), Split> {
    let ends_cell = |byte: u8| byte == dialect.delimiter || byte == b'\n' || byte == b'\r';
    let next_end = |from: usize| match bytes[from..].iter().position(|byte| ends_cell(*byte)) {
        Some(length) => Ok(from + length),
        None if last => Ok(bytes.len()),
        None => Err(Split::Incomplete),
    };
    let skip_blanks = |from: usize| {
        let blank = |byte: u8| byte == b' ' && byte != dialect.delimiter;
        bytes[from..].iter().position(|byte| !blank(*byte)).map_or(bytes.len(), |length| from + length)
    };
    let open = skip_blanks(at);
    if bytes.get(open) != Some(&dialect.quote) {
        let end = next_end(at)?;
        return Ok((Cell { start: at, end, doubled: false }, end));
    }
    let start = open + 1;
    let (mut from, mut doubled) = (start, false);
    let close = loop {
        let Some(length) = bytes[from..].iter().position(|byte| *byte == dialect.quote) else {
            return Err(if last { Split::Unclosed } else { Split::Incomplete });
        };
        let quote = from + length;
        match bytes.get(quote + 1) {
            Some(byte) if *byte == dialect.quote => (from, doubled) = (quote + 2, true),
            None if !last => return Err(Split::Incomplete),
            _ => break quote,
        }
    };
    let after = skip_blanks(close + 1);
    match bytes.get(after) {
        None if !last => Err(Split::Incomplete),
        None => Ok((Cell { start, end: close, doubled }, after)),
        Some(byte) if ends_cell(*byte) => Ok((Cell { start, end: close, doubled }, after)),
        // Text goes on behind the quote. On one line the quotes belong to the text; over several a quote was forgotten.
        Some(_) if line_ends(&bytes[start..close]) > 0 => Err(Split::Unclosed),
        Some(_) => {
            let end = next_end(after)?;
            Ok((Cell { start: at, end, doubled: false }, end))
        }
    }
}

fn line_ends(bytes: &[u8]) -> u32 {
    let mut ends = 0;
    for (at, byte) in bytes.iter().enumerate() {
        ends += u32::from(*byte == b'\r' || (*byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r')));
    }
    ends
}
