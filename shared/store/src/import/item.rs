//! The stored shape of an import, and changes of it under a condition.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_domain::{ImportId, OrganisationId};

use super::{Import, ImportStatus, KEPT, PartOutcome};
use crate::item::{Reader, keyed, n, s, set_due, time};
use crate::write::write;
use crate::{Item, Store, StoreError, keys};

fn json<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    serde_json::to_string(value).map(s).map_err(|error| StoreError::damaged(keys::IMPORT_PREFIX, error.to_string()))
}

fn optional_json<T: DeserializeOwned>(reader: &Reader<'_>, attribute: &str) -> Result<Option<T>, StoreError> {
    match reader.optional_text(attribute)? {
        Some(_) => reader.json(attribute).map(Some),
        None => Ok(None),
    }
}

/// An import as it is announced.
pub(super) fn write_import(import: &Import) -> Result<Item, StoreError> {
    let mut item = keyed(&keys::import(import.organisation, import.id));
    item.insert("kind".to_owned(), s("import"));
    item.insert("filename".to_owned(), s(&import.filename));
    item.insert("mode".to_owned(), json(&import.mode)?);
    item.insert("on_issues".to_owned(), json(&import.on_issues)?);
    item.insert("defaults".to_owned(), json(&import.defaults)?);
    item.insert("dialect".to_owned(), json(&import.dialect)?);
    item.insert("status".to_owned(), s(import.status.as_str()));
    item.insert("created_at".to_owned(), time(import.created_at));
    item.insert("ttl".to_owned(), time(import.created_at + KEPT));
    if let Some(member) = import.created_by {
        item.insert("created_by".to_owned(), s(member.to_string()));
    }
    Ok(item)
}

pub(super) fn read_import(item: &Item) -> Result<Import, StoreError> {
    let reader = Reader::new(item);
    let status: ImportStatus =
        serde_json::from_value(reader.text("status")?.into()).map_err(|_| reader.damaged("status"))?;
    let count = |attribute: &str| reader.optional_number(attribute).map(Option::unwrap_or_default);
    Ok(Import {
        id: keys::import_of(reader.text("sk")?).ok_or_else(|| reader.damaged("sk"))?,
        organisation: keys::organisation_of(reader.text("pk")?).ok_or_else(|| reader.damaged("pk"))?,
        filename: reader.text("filename")?.to_owned(),
        mode: reader.json("mode")?,
        on_issues: optional_json(&reader, "on_issues")?.unwrap_or_default(),
        defaults: reader.json("defaults")?,
        dialect: optional_json(&reader, "dialect")?.unwrap_or_else(|| serde_json::json!({})),
        created_by: reader.optional("created_by")?,
        status,
        source: optional_json(&reader, "source")?,
        reading: optional_json(&reader, "reading")?,
        sent_by: reader.optional("sent_by")?,
        created_at: reader.time("created_at")?,
        started_at: reader.optional_time("started_at")?,
        updated_at: reader.optional_time("updated_at")?,
        finished_at: reader.optional_time("finished_at")?,
        plan: optional_json(&reader, "plan")?,
        recounted: optional_json(&reader, "recounted")?.unwrap_or_default(),
        parts_done: reader.optional_number("parts_done")?.unwrap_or_default(),
        outcome: PartOutcome {
            rows: count("rows_done")?,
            created: count("created")?,
            already_exists: count("already_exists")?,
            drifted: count("drifted")?,
            cancelled: count("cancelled")?,
        },
        problem: optional_json(&reader, "problem")?,
    })
}

/// A change of an import's item under a condition. Every attribute goes by an alias, because the table reserves many
/// plain words: `plan`, `source` and `status` among them.
pub(super) struct ImportUpdate {
    sets: Vec<String>,
    removals: Vec<String>,
    condition: String,
    names: HashMap<String, String>,
    values: Item,
}

impl ImportUpdate {
    /// `condition` writes attributes as `#name` and values as `:name`.
    pub(super) fn when(condition: &str) -> Self {
        let mut names = HashMap::new();
        for piece in condition.split('#').skip(1) {
            let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(piece.len());
            names.insert(format!("#{}", &piece[..end]), piece[..end].to_owned());
        }
        let (sets, removals) = (Vec::new(), Vec::new());
        Self { sets, removals, condition: condition.to_owned(), names, values: Item::new() }
    }

    /// The import has this status still.
    pub(super) fn when_status(seen: ImportStatus) -> Self {
        Self::when("#status = :seen").value("seen", s(seen.as_str()))
    }

    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn name(&mut self, attribute: &str) -> String {
        let alias = format!("#{attribute}");
        self.names.insert(alias.clone(), attribute.to_owned());
        alias
    }

    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        let alias = self.name(attribute);
        self.sets.push(format!("{alias} = :set_{attribute}"));
        self.value(&format!("set_{attribute}"), value)
    }

    pub(super) fn json<T: Serialize>(self, attribute: &str, value: &T) -> Result<Self, StoreError> {
        Ok(self.set(attribute, json(value)?))
    }

    pub(super) fn status(self, status: ImportStatus) -> Self {
        self.set("status", s(status.as_str()))
    }

    pub(super) fn remove(mut self, attribute: &str) -> Self {
        let alias = self.name(attribute);
        self.removals.push(alias);
        self
    }

    /// Counts up. Only for transactions: alone it would count again when its answer is lost.
    pub(super) fn add(mut self, attribute: &str, count: u64) -> Self {
        if count == 0 {
            return self;
        }
        let alias = self.name(attribute);
        self.sets.push(format!("{alias} = if_not_exists({alias}, :zero) + :add_{attribute}"));
        self.value("zero", n(0)).value(&format!("add_{attribute}"), n(count))
    }

    /// When the sweeper looks at it; `None` for never.
    pub(super) fn due(mut self, at: Option<Timestamp>, id: ImportId) -> Self {
        let Some(at) = at else { return self.remove("due_pk").remove("due_sk") };
        let mut item = Item::new();
        set_due(&mut item, at, id.to_bytes()[15] >> 5);
        for (name, value) in item {
            self = self.set(&name, value);
        }
        self
    }

    fn expression(&self) -> String {
        let sets = self.sets.join(", ");
        let removals = self.removals.join(", ");
        match (sets.as_str(), removals.as_str()) {
            ("", _) => format!("REMOVE {removals}"),
            (_, "") => format!("SET {sets}"),
            _ => format!("SET {sets} REMOVE {removals}"),
        }
    }

    pub(super) fn transact_item(
        self,
        table: &str,
        organisation: OrganisationId,
        id: ImportId,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = keys::import(organisation, id);
        Update::builder()
            .table_name(table)
            .key("pk", s(&key.pk))
            .key("sk", s(&key.sk))
            .update_expression(self.expression())
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .build()
            .map(|update| TransactWriteItem::builder().update(update).build())
            .map_err(|error| StoreError::damaged(&key.sk, error.to_string()))
    }
}

impl Store {
    /// `false` if the condition did not hold.
    pub(super) async fn update_import(
        &self,
        organisation: OrganisationId,
        id: ImportId,
        update: ImportUpdate,
    ) -> Result<bool, StoreError> {
        let key = keys::import(organisation, id);
        let call = self.client.update_item().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        let values = (!update.values.is_empty()).then(|| update.values.clone());
        let call = call
            .update_expression(update.expression())
            .condition_expression(update.condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(values);
        write(call).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_goes_by_an_alias() {
        let update = ImportUpdate::when("#status IN (:a, :b) OR #source = :c")
            .status(ImportStatus::Ready)
            .add("created", 2)
            .remove("problem");
        assert_eq!(
            update.expression(),
            "SET #status = :set_status, #created = if_not_exists(#created, :zero) + :add_created REMOVE #problem"
        );
        let only_removals = ImportUpdate::when("attribute_exists(#mailed_at)").remove("mailed_at");
        assert_eq!(only_removals.expression(), "REMOVE #mailed_at");
        let mut names: Vec<_> = update.names.values().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["created", "problem", "source", "status"]);
    }
}
