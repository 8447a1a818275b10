//! From the bytes of a file to what each of its rows comes to.
//!
//! ```text
//! bytes ─decode─► text ─records─► cells ─header─► request ─Catalogue::validate─► good, rejected or a duplicate
//! ```
//!
//! [`Planner`] drives it in one pass and in bounded memory. It is fed chunks and hands back rows; it reads nothing itself,
//! so the same code plans a file in S3, in a test and in a benchmark. A file is refused as a whole only before its first
//! row ([`FileError`]); from then on whatever is wrong is wrong with one row, and every row is accounted for.

mod detect;
mod planner;
mod read;
mod report;
#[cfg(test)]
mod tests;
mod validate;

pub use detect::header::Field;
pub use detect::options::DialectOverride;
pub use planner::Planner;
pub use read::decode::Confidence;
pub use read::dialect::Newline;
pub use read::error::FileError;
pub use read::records::RECORD_BYTES;
pub use report::dialect_report::{Column, DialectReport, Escape, SkippedLines};
pub use report::rejected_csv::{FAILED_CODE, FAILED_MESSAGE, failed_rows, guarded};
pub use report::row::{Counts, Outcome, Rejection, Row, RowIssue};
pub use report::sample::{SampleFormat, UnknownSample};
pub use validate::row_validator::{ImportDefaults, PEOPLE};
