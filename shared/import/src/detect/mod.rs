//! What kind of file it is: its encoding, its dialect, and what its columns hold.

pub(crate) mod candidate;
pub(crate) mod encoding;
pub(crate) mod header;
pub(crate) mod infer_columns;
pub(crate) mod list;
pub(crate) mod options;
pub(crate) mod sniff;
