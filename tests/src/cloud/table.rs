//! The table: a DynamoDB in memory, with its stream.

use std::sync::Mutex;

use dynoxide::Database;
use serde_json::{Value, json};

use super::{Answer, TABLE};

pub(super) struct Table {
    database: Database,
    iterator: Mutex<Option<String>>,
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
    pub(super) fn new() -> Self {
        let database = Database::memory().expect("a database in memory");
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
        let table = Self { database, iterator: Mutex::new(None) };
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

    pub(super) fn answer(&self, operation: &str, body: &[u8]) -> Answer {
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
            Ok(Ok(value)) => Answer::json(&value),
            Ok(Err(error)) => {
                Answer { status: error.status_code(), headers: Vec::new(), body: error.to_json().into_bytes() }
            }
            Err(error) => Answer::error(400, "SerializationException", &error),
        }
    }
}
