//! Imports: announced, planned, started, settled part by part.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use usher_domain::id::ReservationId;
use usher_domain::{Demand, ImportId, MembershipId, OrganisationId};

use crate::capacity::{ReserveError, read_resource, resource_key};
use crate::item::{Reader, keyed, n, s, set_due, time};
use crate::membership::Page;
use crate::{Item, Store, StoreError, keys};

/// How long an import may be silent before the sweeper looks after it.
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
    Done,
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
            Self::Done => "done",
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
    pub good: u64,
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
        self.good
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
    /// How many issues of each code.
    pub issues: BTreeMap<String, u64>,
    /// What was guessed about the file.
    pub dialect: serde_json::Value,
    /// How many places of each kind sending it takes (`seats`, `product#{id}`, `course#{slug}`).
    pub demand: BTreeMap<String, u32>,
    /// How many parts the good rows are in.
    pub parts: u32,
    /// SHA-256 of the parts: who sends the plan says which one they looked at.
    pub digest: String,
}

impl ImportPlan {
    /// Writes a demand down.
    #[must_use]
    pub fn demand_of(demand: &Demand) -> BTreeMap<String, u32> {
        demand.iter().map(|(resource, count)| (resource_key(resource), count)).collect()
    }

    /// The places that sending it takes.
    #[must_use]
    pub fn demand(&self) -> Demand {
        self.demand.iter().filter_map(|(key, count)| Some((read_resource(key)?, *count))).collect()
    }
}

/// Why a file was refused, or a plan not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProblem {
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
    pub already_there: u64,
    /// Rows whose plan could not be kept: what they name changed since.
    pub drifted: u64,
    /// Rows that were not reached because the import was cancelled.
    pub cancelled: u64,
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
    /// What is given to rows that do not say, as JSON.
    pub defaults: serde_json::Value,
    /// Who announced it; `None` for a file an operator dropped.
    pub invited_by: Option<MembershipId>,
    /// How far it has come.
    pub status: ImportStatus,
    /// What it reads, once that is there.
    pub source: Option<ImportSource>,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When the last part was settled.
    pub updated_at: Option<Timestamp>,
    /// The plan, once there is one.
    pub plan: Option<ImportPlan>,
    /// How many parts are settled.
    pub parts_done: u32,
    /// What they came to.
    pub outcome: PartOutcome,
    /// Why it failed, or was not sent.
    pub problem: Option<ImportProblem>,
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

fn write_import(import: &Import) -> Result<Item, StoreError> {
    let json = |text: serde_json::Result<String>| {
        text.map(s).map_err(|error| StoreError::damaged("IMPORT", error.to_string()))
    };
    let mut item = keyed(&keys::import(import.organisation, import.id));
    item.insert("kind".to_owned(), s("import"));
    item.insert("filename".to_owned(), s(&import.filename));
    item.insert("mode".to_owned(), json(serde_json::to_string(&import.mode))?);
    item.insert("defaults".to_owned(), json(serde_json::to_string(&import.defaults))?);
    item.insert("status".to_owned(), s(import.status.as_str()));
    item.insert("created_at".to_owned(), time(import.created_at));
    item.insert("ttl".to_owned(), time(import.created_at + KEPT));
    if let Some(member) = import.invited_by {
        item.insert("invited_by".to_owned(), s(member.to_string()));
    }
    if let Some(source) = &import.source {
        item.insert("source".to_owned(), json(serde_json::to_string(source))?);
    }
    Ok(item)
}

fn read_import(item: &Item) -> Result<Import, StoreError> {
    let reader = Reader::new(item);
    let optional_json = |attribute: &str| reader.optional_text(attribute).map(|text| text.is_some());
    let status: ImportStatus =
        serde_json::from_value(reader.text("status")?.into()).map_err(|_| reader.damaged("status"))?;
    Ok(Import {
        id: keys::import_of(reader.text("sk")?).ok_or_else(|| reader.damaged("sk"))?,
        organisation: keys::organisation_of(reader.text("pk")?).ok_or_else(|| reader.damaged("pk"))?,
        filename: reader.text("filename")?.to_owned(),
        mode: reader.json("mode")?,
        defaults: reader.json("defaults")?,
        invited_by: reader.optional("invited_by")?,
        status,
        source: if optional_json("source")? { Some(reader.json("source")?) } else { None },
        created_at: reader.time("created_at")?,
        started_at: reader.optional_time("started_at")?,
        updated_at: reader.optional_time("updated_at")?,
        plan: if optional_json("plan")? { Some(reader.json("plan")?) } else { None },
        parts_done: reader.optional_number("parts_done")?.unwrap_or(0),
        outcome: PartOutcome {
            rows: reader.optional_number("rows_done")?.unwrap_or(0),
            created: reader.optional_number("created")?.unwrap_or(0),
            already_there: reader.optional_number("already_there")?.unwrap_or(0),
            drifted: reader.optional_number("drifted")?.unwrap_or(0),
            cancelled: reader.optional_number("cancelled")?.unwrap_or(0),
        },
        problem: if optional_json("problem")? { Some(reader.json("problem")?) } else { None },
    })
}

/// A change of an import's item under a condition on its status.
struct ImportUpdate {
    sets: Vec<String>,
    removals: Vec<&'static str>,
    condition: String,
    values: Item,
}

impl ImportUpdate {
    fn when(condition: &str) -> Self {
        Self { sets: Vec::new(), removals: Vec::new(), condition: condition.to_owned(), values: Item::new() }
    }

    fn value(mut self, name: &str, value: aws_sdk_dynamodb::types::AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn set(mut self, attribute: &str, value: aws_sdk_dynamodb::types::AttributeValue) -> Self {
        // `status` is the one attribute whose name the table reserves.
        let name = if attribute == "status" { "#status" } else { attribute };
        self.sets.push(format!("{name} = :set_{attribute}"));
        self.values.insert(format!(":set_{attribute}"), value);
        self
    }

    fn json<T: Serialize>(self, attribute: &str, value: &T) -> Result<Self, StoreError> {
        let text = serde_json::to_string(value).map_err(|error| StoreError::damaged("IMPORT", error.to_string()))?;
        Ok(self.set(attribute, s(text)))
    }

    fn add(mut self, attribute: &str, count: u64) -> Self {
        if count > 0 {
            self.sets.push(format!("{attribute} = if_not_exists({attribute}, :zero) + :add_{attribute}"));
            self.values.insert(":zero".to_owned(), n(0));
            self.values.insert(format!(":add_{attribute}"), n(count));
        }
        self
    }

    fn status(self, status: ImportStatus) -> Self {
        self.set("status", s(status.as_str()))
    }

    fn due(mut self, at: Option<Timestamp>, id: ImportId) -> Self {
        let Some(at) = at else {
            self.removals.extend(["due_pk", "due_sk"]);
            return self;
        };
        let mut item = Item::new();
        set_due(&mut item, at, id.to_bytes()[15] >> 5);
        for (name, value) in item {
            self = self.set(&name, value);
        }
        self
    }

    fn expression(&self) -> String {
        let mut expression = format!("SET {}", self.sets.join(", "));
        if !self.removals.is_empty() {
            expression.push_str(&format!(" REMOVE {}", self.removals.join(", ")));
        }
        expression
    }
}

impl Store {
    /// Announces an import. `false` if it was announced before.
    pub async fn create_import(&self, import: &Import) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(write_import(import)?));
        // Condition: the event of an object is delivered more than once.
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(StoreError::call("PutItem", &error)),
        }
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

    async fn update_import(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        update: ImportUpdate,
    ) -> Result<bool, StoreError> {
        let key = keys::import(organisation, id);
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(key.pk))
            .key("sk", s(key.sk))
            .update_expression(update.expression())
            .condition_expression(update.condition)
            .expression_attribute_names("#status", "status")
            .set_expression_attribute_values(Some(update.values))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }

    /// Begins to read a file. `false` if this import is past that, or reads another version of the file: the first
    /// version that arrives is the one that counts.
    pub async fn begin_planning(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        source: &ImportSource,
    ) -> Result<bool, StoreError> {
        let text = serde_json::to_string(source).map_err(|error| StoreError::damaged("IMPORT", error.to_string()))?;
        let update = ImportUpdate::when("#status = :waiting OR (#status = :set_status AND #source = :source)")
            .value("waiting", s(ImportStatus::AwaitingUpload.as_str()))
            .value("source", s(&text))
            .status(ImportStatus::Planning);
        let mut update = update;
        update.sets.push("#source = :source".to_owned());
        let key = keys::import(organisation, id);
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(key.pk))
            .key("sk", s(key.sk))
            .update_expression(update.expression())
            .condition_expression(update.condition)
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#source", "source")
            .set_expression_attribute_values(Some(update.values))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }

    /// Shows the plan. `false` if the import is not being planned any more.
    pub async fn finish_planning(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        plan: &ImportPlan,
    ) -> Result<bool, StoreError> {
        let update = ImportUpdate::when("#status = :planning")
            .value("planning", s(ImportStatus::Planning.as_str()))
            .status(ImportStatus::Ready)
            .set("digest", s(&plan.digest))
            .json("plan", plan)?;
        self.update_import(organisation, id, update).await
    }

    /// Refuses the file.
    pub async fn fail_import(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        problem: &ImportProblem,
    ) -> Result<bool, StoreError> {
        let update = ImportUpdate::when("#status IN (:planning, :waiting)")
            .value("planning", s(ImportStatus::Planning.as_str()))
            .value("waiting", s(ImportStatus::AwaitingUpload.as_str()))
            .status(ImportStatus::Failed)
            .json("problem", problem)?;
        self.update_import(organisation, id, update).await
    }

    /// Says why a plan that was to be sent at once was not; it stays ready.
    pub async fn note_import_problem(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        problem: &ImportProblem,
    ) -> Result<bool, StoreError> {
        let update = ImportUpdate::when("#status = :ready")
            .value("ready", s(ImportStatus::Ready.as_str()))
            .json("problem", problem)?;
        self.update_import(organisation, id, update).await
    }

    /// Starts an import: takes all places it needs and marks it as being applied, in one transaction. The relay hands
    /// its parts out from there. An import without good rows is done at once.
    pub async fn start_import(&self, import: &Import, digest: &str, now: Timestamp) -> Result<(), StartError> {
        let plan = import.plan.as_ref().filter(|plan| plan.digest == digest).ok_or(StartError::NotReady)?;
        // Condition: ready, and the plan that was looked at; of two who send it, one starts it.
        let mut update = ImportUpdate::when("#status = :ready AND digest = :digest")
            .value("ready", s(ImportStatus::Ready.as_str()))
            .value("digest", s(digest))
            .set("started_at", time(now))
            .set("updated_at", time(now));
        update.removals.push("problem");
        let update = if plan.parts == 0 {
            update.status(ImportStatus::Done)
        } else {
            self.watch_mail(import.organisation, now).await.map_err(ReserveError::Store)?;
            update.status(ImportStatus::Applying).due(Some(now + PATIENCE), import.id)
        };
        let companion = self.import_item(import.organisation, import.id, update).map_err(ReserveError::Store)?;
        let request = ReservationId::derived(&[b"start", &import.id.to_bytes(), &fastrand::u64(..).to_be_bytes()]);
        let started = self.take_places(import.organisation, request, &plan.demand(), vec![companion]).await?;
        if started { Ok(()) } else { Err(StartError::NotReady) }
    }

    fn import_item(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        update: ImportUpdate,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = keys::import(organisation, id);
        let names_status =
            update.condition.contains("#status") || update.sets.iter().any(|set| set.contains("#status"));
        let mut item = Update::builder()
            .table_name(&self.table)
            .key("pk", s(key.pk))
            .key("sk", s(key.sk))
            .update_expression(update.expression())
            .condition_expression(update.condition)
            .set_expression_attribute_values(Some(update.values));
        if names_status {
            item = item.expression_attribute_names("#status", "status");
        }
        item.build()
            .map(|update| TransactWriteItem::builder().update(update).build())
            .map_err(|error| StoreError::damaged("IMPORT", error.to_string()))
    }

    /// Stops an import: a plan that is ready is not sent, parts not yet begun are not made. What is made stays.
    pub async fn cancel_import(&self, organisation: OrganisationId, id: ImportId) -> Result<bool, StoreError> {
        let open = [ImportStatus::AwaitingUpload, ImportStatus::Planning, ImportStatus::Ready, ImportStatus::Applying];
        let mut update = ImportUpdate::when("#status IN (:s0, :s1, :s2, :s3)").status(ImportStatus::Cancelled);
        for (index, status) in open.into_iter().enumerate() {
            update = update.value(&format!("s{index}"), s(status.as_str()));
        }
        self.update_import(organisation, id, update).await
    }

    /// Whether a part was settled.
    pub async fn part_is_settled(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        part: u32,
    ) -> Result<bool, StoreError> {
        Ok(self.get(&keys::chunk(organisation, id, part)).await?.is_some())
    }

    /// The parts of an import that were settled.
    pub async fn settled_parts(&self, organisation: OrganisationId, id: ImportId) -> Result<Vec<u32>, StoreError> {
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
                .expression_attribute_values(":prefix", s(keys::chunk_prefix(id)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::call("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let reader = Reader::new(&item);
                let part = reader.text("sk")?.rsplit('#').next().and_then(|part| part.parse().ok());
                parts.push(part.ok_or_else(|| reader.damaged("sk"))?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(parts);
            }
        }
    }

    /// Settles one part: its outcome, the import's counts and the places it did not use, in one transaction. However
    /// often a part is delivered, it is settled once (condition: no outcome is there). The last part ends the import.
    pub async fn settle_part(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        part: u32,
        outcome: &PartOutcome,
        unused: &Demand,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut chunk = keyed(&keys::chunk(organisation, id, part));
        chunk.insert("kind".to_owned(), s("chunk"));
        let text = serde_json::to_string(outcome).map_err(|error| StoreError::damaged("CHUNK", error.to_string()))?;
        chunk.insert("outcome".to_owned(), s(text));
        chunk.insert("ttl".to_owned(), time(now + KEPT));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(chunk))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| StoreError::damaged("CHUNK", error.to_string()))?;
        let update = ImportUpdate::when("attribute_exists(pk)")
            .add("parts_done", 1)
            .add("rows_done", outcome.rows)
            .add("created", outcome.created)
            .add("already_there", outcome.already_there)
            .add("drifted", outcome.drifted)
            .add("cancelled", outcome.cancelled)
            .set("updated_at", time(now));
        let companions =
            vec![TransactWriteItem::builder().put(put).build(), self.import_item(organisation, id, update)?];
        let request = ReservationId::derived(&[b"part", &id.to_bytes(), &part.to_be_bytes()]);
        self.give_back(organisation, request, unused, companions).await?;
        self.finish_import(organisation, id).await
    }

    /// Ends an import whose parts are all settled. Whoever sees that says so; once is enough.
    pub async fn finish_import(&self, organisation: OrganisationId, id: ImportId) -> Result<(), StoreError> {
        let Some(import) = self.import(organisation, id).await? else { return Ok(()) };
        let parts = import.plan.as_ref().map_or(0, |plan| plan.parts);
        if parts == 0 || import.parts_done < parts {
            return Ok(());
        }
        let applying = import.status == ImportStatus::Applying;
        let status = if applying { ImportStatus::Done } else { import.status };
        let update =
            ImportUpdate::when("#status = :seen").value("seen", s(import.status.as_str())).status(status).due(None, id);
        self.update_import(organisation, id, update).await.map(drop)
    }

    /// Looks at an import again later.
    pub async fn postpone_import(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = ImportUpdate::when("#status = #status AND attribute_exists(due_pk)").due(Some(now + PATIENCE), id);
        self.update_import(organisation, id, update).await.map(drop)
    }
}
