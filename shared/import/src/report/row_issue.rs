//! The issues of a row, as the API and the files of an import show them.

use std::fmt;

use serde::{Deserialize, Serialize};
use usher_domain::{Issue, IssueCode, Severity};

use crate::read::error::{EXCERPT_CHARACTERS, excerpt};

/// How many allowed values are listed.
const ALLOWED: usize = 50;

/// One thing that is wrong with a row, or deserves a look.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowIssue {
    /// The line the row begins on.
    pub line: u32,
    /// The name of the column in the file, or of the field where the file has no such column; none for the whole row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Whether the row is rejected for it.
    #[serde(default)]
    pub severity: Severity,
    /// A stable code.
    pub code: IssueCode,
    /// What is wrong and what to do.
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
    /// An issue of the whole row.
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
    pub fn of_field(line: u32, column: String, issue: Issue) -> Self {
        let Issue { code, message, found, mut allowed, suggestion, .. } = issue;
        allowed.truncate(ALLOWED);
        // A message may quote what was found, and a cell may be long.
        let message = match &found {
            Some(found) if found.chars().nth(EXCERPT_CHARACTERS).is_some() => message.replace(found, &excerpt(found)),
            _ => message,
        };
        let found = found.as_deref().map(excerpt);
        Self { line, column: Some(column), severity: code.severity(), code, message, found, allowed, suggestion }
    }
}

/// What was found may be personal data: logs show the code and the column, not the value.
impl fmt::Debug for RowIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, code, .. } = self;
        write!(f, "RowIssue({code} at line {line}, {})", column.as_deref().unwrap_or("the row"))
    }
}
