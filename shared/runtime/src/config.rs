//! Configuration: read from the environment once, when a function starts, so that a missing value fails the start and
//! not a request.

/// A missing or invalid configuration value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable is not set, or empty.
    #[error("the environment variable {0} is not set; the template sets it")]
    Missing(&'static str),
    /// The variable has an invalid value.
    #[error("the environment variable {name} is {found:?}; it should be {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value.
        found: String,
        /// What the value should be.
        expected: &'static str,
    },
}

/// An optional variable; an empty one counts as not set.
#[must_use]
pub fn optional(name: &'static str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

/// A required variable.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// A required whole number.
pub fn required_number(name: &'static str) -> Result<u64, ConfigError> {
    let found = required(name)?;
    found.parse().map_err(|_| ConfigError::Invalid { name, found, expected: "a whole number" })
}
