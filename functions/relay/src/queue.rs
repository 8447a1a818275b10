//! Sends messages, ten a request.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use crate::batch::Message;
use usher_runtime::describe;

/// The most messages of one request (an SQS limit). A job of fifty recipients has about 5 kB, so ten are far below the
/// limit of 1 MiB.
const MESSAGES: usize = 10;
/// How often a message is sent before all records are handed back to the stream.
const ATTEMPTS: u32 = 3;

/// Sends all of these, in their order, and returns how many could not be sent.
pub(crate) async fn send(sqs: &Client, messages: Vec<Message>) -> usize {
    let mut failed = 0;
    for of_one_queue in messages.chunk_by(|one, next| one.queue == next.queue) {
        for batch in of_one_queue.chunks(MESSAGES) {
            failed += send_batch(sqs, batch).await;
        }
    }
    failed
}

async fn send_batch(sqs: &Client, messages: &[Message]) -> usize {
    let mut open: Vec<&Message> = messages.iter().collect();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
        }
        let entries: Result<Vec<_>, _> =
            open.iter().enumerate().map(|(index, message)| entry(index, message)).collect();
        let queue = open.first().map(|message| message.queue.clone());
        let Ok(entries) = entries else { break };
        let call = sqs.send_message_batch().set_queue_url(queue).set_entries(Some(entries));
        match call.send().await {
            Ok(answer) => {
                let taken = answer.successful();
                let mut index = 0;
                open.retain(|_| {
                    index += 1;
                    !taken.iter().any(|entry| entry.id() == (index - 1).to_string())
                });
                if open.is_empty() {
                    return 0;
                }
                let codes: Vec<_> =
                    answer.failed().iter().map(aws_sdk_sqs::types::BatchResultErrorEntry::code).collect();
                tracing::warn!(left = open.len(), ?codes, "a queue accepted only some messages");
            }
            // The client has tried this more than once already.
            Err(error) => {
                tracing::error!(left = open.len(), error = %describe(&error), "a queue accepted no message");
                break;
            }
        }
    }
    open.len()
}

fn entry(index: usize, message: &Message) -> Result<SendMessageBatchRequestEntry, aws_sdk_sqs::error::BuildError> {
    let entry = SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(&message.body)
        .message_group_id(&message.group);
    // No delay is left out: the queue may have its own.
    if message.delay > 0 { entry.delay_seconds(message.delay).build() } else { entry.build() }
}
