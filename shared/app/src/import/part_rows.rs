//! The rows of a planned part.

use usher_import_files::{Bucket, BucketError, PartHeader, PlanFiles, PlannedRow};
use usher_store::ImportPlan;

/// The rows of a part, all of them.
pub(super) async fn load(bucket: &Bucket, plan: &ImportPlan, part: u32) -> Result<Vec<PlannedRow>, BucketError> {
    let key = PlanFiles::in_folder(&plan.folder).part(part);
    let mut lines = bucket.open(&key).await?.lines();
    let header: Option<PartHeader> = lines.next_json().await?;
    let mut rows = Vec::new();
    while let Some(row) = lines.next_json().await? {
        rows.push(row);
    }
    match header {
        Some(header) if header.rows == rows.len() => Ok(rows),
        _ => Err(BucketError::damaged(&key, "it has not as many rows as it says")),
    }
}
