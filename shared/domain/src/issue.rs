//! What can be wrong with a field: of a request, of one person's details, of a row of a file.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::catalogue::nearest;
pub use crate::issue_code::{IssueCode, Severity};

/// One thing that is wrong with one field, or that deserves a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The field, as the API names it: `email`, `invitations[3].email`.
    pub field: Cow<'static, str>,
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
    /// The allowed value that was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Issue {
    /// An issue that shows what was found, unless that is blank.
    #[must_use]
    pub fn new(field: impl Into<Cow<'static, str>>, code: IssueCode, found: &str, message: impl Into<String>) -> Self {
        let found = (!found.is_empty()).then(|| found.to_owned());
        Self { field: field.into(), code, message: message.into(), found, allowed: Vec::new(), suggestion: None }
    }

    /// An issue whose message says it all.
    #[must_use]
    pub fn plain(field: impl Into<Cow<'static, str>>, code: IssueCode, message: impl Into<String>) -> Self {
        Self::new(field, code, "", message)
    }

    /// The same issue in a larger document, where the field's name begins with `prefix`.
    #[must_use]
    pub fn at(self, prefix: &str) -> Self {
        if prefix.is_empty() { self } else { Self { field: format!("{prefix}{}", self.field).into(), ..self } }
    }

    pub(crate) fn unknown<'a>(
        field: &'static str,
        code: IssueCode,
        found: &str,
        allowed: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let suggestion = nearest(found, allowed.clone()).map(str::to_owned);
        let kind = field.trim_end_matches('s');
        let mut message = format!("there is no {kind} {found:?} here");
        if let Some(suggestion) = &suggestion {
            // Writing to a text cannot fail.
            let _ = write!(message, "; did you mean {suggestion:?}?");
        }
        Self { allowed: allowed.map(str::to_owned).collect(), suggestion, ..Self::new(field, code, found, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_placed_in_a_larger_document() {
        let issue = Issue::plain("email", IssueCode::EmailMissing, "is missing").at("admins[2].");
        assert_eq!(issue.field, "admins[2].email");
        assert_eq!(issue.clone().at(""), issue);
    }

    #[test]
    fn an_issue_is_written_without_what_it_does_not_have() {
        let issue = Issue::plain("limit", IssueCode::LimitInvalid, "is 0");
        let json = serde_json::to_string(&issue).expect("JSON");
        assert_eq!(json, r#"{"field":"limit","code":"limit_invalid","message":"is 0"}"#);
    }
}
