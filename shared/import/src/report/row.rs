//! What one row comes to.

use std::fmt;

use serde::{Deserialize, Serialize};

use usher_domain::email::EmailAddress;
use usher_domain::issue::{IssueCode, Severity};
use usher_domain::spec::{InvitationSpec, Issue};

/// How many characters of a value are shown back; the row itself is kept whole.
const EXCERPT_CHARACTERS: usize = 120;
/// How many allowed values are named.
const ALLOWED: usize = 50;

/// One row and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The line it begins on; the first line of a file is 1.
    pub line: u32,
    /// What it comes to.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What is worth a look and stands in nobody's way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<RowIssue>,
}

impl Row {
    pub(crate) fn rejected(line: u32, rejection: Rejection) -> Self {
        Self { line, outcome: Outcome::Rejected(rejection), warnings: Vec::new() }
    }
}

/// What a row comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody who can be invited.
    Valid(Box<InvitationSpec>),
    /// Something is wrong with it; nobody is invited by it.
    Rejected(Rejection),
    /// It asks for exactly what an earlier row asked for.
    IgnoredDuplicate {
        /// The line of the earlier row.
        of: u32,
        /// Whom both are about.
        email: EmailAddress,
    },
}

/// A row that cannot be used, with every reason, and with its cells to give back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// What is wrong; at least one thing.
    pub issues: Vec<RowIssue>,
    /// The cells as they were read, without those this program added to an earlier `failed.csv`. None where the row was
    /// too long to keep.
    pub cells: Vec<String>,
}

/// One thing that is wrong with a row.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowIssue {
    /// The line the row begins on.
    pub line: u32,
    /// The column as the file calls it; the field where the file has no such column; none where it concerns the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Whether it stands in the row's way.
    #[serde(default)]
    pub severity: Severity,
    /// A stable code.
    pub code: IssueCode,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What is allowed, where that is a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// What was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl RowIssue {
    /// An issue that concerns the row, and no cell of it.
    #[must_use]
    pub fn of_row(line: u32, code: IssueCode, message: impl Into<String>) -> Self {
        Self {
            line,
            column: None,
            severity: code.severity(),
            code,
            message: message.into(),
            found: None,
            allowed: Vec::new(),
            suggestion: None,
        }
    }

    /// An issue of one cell.
    #[must_use]
    pub fn of_field(line: u32, column: String, problem: Issue) -> Self {
        let Issue { code, message, found, mut allowed, suggestion, .. } = problem;
        allowed.truncate(ALLOWED);
        // A message may quote what was found, which may be as long as a cell.
        let message = match &found {
            Some(found) if found.chars().nth(EXCERPT_CHARACTERS).is_some() => message.replace(found, &excerpt(found)),
            _ => message,
        };
        let found = found.as_deref().map(excerpt);
        Self { line, column: Some(column), severity: code.severity(), code, message, found, allowed, suggestion }
    }
}

/// Cells and what was found in them are about people: what is logged by accident shows what is wrong, not with whom.
impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection").field("issues", &self.issues).finish_non_exhaustive()
    }
}

impl fmt::Debug for RowIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, code, .. } = self;
        write!(f, "RowIssue({code} at line {line}, {})", column.as_deref().unwrap_or("the row"))
    }
}

/// As much of a text as is worth showing, visibly cut.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How many rows came to what.
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
            Outcome::IgnoredDuplicate { .. } => &mut self.ignored_duplicates,
        };
        *count = count.saturating_add(1);
        self.rows = self.rows.saturating_add(1);
    }
}
