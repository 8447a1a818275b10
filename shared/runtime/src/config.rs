//! Configuration: read from the environment once, when a function starts, so that a missing piece stops the deployment
//! and not a request.

/// A piece of configuration that is missing or makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable is not set, or empty.
    #[error("the environment variable {0} is not set; the template sets it")]
    Missing(&'static str),
    /// The variable is set to something that cannot be used.
    #[error("the environment variable {name} is {found:?}; it should be {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it is set to.
        found: String,
        /// What would do.
        expected: &'static str,
    },
}

/// A variable that may be left out; an empty one counts as left out.
#[must_use]
pub fn optional(name: &'static str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

/// A variable that has to be there.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// A whole number that has to be there.
pub fn required_number(name: &'static str) -> Result<u64, ConfigError> {
    let found = required(name)?;
    found.parse().map_err(|_| ConfigError::Invalid { name, found, expected: "a whole number" })
}
