//! What the lines of a plan's files say.

use serde::{Deserialize, Serialize};
use usher_domain::{EmailAddress, InvitationSpec, IssueCode, MembershipId, Severity};
use usher_import::{Rejection, RowIssue};

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
    /// Which row of the file it is, counted from 1. A line may hold several.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// Whom to invite to what.
    pub spec: InvitationSpec,
    /// Its cells, to give back if the plan cannot be kept to.
    pub cells: Vec<String>,
}

/// A line of `issues.jsonl`: a row with something to say about it, be it rejected or not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlaggedRow {
    /// Which row of the file it is.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// Everything about it, errors first.
    pub issues: Vec<RowIssue>,
    /// Its cells, to give back if it is rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

impl FlaggedRow {
    /// The row to be mended; `None` if nothing stands in its way.
    #[must_use]
    pub fn into_rejection(self) -> Option<Rejection> {
        let mut issues = self.issues;
        issues.retain(|issue| issue.severity == Severity::Error);
        (!issues.is_empty()).then_some(Rejection { issues, cells: self.cells })
    }
}

/// A line of `skipped.jsonl`: a row that is neither wrong nor to be made an invitation of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRow {
    /// Which row of the file it is.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// Whom it is about.
    pub email: EmailAddress,
    /// How they stand in the organisation.
    pub membership: MembershipId,
    /// Why nobody is invited by it.
    #[serde(flatten)]
    pub because: Skipped,
}

/// Why nobody is invited by a row that is not wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Skipped {
    /// It repeats an earlier row.
    IgnoredDuplicate {
        /// The line of that row.
        of: u32,
    },
    /// The person has an open invitation.
    AlreadyInvited {
        /// The row asks for something that invitation does not give.
        differs: bool,
    },
    /// The person is in.
    AlreadyMember,
    /// The person is in, but shut out.
    DeactivatedMember,
}

/// A line of a part's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowResult {
    /// Which row of the file it is.
    pub row: u32,
    /// The line of the file it begins on.
    pub line: u32,
    /// Whom it is about.
    pub email: EmailAddress,
    /// What became of it.
    pub outcome: RowOutcome,
    /// How they stand in the organisation.
    pub membership: MembershipId,
    /// Why it could not be kept to, or what is worth a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<RowIssue>,
}

/// What became of a row that was good when the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// The person is invited.
    Created,
    /// They were invited by another way in the meantime.
    AlreadyInvited,
    /// They joined by another way in the meantime.
    AlreadyMember,
    /// They joined by another way in the meantime, and were shut out.
    DeactivatedMember,
    /// What the row asks for cannot be given any more.
    Drifted,
    /// The import was cancelled first.
    Cancelled,
}

impl RowOutcome {
    /// The name that is written and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AlreadyInvited => "already_invited",
            Self::AlreadyMember => "already_member",
            Self::DeactivatedMember => "deactivated_member",
            Self::Drifted => "drifted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What to say of a row that asks for more than its person's open invitation gives.
#[must_use]
pub fn invitation_differs(line: u32) -> RowIssue {
    let message = "the person is invited already, and that invitation says otherwise; an import leaves it as it is, so \
                   edit the invitation";
    RowIssue::of_row(line, IssueCode::InvitationDiffers, message)
}

/// Puts one line of JSON behind what is there.
pub fn write_line<T: Serialize>(line: &T, out: &mut Vec<u8>) {
    // Only maps with keys that are no texts, and types that refuse, cannot be written. There are none of them here.
    if serde_json::to_writer(&mut *out, line).is_ok() {
        out.push(b'\n');
    }
}
