//! Lines: where they end, and whether one is a row by itself.

use memchr::memchr2;

use super::dialect::Dialect;

/// The longest record that is read. A longer one is rejected.
pub const RECORD_BYTES: usize = 64 * 1024;

/// The column of the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AddressColumn {
    pub(crate) column: usize,
    /// Whether it is the only column.
    pub(crate) alone: bool,
}

/// The end of the first line, without and with its line ending. `None` while more text may belong to it.
pub(crate) fn first_line(text: &str, last: bool) -> Option<(usize, usize)> {
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

/// Whether a line has an address in the right column. Rows may be shorter than the header.
pub(crate) fn is_row(line: &str, dialect: Dialect, addresses: AddressColumn) -> bool {
    let delimiter = char::from(dialect.delimiter);
    let is_address = |cell: &str| cell.contains('@') && (cell.contains('<') || !cell.trim().contains(' '));
    let has_more = addresses.alone || line.contains(delimiter);
    has_more && line.split(delimiter).nth(addresses.column).is_some_and(is_address)
}

/// Whether a record that is too long has a quoted cell of many lines. Otherwise a stray quote swallowed the rows below it.
pub(crate) fn goes_on_in_quotes(text: &str, dialect: Dialect, addresses: AddressColumn) -> bool {
    // Always the same amount, so that the choice does not depend on how the text is chunked.
    let text = &text[..text.floor_char_boundary(RECORD_BYTES)];
    let mut lines = text.split(['\r', '\n']);
    lines.next().is_some_and(|line| line.len() < text.len()) && !lines.any(|line| is_row(line, dialect, addresses))
}

/// Whether a record of several lines contains a line that is a row by itself: then its opening quote is a mistake.
pub(crate) fn swallows_rows(record: &str, dialect: Dialect, addresses: AddressColumn) -> bool {
    let mut inner = record.trim_end_matches(['\r', '\n']).split(['\r', '\n']).skip(1).peekable();
    while let Some(line) = inner.next() {
        // On the last line the record continues behind the quote.
        if inner.peek().is_some() && is_row(line, dialect, addresses) {
            return true;
        }
    }
    false
}

/// Where a long line of addresses can be cut: behind the last separator that follows an address.
pub(crate) fn cut(text: &str) -> Option<usize> {
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
