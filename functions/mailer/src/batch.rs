//! One batch of mails: claimed, sent once, recorded.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use jiff::Timestamp;
use tokio::time::Instant;
use usher_domain::link::Link as LinkTo;
use usher_domain::{MailJob, MailRecipient, MailState, Membership, MembershipId, Organisation, State, Status};
use usher_runtime::link_keys::LinkKeysUnavailable;
use usher_store::{BatchClaim, MailResult, StoreError, Versioned};

use crate::Mailer;
use crate::compose::{InvitationMail, Link, Rendered};
use crate::outcome::{Answer, Outcome};
use crate::send::send;
use usher_runtime::describe;

/// How often a mail that was deferred is tried in new batches. After that the sweeper queues it again.
const TRIES: u32 = 8;
/// The longest delay of a message (an SQS limit), in seconds.
const LONGEST_DELAY: i32 = 900;
/// How often recording the results is tried. Giving up may cost somebody a second copy.
const RECORD_ATTEMPTS: u32 = 4;

/// Why a message must be delivered again.
#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] LinkKeysUnavailable),
    #[error("a mail could not be written: {0}")]
    Compose(#[from] askama::Error),
    #[error("another mailer is sending this batch")]
    AtWork,
    #[error("the mail service accepts nothing now")]
    NotNow,
    #[error("mails could not be queued again: {0}")]
    Queue(String),
}

/// Processes a job; `false` if its message must be delivered again.
pub(crate) async fn process(mailer: &Mailer, job: &MailJob, batch: &str) -> bool {
    match work(mailer, job, batch).await {
        Ok(()) => true,
        Err(error @ (BatchError::AtWork | BatchError::NotNow)) => {
            tracing::warn!(%error, "later");
            false
        }
        Err(error) => {
            tracing::error!(%error, "a batch failed");
            false
        }
    }
}

async fn work(mailer: &Mailer, job: &MailJob, batch: &str) -> Result<(), BatchError> {
    let (now, begun) = (mailer.clock.now(), Instant::now());
    let Some(organisation) = mailer.store.settings(job.organisation).await? else {
        tracing::warn!("the organisation is gone");
        return Ok(());
    };
    let ids: Vec<MembershipId> = job.recipients.iter().map(|recipient| recipient.id).collect();
    let found = mailer.store.memberships(job.organisation, &ids).await?;
    let due: Vec<(MailRecipient, &Membership)> =
        job.recipients.iter().filter_map(|recipient| still_due(recipient, &found, now)).collect();
    let stale = job.recipients.len() - due.len();
    if due.is_empty() {
        tracing::info!(stale, "nothing is due any more");
        return Ok(());
    }
    // Everything that can fail before sending comes before the claim.
    let mails = compose(mailer, &organisation, &due, now).await?;
    let share = mailer.pace.share(&mailer.ses, now).await;
    match mailer.store.claim_mail_batch(batch, now).await? {
        BatchClaim::Mine => {}
        BatchClaim::Done => return Ok(()),
        BatchClaim::InProgress => return Err(BatchError::AtWork),
        BatchClaim::CutOff => {
            tracing::warn!(unknown = due.len(), "an earlier attempt was cut off");
            let results = due.iter().map(|(_, member)| result(member, Outcome::Unknown)).collect::<Vec<_>>();
            record(mailer, job, &results).await?;
            return Ok(mailer.store.finish_mail_batch(batch, now).await?);
        }
    }
    if due.len() > share.room() {
        // More than this account can send in one invocation: split into smaller batches.
        let parts: Vec<_> = due.chunks(share.room()).map(|part| again(job, part, job.tries)).collect();
        queue(mailer, &parts, 0).await?;
        return Ok(mailer.store.finish_mail_batch(batch, now).await?);
    }
    let outcomes = match send(mailer, &organisation, batch, &mails).await {
        Answer::Each(outcomes) => outcomes,
        Answer::NotNow => {
            mailer.store.release_mail_batch(batch).await?;
            return Err(BatchError::NotNow);
        }
        // One mail that is not accepted blocks the batch: halve the batch until that mail is alone.
        Answer::Refused if due.len() > 1 => {
            let halves: Vec<_> = due.chunks(due.len().div_ceil(2)).map(|half| again(job, half, job.tries)).collect();
            queue(mailer, &halves, 0).await?;
            return Ok(mailer.store.finish_mail_batch(batch, now).await?);
        }
        Answer::Refused => vec![Outcome::Failed("The mail service does not accept the mail.")],
        Answer::Lost => vec![Outcome::Unknown; due.len()],
    };
    record_and_requeue(mailer, job, batch, &due, &outcomes).await?;
    share.wait(due.len(), begun.into_std()).await;
    Ok(())
}

/// A recipient whose mail still has to be sent by this job and no other.
fn still_due<'a>(
    recipient: &MailRecipient,
    found: &'a HashMap<MembershipId, Versioned>,
    now: Timestamp,
) -> Option<(MailRecipient, &'a Membership)> {
    let member = &found.get(&recipient.id)?.membership;
    let mail = member.mail.as_ref()?;
    let due = member.status(now) == Status::Pending
        && member.generation == recipient.generation
        && mail.state == MailState::Queued
        && mail.attempt == recipient.attempt;
    due.then_some((*recipient, member))
}

async fn compose<'a>(
    mailer: &Mailer,
    organisation: &Organisation,
    due: &[(MailRecipient, &'a Membership)],
    now: Timestamp,
) -> Result<Vec<(&'a Membership, Rendered)>, BatchError> {
    let keys = mailer.keys.keys(now).await?;
    let inviters: HashSet<MembershipId> = due.iter().filter_map(|(_, member)| member.invited_by).collect();
    let inviters: Vec<_> = inviters.into_iter().collect();
    let inviters = mailer.store.memberships(organisation.id, &inviters).await?;
    due.iter()
        .map(|(_, member)| {
            let token = keys.issue(LinkTo {
                organisation: organisation.id,
                membership: member.id,
                generation: member.generation,
            });
            let inviter = member.invited_by.and_then(|id| inviters.get(&id));
            let State::Pending { expires_at } = member.state else { return Err(BatchError::AtWork) };
            let mail = InvitationMail {
                organisation: organisation.name.as_str().to_owned(),
                inviter: inviter.and_then(|stored| stored.membership.name.display()),
                name: member.name.display(),
                expires_at,
                link: Link(format!("{}/i/{}", mailer.settings.public_url, token.reveal())),
            };
            Ok((*member, mail.render()?))
        })
        .collect()
}

fn result(member: &Membership, outcome: Outcome) -> MailResult {
    let (state, reason) = match outcome {
        Outcome::Sent => (MailState::Sent, None),
        Outcome::Failed(reason) => (MailState::Failed, Some(reason)),
        Outcome::Unknown | Outcome::PutOff => {
            (MailState::Unknown, Some("The mail service's answer was lost; it is sent once more if nothing is heard."))
        }
    };
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

/// Records what came of each mail, queues deferred mails again, and ends the batch. Until it is ended, the message
/// comes again and finds the batch cut off.
async fn record_and_requeue(
    mailer: &Mailer,
    job: &MailJob,
    batch: &str,
    due: &[(MailRecipient, &Membership)],
    outcomes: &[Outcome],
) -> Result<(), BatchError> {
    let (mut results, mut deferred) = (Vec::new(), Vec::new());
    let mut counts = [0usize; 3];
    for (index, entry) in due.iter().enumerate() {
        // A short answer leaves the remaining mails unknown.
        let outcome = outcomes.get(index).copied().unwrap_or(Outcome::Unknown);
        match outcome {
            Outcome::PutOff => {
                deferred.push(*entry);
                continue;
            }
            Outcome::Sent => counts[0] += 1,
            Outcome::Failed(_) => counts[1] += 1,
            Outcome::Unknown => counts[2] += 1,
        }
        results.push(result(entry.1, outcome));
    }
    let [sent, failed, unknown] = counts;
    tracing::info!(sent, failed, unknown, deferred = deferred.len(), tries = job.tries, "sent a batch");
    record(mailer, job, &results).await?;
    if job.tries >= TRIES && !deferred.is_empty() {
        tracing::error!(deferred = deferred.len(), "deferred too often; left to the sweeper");
    } else if !deferred.is_empty() {
        queue(mailer, &[again(job, &deferred, job.tries + 1)], delay(job.tries)).await?;
    }
    Ok(mailer.store.finish_mail_batch(batch, mailer.clock.now()).await?)
}

/// Seconds until a mail that was deferred is tried again: twice as long each time.
fn delay(tries: u32) -> i32 {
    (15 << tries.min(6)).min(LONGEST_DELAY)
}

fn again(job: &MailJob, part: &[(MailRecipient, &Membership)], tries: u32) -> MailJob {
    let recipients = part.iter().map(|(recipient, _)| *recipient).collect();
    MailJob { organisation: job.organisation, tries, recipients }
}

/// Tries more than once: a result that is not recorded would count as unknown.
async fn record(mailer: &Mailer, job: &MailJob, results: &[MailResult]) -> Result<(), BatchError> {
    let mut attempt = 1;
    loop {
        match mailer.store.record_mail(job.organisation, results, mailer.clock.now()).await {
            Ok(()) => return Ok(()),
            Err(error) if attempt == RECORD_ATTEMPTS => return Err(error.into()),
            Err(error) => tracing::warn!(%error, "the results of mails were not recorded yet"),
        }
        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        attempt += 1;
    }
}

async fn queue(mailer: &Mailer, jobs: &[MailJob], delay: i32) -> Result<(), BatchError> {
    let failed = |error: String| BatchError::Queue(error);
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
