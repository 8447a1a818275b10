//! The page behind the link. It reads, and writes nothing.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use usher_domain::text::spelled_out;

use crate::account::{Account, NotProved};
use crate::page::{self, Asks, Issue, Live};
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::visit::{Found, Visit, Wants};
use crate::{Accept, Accounts};

/// GET and HEAD of a link.
pub(crate) async fn show(State(accept): State<Accept>, visit: Visit) -> Response {
    page(&accept, &visit).await.unwrap_or_else(|refusal| refusal.answer(visit.wants))
}

async fn page(accept: &Accept, visit: &Visit) -> Result<Response, Refusal> {
    let now = accept.clock.now();
    let found = visit.find(accept, now).await?;
    let standing = Standing::of(found.link, found.membership(), now);
    let Standing::Open { until } = standing else {
        return Err(Refusal::of(&found, standing).unwrap_or(Refusal::NotFound));
    };
    let asks = asks(accept, &found).await?;
    let inviter = inviter(accept, &found).await?;
    if visit.wants == Wants::Json {
        let document = json!({
            "status": "open",
            "organisation": {"id": found.organisation.id, "name": found.organisation.name},
            "invited_by": inviter,
            "role": found.membership().entitlements.role,
            "expires_at": until,
            "account": match asks {
                Asks::NewAccount => "new",
                Asks::ExistingAccount => "existing",
                Asks::Nothing => "elsewhere",
            },
        });
        return Ok(Json(document).into_response());
    }
    let (first_name, last_name) = found.membership().name.form_fields();
    let phone = found.membership().phone.clone().unwrap_or_default();
    let entered = Entered { first_name: &first_name, last_name: &last_name, phone: &phone };
    Ok(open(&found, inviter.as_deref(), asks, entered, until, StatusCode::OK, &[]))
}

/// What stands in the form, apart from the password, which never does.
#[derive(Clone, Copy)]
pub(crate) struct Entered<'a> {
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) phone: &'a str,
}

/// The page of an open invitation.
pub(crate) fn open(
    found: &Found,
    inviter: Option<&str>,
    asks: Asks,
    entered: Entered<'_>,
    until: Timestamp,
    status: StatusCode,
    issues: &[Issue],
) -> Response {
    let Entered { first_name, last_name, phone } = entered;
    let live = Live {
        organisation: found.organisation.name.as_str(),
        inviter,
        email: found.membership().email.as_typed(),
        role: &found.membership().entitlements.role.replace(['_', '-'], " "),
        until: &spelled_out(until),
        asks,
        dashboard: found.dashboard(),
        first_name,
        last_name,
        phone,
        issues,
    };
    page::live(status, &live)
}

/// What the form has to ask for.
pub(crate) async fn asks(accept: &Accept, found: &Found) -> Result<Asks, Refusal> {
    let Accounts::Pool(pool) = &accept.accounts else { return Ok(Asks::Nothing) };
    match pool.find(&found.membership().email).await {
        Ok(Account::None | Account::Unfinished) => Ok(Asks::NewAccount),
        Ok(Account::Complete) => Ok(Asks::ExistingAccount),
        Err(
            NotProved::Unavailable
            | NotProved::PasswordRefused(_)
            | NotProved::WrongPassword
            | NotProved::TooManyAttempts
            | NotProved::NotByPassword,
        ) => Err(Refusal::Busy),
    }
}

/// The name of who invited, if they are known and have one.
pub(crate) async fn inviter(accept: &Accept, found: &Found) -> Result<Option<String>, Refusal> {
    let Some(id) = found.membership().invited_by else { return Ok(None) };
    let inviter = accept.store.membership(found.organisation.id, id).await?;
    Ok(inviter.and_then(|stored| stored.membership.name.display()))
}
