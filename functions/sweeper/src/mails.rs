//! Mails that should have left and did not: lost on the way to the queue, given up by the mailer, or sent into the dark.

use jiff::SignedDuration;
use usher_domain::{MailState, Membership, OrganisationId};
use usher_store::{ListFilter, Versioned};

use crate::{SweepError, Sweeper};

/// How long a mail may be due, or in doubt, before it is queued anew.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How many invitations are read at a time.
const PAGE: usize = 500;
/// How long a mail may wait its turn behind others before it is queued anew all the same.
const LONG_WAIT: SignedDuration = SignedDuration::from_hours(6);
/// The patience doubles with each attempt, this often: from a quarter of an hour to eight hours.
const DOUBLINGS: u32 = 5;

/// What the mail of one open invitation needs.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    /// It has left, or nothing more can be done.
    Nothing,
    /// It may still leave by itself.
    Time,
    /// It has to be queued anew.
    Queueing,
}

fn need(member: &Membership, drained: bool, now: jiff::Timestamp) -> Need {
    let Some(mail) = &member.mail else { return Need::Nothing };
    match mail.state {
        MailState::Queued => {}
        // Sent once more, no oftener: the second mail may well be a second copy.
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
    // While the queue holds anything, a mail that has not left may be on its way.
    let patience = if drained || mail.state == MailState::Unknown { patience } else { patience.max(LONG_WAIT) };
    if now.duration_since(mail.at) < patience { Need::Time } else { Need::Queueing }
}

/// Looks after the mails that an organisation made due in one hour.
pub(crate) async fn look_after(
    sweeper: &Sweeper,
    organisation: OrganisationId,
    hour: i64,
) -> Result<usize, SweepError> {
    let (store, now) = (&sweeper.store, sweeper.clock.now());
    let drained = sweeper.queues.mail_is_drained().await?;
    let pending = ListFilter { statuses: vec!["pending"], ..ListFilter::default() };
    let (mut requeued, mut open, mut next) = (0, false, None::<String>);
    loop {
        let page = store.list_stored(organisation, &pending, PAGE, next.as_deref(), now).await?;
        for stored in &page.items {
            match need(&stored.membership, drained, now) {
                Need::Nothing => {}
                Need::Time => open = true,
                Need::Queueing => {
                    open = true;
                    requeued += usize::from(requeue(sweeper, stored).await?);
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

async fn requeue(sweeper: &Sweeper, stored: &Versioned) -> Result<bool, SweepError> {
    let queued = sweeper.store.requeue_mail(stored, sweeper.clock.now()).await?;
    if queued {
        let member = &stored.membership;
        tracing::warn!(organisation = %member.organisation, membership = %member.id, "queued a lost mail anew");
    }
    Ok(queued)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use usher_domain::membership::Origin;
    use usher_domain::spec::Entitlements;
    use usher_domain::{InvitationSpec, MailStatus, PersonName};

    fn member(state: MailState, attempt: u32, unconfirmed_sends: u32) -> Membership {
        let entitlements = Entitlements { role: "rep".into(), team: None, products: [].into(), courses: [].into() };
        let email = "ada@example.com".parse().expect("an address");
        let spec = InvitationSpec {
            email,
            name: PersonName::default(),
            job_title: None,
            entitlements: entitlements.into(),
            send: true,
        };
        let origin = Origin { invited_by: None, import: None, reservation: None };
        let at = Timestamp::UNIX_EPOCH;
        let member =
            Membership::invite(OrganisationId::from_parts(1, 1), spec, origin, SignedDuration::from_hours(1), at);
        Membership { mail: Some(MailStatus { state, reason: None, at, attempt, unconfirmed_sends }), ..member }
    }

    fn after(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_mail_is_given_time_before_it_is_queued_anew_and_more_each_time() {
        let need = |attempt, drained, minutes| need(&member(MailState::Queued, attempt, 0), drained, after(minutes));
        assert_eq!(need(0, true, 14), Need::Time);
        assert_eq!(need(0, true, 15), Need::Queueing);
        assert_eq!(need(1, true, 29), Need::Time);
        assert_eq!(need(1, true, 30), Need::Queueing);
        assert_eq!(need(50, true, 8 * 60), Need::Queueing);
    }

    #[test]
    fn a_mail_that_waits_its_turn_is_not_lost_unless_it_waits_for_hours() {
        let need = |minutes| need(&member(MailState::Queued, 0, 0), false, after(minutes));
        assert_eq!(need(5 * 60), Need::Time);
        assert_eq!(need(6 * 60), Need::Queueing);
    }

    #[test]
    fn a_mail_in_doubt_is_sent_once_more_and_no_oftener() {
        assert_eq!(need(&member(MailState::Unknown, 0, 1), false, after(15)), Need::Queueing);
        // Queued anew before for another reason, which does not count.
        assert_eq!(need(&member(MailState::Unknown, 3, 1), true, after(120)), Need::Queueing);
        assert_eq!(need(&member(MailState::Unknown, 1, 2), true, after(600)), Need::Nothing);
    }

    #[test]
    fn a_mail_that_left_needs_nothing() {
        for state in [MailState::Sent, MailState::Delivered, MailState::Bounced, MailState::Failed] {
            assert_eq!(need(&member(state, 0, 0), true, after(600)), Need::Nothing);
        }
    }
}
