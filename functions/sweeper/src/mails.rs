//! Mails that should have left and did not: lost on the way to the queue, given up by the mailer, or sent into the dark.

use jiff::SignedDuration;
use usher_domain::{MailState, Membership, OrganisationId};
use usher_store::{ListFilter, Stored};

use crate::{SweepError, Sweeper};

/// How long a mail may be due, or in doubt, before it is queued anew.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How many invitations are read at a time.
const PAGE: usize = 500;
/// How often a mail that never leaves is queued anew before it is left for people to see.
const ATTEMPTS: u32 = 8;

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

fn need(member: &Membership, now: jiff::Timestamp) -> Need {
    let Some(mail) = &member.mail else { return Need::Nothing };
    let tried = match mail.state {
        MailState::Queued => ATTEMPTS,
        // Sent once more, no oftener: the second mail may well be a second copy.
        MailState::Unknown => 1,
        MailState::Sent
        | MailState::Delivered
        | MailState::Bounced
        | MailState::Complained
        | MailState::Suppressed
        | MailState::Failed => return Need::Nothing,
    };
    if mail.attempt >= tried {
        Need::Nothing
    } else if now.duration_since(mail.at) < PATIENCE {
        Need::Time
    } else {
        Need::Queueing
    }
}

/// Looks after the mails that an organisation made due in one hour.
pub(crate) async fn look_after(
    sweeper: &Sweeper,
    organisation: OrganisationId,
    hour: i64,
) -> Result<usize, SweepError> {
    let (store, now) = (&sweeper.store, sweeper.clock.now());
    // A mail that waits its turn is not lost. Queueing it anew would only make the queue longer.
    if !sweeper.queues.mail_is_drained().await? {
        store.postpone_watch(organisation, hour, now).await?;
        return Ok(0);
    }
    let pending = ListFilter { statuses: vec!["pending"], ..ListFilter::default() };
    let (mut requeued, mut open, mut next) = (0, false, None::<String>);
    loop {
        let page = store.list_stored(organisation, &pending, PAGE, next.as_deref(), now).await?;
        for stored in &page.items {
            match need(&stored.membership, now) {
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
        store.postpone_watch(organisation, hour, now).await?;
    } else {
        store.end_watch(organisation, hour).await?;
    }
    Ok(requeued)
}

async fn requeue(sweeper: &Sweeper, stored: &Stored) -> Result<bool, SweepError> {
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
    use usher_domain::draft::Access;
    use usher_domain::membership::Origin;
    use usher_domain::{Draft, MailStatus, PersonName};

    fn member(state: MailState, attempt: u32) -> Membership {
        let access =
            Access { role: "rep".into(), team: None, job_title: None, products: [].into(), courses: [].into() };
        let email = "ada@example.com".parse().expect("an address");
        let draft = Draft { email, name: PersonName::default(), access, send: true };
        let origin = Origin { invited_by: None, import: None, reservation: None };
        let at = Timestamp::UNIX_EPOCH;
        let member =
            Membership::invite(OrganisationId::from_parts(1, 1), draft, origin, SignedDuration::from_hours(1), at);
        Membership { mail: Some(MailStatus { state, reason: None, at, attempt }), ..member }
    }

    fn after(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_mail_is_given_time_before_it_is_queued_anew() {
        assert_eq!(need(&member(MailState::Queued, 0), after(14)), Need::Time);
        assert_eq!(need(&member(MailState::Queued, 0), after(15)), Need::Queueing);
        assert_eq!(need(&member(MailState::Queued, ATTEMPTS), after(15)), Need::Nothing);
    }

    #[test]
    fn a_mail_in_doubt_is_sent_once_more_and_no_oftener() {
        assert_eq!(need(&member(MailState::Unknown, 0), after(15)), Need::Queueing);
        assert_eq!(need(&member(MailState::Unknown, 1), after(60)), Need::Nothing);
    }

    #[test]
    fn a_mail_that_left_needs_nothing() {
        for state in [MailState::Sent, MailState::Delivered, MailState::Bounced, MailState::Failed] {
            assert_eq!(need(&member(state, 0), after(60)), Need::Nothing);
        }
    }
}
