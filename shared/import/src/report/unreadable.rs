//! Issues of rows that cannot be read into cells of a table.

use usher_domain::IssueCode;

use super::row_issue::RowIssue;
use crate::read::decode::Decoder;
use crate::read::dialect::Dialect;
use crate::read::lost_letter::{LOST, REPLACEMENT, has_lost_letter};
use crate::read::records::{Fault, RECORD_BYTES, Records};

/// The issue of a record that cannot be split into cells.
pub(crate) fn broken(line: u32, fault: Fault, dialect: Dialect) -> RowIssue {
    match fault {
        Fault::UnclosedQuote => {
            let quote = char::from(dialect.quote);
            let message =
                format!("A cell begins with {quote} but has no {quote} at its end; add it, or remove the first.");
            RowIssue::of_row(line, IssueCode::QuoteUnclosed, message)
        }
        Fault::TooLong => {
            let message = format!("The row is longer than the {} KiB limit.", RECORD_BYTES / 1024);
            RowIssue::of_row(line, IssueCode::RowTooLong, message)
        }
    }
}

/// The issue of a row with more cells than the header has columns.
pub(crate) fn ragged(line: u32, excess: usize, dialect: Dialect) -> RowIssue {
    let delimiter = match dialect.delimiter {
        b'\t' => "tab".to_owned(),
        b',' => "comma".to_owned(),
        b';' => "semicolon".to_owned(),
        delimiter => char::from(delimiter).to_string(),
    };
    let cells = if excess == 1 { "cell" } else { "cells" };
    let message = format!(
        "The row has {excess} more {cells} than the header has columns; put quotes around a cell that contains a {delimiter}."
    );
    RowIssue::of_row(line, IssueCode::TooManyCells, message)
}

/// The issue of a row with letters that this import or an earlier conversion could not read; `None` if it has none.
pub(crate) fn undecodable(decoder: &mut Decoder, records: &Records, line: u32) -> Option<RowIssue> {
    if !has_lost_letter(records.raw()) {
        return None;
    }
    let end = records.offset();
    let encoding = decoder.finding().encoding.name();
    let message = match decoder.undecodable_in(end - records.raw().len() as u64..end) {
        Some(byte) => format!("Byte {byte} of the file is not a letter in {encoding}; save the file as CSV UTF-8."),
        None => {
            format!("{REPLACEMENT} or {LOST} replaces a letter that was lost before this file was made; type it again.")
        }
    };
    Some(RowIssue::of_row(line, IssueCode::Undecodable, message))
}
