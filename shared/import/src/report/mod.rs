//! What the uploader gets to see: how the file was read, the outcome of each row, and the rejected rows as a file.

pub(crate) mod dialect_report;
pub(crate) mod rejected_csv;
pub(crate) mod row;
pub(crate) mod sample;
