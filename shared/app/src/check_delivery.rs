//! The delivery check: queues mails again that were lost on the way to the queue, given up by the mailer, or sent without
//! an answer.

use jiff::{SignedDuration, Timestamp};
use usher_domain::{MailState, Membership, OrganisationId};
use usher_store::{ListFilter, Store, StoreError, Versioned};

/// How long a mail may be queued, or unconfirmed, before it is queued again.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How long after an hour its mails are checked, and how long after one check the next one comes.
const CHECK_DELAY: SignedDuration = SignedDuration::from_mins(15);
/// How many parts the life of a short invitation has for its mail: after one of them a mail counts as lost.
const PARTS: i32 = 4;
/// How many invitations are read at a time.
const PAGE: usize = 500;
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

/// When the check of an hour's mails ends, unless one of them still waits.
fn end_of_check(hour: i64) -> Timestamp {
    Timestamp::from_second((hour + 1) * 3_600)
        .unwrap_or(Timestamp::MAX)
        .saturating_add(CHECK_DELAY)
        .unwrap_or(Timestamp::MAX)
}

/// When the mail of an invitation that is open for so long is looked at next: when its hour is over, or earlier if half of its
/// life would be over by then.
fn next_look(lifetime: SignedDuration, hour: i64, now: Timestamp) -> Timestamp {
    let end = end_of_check(hour);
    if now < end && end.duration_since(now) <= lifetime / 2 { end } else { now + CHECK_DELAY.min(lifetime / PARTS) }
}

/// How long an invitation was open when its mail was queued.
fn lifetime(member: &Membership) -> SignedDuration {
    match (member.expires_at(), &member.mail) {
        (Some(end), Some(mail)) => end.duration_since(mail.at).max(SignedDuration::ZERO),
        _ => SignedDuration::MAX,
    }
}

/// Schedules the delivery check of the mails that are queued now, of invitations that are open for so long. Called before the
/// change that queues a mail.
pub(crate) async fn schedule_delivery_check(
    store: &Store,
    organisation: OrganisationId,
    lifetime: SignedDuration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hour = now.as_second().div_euclid(3_600);
    store.schedule_delivery_check(organisation, hour, next_look(lifetime, hour, now), now).await
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
    // Of a short invitation, a part of its life: it must be mailed again while it is open.
    let patience = (PATIENCE * (1 << mail.attempt.min(DOUBLINGS))).min(lifetime(member) / PARTS);
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
    let pending = ListFilter { statuses: vec!["pending"], ..ListFilter::default() };
    let Some(settings) = store.settings(organisation).await? else {
        store.end_delivery_check(organisation, hour).await?;
        return Ok(0);
    };
    // Others may be invited before the hour is over.
    let mut open = (now < end_of_check(hour)).then(|| next_look(settings.invitation_duration(), hour, now));
    let mut look_again = |stored: &Versioned| {
        let look = next_look(lifetime(&stored.membership), hour, now);
        open = Some(open.map_or(look, |open| open.min(look)));
    };
    let (mut requeued, mut next) = (0, None::<String>);
    loop {
        let page = store.list_versioned(organisation, &pending, PAGE, next.as_deref(), now).await?;
        for stored in &page.items {
            match need(&stored.membership, queue_is_empty, now) {
                Need::Nothing => {}
                Need::Time => look_again(stored),
                Need::Queueing => {
                    look_again(stored);
                    requeued += usize::from(requeue(store, stored, now).await?);
                }
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    match open {
        Some(look) => store.postpone_delivery_check(organisation, hour, look, now).await?,
        None => store.end_delivery_check(organisation, hour).await?,
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
    fn the_mail_of_a_short_invitation_gets_a_quarter_of_its_life() {
        let open_for = |minutes| Membership {
            state: usher_domain::State::Pending { expires_at: after(minutes) },
            ..member(MailState::Queued, 2, 0)
        };
        assert_eq!(need(&open_for(40), true, after(9)), Need::Time);
        assert_eq!(need(&open_for(40), true, after(10)), Need::Queueing);
        assert_eq!(need(&open_for(7 * 24 * 60), true, after(59)), Need::Time);
    }

    #[test]
    fn a_look_waits_for_the_end_of_the_hour_unless_half_the_invitation_would_be_over() {
        let (hour, minute) = (0, |minute: i64| Timestamp::from_second(minute * 60).expect("a time"));
        let look = |lifetime, now| next_look(SignedDuration::from_mins(lifetime), hour, minute(now));
        assert_eq!(look(7 * 24 * 60, 0), minute(75));
        assert_eq!(look(150, 0), minute(75));
        assert_eq!(look(149, 0), minute(15));
        assert_eq!(look(20, 0), minute(5));
        assert_eq!(look(60, 50), minute(75));
        // After the hour: every fifteen minutes, or more often.
        assert_eq!(look(7 * 24 * 60, 75), minute(90));
        assert_eq!(look(20, 75), minute(80));
    }

    #[test]
    fn a_mail_that_was_sent_needs_nothing() {
        for state in [MailState::Sent, MailState::Delivered, MailState::Bounced, MailState::Failed] {
            assert_eq!(need(&member(state, 0, 0), true, after(600)), Need::Nothing);
        }
    }
}
