//! Why somebody is not let in, as a page or as a problem.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use usher_domain::text::spelled_out;
use usher_http::Problem;
use usher_runtime::link_keys::LinkKeysUnavailable;
use usher_store::StoreError;

use crate::page::{self, Button, Notice};
use crate::standing::Standing;
use crate::visit::{Found, Visit, Wants};

/// Why not. What a stranger may know is in [`Refusal::NotFound`]; everything else is said only to who has a genuine link.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such link: mistyped, forged, or of somebody who was deleted.
    NotFound,
    /// The link leads somewhere, but not in.
    Dead(Box<Dead>),
    /// The token names nobody who could be believed.
    TokenRefused,
    /// The body is no form.
    FormUnreadable,
    /// Too many did the same at once, or somebody we depend on is out of reach. Nothing was done.
    Busy,
    /// Something is broken on our side.
    Internal,
}

/// A genuine link that does not let anybody in.
#[derive(Debug)]
pub(crate) struct Dead {
    why: Why,
    organisation: String,
    dashboard: Option<String>,
    /// Where the form for a fresh link goes, relative to the page.
    fresh: String,
}

/// In which way it is dead, or who may not use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Superseded {
        newer_at: Option<Timestamp>,
    },
    Expired {
        at: Timestamp,
    },
    Closed,
    Accepted,
    Deactivated,
    /// Its role or team is gone, or who invited may not any more.
    OutOfDate,
    /// The person who is signed in is another.
    WrongAccount,
    /// The account has to be used in the way its owner set up, which is not by password alone.
    SignInElsewhere,
}

impl Refusal {
    pub(crate) fn dead(found: &Found, why: Why) -> Self {
        Self::Dead(Box::new(Dead {
            why,
            organisation: found.organisation.name.as_str().to_owned(),
            dashboard: found.dashboard().map(str::to_owned),
            fresh: format!("{}/fresh-link", found.token),
        }))
    }

    /// The refusal that follows from where a link stands; `None` if it is open.
    pub(crate) fn of(found: &Found, standing: Standing) -> Option<Self> {
        Some(match standing {
            Standing::Open { .. } => return None,
            Standing::Unknown => Self::NotFound,
            Standing::Superseded => Self::dead(found, Why::Superseded { newer_at: found.membership().sent_at }),
            Standing::Expired { at } => Self::dead(found, Why::Expired { at }),
            Standing::Closed => Self::dead(found, Why::Closed),
            Standing::Accepted => Self::dead(found, Why::Accepted),
            Standing::Deactivated => Self::dead(found, Why::Deactivated),
        })
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::TokenRefused => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::FormUnreadable => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            Self::Dead(dead) => match dead.why {
                Why::Superseded { .. } => (StatusCode::GONE, "link_superseded"),
                Why::Expired { .. } => (StatusCode::GONE, "link_expired"),
                Why::Closed => (StatusCode::GONE, "link_revoked"),
                Why::Accepted | Why::Deactivated => (StatusCode::GONE, "already_accepted"),
                Why::OutOfDate => (StatusCode::CONFLICT, "invitation_no_longer_valid"),
                Why::WrongAccount => (StatusCode::CONFLICT, "wrong_account"),
                Why::SignInElsewhere => (StatusCode::UNAUTHORIZED, "sign_in_required"),
            },
        }
    }

    fn notice(&self) -> Notice {
        match self {
            Self::NotFound => Notice::new(
                "This link does not work",
                "It may have been cut off on its way. Open it from the mail again, or copy the whole address from there.",
                "If it still does not work, ask the person who invited you for a new invitation.",
            ),
            Self::TokenRefused => Notice::new(
                "You are not signed in",
                "Your sign-in could not be confirmed, or it has run out.",
                "Sign in again and repeat what you did. Nothing has been changed.",
            ),
            Self::FormUnreadable => Notice::new(
                "That did not arrive",
                "What your browser sent could not be read.",
                "Go back and send the form again. Nothing has been changed.",
            ),
            Self::Busy => Notice::new(
                "One moment, please",
                "We could not finish this just now.",
                "Your invitation is as it was. Go back and try again in a minute.",
            ),
            Self::Internal => Notice::new(
                "Something went wrong on our side",
                "We could not finish this, and have made a note of it.",
                "Your invitation is as it was. Try again later.",
            ),
            Self::Dead(dead) => dead.notice(),
        }
    }

    /// The answer.
    pub(crate) fn answer(self, wants: Wants) -> Response {
        let (status, code) = self.status_and_code();
        let notice = self.notice();
        match wants {
            Wants::Html => page::notice(status, &notice),
            Wants::Json => {
                let mut problem = Problem::new(status, code, notice.text.join(" "));
                if let Self::Dead(dead) = &self {
                    match dead.why {
                        Why::Superseded { newer_at } => problem = problem.with("sent_at", newer_at),
                        Why::Expired { at } => problem = problem.with("expired_at", at),
                        Why::Accepted => problem = problem.with("redirect", &dead.dashboard),
                        _ => {}
                    }
                }
                problem.into_response()
            }
        }
    }
}

impl Dead {
    fn notice(&self) -> Notice {
        let name = &self.organisation;
        let fresh = || Some(Button::Post { to: self.fresh.clone(), label: "Send a fresh link" });
        let dashboard =
            || self.dashboard.clone().map(|to| Button::Go { to, label: format!("Go to {}", self.organisation) });
        let ask = format!("If you think that this is a mistake, ask whoever invited you to {name}.");
        let notice = match self.why {
            Why::Superseded { newer_at } => Notice::new(
                "There is a newer link",
                match newer_at {
                    Some(at) => format!(
                        "Your invitation to {name} was sent again on {}. Only the link in that mail works.",
                        spelled_out(at)
                    ),
                    None => format!("Your invitation to {name} is being sent again. Only the link in that mail works."),
                },
                "Look for the newer mail. If you cannot find it, we send it once more, to the same mailbox.",
            )
            .button(fresh()),
            Why::Expired { at } => Notice::new(
                "This invitation has expired",
                format!("Your invitation to {name} was open until {}.", spelled_out(at)),
                "We can send a fresh link to the mailbox that this one went to.",
            )
            .button(fresh()),
            Why::Closed => {
                Notice::new("This invitation is not open", format!("Your invitation to {name} was taken back."), ask)
            }
            Why::Accepted => Notice::new(
                "You have already joined",
                format!("This invitation to {name} was accepted, and it needs to be accepted only once."),
                match self.dashboard {
                    Some(_) => "Sign in with your account to go on.".to_owned(),
                    None => format!("Sign in to {name} with your account to go on."),
                },
            )
            .button(dashboard()),
            Why::Deactivated => Notice::new(
                "You have already joined",
                format!("This invitation to {name} was accepted, but your membership is not active at the moment."),
                format!("An admin of {name} can activate it."),
            ),
            Why::OutOfDate => Notice::new(
                "This invitation can no longer be accepted",
                format!("What it offers has changed at {name} since it was sent."),
                format!("Ask an admin of {name} for a new invitation."),
            ),
            Why::WrongAccount => Notice::new(
                "You are signed in as somebody else",
                format!("This invitation to {name} was sent to another address than the one you are signed in with."),
                "Sign in with the address that the mail came to, then open the link again. Nothing has been changed.",
            ),
            Why::SignInElsewhere => Notice::new(
                "Sign in to accept",
                format!("Your invitation to {name} is accepted with the account that you sign in with there."),
                "Sign in the way you usually do, then accept the invitation.",
            )
            .button(dashboard()),
        };
        notice.of(name)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Contention => {
                tracing::warn!(%error, "gave up");
                Self::Busy
            }
            StoreError::Call { .. } | StoreError::Damaged { .. } => {
                tracing::error!(%error, "the table failed");
                Self::Internal
            }
        }
    }
}

impl From<LinkKeysUnavailable> for Refusal {
    fn from(error: LinkKeysUnavailable) -> Self {
        tracing::error!(%error, "no link can be checked");
        Self::Busy
    }
}

/// Every address that is no link.
pub(crate) async fn nothing_here(visit: Visit) -> Response {
    Refusal::NotFound.answer(visit.wants)
}
