//! `failed.csv`: the rejected rows as the uploader wrote them, with the reasons, to be corrected and uploaded again.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding, UTF_16BE, UTF_16LE};

use super::dialect_report::DialectReport;
use super::row::Rejection;
use crate::detect::header::{FAILED_CODE, FAILED_MESSAGE};
use crate::read::dialect::DELIMITERS;
use crate::read::formula::guarded;
use crate::read::lost_letter::LOST;

/// How many allowed values a message names.
const ALLOWED: usize = 10;

/// Writes rejected rows in the dialect and encoding of their file, under its header if `with_header`. The results of several
/// calls can be concatenated.
///
/// A lost letter becomes `<?>` where the encoding has no U+FFFD, and any other letter of a message that it lacks becomes a
/// question mark. The letters of cells came from the encoding, so they fit.
#[must_use]
pub fn rejected_csv<'a>(
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
        // Excess cells stay beyond the last column.
        let beyond = cells.skip(columns);
        write(&padded.chain([codes.as_str(), message.as_str()]).chain(beyond).collect::<Vec<_>>());
    }
    encode(&text, report, with_header && report.byte_order_mark)
}

fn message(row: &Rejection) -> String {
    let messages = row.issues.iter().map(|issue| {
        let column = issue.column.as_ref().map(|column| format!("{column}: ")).unwrap_or_default();
        let allowed = match issue.allowed.as_slice() {
            [] => String::new(),
            few if few.len() <= ALLOWED => format!(" (allowed: {})", few.join(", ")),
            many => format!(" (allowed: {} and {} more)", many[..ALLOWED].join(", "), many.len() - ALLOWED),
        };
        format!("{column}{}{allowed}", issue.message)
    });
    messages.collect::<Vec<_>>().join("; ")
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
