//! Work that follows from a request: the table's changes, messages of the queues, files that arrive.

use aws_lambda_events::event::s3::S3Event;
use aws_lambda_events::event::sqs::SqsEvent;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::World;
use crate::cloud::{BUCKET, Mail, Message};
use crate::template;

/// More rounds than any story needs.
const MOST_ROUNDS: usize = 100;
/// As much time as a mailer has.
const MAILER_TIME: SignedDuration = SignedDuration::from_secs(30);

fn sqs_event(message: &Message) -> SqsEvent {
    let record = json!({"messageId": "m", "body": message.body, "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {}});
    serde_json::from_value(json!({"Records": [record]})).expect("an SQS event")
}

/// The event of a file that was uploaded to the bucket.
#[must_use]
pub fn upload_event(key: &str, version: &str) -> S3Event {
    let event = json!({"Records": [{"eventName": "ObjectCreated:Put", "eventTime": "2026-03-02T09:00:00Z", "requestParameters": {}, "responseElements": {}, "userIdentity": {}, "s3": {
        "bucket": {"name": BUCKET, "ownerIdentity": {}}, "object": {"key": key, "size": 1, "versionId": version}}}]});
    serde_json::from_value(event).expect("an S3 event")
}

impl World {
    /// Passes the table's changes to the relay, filtered as the template filters them.
    pub async fn relay_changes(&self) {
        let records: Vec<Value> = self.cloud.stream().into_iter().filter(template::is_relayed).collect();
        for batch in records.chunks(100) {
            let event = serde_json::from_value(json!({"Records": batch})).expect("a stream event");
            let answer = relay::handle(&self.relay(), event).await.expect("relayed");
            assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
        }
    }

    /// Passes messages to the mailer and returns those it failed on.
    pub async fn mail(&self, messages: Vec<Message>) -> Vec<Message> {
        self.mail_within(MAILER_TIME, messages).await
    }

    /// Does the same with a mailer that has no time to repeat what the table refuses.
    pub async fn mail_without_time(&self, messages: Vec<Message>) -> Vec<Message> {
        self.mail_within(SignedDuration::ZERO, messages).await
    }

    async fn mail_within(&self, time: SignedDuration, messages: Vec<Message>) -> Vec<Message> {
        let mut failed = Vec::new();
        for message in messages {
            let answer = mailer::handle(&self.mailer(), sqs_event(&message), self.now() + time).await;
            if !answer.batch_item_failures.is_empty() {
                failed.push(message);
            }
        }
        failed
    }

    /// Passes parts to import-apply and returns those it failed on.
    pub async fn apply(&self, messages: Vec<Message>) -> Vec<Message> {
        self.apply_within(SignedDuration::from_mins(10), messages).await
    }

    /// Does the same, with this much time for each part.
    pub async fn apply_within(&self, time: SignedDuration, messages: Vec<Message>) -> Vec<Message> {
        let mut failed = Vec::new();
        for message in messages {
            let deadline = self.now() + time;
            let answer = import_apply::handle(&self.import_apply(), sqs_event(&message), deadline).await;
            if !answer.batch_item_failures.is_empty() {
                failed.push(message);
            }
        }
        failed
    }

    /// Works off the stream and the queues until nothing is left in them.
    pub async fn drain(&self) {
        for _ in 0..MOST_ROUNDS {
            self.relay_changes().await;
            let (mails, parts) = (self.cloud.take_messages("mail"), self.cloud.take_messages("apply"));
            if mails.is_empty() && parts.is_empty() {
                return;
            }
            assert_eq!(self.mail(mails).await, []);
            assert_eq!(self.apply(parts).await, []);
        }
        panic!("the queues are not empty after {MOST_ROUNDS} rounds");
    }

    /// The newest mail to an address.
    #[must_use]
    #[track_caller]
    pub fn mail_to(&self, email: &str) -> Mail {
        self.cloud.mails().into_iter().rfind(|mail| mail.to == email).unwrap_or_else(|| panic!("no mail to {email}"))
    }

    /// Delivers the event of a file that was uploaded to the bucket.
    pub async fn file_arrived(&self, key: &str, version: &str) {
        self.file_arrived_at(&self.bulk_import(), key, version).await;
    }

    /// Does the same with a planner that is configured differently.
    pub async fn file_arrived_at(&self, bulk: &usher_app::import::ImportPlanning, key: &str, version: &str) {
        bulk_import::handle(bulk, upload_event(key, version)).await.expect("planned");
    }
}
