//! From the bytes of a file to what each of its rows comes to.
//!
//! ```text
//! bytes ─decode─► text ─records─► cells ─header─► request ─Catalogue::check─► good, rejected or a duplicate
//! ```
//!
//! [`Planner`] drives it in one pass and in bounded memory. It is fed chunks and hands back rows; it reads nothing itself,
//! so the same code plans a file in S3, in a test and in a benchmark. A file is refused as a whole only before its first
//! row ([`FileError`]); from then on whatever is wrong is wrong with one row, and every row is accounted for.

mod candidate;
mod cells;
mod columns;
mod decode;
mod dialect;
mod domains;
mod error;
mod failed;
mod guess;
mod header;
mod list;
mod people;
mod places;
mod plan;
mod records;
mod report;
mod row;
mod sample;
mod seen;
mod settings;
mod sniff;
mod table;
#[cfg(test)]
mod tests;

pub use decode::Confidence;
pub use dialect::Newline;
pub use error::FileError;
pub use failed::{FAILED_CODE, FAILED_MESSAGE, failed_rows, guarded};
pub use header::Field;
pub use people::{ImportDefaults, PEOPLE};
pub use plan::Planner;
pub use records::RECORD_BYTES;
pub use report::{Column, DialectReport, Escape, SkippedLines};
pub use row::{Counts, Outcome, Rejection, Row, RowIssue};
pub use sample::{SampleFormat, UnknownSample};
pub use settings::DialectOverride;
