//! The outcome of each row.

use std::fmt;

use serde::{Deserialize, Serialize};
use usher_domain::{EmailAddress, InvitationSpec};

use super::row_issue::RowIssue;

/// One row and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The line it begins on; the first line of a file is 1.
    pub line: u32,
    /// What becomes of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What deserves a look; the row counts all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<RowIssue>,
}

impl Row {
    pub(crate) fn rejected(line: u32, rejection: Rejection) -> Self {
        Self { line, outcome: Outcome::Rejected(rejection), warnings: Vec::new() }
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// The person can be invited.
    Valid(Box<InvitationSpec>),
    /// Something is wrong with the row; it invites nobody.
    Rejected(Rejection),
    /// It asks for exactly the same as an earlier row.
    #[serde(rename = "ignored_duplicate")]
    Duplicate {
        /// The line of the earlier row.
        of: u32,
        /// The address of both rows.
        email: EmailAddress,
    },
}

/// A rejected row: all its issues, and its cells for `failed.csv`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// What is wrong; never empty.
    pub issues: Vec<RowIssue>,
    /// The cells as they were read, without those that an earlier `failed.csv` added. Empty where the row was too long to
    /// keep.
    pub cells: Vec<String>,
}

/// Cells are personal data: logs show what is wrong, not with whom.
impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection").field("issues", &self.issues).finish_non_exhaustive()
    }
}

/// How many rows have which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// All rows; the sum of the others. Blank lines are no rows.
    pub rows: u32,
    /// Rows that can be invited.
    pub valid: u32,
    /// Rows that cannot.
    pub rejected: u32,
    /// Rows that repeat an earlier one exactly.
    pub ignored_duplicates: u32,
}

impl Counts {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Valid(_) => &mut self.valid,
            Outcome::Rejected(_) => &mut self.rejected,
            Outcome::Duplicate { .. } => &mut self.ignored_duplicates,
        };
        *count = count.saturating_add(1);
        self.rows = self.rows.saturating_add(1);
    }
}
