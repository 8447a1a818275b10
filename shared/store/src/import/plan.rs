//! An import up to its plan: announced, its file read, then refused or ready.

use jiff::Timestamp;
use usher_domain::{ImportId, OrganisationId};

use super::item::{ImportUpdate, read_import, write_import};
use super::{
    Import, ImportFailure, ImportMode, ImportPlan, ImportSource, ImportStatus, PATIENCE, PLANNING_PATIENCE, Reading,
};
use crate::item::{s, time};
use crate::list::Page;
use crate::write::write;
use crate::{Store, StoreError, keys};

impl Store {
    /// Announces an import. `false` if it was announced before.
    pub async fn create_import(&self, import: &Import) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(write_import(import)?));
        // Condition: the event of an object may be delivered more than once.
        write(put.condition_expression("attribute_not_exists(pk)")).await
    }

    /// One import.
    pub async fn import(&self, organisation: OrganisationId, id: ImportId) -> Result<Option<Import>, StoreError> {
        self.get(&keys::import(organisation, id)).await?.as_ref().map(read_import).transpose()
    }

    /// An organisation's imports, the newest first.
    pub async fn list_imports(
        &self,
        organisation: OrganisationId,
        limit: usize,
        from: Option<ImportId>,
    ) -> Result<Page<Import>, StoreError> {
        let pk = keys::organisation_partition(organisation);
        let mut call = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", s(&pk))
            .expression_attribute_values(":prefix", s(keys::IMPORT_PREFIX));
        if let Some(from) = from {
            let key = keys::import(organisation, from);
            call = call.exclusive_start_key("pk", s(key.pk)).exclusive_start_key("sk", s(key.sk));
        }
        let answer = call.send().await.map_err(|error| StoreError::call("Query", &error))?;
        let items = answer.items.unwrap_or_default().iter().map(read_import).collect::<Result<Vec<_>, _>>()?;
        let next = answer.last_evaluated_key.and(items.last()).map(|import| import.id.to_string());
        Ok(Page { items, next })
    }

    /// Starts planning a file. `false` if the import is past that, or reads another version of the file: the first version to
    /// arrive counts.
    pub async fn begin_planning(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        source: &ImportSource,
        bytes: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Condition: waiting for a file, or cut off while reading this one.
        let update = ImportUpdate::when("#status = :waiting OR (#status = :set_status AND #source = :set_source)")
            .value("waiting", s(ImportStatus::AwaitingUpload.as_str()))
            .status(ImportStatus::Planning)
            .json("source", source)?
            .json("reading", &Reading { bytes: 0, of: bytes, begun_at: now, at: now })?
            .due(Some(now + PLANNING_PATIENCE), id);
        self.update_import(organisation, id, update).await
    }

    /// Stores how far reading has come. `false` if the import is no longer being planned: cancelled, or planned by another
    /// attempt. Of two attempts at once, either may be shown.
    pub async fn note_reading(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        reading: &Reading,
    ) -> Result<bool, StoreError> {
        let update = ImportUpdate::when_status(ImportStatus::Planning).json("reading", reading)?;
        self.update_import(organisation, id, update).await
    }

    /// Stores the plan. `false` if the import is no longer being planned. One that is to be sent at once stays due until it is
    /// sent or known not to be: whoever planned it may be cut off before.
    pub async fn finish_planning(
        &self,
        import: &Import,
        plan: &ImportPlan,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let due = (import.mode == ImportMode::Send).then_some(now + PATIENCE);
        let update = ImportUpdate::when_status(ImportStatus::Planning)
            .status(ImportStatus::Ready)
            .set("digest", s(&plan.digest))
            .json("plan", plan)?
            .due(due, import.id);
        self.update_import(import.organisation, import.id, update).await
    }

    /// Stores a plan that cannot be sent, and why. `false` if the import is no longer being planned.
    pub async fn refuse_plan(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        plan: &ImportPlan,
        problem: &ImportFailure,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = ImportUpdate::when_status(ImportStatus::Planning)
            .status(ImportStatus::Failed)
            .set("finished_at", time(now))
            .json("plan", plan)?
            .json("problem", problem)?
            .due(None, id);
        self.update_import(organisation, id, update).await
    }

    /// Refuses the file.
    pub async fn fail_import(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        problem: &ImportFailure,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = ImportUpdate::when("#status IN (:planning, :waiting)")
            .value("planning", s(ImportStatus::Planning.as_str()))
            .value("waiting", s(ImportStatus::AwaitingUpload.as_str()))
            .status(ImportStatus::Failed)
            .set("finished_at", time(now))
            .json("problem", problem)?
            .due(None, id);
        self.update_import(organisation, id, update).await
    }

    /// Stores why a plan was not sent automatically; it stays ready.
    pub async fn note_import_problem(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        problem: &ImportFailure,
    ) -> Result<bool, StoreError> {
        let update = ImportUpdate::when_status(ImportStatus::Ready).json("problem", problem)?.due(None, id);
        self.update_import(organisation, id, update).await
    }
}
