//! The steps of applying a part.

pub(super) mod checkpoint;
pub(super) mod complete;
pub(super) mod drift;
pub(super) mod lost;
pub(super) mod rows;
