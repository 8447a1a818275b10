//! An import from the plan to its end: started, completed part by part, finished or cancelled.
//!
//! ```text
//! start   ─► CAPACITY −all, import applying              one transaction; the relay hands the parts out
//! insert  ─► memberships that name the import            any number of requests, any of them repeated
//! complete ─► PART there, import +counts, CAPACITY +unused   one transaction a part; a second one finds it there
//! finish  ─► import completed, or cancelled for good     once its result files are written
//! ```

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;
use usher_domain::id::ReservationId;
use usher_domain::{CapacityRequest, ImportId, MembershipId, OrganisationId};

use super::item::ImportUpdate;
use super::{CompletedPart, Import, ImportFailure, ImportStatus, KEPT, PATIENCE, RecountedPart, StartError};
use crate::capacity::ReserveError;
use crate::item::{Reader, keyed, s, time};
use crate::{Store, StoreError, keys};

/// A token for one transaction. Its conditions, not its token, detect a repetition.
fn request(what: &[u8], id: ImportId) -> ReservationId {
    ReservationId::derived(&[what, &id.to_bytes(), &fastrand::u128(..).to_be_bytes()])
}

impl Store {
    /// Starts an import: reserves the capacity it needs and marks it as `applying`, in one transaction. The relay hands out
    /// its parts. `recounted` has every part, if they were counted again, and is empty otherwise.
    pub async fn start_import(
        &self,
        import: &Import,
        digest: &str,
        sent_by: Option<MembershipId>,
        recounted: &BTreeMap<u32, RecountedPart>,
        now: Timestamp,
    ) -> Result<(), StartError> {
        let plan = import.plan.as_ref().filter(|plan| plan.digest == digest).ok_or(StartError::NotReady)?;
        // Condition: ready, and the plan that was reviewed; of two admins who send it, one starts it.
        let update = ImportUpdate::when("#status = :ready AND #digest = :digest")
            .value("ready", s(ImportStatus::Ready.as_str()))
            .value("digest", s(digest))
            .status(ImportStatus::Applying)
            .set("started_at", time(now))
            .set("updated_at", time(now))
            .remove("problem")
            .due(Some(now + PATIENCE), import.id);
        let update = match sent_by {
            Some(sender) => update.set("sent_by", s(sender.to_string())),
            None => update,
        };
        let (update, needed) = if recounted.is_empty() {
            (update, plan.needed())
        } else {
            (update.json("recounted", recounted).map_err(ReserveError::Store)?, RecountedPart::needed_by_all(recounted))
        };
        let companion =
            update.transact_item(&self.table, import.organisation, import.id).map_err(ReserveError::Store)?;
        let request = request(b"start", import.id);
        let started = self.reserve_capacity(import.organisation, request, &needed, vec![companion]).await?;
        if started { Ok(()) } else { Err(StartError::NotReady) }
    }

    /// Cancels an import: a ready plan is not sent, remaining rows are not applied. Invitations that exist stay. `false` if it
    /// changed since it was read.
    pub async fn cancel_import(&self, import: &Import, now: Timestamp) -> Result<bool, StoreError> {
        let update = ImportUpdate::when_status(import.status).status(ImportStatus::Cancelled);
        // With a plan, it is finished once its result files are written. Parts that were handed out still release their
        // capacity; the sweeper makes sure of both.
        let update = if import.plan.is_some() {
            update.set("updated_at", time(now)).due(Some(now + PATIENCE), import.id)
        } else {
            update.set("finished_at", time(now)).due(None, import.id)
        };
        self.update_import(import.organisation, import.id, update).await
    }

    /// Whether a part was completed.
    pub async fn part_is_completed(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        part: u32,
    ) -> Result<bool, StoreError> {
        Ok(self.get(&keys::import_part(organisation, id, part)).await?.is_some())
    }

    /// The parts of an import that were completed.
    pub async fn completed_parts(&self, organisation: OrganisationId, id: ImportId) -> Result<Vec<u32>, StoreError> {
        Ok(self.part_outcomes(organisation, id).await?.into_iter().map(|completed| completed.part).collect())
    }

    /// The outcomes of the completed parts of an import, in order.
    pub async fn part_outcomes(
        &self,
        organisation: OrganisationId,
        id: ImportId,
    ) -> Result<Vec<CompletedPart>, StoreError> {
        let mut parts = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", s(keys::organisation_partition(organisation)))
                .expression_attribute_values(":prefix", s(keys::import_part_prefix(id)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::call("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let reader = Reader::new(&item);
                let part = reader.text("sk")?.rsplit('#').next().and_then(|part| part.parse().ok());
                let part = part.ok_or_else(|| reader.damaged("sk"))?;
                let delivery = reader.text("delivery")?.to_owned();
                parts.push(CompletedPart { part, delivery, outcome: reader.json("outcome")? });
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(parts);
            }
        }
    }

    /// Completes one part: its outcome, the import's counts and the unused capacity, in one transaction. However often a part
    /// is delivered, it is completed once (condition: it has no outcome). `problem` says what was wrong with the part.
    pub async fn complete_part(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        completed: &CompletedPart,
        unused: &CapacityRequest,
        problem: Option<&ImportFailure>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let CompletedPart { part, delivery, outcome } = completed;
        let key = keys::import_part(organisation, id, *part);
        let damaged = |error: String| StoreError::damaged(&key.sk, error);
        let mut chunk = keyed(&key);
        chunk.insert("kind".to_owned(), s("part"));
        let text = serde_json::to_string(outcome).map_err(|error| damaged(error.to_string()))?;
        chunk.insert("outcome".to_owned(), s(text));
        chunk.insert("delivery".to_owned(), s(delivery));
        chunk.insert("ttl".to_owned(), time(now + KEPT));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(chunk))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| damaged(error.to_string()))?;
        let update = ImportUpdate::when("attribute_exists(pk)")
            .add("parts_done", 1)
            .add("rows_done", outcome.rows)
            .add("created", outcome.created)
            .add("already_exists", outcome.already_exists)
            .add("drifted", outcome.drifted)
            .add("cancelled", outcome.cancelled)
            .set("updated_at", time(now));
        let update = match problem {
            Some(problem) => update.json("problem", problem)?,
            None => update,
        };
        let companions =
            vec![TransactWriteItem::builder().put(put).build(), update.transact_item(&self.table, organisation, id)?];
        // Refused: it was completed already.
        self.release_capacity(organisation, request(b"part", id), unused, companions).await.map(drop)
    }

    /// Finishes an import whose parts are all completed, once its result files are written. `false` if another delivery
    /// finished it, or an admin cancelled it since it was read: then the files are out of date.
    pub async fn finish_import(&self, import: &Import, now: Timestamp) -> Result<bool, StoreError> {
        // Condition: of two deliveries that see the last part completed, one finishes; an admin's cancellation stays.
        let update = ImportUpdate::when("#status = :seen AND attribute_not_exists(#finished_at)")
            .value("seen", s(import.status.as_str()))
            .set("finished_at", time(now))
            .set("updated_at", time(now))
            .due(None, import.id);
        let cancelled = import.status == ImportStatus::Cancelled;
        let update = if cancelled { update } else { update.status(ImportStatus::Completed) };
        self.update_import(import.organisation, import.id, update).await
    }

    /// Claims the report of an import: the caller who gets `true` sends it. Condition: the import is finished, and nobody
    /// claimed it. If the caller is cut off afterwards, the report is never sent, which is better than twice.
    pub async fn claim_import_mail(&self, import: &Import, now: Timestamp) -> Result<bool, StoreError> {
        let update = ImportUpdate::when("attribute_exists(#finished_at) AND attribute_not_exists(#mailed_at)");
        self.update_import(import.organisation, import.id, update.set("mailed_at", time(now))).await
    }

    /// Releases the claim: nothing was sent for certain.
    pub async fn release_import_mail(&self, import: &Import) -> Result<(), StoreError> {
        let update = ImportUpdate::when("attribute_exists(#mailed_at)").remove("mailed_at");
        self.update_import(import.organisation, import.id, update).await.map(drop)
    }

    /// Postpones the sweeper's next check of an import.
    pub async fn postpone_import(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Condition: a check is still due.
        let update = ImportUpdate::when("attribute_exists(#due_pk)").due(Some(now + PATIENCE), id);
        self.update_import(organisation, id, update).await.map(drop)
    }
}
