//! GET and HEAD of a link: the page of the invitation. It writes nothing.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use usher_app::{ResolvedLink, inviter_name};
use usher_domain::text::spelled_out;
use usher_domain::{Issue, LinkStatus};

use crate::account::{Account, Accounts, AuthError};
use crate::dashboard::dashboard;
use crate::link_request::{LinkRequest, Wants};
use crate::page::{self, Asks, Live};
use crate::refusal::Refusal;
use crate::resolve::resolve;
use crate::state::Accept;

pub(crate) async fn show(State(accept): State<Accept>, request: LinkRequest) -> Response {
    page(&accept, &request).await.unwrap_or_else(|refusal| refusal.answer(request.wants))
}

async fn page(accept: &Accept, request: &LinkRequest) -> Result<Response, Refusal> {
    let now = accept.clock.now();
    let resolved = resolve(accept, request, now).await?;
    let status = resolved.status(now);
    let LinkStatus::Open { until } = status else {
        return Err(Refusal::of_status(request, &resolved.organisation, status).unwrap_or(Refusal::NotFound));
    };
    let inviter = async { Ok(inviter_name(&accept.store, &resolved).await?) };
    let (asks, inviter) = tokio::try_join!(asks(accept, &resolved), inviter)?;
    if request.wants == Wants::Json {
        let document = json!({
            "status": "open",
            "organisation": {"id": resolved.organisation.id, "name": resolved.organisation.name},
            "invited_by": inviter,
            "role": resolved.membership().entitlements.role,
            "expires_at": until,
            "account": match asks {
                Asks::NewAccount => "new",
                Asks::ExistingAccount => "existing",
                Asks::Nothing => "elsewhere",
            },
        });
        return Ok(Json(document).into_response());
    }
    let (first_name, last_name) = resolved.membership().name.form_fields();
    let phone = resolved.membership().phone.clone().unwrap_or_default();
    let entered = Entered { first_name: &first_name, last_name: &last_name, phone: &phone };
    Ok(open(&resolved, inviter.as_deref(), asks, entered, until, StatusCode::OK, &[]))
}

/// The entries of the form, except the password, which is never shown.
#[derive(Clone, Copy)]
pub(crate) struct Entered<'a> {
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) phone: &'a str,
}

/// The page of an open invitation.
pub(crate) fn open(
    resolved: &ResolvedLink,
    inviter: Option<&str>,
    asks: Asks,
    entered: Entered<'_>,
    until: Timestamp,
    status: StatusCode,
    issues: &[Issue],
) -> Response {
    let Entered { first_name, last_name, phone } = entered;
    let live = Live {
        organisation: resolved.organisation.name.as_str(),
        inviter,
        email: resolved.membership().email.as_typed(),
        role: &resolved.membership().entitlements.role.replace(['_', '-'], " "),
        until: &spelled_out(until),
        asks,
        dashboard: dashboard(&resolved.organisation),
        first_name,
        last_name,
        phone,
        issues,
    };
    page::live(status, &live)
}

/// What the form asks for.
pub(crate) async fn asks(accept: &Accept, resolved: &ResolvedLink) -> Result<Asks, Refusal> {
    let Accounts::Pool(pool) = &accept.accounts else { return Ok(Asks::Nothing) };
    match pool.find(&resolved.membership().email).await {
        Ok(Account::None | Account::Unfinished) => Ok(Asks::NewAccount),
        Ok(Account::Complete) => Ok(Asks::ExistingAccount),
        Err(
            AuthError::Unavailable
            | AuthError::PasswordRefused(_)
            | AuthError::WrongPassword
            | AuthError::TooManyAttempts
            | AuthError::NotByPassword,
        ) => Err(Refusal::Busy),
    }
}
