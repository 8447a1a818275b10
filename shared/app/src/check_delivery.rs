//! The delivery check: queues mails again that were lost on the way to the queue, given up by the mailer, or sent without
//! an answer.

use jiff::{SignedDuration, Timestamp};
use usher_domain::{MailState, Membership, OrganisationId};
use usher_store::{DeliveryWalk, Store, StoreError, Versioned};

/// How long a mail may be queued, or unconfirmed, before it is queued again.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How long after an hour its mails are checked, and how long after one check the next one comes.
const CHECK_DELAY: SignedDuration = SignedDuration::from_mins(15);
/// How many parts the life of a short invitation has for its mail: after one of them a mail counts as lost.
const PARTS: i32 = 4;
/// How long a mail may wait in a backlog of its own organisation before it is queued again all the same.
const LONG_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// The patience doubles with each attempt, this often: from 15 minutes to 8 hours.
const DOUBLINGS: u32 = 5;
/// So many waiting mails among the people of one round are a backlog: at one mail a second, the slowest rate of the mail
/// service, they take about as long as the patience.
const BACKLOG: usize = 1_000;
/// How many mails one step queues again, so that it is short.
const REQUEUED_AT_ONCE: usize = 500;

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

fn need(member: &Membership, is_in_backlog: bool, now: Timestamp) -> Need {
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
    // Queued again, it would lose its place; but half of its life is the most that a mail waits for.
    let long = LONG_WAIT.min(lifetime(member) / 2);
    let patience = if is_in_backlog && mail.state == MailState::Queued { patience.max(long) } else { patience };
    if now.duration_since(mail.at) < patience { Need::Time } else { Need::Queueing }
}

/// Whether the mails of a round wait behind each other. Behind those of other organisations they do not wait for long: the
/// queue is fair, so a backlog delays the organisation that made it.
fn is_backlog(page: &[Versioned], queue_is_empty: bool) -> bool {
    let is_queued =
        |stored: &&Versioned| stored.membership.mail.as_ref().is_some_and(|mail| mail.state == MailState::Queued);
    !queue_is_empty && page.iter().filter(is_queued).count() > BACKLOG
}

/// One step of an organisation's delivery check: looks at some of its people, queues lost mails again and records how far it
/// is. `hours` are those (since the epoch) whose checks are due; the step takes out the ones that are over. Returns how many
/// mails it queued.
///
/// One walk serves all hours that are due when it begins, because it looks at the mails of every hour.
pub async fn check_delivery(
    store: &Store,
    organisation: OrganisationId,
    hours: &mut Vec<i64>,
    queue_is_empty: bool,
    now: Timestamp,
) -> Result<usize, StoreError> {
    // The oldest carries the walk: those that become due later are younger, and begin another one.
    let Some(hour) = hours.iter().copied().min() else { return Ok(0) };
    let Some(mut walk) = store.delivery_walk(organisation, hour).await? else {
        hours.retain(|other| *other != hour);
        return Ok(0);
    };
    if walk.from.is_none() {
        walk.look = begin(store, organisation, hour, hours, now).await?;
    }
    let page = store.unsent_mails(organisation, walk.from.as_deref(), now).await?;
    let is_in_backlog = is_backlog(&page.items, queue_is_empty);
    let (mut requeued, mut lost) = (0, 0);
    for stored in &page.items {
        let member = &stored.membership;
        let need = need(member, is_in_backlog, now);
        if need == Need::Nothing {
            continue;
        }
        let look = next_look(lifetime(member), hour, now);
        walk.look = Some(walk.look.map_or(look, |earlier| earlier.min(look)));
        if need == Need::Queueing {
            lost += 1;
            if lost <= REQUEUED_AT_ONCE {
                requeued += usize::from(requeue(store, stored, now).await?);
            }
        }
    }
    if lost > REQUEUED_AT_ONCE {
        // The next step reads the same people again, and these are given time then.
        return Ok(requeued);
    }
    if let Some(next) = page.next {
        store.record_delivery_walk(organisation, hour, &DeliveryWalk { from: Some(next), look: walk.look }).await?;
        return Ok(requeued);
    }
    match walk.look {
        // Never back to a day that no sweep looks at any more: the walk may have begun days ago.
        Some(look) => store.postpone_delivery_check(organisation, hour, look.max(now), now).await?,
        None => store.end_delivery_check(organisation, hour).await?,
    }
    hours.retain(|other| *other != hour);
    Ok(requeued)
}

/// Begins the walk of an hour for all hours that are due: the checks of the others end, and those of hours that are not over
/// come again, since others may be invited. Returns when the hour itself is looked at again for that reason.
async fn begin(
    store: &Store,
    organisation: OrganisationId,
    hour: i64,
    hours: &mut Vec<i64>,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let is_over = |hour: i64| now >= end_of_check(hour);
    let mut longest = SignedDuration::MAX;
    if hours.iter().any(|hour| !is_over(*hour)) {
        longest = store.settings(organisation).await?.map_or(longest, |settings| settings.invitation_duration());
    }
    for other in hours.iter().copied().filter(|other| *other != hour) {
        if is_over(other) {
            store.end_delivery_check(organisation, other).await?;
        } else {
            store.postpone_delivery_check(organisation, other, next_look(longest, other, now), now).await?;
        }
    }
    hours.retain(|other| *other == hour);
    Ok((!is_over(hour)).then(|| next_look(longest, hour, now)))
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
        let need = |attempt, minutes| need(&member(MailState::Queued, attempt, 0), false, after(minutes));
        assert_eq!(need(0, 14), Need::Time);
        assert_eq!(need(0, 15), Need::Queueing);
        assert_eq!(need(1, 29), Need::Time);
        assert_eq!(need(1, 30), Need::Queueing);
        assert_eq!(need(50, 8 * 60), Need::Queueing);
    }

    #[test]
    fn a_mail_in_a_backlog_is_queued_again_only_after_hours() {
        let need = |minutes| need(&member(MailState::Queued, 0, 0), true, after(minutes));
        assert_eq!(need(5 * 60), Need::Time);
        assert_eq!(need(6 * 60), Need::Queueing);
    }

    #[test]
    fn an_unconfirmed_mail_is_sent_only_once_more() {
        assert_eq!(need(&member(MailState::Unknown, 0, 1), true, after(15)), Need::Queueing);
        // It was queued again before for another reason, which does not count.
        assert_eq!(need(&member(MailState::Unknown, 3, 1), false, after(120)), Need::Queueing);
        assert_eq!(need(&member(MailState::Unknown, 1, 2), false, after(600)), Need::Nothing);
    }

    #[test]
    fn the_mail_of_a_short_invitation_gets_a_quarter_of_its_life() {
        let open_for = |minutes| Membership {
            state: usher_domain::State::Pending { expires_at: after(minutes) },
            ..member(MailState::Queued, 2, 0)
        };
        assert_eq!(need(&open_for(40), false, after(9)), Need::Time);
        assert_eq!(need(&open_for(40), false, after(10)), Need::Queueing);
        assert_eq!(need(&open_for(7 * 24 * 60), false, after(59)), Need::Time);
        // In a backlog, half of it.
        assert_eq!(need(&open_for(180), true, after(89)), Need::Time);
        assert_eq!(need(&open_for(180), true, after(90)), Need::Queueing);
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
            assert_eq!(need(&member(state, 0, 0), false, after(600)), Need::Nothing);
        }
    }
}
