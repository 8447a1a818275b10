//! Members.

mod deactivate;
