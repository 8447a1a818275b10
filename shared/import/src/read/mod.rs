//! From the bytes of a file to its text, its records and their cells.

pub(crate) mod cells;
pub(crate) mod content;
pub(crate) mod decode;
pub(crate) mod dialect;
pub(crate) mod error;
pub(crate) mod formula;
pub(crate) mod lines;
pub(crate) mod lost_letter;
pub(crate) mod records;
