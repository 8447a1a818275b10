//! Queues: messages wait until a test hands them on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Answer;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub body: String,
    pub group: String,
    pub delay: u64,
}

#[derive(Default)]
pub(super) struct Queues(BTreeMap<String, Vec<Message>>);

fn message(entry: &Value) -> Message {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Message {
        body: text("MessageBody"),
        group: text("MessageGroupId"),
        delay: entry["DelaySeconds"].as_u64().unwrap_or(0),
    }
}

impl Queues {
    pub(super) fn take(&mut self, queue: &str) -> Vec<Message> {
        self.0.remove(queue).unwrap_or_default()
    }

    pub(super) fn put(&mut self, queue: &str, messages: Vec<Message>) {
        self.0.entry(queue.to_owned()).or_default().extend(messages);
    }

    pub(super) fn answer(&mut self, operation: &str, body: &Value) -> Answer {
        let url = body["QueueUrl"].as_str().unwrap_or_default();
        let queue = self.0.entry(url.rsplit('/').next().unwrap_or_default().to_owned()).or_default();
        match operation {
            "SendMessage" => {
                queue.push(message(body));
                Answer::json(&json!({"MessageId": "1", "MD5OfMessageBody": "0"}))
            }
            "SendMessageBatch" => {
                let entries = body["Entries"].as_array().cloned().unwrap_or_default();
                assert!(entries.len() <= 10, "SQS takes ten messages a request");
                queue.extend(entries.iter().map(message));
                let successful: Vec<Value> = entries
                    .iter()
                    .map(|entry| json!({"Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "0"}))
                    .collect();
                Answer::json(&json!({"Successful": successful, "Failed": []}))
            }
            "ChangeMessageVisibility" => Answer::json(&json!({})),
            "GetQueueAttributes" => Answer::json(&json!({"Attributes": {
                "ApproximateNumberOfMessages": queue.len().to_string(),
                "ApproximateNumberOfMessagesNotVisible": "0",
                "ApproximateNumberOfMessagesDelayed": "0",
            }})),
            other => panic!("the queues do not know {other}"),
        }
    }
}
