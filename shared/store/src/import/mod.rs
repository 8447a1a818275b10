//! Imports: announced, planned, started, completed part by part.

mod apply;
mod item;
mod lease;
mod plan;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use usher_domain::{CapacityRequest, ImportId, MembershipId, OrganisationId};

pub use lease::PartLease;

use crate::capacity::{ReserveError, read_resource, resource_key};

/// How long an import that is being planned or carried out may be silent before the sweeper looks after it. Planning may
/// take three runs of a quarter of an hour each.
const PLANNING_PATIENCE: SignedDuration = SignedDuration::from_mins(60);
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How long an import, and what it read, is remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Whether somebody looks at the plan before it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// An admin reads the plan and sends it.
    Review,
    /// It is carried out at once.
    Send,
}

/// What a rejected row does to the file it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnIssues {
    /// The row is left out, and the others can be sent.
    #[default]
    SkipRows,
    /// The whole file is refused; what is wrong with it can be read.
    RejectFile,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// Announced; the file is not there yet.
    AwaitingUpload,
    /// The file is being read.
    Planning,
    /// The plan can be read and sent.
    Ready,
    /// Invitations are being made.
    Applying,
    /// Every row has its outcome.
    Completed,
    /// The file was refused.
    Failed,
    /// An admin stopped it.
    Cancelled,
}

impl ImportStatus {
    /// The name that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingUpload => "awaiting_upload",
            Self::Planning => "planning",
            Self::Ready => "ready",
            Self::Applying => "applying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The object an import reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSource {
    /// Its key in the upload bucket.
    pub key: String,
    /// Its version; empty where the bucket keeps none.
    pub version: String,
}

/// What a file would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Rows that would become invitations.
    pub valid: u64,
    /// Rows with an issue.
    pub rejected: u64,
    /// Rows that repeat another to the letter.
    pub ignored_duplicates: u64,
    /// People with an open invitation.
    pub already_invited: u64,
    /// People who are in.
    pub already_member: u64,
    /// People who are shut out.
    pub deactivated_member: u64,
}

impl ImportCounts {
    /// All rows that were read.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.valid
            + self.rejected
            + self.ignored_duplicates
            + self.already_invited
            + self.already_member
            + self.deactivated_member
    }
}

/// The plan of an import, without its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportPlan {
    /// What the rows come to.
    pub counts: ImportCounts,
    /// How many issues of each code the rejected rows have.
    pub issues: BTreeMap<String, u64>,
    /// How many warnings of each code there are.
    #[serde(default)]
    pub warnings: BTreeMap<String, u64>,
    /// What was guessed about the file.
    pub dialect: serde_json::Value,
    /// How many places of each kind sending it takes (`seats`, `product#{id}`, `course#{slug}`).
    pub needed: BTreeMap<String, u32>,
    /// How many parts the good rows are in.
    pub parts: u32,
    /// SHA-256 of the parts: who sends the plan says which one they looked at.
    pub digest: String,
    /// The folder of the bucket that holds its files. Each attempt at planning has its own, so that one that is delivered
    /// twice at once cannot write under the other's plan.
    pub folder: String,
}

impl ImportPlan {
    /// Writes a demand down.
    #[must_use]
    pub fn needed_of(needed: &CapacityRequest) -> BTreeMap<String, u32> {
        needed.iter().map(|(resource, count)| (resource_key(resource), count)).collect()
    }

    /// The places that sending it takes.
    #[must_use]
    pub fn needed(&self) -> CapacityRequest {
        self.needed.iter().filter_map(|(key, count)| Some((read_resource(key)?, *count))).collect()
    }
}

/// How far one attempt at reading a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Bytes that were read.
    pub bytes: u64,
    /// Bytes of the file.
    pub of: u64,
    /// When this attempt began.
    pub begun_at: Timestamp,
    /// When this was written down.
    pub at: Timestamp,
}

/// Why a file was refused, or a plan not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFailure {
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do.
    pub detail: String,
}

/// How far the parts have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PartOutcome {
    /// Rows of the part.
    pub rows: u64,
    /// Rows that became invitations.
    pub created: u64,
    /// Rows whose person came by another way since the plan.
    pub already_exists: u64,
    /// Rows whose plan could not be kept: what they name changed since.
    pub drifted: u64,
    /// Rows that were not reached because the import was cancelled.
    pub cancelled: u64,
}

/// A part that is completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    /// Which, counted from 1.
    pub part: u32,
    /// The delivery that completed it: its files say what became of each row.
    pub delivery: String,
    /// What its rows came to.
    pub outcome: PartOutcome,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Which.
    pub id: ImportId,
    /// Whose.
    pub organisation: OrganisationId,
    /// What the file was called.
    pub filename: String,
    /// Whether somebody looks first.
    pub mode: ImportMode,
    /// What a rejected row does to the file.
    pub on_issues: OnIssues,
    /// What is given to rows that do not say, as JSON.
    pub defaults: serde_json::Value,
    /// What the uploader says about how the file is written, as JSON.
    pub dialect: serde_json::Value,
    /// Who announced it; `None` for a file an operator dropped.
    pub created_by: Option<MembershipId>,
    /// How far it has come.
    pub status: ImportStatus,
    /// What it reads, once that is there.
    pub source: Option<ImportSource>,
    /// How far reading it has come, while it is being planned.
    pub reading: Option<Reading>,
    /// Who sent it, if somebody did; nobody in [`ImportMode::Send`].
    pub sent_by: Option<MembershipId>,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When a part was last completed.
    pub updated_at: Option<Timestamp>,
    /// When it came to its end, whichever that was.
    pub finished_at: Option<Timestamp>,
    /// The plan, once there is one.
    pub plan: Option<ImportPlan>,
    /// How many parts are completed.
    pub parts_done: u32,
    /// What they came to.
    pub outcome: PartOutcome,
    /// Why it failed, or was not sent.
    pub problem: Option<ImportFailure>,
}

impl Import {
    /// An import as it is announced, to be looked at before it is sent.
    #[must_use]
    pub fn announced(organisation: OrganisationId, id: ImportId, filename: String, now: Timestamp) -> Self {
        Self {
            id,
            organisation,
            filename,
            mode: ImportMode::Review,
            on_issues: OnIssues::default(),
            defaults: serde_json::json!({}),
            dialect: serde_json::json!({}),
            created_by: None,
            status: ImportStatus::AwaitingUpload,
            source: None,
            reading: None,
            sent_by: None,
            created_at: now,
            started_at: None,
            updated_at: None,
            finished_at: None,
            plan: None,
            parts_done: 0,
            outcome: PartOutcome::default(),
            problem: None,
        }
    }

    /// Whether no part is still to come: each has its outcome, or none was ever handed out.
    #[must_use]
    pub fn all_parts_completed(&self) -> bool {
        match (&self.plan, self.started_at) {
            (Some(plan), Some(_)) => self.parts_done >= plan.parts,
            (Some(_), None) => self.status == ImportStatus::Cancelled,
            (None, _) => false,
        }
    }
}

/// Why an import was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is not ready, or its plan is not the one that was looked at.
    #[error("the import is not ready, or its plan changed")]
    NotReady,
    /// Places or the table stood in the way.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
}
