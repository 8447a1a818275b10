//! One batch of mails: claimed, sent once, recorded.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use usher_domain::link::Link as LinkTo;
use usher_domain::{MailJob, MailRecipient, MailState, Membership, MembershipId, Organisation, State, Status};
use usher_runtime::link_keys::LinkKeysUnavailable;
use usher_runtime::random;
use usher_store::{BatchClaim, BatchStep, StoreError, Versioned};

use crate::Mailer;
use crate::compose::{InvitationMail, Link, Rendered};
use crate::outcome::{Answer, Outcome};
use crate::record::{RecordError, Recording, record};
use crate::requeue::{QueueError, halve};
use crate::send::send;

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
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("the outcomes of a batch are not of the shape this version keeps: {0}")]
    Outcomes(#[from] serde_json::Error),
}

/// Processes a job; `false` if its message must be delivered again. Results are recorded until `until`.
pub(crate) async fn process(mailer: &Mailer, job: &MailJob, batch: &str, until: Instant) -> bool {
    match work(mailer, job, batch, until).await {
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

async fn work(mailer: &Mailer, job: &MailJob, batch: &str, until: Instant) -> Result<(), BatchError> {
    let (now, begun) = (mailer.clock.now(), Instant::now());
    let Some(organisation) = mailer.store.settings(job.organisation).await? else {
        tracing::warn!("the organisation is gone");
        return Ok(());
    };
    let ids: Vec<MembershipId> = job.recipients.iter().map(|recipient| recipient.id).collect();
    let found = mailer.store.memberships(job.organisation, &ids).await?;
    let due: Vec<Option<&Membership>> =
        job.recipients.iter().map(|recipient| still_due(*recipient, &found, now)).collect();
    let members: Vec<&Membership> = due.iter().copied().flatten().collect();
    if members.is_empty() {
        tracing::info!(stale = due.len(), "nothing is due any more");
        return Ok(());
    }
    // Everything that can fail before sending comes before the claim.
    let mails = compose(mailer, &organisation, &members, now).await?;
    let share = mailer.pace.share(&mailer.ses, now).await;
    let recording = Recording { mailer, job, batch, due: &due, until };
    let holder = HEXLOWER.encode(&random::bits().to_be_bytes());
    match mailer.store.claim_mail_batch(batch, &holder, now).await? {
        BatchClaim::Mine => {}
        BatchClaim::Done => return Ok(()),
        BatchClaim::InProgress => return Err(BatchError::AtWork),
        BatchClaim::CutOff => {
            tracing::warn!(unknown = members.len(), "an earlier attempt was cut off");
            return Ok(record(&recording, &each_due(&due, &[])).await?);
        }
        BatchClaim::Answered(answer) => {
            tracing::warn!("an earlier attempt did not record its answer");
            return Ok(record(&recording, &Outcome::read_each(&answer)?).await?);
        }
        BatchClaim::Halving => return finish_halves(mailer, job, batch).await,
    }
    // More than this account can send in one invocation.
    if members.len() > share.room() {
        return halved(mailer, job, batch, &holder).await;
    }
    match mailer.store.mark_mail_batch(batch, &holder, BatchStep::Calling).await {
        Ok(true) => {}
        Ok(false) => return Err(BatchError::AtWork),
        Err(error) => {
            // The mark may be there, and would make the mails doubtful, although nothing was sent.
            release(mailer, batch, &holder).await;
            return Err(error.into());
        }
    }
    let outcomes = match send(mailer, &organisation, batch, &mails).await {
        Answer::Each(outcomes) => outcomes,
        Answer::NotNow => {
            release(mailer, batch, &holder).await;
            return Err(BatchError::NotNow);
        }
        // One mail that is not accepted blocks the batch: halve the batch until that mail is alone.
        Answer::Refused if members.len() > 1 => return halved(mailer, job, batch, &holder).await,
        Answer::Refused => vec![Outcome::NotAccepted],
        Answer::Lost => Vec::new(),
    };
    let outcomes = each_due(&due, &outcomes);
    match mailer.store.keep_mail_answer(batch, &holder, &Outcome::write_each(&outcomes)?).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("another mailer took the batch over"),
        Err(error) => tracing::warn!(%error, "the answer could not be kept"),
    }
    record(&recording, &outcomes).await?;
    share.wait(members.len(), begun).await;
    Ok(())
}

/// The outcomes in the order of the recipients; those of a mail service's answer are in the order of the mails that were due.
/// A short answer leaves the remaining mails unknown.
fn each_due(due: &[Option<&Membership>], outcomes: &[Outcome]) -> Vec<Option<Outcome>> {
    let mut outcomes = outcomes.iter().copied();
    due.iter().map(|due| due.map(|_| outcomes.next().unwrap_or(Outcome::Unknown))).collect()
}

/// Releases the claim, so that the next delivery sends. Until it is released, the mails count as sent perhaps.
async fn release(mailer: &Mailer, batch: &str, holder: &str) {
    if let Err(error) = mailer.store.release_mail_batch(batch, holder).await {
        tracing::warn!(%error, "a claim could not be released");
    }
}

/// Queues the batch as two halves, from now on whatever happens.
async fn halved(mailer: &Mailer, job: &MailJob, batch: &str, holder: &str) -> Result<(), BatchError> {
    if !mailer.store.mark_mail_batch(batch, holder, BatchStep::Halving).await? {
        return Err(BatchError::AtWork);
    }
    finish_halves(mailer, job, batch).await
}

async fn finish_halves(mailer: &Mailer, job: &MailJob, batch: &str) -> Result<(), BatchError> {
    halve(mailer, job).await?;
    Ok(mailer.store.finish_mail_batch(batch, mailer.clock.now()).await?)
}

/// A recipient whose mail still has to be sent by this job and no other.
fn still_due(
    recipient: MailRecipient,
    found: &HashMap<MembershipId, Versioned>,
    now: Timestamp,
) -> Option<&Membership> {
    let member = &found.get(&recipient.id)?.membership;
    let mail = member.mail.as_ref()?;
    let due = member.status(now) == Status::Pending
        && member.generation == recipient.generation
        && mail.state == MailState::Queued
        && mail.attempt == recipient.attempt;
    due.then_some(member)
}

async fn compose<'a>(
    mailer: &Mailer,
    organisation: &Organisation,
    due: &[&'a Membership],
    now: Timestamp,
) -> Result<Vec<(&'a Membership, Rendered)>, BatchError> {
    let keys = mailer.keys.keys(now).await?;
    let inviters: HashSet<MembershipId> = due.iter().filter_map(|member| member.invited_by).collect();
    let inviters: Vec<_> = inviters.into_iter().collect();
    let inviters = mailer.store.memberships(organisation.id, &inviters).await?;
    due.iter()
        .map(|member| {
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
