//! From the bytes of a file to its records and cells.

pub(crate) mod cells;
pub(crate) mod decode;
pub(crate) mod dialect;
pub(crate) mod error;
pub(crate) mod records;
