//! The lines of a plan's files.

use serde::{Deserialize, Serialize};
use usher_domain::{EmailAddress, ExistingMembership, InvitationSpec, IssueCode, MembershipId, Severity};
use usher_import::{Rejection, RowIssue};

/// The most rows of a part: one invocation applies them in well under its time.
pub const PART_ROWS: usize = 5_000;
/// The most bytes of a part, which rows with long cells reach first.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// The first line of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHeader {
    /// How many rows follow, so that a truncated part is detected.
    pub rows: usize,
}

/// A row of a part: somebody to invite.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRow {
    /// Which row of the file it is, counted from 1. A line may hold several.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// The person, and what they get.
    pub spec: InvitationSpec,
    /// Its cells, to return if the row drifts.
    pub cells: Vec<String>,
}

/// A line of `issues.jsonl`: a row with errors or warnings.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlaggedRow {
    /// Which row of the file it is.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// Its issues, errors first.
    pub issues: Vec<RowIssue>,
    /// Its cells, to return if it is rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

impl FlaggedRow {
    /// The row to correct; `None` if it has only warnings.
    #[must_use]
    pub fn into_rejection(self) -> Option<Rejection> {
        let mut issues = self.issues;
        issues.retain(|issue| issue.severity == Severity::Error);
        (!issues.is_empty()).then_some(Rejection { issues, cells: self.cells })
    }
}

/// A line of `skipped.jsonl`: a row that is not wrong but makes no invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRow {
    /// Which row of the file it is.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// The person's address.
    pub email: EmailAddress,
    /// Their membership's id.
    pub membership: MembershipId,
    /// Why it makes no invitation.
    #[serde(flatten)]
    pub reason: SkipReason,
}

/// Why a row that is not wrong makes no invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum SkipReason {
    /// It repeats an earlier row.
    Duplicate {
        /// The line of that row.
        of: u32,
    },
    /// The person is invited or a member already.
    Exists {
        /// As what. (Not `membership`: a skipped row has that beside it.)
        existing: ExistingMembership,
        /// Whether the row asks for something that the existing invitation does not give.
        differs: bool,
    },
}

/// A line of a part's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowResult {
    /// Which row of the file it is.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// The person's address.
    pub email: EmailAddress,
    /// What became of it.
    pub outcome: AppliedOutcome,
    /// Their membership's id.
    pub membership: MembershipId,
    /// Why it drifted, or how the existing invitation differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<RowIssue>,
}

/// What became of a row that was valid when the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum AppliedOutcome {
    /// The person is invited.
    Created,
    /// They were invited, or joined, some other way since the plan.
    Exists(ExistingMembership),
    /// The organisation no longer allows what the row asks for.
    Drifted,
    /// The import was cancelled first.
    Cancelled,
}

impl AppliedOutcome {
    const ALL: [Self; 6] = [
        Self::Created,
        Self::Exists(ExistingMembership::Invited),
        Self::Exists(ExistingMembership::Member),
        Self::Exists(ExistingMembership::Deactivated),
        Self::Drifted,
        Self::Cancelled,
    ];

    /// The name that is written and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Exists(existing) => existing.as_str(),
            Self::Drifted => "drifted",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<AppliedOutcome> for String {
    fn from(outcome: AppliedOutcome) -> Self {
        outcome.as_str().to_owned()
    }
}

impl TryFrom<String> for AppliedOutcome {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|outcome| outcome.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is not an outcome of a row"))
    }
}

/// The warning about a row that asks for more than the person's existing invitation gives.
#[must_use]
pub fn invitation_differs(line: u32) -> RowIssue {
    let message = "the person is invited already, with other details; an import does not change invitations, so edit \
                   the invitation";
    RowIssue::of_row(line, IssueCode::InvitationDiffers, message)
}

/// Appends one line of JSON.
pub fn write_line<T: Serialize>(line: &T, out: &mut Vec<u8>) {
    // Serialization cannot fail here: all keys are strings.
    if serde_json::to_writer(&mut *out, line).is_ok() {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_row_is_read_as_it_was_written() {
        let exists = |existing, differs| SkipReason::Exists { existing, differs };
        for reason in [
            SkipReason::Duplicate { of: 2 },
            exists(ExistingMembership::Invited, true),
            exists(ExistingMembership::Member, false),
            exists(ExistingMembership::Deactivated, false),
        ] {
            let email = "ada@example.com".parse().expect("an address");
            let row = SkippedRow { row: 1, line: 3, email, membership: MembershipId::from_bytes([7; 16]), reason };
            let mut line = Vec::new();
            write_line(&row, &mut line);
            assert_eq!(serde_json::from_slice::<SkippedRow>(&line).ok(), Some(row));
        }
    }

    #[test]
    fn an_outcome_is_read_by_its_name() {
        for outcome in AppliedOutcome::ALL {
            assert_eq!(AppliedOutcome::try_from(outcome.as_str().to_owned()), Ok(outcome));
        }
        assert!(AppliedOutcome::try_from("invited".to_owned()).is_err());
    }
}
