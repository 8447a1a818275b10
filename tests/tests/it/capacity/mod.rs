//! Capacity: never oversold, never lost.

mod concurrency;
mod failures;
mod limits;
