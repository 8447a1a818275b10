//! The sweeper: what one tick does, and for whom.

mod delivery_check;
mod due;
mod tick;
