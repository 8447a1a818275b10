//! Capacity: never oversold, never lost.

mod concurrency;
mod conflicts;
mod failures;
mod limits;
mod reservations;
