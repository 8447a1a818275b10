//! A part whose file is gone or damaged: its rows cannot be applied any more, and their capacity must not stay reserved.
//!
//! The table knows whom the part would have invited and what it needs, so the rows that an earlier delivery created keep
//! their capacity and the rest is released.

use data_encoding::HEXLOWER;
use usher_domain::{CapacityRequest, ExistingMembership};
use usher_import_files::{BucketError, Media, PlanFiles};
use usher_runtime::random;
use usher_store::{CompletedPart, Import, ImportFailure, ImportPlan, PartOutcome, RecountedPart};

use crate::import::applying::{ApplyError, FILES_KEPT, ImportApplying};

/// Whether a part must be completed without its file. One that is missing on the first day cannot be read now.
pub(crate) fn is_lost(applying: &ImportApplying, import: &Import, error: &BucketError) -> bool {
    let gone = matches!(error, BucketError::Absent(_) | BucketError::Damaged { .. } | BucketError::Beyond);
    gone && applying.clock.now().duration_since(import.created_at) > FILES_KEPT
}

/// Completes a part without its file.
pub(crate) async fn complete_lost_part(
    applying: &ImportApplying,
    import: &Import,
    plan: &ImportPlan,
    part: u32,
) -> Result<(), ApplyError> {
    let (store, now) = (&applying.store, applying.clock.now());
    let planned = store.part_plan(import.organisation, &plan.folder, part).await?;
    let planned = planned.ok_or(ApplyError::Missing("record of this part"))?;
    let existing = store.memberships(import.organisation, &planned.members).await?;
    let (mut outcome, mut used) = (PartOutcome::default(), CapacityRequest::default());
    for id in &planned.members {
        outcome.rows += 1;
        let membership = existing.get(id).map(|existing| &existing.membership);
        if let Some(ours) = membership.filter(|membership| membership.came_with(import.id)) {
            outcome.created += 1;
            used.add(&ours.entitlements);
        } else if membership.and_then(|membership| ExistingMembership::of(membership, now)).is_some() {
            outcome.already_exists += 1;
        } else {
            outcome.cancelled += 1;
        }
    }
    let reserved = import.recounted.get(&part).map_or(planned.needed, RecountedPart::needed);
    let delivery = HEXLOWER.encode(&random::bits().to_be_bytes());
    // Nothing is left to say about its rows one by one; `results.csv` has those of the other parts.
    let key = PlanFiles::in_folder(&plan.folder).result(part, &delivery);
    applying.bucket.put(&key, &Media::json_lines(), Vec::new()).await?;
    let completed = CompletedPart { part, delivery, outcome };
    let detail = "Some of the plan's files were deleted before their rows were sent. Rows that were not sent count as \
                  cancelled, and results.csv does not list them. Upload the file again to invite the rest.";
    let problem = ImportFailure { code: "files_gone".to_owned(), detail: detail.to_owned() };
    let unused = reserved.minus(&used);
    store.complete_part(import.organisation, import.id, &completed, &unused, Some(&problem), now).await?;
    let PartOutcome { rows, created, already_exists, cancelled, .. } = outcome;
    tracing::error!(part, rows, created, already_exists, cancelled, "completed a part whose file cannot be read");
    Ok(())
}
