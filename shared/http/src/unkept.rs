//! Answers that are not stored for repetitions.

/// Marks an answer that must not be stored, because it grants access, or because it is about another request with the same
/// key. Its function makes repetitions safe by itself.
#[derive(Debug, Clone, Copy)]
pub struct Unkept;
