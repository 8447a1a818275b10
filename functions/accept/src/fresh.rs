//! "Send a fresh link to the same mailbox": for links that were superseded or have expired.
//!
//! The answer is always the same, so that it tells nothing, and one mailbox gets at most one mail in five minutes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use usher_domain::{CapacityRequest, MailState, Membership, State as Stands};
use usher_store::{ReserveError, StoreError};

use crate::Accept;
use crate::join::still_current;
use crate::page::{self, Notice};
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::visit::{Found, Visit, Wants};

/// How long one mail keeps the next one back.
const REST: SignedDuration = SignedDuration::from_mins(5);

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The newest mail once more, with the link it had.
    Again,
    /// A new link, with the time it had at first.
    Anew,
    /// Nothing.
    Nothing,
}

fn step(standing: Standing, membership: &Membership, now: Timestamp) -> Step {
    let Some(mail) = &membership.mail else { return Step::Nothing };
    let rested = now.duration_since(mail.at) >= REST;
    // A mailbox that refuses mail, or whose owner called it unwanted, is not written to because somebody clicks.
    let arrives = !matches!(mail.state, MailState::Bounced | MailState::Complained | MailState::Suppressed);
    let left = matches!(mail.state, MailState::Sent | MailState::Delivered);
    match standing {
        Standing::Superseded if rested && left => Step::Again,
        Standing::Expired { .. } if rested && arrives => Step::Anew,
        _ => Step::Nothing,
    }
}

/// POST of a link's fresh-link page.
pub(crate) async fn send(State(accept): State<Accept>, visit: Visit) -> Response {
    match ask(&accept, &visit).await {
        Ok(()) => answer(visit.wants),
        Err(refusal) => refusal.answer(visit.wants),
    }
}

async fn ask(accept: &Accept, visit: &Visit) -> Result<(), Refusal> {
    let now = accept.clock.now();
    let found = visit.find(accept, now).await?;
    let standing = Standing::of(found.link, found.membership(), now);
    let step = step(standing, found.membership(), now);
    if standing == Standing::Unknown {
        return Err(Refusal::NotFound);
    }
    // A link that could not be accepted is not worth a mail.
    if step == Step::Nothing || !still_current(accept, &found).await? {
        tracing::info!("no fresh link");
        return Ok(());
    }
    // First of all, so that no mail is due that nobody looks after.
    accept.store.schedule_delivery_check(found.link.organisation, now).await?;
    // Whoever else wrote in the meantime did something newer than what is asked for here.
    let due = match step {
        Step::Again => accept.store.requeue_mail(&found.stored, now).await?,
        Step::Anew => send_anew(accept, &found, now).await?,
        Step::Nothing => false,
    };
    tracing::info!(due, "a fresh link");
    Ok(())
}

async fn send_anew(accept: &Accept, found: &Found, now: Timestamp) -> Result<bool, StoreError> {
    let membership = found.membership();
    let Ok(again) = membership.clone().send(found.organisation.invitation_duration(), now) else { return Ok(false) };
    match membership.state {
        // Its end was recorded, and its places were given back with that.
        Stands::Expired { .. } => {
            let needed = CapacityRequest::of(&again.entitlements);
            match accept.store.update_taking(&found.stored, &again, &needed).await {
                Ok(written) => Ok(written),
                Err(ReserveError::CapacityExceeded(_)) => {
                    tracing::info!("there is no place for a fresh link");
                    Ok(false)
                }
                Err(ReserveError::Store(error)) => Err(error),
            }
        }
        _ => accept.store.update_membership(&found.stored, &again).await,
    }
}

fn answer(wants: Wants) -> Response {
    match wants {
        Wants::Json => (StatusCode::ACCEPTED, Json(json!({"status": "requested"}))).into_response(),
        Wants::Html => {
            let what = "If your invitation can be renewed, a mail with a fresh link is on its way to the mailbox that \
                        this link was sent to.";
            let then = "It can take a few minutes. If nothing comes, look among unwanted mail, then ask whoever \
                        invited you.";
            page::notice(StatusCode::ACCEPTED, &Notice::new("Look into your mailbox", what, then))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::link::Link;
    use usher_domain::membership::Origin;
    use usher_domain::spec::{Entitlements, InvitationSpec};
    use usher_domain::{MailStatus, OrganisationId, PersonName};

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).expect("a time")
    }

    fn resent() -> Membership {
        let entitlements = Entitlements { role: "member".into(), team: None, products: [].into(), courses: [].into() };
        let email = "ada@example.com".parse().expect("an address");
        let spec = InvitationSpec {
            email,
            name: PersonName::default(),
            job_title: None,
            entitlements: entitlements.into(),
            send: true,
        };
        let origin = Origin { invited_by: None, import: None, reservation: None };
        let first = Membership::invite(OrganisationId::from_parts(1, 1), spec, origin, DAY, at(0));
        first.send(DAY, at(0)).expect("resend")
    }

    fn after(state: MailState, minutes: i64) -> Step {
        let mail = MailStatus { state, ..MailStatus::queued(at(minutes)) };
        let membership = Membership { mail: Some(mail), ..resent() };
        let old = Link { organisation: membership.organisation, membership: membership.id, generation: 1 };
        let now = at(minutes + 5);
        step(Standing::of(old, &membership, now), &membership, now)
    }

    #[test]
    fn the_newest_mail_is_repeated_once_it_left() {
        assert_eq!(after(MailState::Sent, 0), Step::Again);
        assert_eq!(after(MailState::Delivered, 0), Step::Again);
        for state in [MailState::Queued, MailState::Unknown, MailState::Failed, MailState::Bounced] {
            assert_eq!(after(state, 0), Step::Nothing, "{state:?}");
        }
    }

    #[test]
    fn an_expired_invitation_is_sent_anew_unless_its_mailbox_refuses() {
        let day = 24 * 60;
        assert_eq!(after(MailState::Sent, day), Step::Anew);
        assert_eq!(after(MailState::Queued, day), Step::Anew);
        assert_eq!(after(MailState::Complained, day), Step::Nothing);
    }

    #[test]
    fn one_mail_keeps_the_next_one_back() {
        let mail = MailStatus { state: MailState::Sent, ..MailStatus::queued(at(10)) };
        let membership = Membership { mail: Some(mail), ..resent() };
        assert_eq!(step(Standing::Superseded, &membership, at(14)), Step::Nothing);
        assert_eq!(step(Standing::Superseded, &membership, at(15)), Step::Again);
        assert_eq!(step(Standing::Expired { at: at(9) }, &membership, at(14)), Step::Nothing);
        assert_eq!(step(Standing::Open { until: at(99) }, &membership, at(60)), Step::Nothing);
        assert_eq!(step(Standing::Closed, &membership, at(60)), Step::Nothing);
        assert_eq!(step(Standing::Accepted, &membership, at(60)), Step::Nothing);
    }
}
