//! Imports: the files, the admin's requests, and the rule that every row has exactly one outcome.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Acme;
use crate::cloud::Message;

/// A file of `fixtures/samples`.
#[must_use]
pub fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("a sample")
}

/// A file with this many people, `p0@x.example` and so on.
#[must_use]
pub fn people_csv(count: u32) -> Vec<u8> {
    let mut file = vec!["email,role\n".to_owned()];
    file.extend((0..count).map(|n| format!("p{n}@x.example,sales_rep\n")));
    file.concat().into_bytes()
}

/// The id of an import as the API shows it.
#[must_use]
pub fn id(import: &Value) -> &str {
    import["id"].as_str().expect("an id")
}

impl Acme {
    /// Announces a file and returns the import's id. `options` are further fields of the request.
    pub async fn announce_import(&self, filename: &str, options: Value) -> String {
        let mut request = json!({"filename": filename});
        request.as_object_mut().expect("an object").extend(options.as_object().cloned().unwrap_or_default());
        id(&self.post("/imports", request).await.ok()).to_owned()
    }

    /// Announces a file, uploads it, has it planned and returns the import.
    pub async fn plan_import(&self, filename: &str, file: Vec<u8>, options: Value) -> Value {
        let id = self.announce_import(filename, options).await;
        let key = format!("uploads/{}/{id}/{filename}", self.id);
        self.world.cloud.put_file(&key, file);
        self.world.file_arrived(&key, "v1").await;
        self.get(&format!("/imports/{id}")).await.ok()
    }

    /// The import as it is now.
    pub async fn import(&self, import: &Value) -> Value {
        self.get(&format!("/imports/{}", id(import))).await.ok()
    }

    /// Sends the import as it was planned. No part is applied yet.
    pub async fn send_import(&self, import: &Value) -> Value {
        let body = json!({"digest": import["digest"]});
        self.post(&format!("/imports/{}/send", id(import)), body).await.ok()
    }

    /// Sends the import and returns the messages of its parts.
    pub async fn send_import_for_parts(&self, import: &Value) -> Vec<Message> {
        let _ = self.send_import(import).await;
        self.world.relay_changes().await;
        self.world.cloud.take_messages("apply")
    }

    /// Sends the import, applies every part and returns the import as it is then.
    pub async fn complete_import(&self, import: &Value) -> Value {
        let _ = self.send_import(import).await;
        self.world.drain().await;
        self.import(import).await
    }

    pub async fn cancel_import(&self, import: &Value) -> Value {
        self.act("imports", id(import), "cancel").await.ok()
    }

    /// The folder of the bucket that holds the import's files.
    pub async fn import_folder(&self, import: &Value) -> String {
        let id = id(import).parse().expect("an id");
        let stored = self.world.store.import(self.id, id).await.expect("the table").expect("the import");
        stored.plan.expect("a plan").folder
    }

    /// The rows of the import's `results.csv`.
    pub async fn results(&self, import: &Value) -> Vec<ResultRow> {
        let reply = self.get(&format!("/imports/{}/results.csv", id(import))).await;
        assert!(reply.status.is_success(), "{}", reply.text);
        assert!(reply.text.starts_with("line,email,outcome,membership_id,codes,message\r\n"), "{}", reply.text);
        let mut reader = csv::Reader::from_reader(reply.text.as_bytes());
        let rows = reader.records().map(|record| {
            let record = record.expect("a record");
            let text = |column: usize| record[column].to_owned();
            ResultRow {
                line: text(0).parse().expect("a line"),
                email: text(1),
                outcome: text(2),
                membership: text(3),
                codes: text(4),
            }
        });
        rows.collect()
    }
}

/// A row of `results.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRow {
    pub line: u64,
    pub email: String,
    pub outcome: String,
    pub membership: String,
    pub codes: String,
}

/// The counts add up to the rows: each row has exactly one outcome.
pub fn assert_accounted_for(import: &Value) {
    let count = |name: &str| import["counts"][name].as_u64().unwrap_or_else(|| panic!("{name} in {import}"));
    let planned: u64 = ["rejected", "ignored_duplicates", "already_invited", "already_member", "deactivated_member"]
        .into_iter()
        .map(count)
        .sum();
    let applied = count("created") + count("already_exists") + count("drifted") + count("cancelled");
    assert_eq!(planned + applied, import["rows"].as_u64().expect("rows"), "{import}");
}

/// `results.csv` has each row of the file once and in order, and each outcome as often as the import counts it.
pub async fn assert_each_row_has_one_result(acme: &Acme, import: &Value) -> Vec<ResultRow> {
    assert_accounted_for(import);
    let rows = acme.results(import).await;
    assert!(rows.is_sorted_by_key(|row| row.line), "{rows:?}");
    assert_eq!(Some(rows.len() as u64), import["rows"].as_u64(), "{import}");
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &rows {
        *outcomes.entry(&row.outcome).or_default() += 1;
        assert_eq!(row.membership.is_empty(), row.outcome == "rejected", "{row:?}");
    }
    let found = |names: &[&str]| names.iter().filter_map(|outcome| outcomes.get(outcome)).sum::<u64>();
    let counted = |names: &[&str]| names.iter().filter_map(|count| import["counts"][count].as_u64()).sum::<u64>();
    for (outcomes, counts) in [
        (&["created"] as &[_], &["created"] as &[_]),
        (&["rejected"], &["rejected"]),
        (&["ignored_duplicate"], &["ignored_duplicates"]),
        (&["drifted"], &["drifted"]),
        (&["cancelled"], &["cancelled"]),
        (
            &["already_invited", "already_member", "deactivated_member"],
            &["already_invited", "already_member", "deactivated_member", "already_exists"],
        ),
    ] {
        assert_eq!(found(outcomes), counted(counts), "{outcomes:?}: {import}");
    }
    rows
}
