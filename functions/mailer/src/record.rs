//! Records what came of each mail of a batch.

use std::time::Instant;

use usher_domain::{MailJob, MailState, Membership};
use usher_store::{MailResult, StoreError};

use crate::Mailer;
use crate::outcome::Outcome;
use crate::requeue::{QueueError, defer};

/// The batch whose outcomes are recorded.
pub(crate) struct Recording<'a> {
    pub(crate) mailer: &'a Mailer,
    pub(crate) job: &'a MailJob,
    pub(crate) batch: &'a str,
    /// The memberships whose mail is due, in the order of the recipients.
    pub(crate) due: &'a [Option<&'a Membership>],
    /// How long to try.
    pub(crate) until: Instant,
}

/// Why a batch was not recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Records the outcomes, which are in the order of the recipients, queues deferred mails again, and ends the batch. Until it is
/// ended, the message comes again.
pub(crate) async fn record(
    Recording { mailer, job, batch, due, until }: &Recording<'_>,
    outcomes: &[Option<Outcome>],
) -> Result<(), RecordError> {
    let (mut results, mut deferred) = (Vec::new(), Vec::new());
    let mut counts = [0usize; 3];
    for ((recipient, due), outcome) in job.recipients.iter().zip(*due).zip(outcomes) {
        let Some(outcome) = outcome else { continue };
        match outcome.state() {
            None => deferred.push(*recipient),
            Some(state) => {
                counts[match state {
                    MailState::Sent => 0,
                    MailState::Unknown => 2,
                    _ => 1,
                }] += 1;
                results.extend(due.map(|member| result(member, state, outcome.reason())));
            }
        }
    }
    let [sent, failed, unknown] = counts;
    tracing::info!(sent, failed, unknown, deferred = deferred.len(), tries = job.tries, "sent a batch");
    let has_time = || Instant::now() < *until;
    mailer.store.record_mail(job.organisation, &results, mailer.clock.now(), has_time).await?;
    defer(mailer, job, deferred).await?;
    Ok(mailer.store.finish_mail_batch(batch, mailer.clock.now()).await?)
}

fn result(member: &Membership, state: MailState, reason: Option<&str>) -> MailResult {
    let unconfirmed_sends =
        member.mail.as_ref().map_or(0, |mail| mail.unconfirmed_sends) + u32::from(state == MailState::Unknown);
    MailResult {
        member: member.id,
        generation: member.generation,
        state,
        reason: reason.map(str::to_owned),
        unconfirmed_sends,
    }
}
