//! Lists: a limit and an opaque cursor.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use crate::Problem;

/// The most entries of one page, and how many there are unless the caller says otherwise.
pub const LIST_LIMIT: (usize, usize) = (500, 50);

/// The query parameters that every list has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// How many entries at most.
    pub limit: Option<String>,
    /// Where to go on, from the page before.
    pub next: Option<String>,
}

impl ListQuery {
    /// The limit, checked.
    pub fn limit(&self) -> Result<usize, Problem> {
        let (most, usual) = LIST_LIMIT;
        let Some(text) = &self.limit else { return Ok(usual) };
        text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
            Problem::invalid_field("limit", "limit_invalid", format!("is {text:?}; give a number from 1 to {most}"))
        })
    }
}

/// Makes a place in a list opaque, so that nobody builds one themselves.
#[must_use]
pub fn next_cursor(place: &str) -> String {
    BASE64URL_NOPAD.encode(place.as_bytes())
}

/// The place that a cursor of ours names.
pub fn read_cursor(cursor: &str) -> Result<String, Problem> {
    let place = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    place.ok_or_else(no_place)
}

/// A cursor that is none of this list's.
#[must_use]
pub fn no_place() -> Problem {
    Problem::invalid_field("next", "next_invalid", "is no place in this list; use the one from the page before")
}
