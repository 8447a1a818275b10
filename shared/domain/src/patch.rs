//! A field of a change: kept, set or removed.

use serde::{Deserialize, Deserializer};

/// A field that is kept (absent), set, or removed (`null`), as in RFC 7396.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Absent.
    #[default]
    Keep,
    /// A value, or `null`.
    Set(Option<T>),
}

impl<T: Clone> Patch<T> {
    /// The new value, where `before` is the old one.
    #[must_use]
    pub fn over(&self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Set(value) => value.clone(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Set)
    }
}
