//! Lists: a limit and an opaque cursor.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use crate::Problem;
use usher_domain::IssueCode;

/// The most entries of one page, and the default.
pub const LIST_LIMIT: (usize, usize) = (500, 50);

/// The query parameters that every list has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// The most entries.
    pub limit: Option<String>,
    /// Where the page begins: `next` of the previous page.
    pub next: Option<String>,
}

impl ListQuery {
    /// The limit, checked.
    pub fn limit(&self) -> Result<usize, Problem> {
        let (most, usual) = LIST_LIMIT;
        let Some(text) = &self.limit else { return Ok(usual) };
        text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
            Problem::invalid_field(
                "limit",
                IssueCode::LimitInvalid,
                format!("is {text:?}; give a number from 1 to {most}"),
            )
        })
    }
}

/// Makes a position in a list opaque, so that clients do not build their own.
#[must_use]
pub fn next_cursor(position: &str) -> String {
    BASE64URL_NOPAD.encode(position.as_bytes())
}

/// The position that a cursor names.
pub fn read_cursor(cursor: &str) -> Result<String, Problem> {
    let position = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    position.ok_or_else(invalid_cursor)
}

/// A cursor that is not from this list.
#[must_use]
pub fn invalid_cursor() -> Problem {
    Problem::invalid_field(
        "next",
        IssueCode::NextInvalid,
        "is not a position in this list; use next from the previous page",
    )
}
