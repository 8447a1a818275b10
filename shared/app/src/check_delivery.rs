//! The delivery check: queues mails again that were lost on the way to the queue, given up by the mailer, or sent without
//! an answer.

use jiff::{SignedDuration, Timestamp};
use usher_domain::{MailState, Membership, OrganisationId};
use usher_store::{Store, StoreError, Versioned};

/// How long a mail may be queued, or unconfirmed, before it is queued again.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How long a mail may wait behind others before it is queued again all the same.
const LONG_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// The patience doubles with each attempt, this often: from 15 minutes to 8 hours.
const DOUBLINGS: u32 = 5;

/// What the mail of one open invitation needs.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    /// It was sent, or nothing more can be done.
    Nothing,
    /// It may still be sent without help.
    Time,
    /// It has to be queued again.
    Queueing,
}

fn need(member: &Membership, queue_is_empty: bool, now: Timestamp) -> Need {
    let Some(mail) = &member.mail else { return Need::Nothing };
    match mail.state {
        MailState::Queued => {}
        // Sent once more, and never again: the person may get both copies.
        MailState::Unknown if mail.unconfirmed_sends <= 1 => {}
        MailState::Unknown
        | MailState::Sent
        | MailState::Delivered
        | MailState::Bounced
        | MailState::Complained
        | MailState::Suppressed
        | MailState::Failed => return Need::Nothing,
    }
    let patience = PATIENCE * (1 << mail.attempt.min(DOUBLINGS));
    // While the queue holds anything, a mail that was not sent may be in it.
    let patience = if queue_is_empty || mail.state == MailState::Unknown { patience } else { patience.max(LONG_WAIT) };
    if now.duration_since(mail.at) < patience { Need::Time } else { Need::Queueing }
}

/// Checks the mails that an organisation queued in one hour (since the epoch), and returns how many were queued again.
pub async fn check_delivery(
    store: &Store,
    organisation: OrganisationId,
    hour: i64,
    queue_is_empty: bool,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let (mut requeued, mut open, mut next) = (0, false, None::<String>);
    loop {
        let page = store.unsent_mails(organisation, next.as_deref(), now).await?;
        for stored in &page.items {
            match need(&stored.membership, queue_is_empty, now) {
                Need::Nothing => {}
                Need::Time => open = true,
                Need::Queueing => {
                    open = true;
                    requeued += usize::from(requeue(store, stored, now).await?);
                }
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    if open {
        store.postpone_delivery_check(organisation, hour, now).await?;
    } else {
        store.end_delivery_check(organisation, hour).await?;
    }
    Ok(requeued)
}

async fn requeue(store: &Store, stored: &Versioned, now: Timestamp) -> Result<bool, StoreError> {
    let queued = store.requeue_mail(stored, now).await?;
    if queued {
        let member = &stored.membership;
        tracing::warn!(organisation = %member.organisation, membership = %member.id, "queued a lost mail again");
    }
    Ok(queued)
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::MailStatus;
    use usher_domain::fixtures::{at, pending};

    fn member(state: MailState, attempt: u32, unconfirmed_sends: u32) -> Membership {
        Membership {
            mail: Some(MailStatus { state, reason: None, at: at(0), attempt, unconfirmed_sends }),
            ..pending()
        }
    }

    fn after(minutes: i64) -> Timestamp {
        at(minutes * 60)
    }

    #[test]
    fn a_mail_gets_more_time_with_each_attempt_before_it_is_queued_again() {
        let need = |attempt, empty, minutes| need(&member(MailState::Queued, attempt, 0), empty, after(minutes));
        assert_eq!(need(0, true, 14), Need::Time);
        assert_eq!(need(0, true, 15), Need::Queueing);
        assert_eq!(need(1, true, 29), Need::Time);
        assert_eq!(need(1, true, 30), Need::Queueing);
        assert_eq!(need(50, true, 8 * 60), Need::Queueing);
    }

    #[test]
    fn a_mail_behind_others_is_queued_again_only_after_hours() {
        let need = |minutes| need(&member(MailState::Queued, 0, 0), false, after(minutes));
        assert_eq!(need(5 * 60), Need::Time);
        assert_eq!(need(6 * 60), Need::Queueing);
    }

    #[test]
    fn an_unconfirmed_mail_is_sent_only_once_more() {
        assert_eq!(need(&member(MailState::Unknown, 0, 1), false, after(15)), Need::Queueing);
        // It was queued again before for another reason, which does not count.
        assert_eq!(need(&member(MailState::Unknown, 3, 1), true, after(120)), Need::Queueing);
        assert_eq!(need(&member(MailState::Unknown, 1, 2), true, after(600)), Need::Nothing);
    }

    #[test]
    fn a_mail_that_was_sent_needs_nothing() {
        for state in [MailState::Sent, MailState::Delivered, MailState::Bounced, MailState::Failed] {
            assert_eq!(need(&member(state, 0, 0), true, after(600)), Need::Nothing);
        }
    }
}
