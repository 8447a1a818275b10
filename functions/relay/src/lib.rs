//! Turns records of the table's stream into jobs: due mails for the mailer, parts of imports for import-apply.
//!
//! Repeated records are harmless as long as they repeat in the same batches: a job's batch is named by its contents. In other
//! batches, only the recorded state protects a person from a second copy. So sending is retried here a few times, and if a
//! job still cannot be sent, all records go back to the stream, to come again as the same batch.

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
                // Retrying would block everybody else's mail in the shard, and the record stays malformed. The delivery check
                // finds its mail.
                tracing::error!(%error, "skipped a malformed record");
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
