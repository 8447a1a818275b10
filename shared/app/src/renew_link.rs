//! Renew: "send a fresh link to the same mailbox", for links that are superseded or expired.
//!
//! One mailbox gets at most one mail in five minutes.

use jiff::{SignedDuration, Timestamp};
use usher_domain::{CapacityRequest, LinkStatus, MailState, Membership, State};
use usher_store::{ReserveError, Store, StoreError};

use crate::accept::can_be_given;
use crate::check_delivery::schedule_delivery_check;
use crate::resolve_link::ResolvedLink;

/// How long after one mail the next one may be sent.
const REST: SignedDuration = SignedDuration::from_mins(5);

/// Why a link was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// There never was a link of this generation.
    #[error("there never was a link of this generation")]
    UnknownLink,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Send the newest mail once more, with the same link.
    Repeat,
    /// Send a new link, open for the full duration.
    Resend,
    /// Send nothing.
    Nothing,
}

fn step(status: LinkStatus, membership: &Membership, now: Timestamp) -> Step {
    let Some(mail) = &membership.mail else { return Step::Nothing };
    let rested = now.duration_since(mail.at) >= REST;
    // A click is no reason to write to a mailbox that rejects mail, or whose owner reported it as spam.
    let deliverable = !matches!(mail.state, MailState::Bounced | MailState::Complained | MailState::Suppressed);
    let was_sent = matches!(mail.state, MailState::Sent | MailState::Delivered);
    match status {
        LinkStatus::Superseded { .. } if rested && was_sent => Step::Repeat,
        LinkStatus::Expired { .. } if rested && deliverable => Step::Resend,
        _ => Step::Nothing,
    }
}

/// Sends a fresh link if the invitation allows it, and returns whether one is sent.
pub async fn renew_link(store: &Store, resolved: &ResolvedLink, now: Timestamp) -> Result<bool, RenewError> {
    let status = resolved.status(now);
    if status == LinkStatus::Unknown {
        return Err(RenewError::UnknownLink);
    }
    let step = step(status, resolved.membership(), now);
    // A link that could not be accepted is not worth a mail.
    if step == Step::Nothing || !can_be_given(store, resolved).await? {
        tracing::info!("sent no fresh link");
        return Ok(false);
    }
    // First, so that no mail is ever queued without a delivery check.
    let open_for = match (step, resolved.membership().expires_at()) {
        (Step::Repeat, Some(end)) => end.duration_since(now),
        _ => resolved.organisation.invitation_duration(),
    };
    schedule_delivery_check(store, resolved.link.organisation, open_for, now).await?;
    // No second attempt: another write in between is newer than this request.
    let sent = match step {
        Step::Repeat => store.requeue_mail(&resolved.stored, now).await?,
        Step::Resend => resend(store, resolved, now).await?,
        Step::Nothing => false,
    };
    tracing::info!(sent, "fresh link");
    Ok(sent)
}

async fn resend(store: &Store, resolved: &ResolvedLink, now: Timestamp) -> Result<bool, StoreError> {
    let before = &resolved.stored;
    let Ok(after) = before.membership.clone().send(resolved.organisation.invitation_duration(), now) else {
        return Ok(false);
    };
    let needed = match before.membership.state {
        // Recorded as expired, so its capacity was released.
        State::Expired { .. } => CapacityRequest::of(&after.entitlements),
        _ => CapacityRequest::default(),
    };
    match store.update_with_capacity(before, &after, &needed, &CapacityRequest::default()).await {
        Ok(saved) => Ok(saved),
        Err(ReserveError::CapacityExceeded(_)) => {
            tracing::info!("too little capacity for a fresh link");
            Ok(false)
        }
        Err(ReserveError::Store(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::MailStatus;
    use usher_domain::fixtures::{DAY, at, pending};
    use usher_domain::link::Link;

    fn minute(minute: i64) -> Timestamp {
        at(minute * 60)
    }

    fn resent() -> Membership {
        pending().send(DAY, at(0)).expect("resend")
    }

    fn after(state: MailState, minutes: i64) -> Step {
        let mail = MailStatus { state, ..MailStatus::queued(minute(minutes)) };
        let membership = Membership { mail: Some(mail), ..resent() };
        let old = Link { organisation: membership.organisation, membership: membership.id, generation: 1 };
        let now = minute(minutes + 5);
        step(LinkStatus::of(old, &membership, now), &membership, now)
    }

    #[test]
    fn the_newest_mail_is_repeated_after_it_was_sent() {
        assert_eq!(after(MailState::Sent, 0), Step::Repeat);
        assert_eq!(after(MailState::Delivered, 0), Step::Repeat);
        for state in [MailState::Queued, MailState::Unknown, MailState::Failed, MailState::Bounced] {
            assert_eq!(after(state, 0), Step::Nothing, "{state:?}");
        }
    }

    #[test]
    fn an_expired_invitation_is_resent_unless_its_mailbox_rejects_mail() {
        let day = 24 * 60;
        assert_eq!(after(MailState::Sent, day), Step::Resend);
        assert_eq!(after(MailState::Queued, day), Step::Resend);
        assert_eq!(after(MailState::Complained, day), Step::Nothing);
    }

    #[test]
    fn the_next_mail_waits_five_minutes() {
        let mail = MailStatus { state: MailState::Sent, ..MailStatus::queued(minute(10)) };
        let membership = Membership { mail: Some(mail), ..resent() };
        let step = |status, now| step(status, &membership, minute(now));
        let superseded = LinkStatus::Superseded { newer_at: None };
        assert_eq!(step(superseded, 14), Step::Nothing);
        assert_eq!(step(superseded, 15), Step::Repeat);
        assert_eq!(step(LinkStatus::Expired { at: minute(9) }, 14), Step::Nothing);
        assert_eq!(step(LinkStatus::Open { until: minute(99) }, 60), Step::Nothing);
        assert_eq!(step(LinkStatus::Closed, 60), Step::Nothing);
        assert_eq!(step(LinkStatus::Accepted, 60), Step::Nothing);
    }
}
