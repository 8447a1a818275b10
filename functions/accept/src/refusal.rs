//! Why an invitation is not accepted, as a page or as a problem.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use usher_app::{AcceptError, RenewError};
use usher_domain::text::spelled_out;
use usher_domain::{LinkStatus, Organisation};
use usher_http::Problem;
use usher_runtime::link_keys::LinkKeysUnavailable;
use usher_store::StoreError;

use crate::dashboard::dashboard;
use crate::link_request::{LinkRequest, Wants};
use crate::page::{self, Button, Notice};
use crate::token::TokenError;

/// Why not. Without a valid link the answer is [`Refusal::NotFound`]; only a valid link gets a reason.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such link: it is mistyped, forged, or its person was deleted.
    NotFound,
    /// The link is valid and cannot be accepted.
    Link(Box<RefusedLink>),
    /// The identity token is not accepted.
    TokenRefused,
    /// The body is not a form.
    FormUnreadable,
    /// Too many did the same at once, or a service cannot be reached. Nothing was done.
    Busy,
    /// Something is broken on our side.
    Internal,
}

/// A valid link that cannot be accepted.
#[derive(Debug)]
pub(crate) struct RefusedLink {
    reason: Reason,
    organisation: String,
    dashboard: Option<String>,
    /// The target of the "send a fresh link" form, relative to the page.
    fresh: String,
}

/// Explains why: expired, revoked, superseded or already used, or the wrong person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Superseded {
        newer_at: Option<Timestamp>,
    },
    Expired {
        at: Timestamp,
    },
    Closed,
    Accepted,
    Deactivated,
    /// Its role or team was deleted, or the inviter may no longer invite.
    OutOfDate,
    /// A different person is signed in.
    WrongAccount,
    /// The account needs another way to sign in than a password alone.
    SignInElsewhere,
}

impl Refusal {
    pub(crate) fn link(request: &LinkRequest, organisation: &Organisation, reason: Reason) -> Self {
        Self::Link(Box::new(RefusedLink {
            reason,
            organisation: organisation.name.as_str().to_owned(),
            dashboard: dashboard(organisation).map(str::to_owned),
            fresh: format!("{}/fresh-link", request.token),
        }))
    }

    /// The refusal of a link with this status; `None` if it is open.
    pub(crate) fn of_status(request: &LinkRequest, organisation: &Organisation, status: LinkStatus) -> Option<Self> {
        let reason = match status {
            LinkStatus::Open { .. } => return None,
            LinkStatus::Unknown => return Some(Self::NotFound),
            LinkStatus::Superseded { newer_at } => Reason::Superseded { newer_at },
            LinkStatus::Expired { at } => Reason::Expired { at },
            LinkStatus::Closed => Reason::Closed,
            LinkStatus::Accepted => Reason::Accepted,
            LinkStatus::Deactivated => Reason::Deactivated,
        };
        Some(Self::link(request, organisation, reason))
    }

    /// The refusal of a link that could not be accepted.
    pub(crate) fn of_accept(request: &LinkRequest, organisation: &Organisation, error: AcceptError) -> Self {
        match error {
            AcceptError::Link(status) => Self::of_status(request, organisation, status).unwrap_or(Self::Internal),
            AcceptError::OutOfDate => Self::link(request, organisation, Reason::OutOfDate),
            AcceptError::NotFound => Self::NotFound,
            AcceptError::Transition(_) => Self::Internal,
            AcceptError::Contention(_) => Self::Busy,
            AcceptError::Store(error) => error.into(),
        }
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::TokenRefused => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::FormUnreadable => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            Self::Link(link) => match link.reason {
                Reason::Superseded { .. } => (StatusCode::GONE, "link_superseded"),
                Reason::Expired { .. } => (StatusCode::GONE, "link_expired"),
                Reason::Closed => (StatusCode::GONE, "link_revoked"),
                Reason::Accepted | Reason::Deactivated => (StatusCode::GONE, "already_accepted"),
                Reason::OutOfDate => (StatusCode::CONFLICT, "invitation_no_longer_valid"),
                Reason::WrongAccount => (StatusCode::CONFLICT, "wrong_account"),
                Reason::SignInElsewhere => (StatusCode::UNAUTHORIZED, "sign_in_required"),
            },
        }
    }

    fn notice(&self) -> Notice {
        match self {
            Self::NotFound => Notice::new(
                "This link does not work",
                "It may be incomplete. Open it from the email again, or copy the whole address from there.",
                "If it still does not work, ask the person who invited you for a new invitation.",
            ),
            Self::TokenRefused => Notice::new(
                "You are not signed in",
                "Your sign-in could not be confirmed, or it has expired.",
                "Sign in again, then open the link again. Nothing was changed.",
            ),
            Self::FormUnreadable => Notice::new(
                "The form could not be read",
                "What your browser sent could not be read.",
                "Go back and send the form again. Nothing was changed.",
            ),
            Self::Busy => Notice::new(
                "One moment, please",
                "We could not finish this just now.",
                "Your invitation is unchanged. Go back and try again in a minute.",
            ),
            Self::Internal => Notice::new(
                "Something went wrong on our side",
                "We could not finish this, and have logged the error.",
                "Your invitation is unchanged. Try again later.",
            ),
            Self::Link(link) => link.notice(),
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
                if let Self::Link(link) = &self {
                    match link.reason {
                        Reason::Superseded { newer_at } => problem = problem.with("sent_at", newer_at),
                        Reason::Expired { at } => problem = problem.with("expired_at", at),
                        Reason::Accepted => problem = problem.with("redirect", &link.dashboard),
                        _ => {}
                    }
                }
                problem.into_response()
            }
        }
    }
}

impl RefusedLink {
    fn notice(&self) -> Notice {
        let name = &self.organisation;
        let fresh = || Some(Button::Post { to: self.fresh.clone(), label: "Send a fresh link" });
        let dashboard =
            || self.dashboard.clone().map(|to| Button::Go { to, label: format!("Go to {}", self.organisation) });
        let ask = format!("If you think this is a mistake, ask the person who invited you to {name}.");
        let notice = match self.reason {
            Reason::Superseded { newer_at } => Notice::new(
                "There is a newer link",
                match newer_at {
                    Some(at) => format!(
                        "Your invitation to {name} was sent again on {}. Only the link in that email works.",
                        spelled_out(at)
                    ),
                    None => {
                        format!("Your invitation to {name} is being sent again. Only the link in that email works.")
                    }
                },
                "Look for the newer email. If you cannot find it, we can send it again, to the same mailbox.",
            )
            .button(fresh()),
            Reason::Expired { at } => Notice::new(
                "This invitation has expired",
                format!("Your invitation to {name} was open until {}.", spelled_out(at)),
                "We can send a fresh link to the same mailbox.",
            )
            .button(fresh()),
            Reason::Closed => {
                Notice::new("This invitation is not open", format!("Your invitation to {name} was withdrawn."), ask)
            }
            Reason::Accepted => Notice::new(
                "You have already joined",
                format!("You have already accepted this invitation to {name}."),
                match self.dashboard {
                    Some(_) => "Sign in with your account to continue.".to_owned(),
                    None => format!("Sign in to {name} with your account to continue."),
                },
            )
            .button(dashboard()),
            Reason::Deactivated => Notice::new(
                "You have already joined",
                format!(
                    "You have accepted this invitation to {name}, but your membership is not active at the moment."
                ),
                format!("Ask an admin of {name} to activate it."),
            ),
            Reason::OutOfDate => Notice::new(
                "This invitation can no longer be accepted",
                format!("What it offers at {name} has changed since it was sent."),
                format!("Ask an admin of {name} for a new invitation."),
            ),
            Reason::WrongAccount => Notice::new(
                "You are signed in with a different account",
                format!("This invitation to {name} was sent to a different email address."),
                "Sign in with the address that received the email, then open the link again. Nothing was changed.",
            ),
            Reason::SignInElsewhere => Notice::new(
                "Sign in to accept",
                format!("Accept your invitation to {name} with the account that you use there."),
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

impl From<RenewError> for Refusal {
    fn from(error: RenewError) -> Self {
        match error {
            RenewError::UnknownLink => Self::NotFound,
            RenewError::Store(error) => error.into(),
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused => Self::TokenRefused,
            TokenError::Unavailable => Self::Busy,
        }
    }
}

/// Every path that is not a link.
pub(crate) async fn not_found(request: LinkRequest) -> Response {
    Refusal::NotFound.answer(request.wants)
}
