//! What the lines of a plan's files say.

use serde::{Deserialize, Serialize};
use usher_domain::import::{Issue, Rejection};
use usher_domain::{Draft, MembershipId};

/// The most rows of a part: what one function call makes in well under its time.
pub const PART_ROWS: usize = 5_000;
/// The most bytes of a part, which rows with long cells reach first.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// The first line of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHeader {
    /// How many rows follow, so that a part that was cut short is not taken for a whole one.
    pub rows: usize,
}

/// A row of a part: somebody to invite.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRow {
    /// The line of the file it begins on.
    pub line: u32,
    /// Whom to invite to what.
    pub draft: Draft,
    /// Its cells, to give back if the plan cannot be kept to.
    pub cells: Vec<String>,
}

/// A line of `issues.jsonl`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// The line of the file it begins on.
    pub line: u32,
    /// What is wrong with it, and its cells.
    #[serde(flatten)]
    pub rejection: Rejection,
}

/// A line of a part's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowResult {
    /// The line of the file it begins on.
    pub line: u32,
    /// What became of it.
    pub outcome: RowOutcome,
    /// Whose row it is.
    pub membership: MembershipId,
    /// Why it could not be kept to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
}

/// What became of a row that was good when the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// The person is invited.
    Created,
    /// They came by another way in the meantime.
    AlreadyThere,
    /// What the row asks for cannot be given any more.
    Drifted,
    /// The import was cancelled first.
    Cancelled,
}

/// Puts one line of JSON behind what is there.
pub fn write_line<T: Serialize>(line: &T, out: &mut Vec<u8>) {
    // Only maps with keys that are no texts, and types that refuse, cannot be written. There are none of them here.
    if serde_json::to_writer(&mut *out, line).is_ok() {
        out.push(b'\n');
    }
}
