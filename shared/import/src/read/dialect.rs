//! How a file separates its cells, and how cells are written back.

use serde::{Deserialize, Serialize};

/// The delimiters a file may use.
pub(crate) const DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', b'^'];
/// The quotes a file may use.
pub(crate) const QUOTES: [u8; 2] = [b'"', b'\''];

/// What separates cells and what quotes them. Both are ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    /// Whether a backslash escapes the next character. A doubled quote inside quotes always means one quote.
    pub(crate) backslash: bool,
}

/// The line ending of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Newline {
    /// LF (Unix).
    #[default]
    Lf,
    /// CR LF (Windows).
    CrLf,
    /// CR (old Macs).
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

    /// Writes a record that reads back as the same cells. The caller adds the line ending.
    pub(crate) fn write<'a>(self, cells: impl IntoIterator<Item = &'a str>, out: &mut String) {
        let (delimiter, quote) = (char::from(self.delimiter), char::from(self.quote));
        let escapes = |c: char| c == quote || (self.backslash && c == '\\');
        for (column, cell) in cells.into_iter().enumerate() {
            if column > 0 {
                out.push(delimiter);
            }
            let needs_quotes = |c: char| c == delimiter || c == '\r' || c == '\n' || escapes(c);
            // A cell that begins with the other quote could make that one look like the quote of the file. The first cell
            // must not look like a comment.
            let like_comment = column == 0 && cell.starts_with('#');
            // An apostrophe is read as a quote only where every cell has it.
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
