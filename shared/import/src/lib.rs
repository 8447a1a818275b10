//! Reads a file of people: from its bytes to the outcome of each row.
//!
//! [`Planner`] drives one pass over the file in bounded memory. The caller feeds chunks and takes rows, so the same code plans
//! a file in a bucket, in a test and in a benchmark. A file is refused as a whole only before its first row ([`FileError`]).
//! After that each issue concerns one row, and every row has exactly one outcome.
//!
//! # A row from byte to outcome
//!
//! | step | function | does |
//! | --- | --- | --- |
//! | 1 | `Planner::feed` | takes a chunk of the file |
//! | 2 | `read::decode::Decoder::feed` | decodes it to text; `detect::encoding::detect_encoding` decides the encoding once |
//! | 3 | `detect::sniff::sniff` | once, from the first 64 KiB: the dialect, the header, or a list of addresses |
//! | 4 | `Planner::next_row` | asks for the next row |
//! | 5 | `read::records::Records::next` | finds the next record; `read::cells::split` divides it into cells |
//! | 6 | `validate::table::Table::person` | reads address, names and job title into an `InvitationInput` that borrows the cells |
//! | 7 | `validate::entitlement_cache::EntitlementCache::get` | finds what an earlier row with the same cells was granted |
//! | 8 | `validate::table::Table::add_entitlements` | only for new cells: reads role, team, products and courses |
//! | 9 | `InvitationValidator::validate`, or `validate_person` after a hit | checks the input by the catalogue |
//! | 10 | `validate::table::Table::skipped` | only if that fails: skips a blank line, a comment or a repeated header |
//! | 11 | `validate::row_validator::RowValidator::classify` | compares the row with earlier rows in the `DuplicateIndex`, and adds warnings |
//! | 12 | `report::row::Row` | carries the outcome: valid, rejected or duplicate |
//! | 13 | `Planner::cells` | if asked: the cells of the row, from the split of step 5 |
//!
//! # Layers
//!
//! Each module uses only itself and the ones before it: `read` (bytes, text, records, cells), `detect` (encoding, dialect,
//! columns), `validate` (cells to invitations, duplicates), `report` (what the uploader sees), `planner`.

mod detect;
mod planner;
mod read;
mod report;
#[cfg(test)]
mod tests;
mod validate;

pub use detect::header::{FAILED_CODE, FAILED_MESSAGE, Field};
pub use detect::options::DialectOverride;
pub use planner::Planner;
pub use read::decode::Confidence;
pub use read::dialect::Newline;
pub use read::error::FileError;
pub use read::formula::guarded;
pub use read::lines::RECORD_BYTES;
pub use report::dialect_report::{Column, DialectReport, Escape, SkippedLines};
pub use report::rejected_csv::rejected_csv;
pub use report::row::{Counts, Outcome, Rejection, Row};
pub use report::row_issue::RowIssue;
pub use report::sample::{SampleFormat, UnknownSample};
pub use validate::defaults::ImportDefaults;
pub use validate::row_validator::PEOPLE;
