//! From the cells of a row to an invitation, or to what is wrong with the row.

pub(crate) mod domains;
pub(crate) mod duplicate_index;
pub(crate) mod places;
pub(crate) mod row_validator;
pub(crate) mod table;
