//! What the plan of a file is written into.

mod flagged_rows;
mod parts;
pub(super) mod progress;
pub(super) mod rejected_csv;
pub(super) mod rows;
mod skipped_rows;
