//! Detects how a file is written: its encoding, its dialect, and what its columns hold.

mod candidate;
pub(crate) mod encoding;
mod field;
pub(crate) mod header;
mod infer_columns;
mod list;
pub(crate) mod options;
pub(crate) mod sample_records;
pub(crate) mod sniff;
