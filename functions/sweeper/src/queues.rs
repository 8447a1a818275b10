//! The queues that the sweeper checks.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use usher_domain::job::ApplyJob;
use usher_runtime::describe;

/// The most messages of one request (an SQS limit).
const BATCH: usize = 10;

/// A queue could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the queue failed: {0}")]
pub struct QueueError(String);

/// The mail queue and the queue of import parts.
#[derive(Debug, Clone)]
pub struct Queues {
    client: Client,
    mail: String,
    apply: String,
}

impl Queues {
    /// The queues with these URLs.
    #[must_use]
    pub fn new(client: Client, mail: String, apply: String) -> Self {
        Self { client, mail, apply }
    }

    /// Whether no mail job is waiting, delayed or in progress. While one is, a mail that was not sent may be in it.
    pub async fn mail_is_drained(&self) -> Result<bool, QueueError> {
        self.is_drained(&self.mail).await
    }

    /// Whether no part of an import is waiting, delayed or in progress.
    pub async fn apply_is_drained(&self) -> Result<bool, QueueError> {
        self.is_drained(&self.apply).await
    }

    async fn is_drained(&self, url: &str) -> Result<bool, QueueError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
            .send()
            .await
            .map_err(|error| QueueError(describe(&error)))?;
        Ok(answer.attributes.unwrap_or_default().values().all(|count| count == "0"))
    }

    /// Queues parts of an import again.
    pub async fn send_parts(&self, jobs: &[ApplyJob]) -> Result<(), QueueError> {
        for batch in jobs.chunks(BATCH) {
            let entries = batch.iter().map(|job| {
                let body = serde_json::to_string(job).map_err(|error| QueueError(error.to_string()))?;
                let entry = SendMessageBatchRequestEntry::builder().id(job.part.to_string()).message_body(body);
                entry
                    .message_group_id(job.organisation.to_string())
                    .build()
                    .map_err(|error| QueueError(error.to_string()))
            });
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let answer =
                self.client.send_message_batch().queue_url(&self.apply).set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| QueueError(describe(&error)))?;
            if let Some(failed) = answer.failed.first() {
                return Err(QueueError(failed.code.clone()));
            }
        }
        Ok(())
    }
}
