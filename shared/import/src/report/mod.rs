//! What the uploader sees: how the file was read, the outcome of each row, and the rejected rows as a file.

pub(crate) mod dialect_report;
pub(crate) mod rejected_csv;
pub(crate) mod row;
pub(crate) mod row_issue;
pub(crate) mod sample;
pub(crate) mod unreadable;
