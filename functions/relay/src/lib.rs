//! Turns what the table's stream says into jobs: mails that became due for the mailer, imports that were sent for
//! import-apply.
//!
//! Whatever the stream repeats is harmless as long as it is repeated alike: a job's batch is named by what is in it.
//! A repetition that is cut differently makes other batches, and only the recorded state then stands between a person
//! and a second copy. So jobs are sent again here, a few times, and if one of them still cannot be sent, all records go
//! back to the stream, to come again as the same batch.

mod batch;
mod queue;
mod record;

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use usher_runtime::{Aws, ConfigError, config};

/// What the relay needs.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
    /// The address of the mailer's queue.
    pub mail_queue: String,
    /// The address of import-apply's queue.
    pub apply_queue: String,
}

impl Relay {
    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        Ok(Self {
            sqs: aws.sqs(),
            mail_queue: config::required("MAIL_QUEUE_URL")?,
            apply_queue: config::required("APPLY_QUEUE_URL")?,
        })
    }
}

/// Some jobs could not be sent. The stream delivers the same records again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{failed} of {messages} messages could not be sent")]
pub struct RelayError {
    failed: usize,
    messages: usize,
}

/// Sends the jobs that follow from these records: all of them, or the records come again.
pub async fn handle(relay: &Relay, event: Event) -> Result<DynamoDbEventResponse, RelayError> {
    let mut malformed = 0;
    let mut work = Vec::new();
    for record in &event.records {
        match record::read(record) {
            Ok(Some(found)) => work.push(found),
            Ok(None) => {}
            Err(error) => {
                // Holding the shard back would hold everybody else's mail back, and the record will never read better.
                // Its mail is found by the watch over mails that did not leave.
                tracing::error!(%error, "a record was passed over");
                malformed += 1;
            }
        }
    }
    let messages = batch::messages(relay, work);
    let (records, sent) = (event.records.len(), messages.len());
    let failed = queue::send(&relay.sqs, messages).await;
    tracing::info!(records, malformed, messages = sent, failed, "relayed");
    if failed > 0 {
        return Err(RelayError { failed, messages: sent });
    }
    Ok(DynamoDbEventResponse::default())
}
