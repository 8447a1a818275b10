//! From the cells of a row to an invitation, or to the issues of the row.

pub(crate) mod defaults;
mod domains;
mod duplicate_index;
mod entitlement_cache;
mod flag;
mod input;
pub(crate) mod row_validator;
pub(crate) mod table;
