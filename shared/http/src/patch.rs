//! Members of a PATCH body.

use serde::{Deserialize, Deserializer};

/// A member that may be left as it is (absent), set, or taken away (`null`), as in RFC 7396.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Absent.
    #[default]
    Keep,
    /// A value, or `null`.
    Set(Option<T>),
}

impl<T: Clone> Patch<T> {
    /// What comes of it where this was before.
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
