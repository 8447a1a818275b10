//! Mails that go back into the queue: what was deferred, and halves of a batch.
//!
//! What goes back depends on the message and the mail service's answer alone, and not on who is due now: a delivery that was
//! cut off and the next one make the same jobs, whose claims tell that they are the same.

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use usher_domain::{MailJob, MailRecipient};
use usher_runtime::describe;

use crate::Mailer;

/// How often a mail that was deferred is tried in new batches. After that the sweeper queues it again.
const TRIES: u32 = 8;
/// The longest delay of a message (an SQS limit), in seconds.
const LONGEST_DELAY: i32 = 900;

/// Mails could not be queued again.
#[derive(Debug, thiserror::Error)]
#[error("mails could not be queued again: {0}")]
pub(crate) struct QueueError(String);

/// Queues a batch as two halves.
pub(crate) async fn halve(mailer: &Mailer, job: &MailJob) -> Result<(), QueueError> {
    let halves = job.recipients.chunks(job.recipients.len().div_ceil(2).max(1));
    let halves: Vec<_> = halves.map(|half| MailJob { recipients: half.to_vec(), ..*job }).collect();
    queue(mailer, &halves, 0).await
}

/// Queues the mails that were deferred, to be sent later.
pub(crate) async fn defer(mailer: &Mailer, job: &MailJob, deferred: Vec<MailRecipient>) -> Result<(), QueueError> {
    if deferred.is_empty() {
        return Ok(());
    }
    if job.tries >= TRIES {
        tracing::error!(deferred = deferred.len(), "deferred too often; left to the sweeper");
        return Ok(());
    }
    let later = MailJob { organisation: job.organisation, tries: job.tries + 1, recipients: deferred };
    queue(mailer, &[later], delay(job.tries)).await
}

/// Seconds until a mail that was deferred is tried again: twice as long each time.
fn delay(tries: u32) -> i32 {
    (15 << tries.min(6)).min(LONGEST_DELAY)
}

async fn queue(mailer: &Mailer, jobs: &[MailJob], delay: i32) -> Result<(), QueueError> {
    let failed = |error: String| QueueError(error);
    let entries = jobs.iter().enumerate().map(|(index, job)| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(serde_json::to_string(job).unwrap_or_default())
            .message_group_id(job.organisation.to_string());
        let entry = if delay > 0 { entry.delay_seconds(delay) } else { entry };
        entry.build().map_err(|error| failed(error.to_string()))
    });
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let call = mailer.sqs.send_message_batch().queue_url(&mailer.settings.mail_queue).set_entries(Some(entries));
    let answer = call.send().await.map_err(|error| failed(describe(&error)))?;
    match answer.failed().first() {
        None => Ok(()),
        Some(error) => Err(failed(error.code().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deferred_waits_twice_as_long_each_time() {
        let delays: Vec<i32> = (0..TRIES).map(delay).collect();
        assert_eq!(delays, [15, 30, 60, 120, 240, 480, 900, 900]);
    }
}
