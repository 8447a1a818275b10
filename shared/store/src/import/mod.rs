//! Imports: announced, planned, started, completed part by part.

mod apply;
mod item;
mod lease;
mod part_plan;
mod plan;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use usher_domain::{CapacityRequest, ImportId, MembershipId, OrganisationId};

pub use lease::PartLease;
pub use part_plan::{PartPlan, RecountedPart};

use crate::capacity::ReserveError;
use part_plan::{read_stored, stored};

/// How long an import may make no progress before the sweeper checks it. Planning may take three attempts of a quarter of an
/// hour each.
const PLANNING_PATIENCE: SignedDuration = SignedDuration::from_mins(60);
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How long an import is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Whether an admin reviews the plan before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// An admin reads the plan and sends it.
    Review,
    /// It is sent as soon as the plan is ready.
    Send,
}

/// What a rejected row does to the file it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnIssues {
    /// The row is skipped, and the others can be sent.
    #[default]
    SkipRows,
    /// The whole file is refused; its issues can be read.
    RejectFile,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// Announced; the file has not arrived.
    AwaitingUpload,
    /// The file is being read.
    Planning,
    /// The plan can be read and sent.
    Ready,
    /// Invitations are being written.
    Applying,
    /// Every row has its outcome.
    Completed,
    /// The file was refused.
    Failed,
    /// An admin cancelled it.
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
    /// Rows that repeat an earlier row.
    pub ignored_duplicates: u64,
    /// People with an open invitation.
    pub already_invited: u64,
    /// People who are active members.
    pub already_member: u64,
    /// People who are deactivated members.
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
    /// How many rows have which planned outcome.
    pub counts: ImportCounts,
    /// How many issues of each code the rejected rows have.
    pub issues: BTreeMap<String, u64>,
    /// How many warnings of each code there are.
    #[serde(default)]
    pub warnings: BTreeMap<String, u64>,
    /// How the file is written, as detected.
    pub dialect: serde_json::Value,
    /// The capacity that sending it needs (`seats`, `product#{id}`, `course#{slug}`).
    pub needed: BTreeMap<String, u32>,
    /// How many parts hold the valid rows.
    pub parts: u32,
    /// SHA-256 of the parts: an admin who sends the plan names the one they reviewed.
    pub digest: String,
    /// The folder of the bucket that holds its files. Each attempt at planning has its own, so that two attempts at once do
    /// not overwrite each other.
    pub folder: String,
}

impl ImportPlan {
    /// The stored form of a capacity request.
    #[must_use]
    pub fn needed_of(needed: &CapacityRequest) -> BTreeMap<String, u32> {
        stored(needed)
    }

    /// The capacity that sending it needs.
    #[must_use]
    pub fn needed(&self) -> CapacityRequest {
        read_stored(&self.needed)
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
    /// When this was stored.
    pub at: Timestamp,
}

/// Why a file was refused, or a plan not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFailure {
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do.
    pub detail: String,
}

/// How many rows have which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PartOutcome {
    /// Rows of the part.
    pub rows: u64,
    /// Rows that became invitations.
    pub created: u64,
    /// Rows whose person was invited, or joined, some other way since the plan.
    pub already_exists: u64,
    /// Rows that the organisation no longer allows.
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
    /// The outcomes of its rows.
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
    /// Whether an admin reviews the plan.
    pub mode: ImportMode,
    /// What a rejected row does to the file.
    pub on_issues: OnIssues,
    /// What rows get that do not name a role or team, as JSON.
    pub defaults: serde_json::Value,
    /// The dialect that the uploader asked for, as JSON.
    pub dialect: serde_json::Value,
    /// The admin who created it; `None` for a file that an operator dropped.
    pub created_by: Option<MembershipId>,
    /// How far it has come.
    pub status: ImportStatus,
    /// The object it reads, once it has arrived.
    pub source: Option<ImportSource>,
    /// How much of it is read, while it is being planned.
    pub reading: Option<Reading>,
    /// The admin who sent it; `None` in [`ImportMode::Send`].
    pub sent_by: Option<MembershipId>,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When a part was last completed.
    pub updated_at: Option<Timestamp>,
    /// When it was completed, failed or cancelled.
    pub finished_at: Option<Timestamp>,
    /// The plan, once there is one.
    pub plan: Option<ImportPlan>,
    /// Its parts, if they were counted again when it was sent.
    pub recounted: BTreeMap<u32, RecountedPart>,
    /// How many parts are completed.
    pub parts_done: u32,
    /// The outcomes of their rows.
    pub outcome: PartOutcome,
    /// Why it failed, or was not sent.
    pub problem: Option<ImportFailure>,
}

impl Import {
    /// A new import, to be reviewed before it is sent.
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
            recounted: BTreeMap::new(),
            parts_done: 0,
            outcome: PartOutcome::default(),
            problem: None,
        }
    }

    /// Whether every part has its outcome, or none was ever handed out.
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
    /// It is not ready, or its plan is not the one that was reviewed.
    #[error("the import is not ready, or its plan changed")]
    NotReady,
    /// Capacity is missing, or the table failed.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
}
