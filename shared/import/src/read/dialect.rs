//! How a file separates its cells, and how they are written back.

use serde::{Deserialize, Serialize};

/// What separates cells and what wraps them. Both are ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    /// Whether a backslash inside quotes escapes what follows it. A doubled quote is read as one in any case.
    pub(crate) backslash: bool,
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
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }

    pub(crate) fn of(text: &str) -> Self {
        match text.find(['\r', '\n']) {
            Some(at) if text[at..].starts_with("\r\n") => Self::CrLf,
            Some(at) if text[at..].starts_with('\r') => Self::Cr,
            _ => Self::Lf,
        }
    }
}

impl Dialect {
    pub(crate) const COMMA: Self = Self { delimiter: b',', quote: b'"', backslash: false };

    /// Writes a record so that [`split`](crate::read::cells::split) reads the same cells back. The line end is the caller's.
    pub(crate) fn write<'a>(self, cells: impl IntoIterator<Item = &'a str>, out: &mut String) {
        let (delimiter, quote) = (char::from(self.delimiter), char::from(self.quote));
        let escapes = |c: char| c == quote || (self.backslash && c == '\\');
        for (column, cell) in cells.into_iter().enumerate() {
            if column > 0 {
                out.push(delimiter);
            }
            let needs_quotes = |c: char| c == delimiter || c == '\r' || c == '\n' || escapes(c);
            // A cell that begins with the other kind of quote could make that one look like the kind that wraps cells.
            // Nor may the first one look like a comment.
            let like_comment = column == 0 && cell.starts_with('#');
            // An apostrophe is taken for a quote only where it is around every cell.
            let bare = quote == '"' || cell.is_empty();
            if bare && !like_comment && !cell.contains(needs_quotes) && !cell.starts_with([' ', '\'', '"']) {
                out.push_str(cell);
                continue;
            }
            out.push(quote);
            for character in cell.chars() {
                if escapes(character) {
                    out.push(if self.backslash { '\\' } else { quote });
                }
                out.push(character);
            }
            out.push(quote);
        }
    }
}
