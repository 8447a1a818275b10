//! Organisations.

mod change;
mod create;
