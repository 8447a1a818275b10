//! Members.

mod deactivate;
mod list;
