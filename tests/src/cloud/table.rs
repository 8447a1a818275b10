//! The table: a DynamoDB in memory, with its stream.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dynoxide::Database;
use serde_json::{Value, json};

use super::{Answer, TABLE};

pub(super) struct Table {
    database: Database,
    /// The file of the database, if it has one; deleted at the end.
    file: Option<PathBuf>,
    iterator: Mutex<Option<String>>,
    metered: AtomicBool,
    /// Tenths, so that sums stay exact.
    write_tenths: AtomicU64,
    read_tenths: AtomicU64,
}

/// How many tables this process has created.
static TABLES: AtomicU64 = AtomicU64::new(0);

/// Each write looks for the highest number in the stream. Without an index that reads the whole stream, and ten thousand
/// rows take minutes.
fn index_the_stream(name: &str) {
    let connection = rusqlite::Connection::open(name).expect("the database");
    let index = "CREATE INDEX stream_numbers ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";
    connection.execute_batch(index).expect("an index");
}

/// A folder whose files are in memory where there is one, and one for temporary files otherwise.
fn folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// The operations that DynamoDB bills as writes.
const WRITES: [&str; 5] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchExecuteStatement"];

/// The operations that DynamoDB bills as reads.
const READS: [&str; 3] = ["GetItem", "BatchGetItem", "Query"];

/// The request, which also asks for its cost.
fn metered(body: &[u8]) -> Vec<u8> {
    let mut request: Value = serde_json::from_slice(body).expect("the SDK sends JSON");
    request["ReturnConsumedCapacity"] = json!("TOTAL");
    request.to_string().into_bytes()
}

/// The units in an answer, of one table or of several.
fn units(answer: &Value) -> f64 {
    let consumed = &answer["ConsumedCapacity"];
    let of = |consumed: &Value| consumed["CapacityUnits"].as_f64().unwrap_or_default();
    consumed.as_array().map_or_else(|| of(consumed), |tables| tables.iter().map(of).sum())
}

fn whole(tenths: &AtomicU64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let tenths = tenths.load(Ordering::SeqCst) as f64;
    tenths / 10.0
}

impl Drop for Table {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let Some(file) = &self.file else { return };
            // SQLite decides which of them exist.
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
    }
}

macro_rules! operations {
    ($database:expr, $operation:expr, $body:expr, {$($name:literal => $method:ident),* $(,)?}) => {
        match $operation {
            $($name => serde_json::from_slice($body)
                .map_err(|error| error.to_string())
                .map(|request| $database.$method(request).map(|answer| serde_json::to_value(answer).expect("JSON"))),)*
            other => panic!("the table does not know {other}"),
        }
    };
}

impl Table {
    /// A database in memory, under a name that a second connection can open.
    pub(super) fn new() -> Self {
        let name = format!("file:table{}?mode=memory&cache=shared", TABLES.fetch_add(1, Ordering::SeqCst));
        Self::open(Database::new(&name).expect("a database in memory"), &name, None)
    }

    /// For a million rows: at the end of every transaction the library passes over the pages that it holds in memory, which are
    /// few where there is a file.
    pub(super) fn in_a_file() -> Self {
        let number = TABLES.fetch_add(1, Ordering::SeqCst);
        let file = folder().join(format!("usher-table-{}-{number}.db", std::process::id()));
        let name = file.to_str().expect("a path of text").to_owned();
        let database = Database::new(&name).expect("a database in a file");
        Self::open(database, &name, Some(file))
    }

    fn open(database: Database, name: &str, file: Option<PathBuf>) -> Self {
        index_the_stream(name);
        let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let request = json!({
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [text("pk"), text("sk"), text("due_pk"), text("due_sk")],
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
            "GlobalSecondaryIndexes": [{
                "IndexName": "due",
                "KeySchema": [key("due_pk", "HASH"), key("due_sk", "RANGE")],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        database.create_table(serde_json::from_value(request).expect("a request")).expect("a table");
        let (metered, iterator) = (AtomicBool::new(false), Mutex::new(None));
        let (write_tenths, read_tenths) = (AtomicU64::new(0), AtomicU64::new(0));
        let table = Self { database, file, iterator, metered, write_tenths, read_tenths };
        *table.iterator.lock().expect("free") = Some(table.first_iterator());
        table
    }

    fn first_iterator(&self) -> String {
        let request = |value: Value| value;
        let streams = self.database.list_streams(serde_json::from_value(request(json!({}))).expect("request"));
        let streams = serde_json::to_value(streams.expect("streams")).expect("JSON");
        let arn = streams["Streams"][0]["StreamArn"].clone();
        let described = self
            .database
            .describe_stream(serde_json::from_value(json!({"StreamArn": arn})).expect("request"))
            .expect("a stream");
        let described = serde_json::to_value(described).expect("JSON");
        let shard = described["StreamDescription"]["Shards"][0]["ShardId"].clone();
        let iterator = self
            .database
            .get_shard_iterator(
                serde_json::from_value(
                    json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}),
                )
                .expect("request"),
            )
            .expect("an iterator");
        serde_json::to_value(iterator).expect("JSON")["ShardIterator"].as_str().expect("an iterator").to_owned()
    }

    /// Records since the last call.
    pub(super) fn stream(&self) -> Vec<Value> {
        let mut iterator = self.iterator.lock().expect("free");
        let mut records = Vec::new();
        loop {
            let request = json!({"ShardIterator": iterator.as_ref().expect("an iterator"), "Limit": 1000});
            let answer = self.database.get_records(serde_json::from_value(request).expect("request")).expect("records");
            let answer = serde_json::to_value(answer).expect("JSON");
            let batch = answer["Records"].as_array().cloned().unwrap_or_default();
            if let Some(next) = answer["NextShardIterator"].as_str() {
                *iterator = Some(next.to_owned());
            }
            if batch.is_empty() {
                return records;
            }
            records.extend(batch);
        }
    }

    pub(super) fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({"TableName": TABLE});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let answer = self.database.scan(serde_json::from_value(request).expect("request")).expect("a scan");
            let answer = serde_json::to_value(answer).expect("JSON");
            items.extend(answer["Items"].as_array().cloned().unwrap_or_default());
            start = answer["LastEvaluatedKey"].clone();
            if start.is_null() {
                break;
            }
        }
        items.sort_by_key(|item| (item["pk"]["S"].to_string(), item["sk"]["S"].to_string()));
        items
    }

    /// Counts what reading and writing cost from now on.
    pub(super) fn meter(&self) {
        self.metered.store(true, Ordering::SeqCst);
    }

    /// The write units since then.
    pub(super) fn write_units(&self) -> f64 {
        whole(&self.write_tenths)
    }

    /// The read units since then.
    pub(super) fn read_units(&self) -> f64 {
        whole(&self.read_tenths)
    }

    pub(super) fn answer(&self, operation: &str, body: &[u8]) -> Answer {
        let tenths = match operation {
            write if WRITES.contains(&write) => &self.write_tenths,
            read if READS.contains(&read) => &self.read_tenths,
            _ => return self.carry_out(operation, body).0,
        };
        if !self.metered.load(Ordering::SeqCst) {
            return self.carry_out(operation, body).0;
        }
        let (answer, units) = self.carry_out(operation, &metered(body));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        tenths.fetch_add((units * 10.0).round() as u64, Ordering::SeqCst);
        answer
    }

    /// The answer and its units.
    fn carry_out(&self, operation: &str, body: &[u8]) -> (Answer, f64) {
        let database = &self.database;
        let answer = operations!(database, operation, body, {
            "GetItem" => get_item,
            "PutItem" => put_item,
            "UpdateItem" => update_item,
            "DeleteItem" => delete_item,
            "Query" => query,
            "Scan" => scan,
            "BatchGetItem" => batch_get_item,
            "TransactWriteItems" => transact_write_items,
            "BatchExecuteStatement" => batch_execute_statement,
        });
        match answer {
            Ok(Ok(value)) => (Answer::json(&value), units(&value)),
            Ok(Err(error)) => {
                let body = error.to_json().into_bytes();
                (Answer { status: error.status_code(), headers: Vec::new(), body }, 0.0)
            }
            Err(error) => (Answer::error(400, "SerializationException", &error), 0.0),
        }
    }
}
