//! `failed.csv`: the rejected rows as the uploader wrote them, with the reasons, to be mended and uploaded again.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding, UTF_16BE, UTF_16LE};

use crate::detect::options::DELIMITERS;
use crate::report::dialect_report::DialectReport;
use crate::report::row::Rejection;

/// The column with the codes of what is wrong, separated by blanks. Ignored when the file comes back.
pub const FAILED_CODE: &str = "usher_code";
/// The column with what is wrong in words. Ignored when the file comes back.
pub const FAILED_MESSAGE: &str = "usher_message";

/// What stands for a lost letter where the encoding has no U+FFFD. A row that holds it is rejected until it is mended.
pub(crate) const LOST: &str = "<?>";

/// How many allowed values a message names.
const ALLOWED: usize = 10;

/// What makes a spreadsheet read a cell as a formula when the cell begins with it, also in its full-width form.
fn begins_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// Whether a cell, apostrophes aside, would be read as a formula.
fn needs_guard(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(begins_formula)
}

/// A cell that a spreadsheet takes for text, whatever it begins with.
#[must_use]
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if needs_guard(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// A cell without the apostrophe that kept a spreadsheet from reading it as a formula.
pub(crate) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if needs_guard(rest) => rest,
        _ => cell,
    }
}

/// Writes rejected rows in the dialect and encoding of the file they come from, under its own header where
/// `with_header`. What one call returns can be put behind what an earlier one did.
///
/// A letter of a message that the encoding does not have becomes a question mark, and a lost letter of a cell [`LOST`]; the
/// other cells came from it, and fit.
#[must_use]
pub fn failed_rows<'a>(
    report: &DialectReport,
    with_header: bool,
    rows: impl IntoIterator<Item = &'a Rejection>,
) -> Vec<u8> {
    let dialect = report.dialect();
    let mut text = String::new();
    let mut write = |cells: &[&str]| {
        let guarded: Vec<_> = cells.iter().map(|cell| guarded(cell)).collect();
        dialect.write(guarded.iter().map(Cow::as_ref), &mut text);
        text.push_str(report.newline.as_str());
    };
    let columns = report.header.len();
    if with_header && !DELIMITERS.contains(&dialect.delimiter) {
        write(&[&format!("sep={}", char::from(dialect.delimiter))]);
    }
    if with_header {
        let names = report.header.iter().map(String::as_str);
        write(&names.chain([FAILED_CODE, FAILED_MESSAGE]).collect::<Vec<_>>());
    }
    for row in rows {
        let codes: Vec<_> = row.issues.iter().map(|issue| issue.code.as_str()).collect();
        let codes = codes.join(" ");
        let message = message(row);
        let cells = row.cells.iter().map(String::as_str);
        let padded = cells.clone().chain(std::iter::repeat("")).take(columns);
        // Cells beyond the last column stay beyond it.
        let beyond = cells.skip(columns);
        write(&padded.chain([codes.as_str(), message.as_str()]).chain(beyond).collect::<Vec<_>>());
    }
    encode(&text, report, with_header && report.byte_order_mark)
}

fn message(row: &Rejection) -> String {
    let said = row.issues.iter().map(|issue| {
        let column = issue.column.as_ref().map(|column| format!("{column}: ")).unwrap_or_default();
        let allowed = match issue.allowed.as_slice() {
            [] => String::new(),
            few if few.len() <= ALLOWED => format!(" (allowed: {})", few.join(", ")),
            many => format!(" (allowed: {} and {} more)", many[..ALLOWED].join(", "), many.len() - ALLOWED),
        };
        format!("{column}{}{allowed}", issue.message)
    });
    said.collect::<Vec<_>>().join("; ")
}

fn encode(text: &str, report: &DialectReport, with_mark: bool) -> Vec<u8> {
    let mark = if with_mark { "\u{feff}" } else { "" };
    let encoding = Encoding::for_label(report.encoding.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    let units = || mark.encode_utf16().chain(text.encode_utf16());
    if encoding == UTF_16LE {
        return units().flat_map(u16::to_le_bytes).collect();
    }
    if encoding == UTF_16BE {
        return units().flat_map(u16::to_be_bytes).collect();
    }
    let mut encoder = encoding.new_encoder();
    let mut bytes = mark.as_bytes().to_vec();
    let mut rest = text;
    loop {
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len());
        bytes.reserve(room);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return bytes,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(char::REPLACEMENT_CHARACTER) => bytes.extend_from_slice(LOST.as_bytes()),
            EncoderResult::Unmappable(_) => bytes.push(b'?'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_put_on_and_taken_off() {
        for cell in ["=1+1", "+49 30", "-x", "@x", "\tx", "'=x", "''=x", "＝x"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
            assert_eq!(unguarded(&guarded(cell)), cell);
        }
        for cell in ["", "'", "'t Hooft", "a=b", "'a'"] {
            assert_eq!(guarded(cell), cell);
            assert_eq!(unguarded(cell), cell);
        }
    }
}
