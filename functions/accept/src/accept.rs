//! POST of a link: authenticates the person, and accepts the invitation once.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use usher_app::{Readiness, ResolvedLink, accept_invitation, check_acceptable};
use usher_domain::{Issue, IssueCode, LinkStatus, Organisation};
use usher_http::Problem;

use crate::account::{Accounts, AuthError};
use crate::dashboard::dashboard;
use crate::form::{Fields, Profile};
use crate::link_request::{LinkRequest, Wants};
use crate::page::{self, Asks, Notice};
use crate::refusal::{Reason, Refusal};
use crate::resolve::resolve;
use crate::state::Accept;
use crate::view::{self, Entered};

pub(crate) async fn accept(State(accept): State<Accept>, link: LinkRequest, request: Request) -> Response {
    join(&accept, &link, request).await.unwrap_or_else(|refusal| refusal.answer(link.wants))
}

/// What proves who the person is.
enum Credential {
    /// An identity token, verified already.
    Token,
    /// The password in the form.
    Form(Fields),
}

async fn join(accept: &Accept, link: &LinkRequest, request: Request) -> Result<Response, Refusal> {
    let now = accept.clock.now();
    let resolved = resolve(accept, link, now).await?;
    let bearer = bearer(request.headers()).map(str::to_owned);
    let fields = Fields::read(request).await?;
    if let Some(token) = bearer {
        let person = accept.tokens.verify(&token, now).await?;
        if person != resolved.membership().email {
            return Err(Refusal::link(link, &resolved.organisation, Reason::WrongAccount));
        }
        let profile = match fields.profile() {
            Ok(profile) => profile,
            Err(issues) => return form_again(accept, link, &resolved, &fields, 422, &issues).await,
        };
        return authenticate_and_accept(accept, link, &resolved, &profile, Credential::Token).await;
    }
    let profile = match (fields.password(), fields.profile()) {
        (Ok(_), Ok(profile)) => profile,
        (password, profile) => {
            let issues: Vec<_> =
                profile.err().into_iter().flatten().chain(password.err().map(|issue| *issue)).collect();
            return form_again(accept, link, &resolved, &fields, 422, &issues).await;
        }
    };
    authenticate_and_accept(accept, link, &resolved, &profile, Credential::Form(fields)).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Decides, authenticates, saves. The account is created or checked only for a link that can be accepted.
async fn authenticate_and_accept(
    accept: &Accept,
    link: &LinkRequest,
    resolved: &ResolvedLink,
    profile: &Profile,
    credential: Credential,
) -> Result<Response, Refusal> {
    let now = accept.clock.now();
    let organisation = &resolved.organisation;
    let refused = |error| Refusal::of_accept(link, organisation, error);
    match check_acceptable(&accept.store, resolved, now).await.map_err(refused)? {
        Readiness::Accepted => {
            if !is_same_person(accept, resolved, &credential).await {
                return Err(Refusal::link(link, organisation, Reason::Accepted));
            }
        }
        Readiness::Open(acceptable) => {
            if let Credential::Form(fields) = &credential {
                let Accounts::Pool(pool) = &accept.accounts else {
                    return Err(Refusal::link(link, organisation, Reason::SignInElsewhere));
                };
                let Ok(password) = fields.password() else { return Err(Refusal::Internal) };
                if let Err(error) = pool.prove(&resolved.membership().email, &password, profile).await {
                    return not_authenticated(accept, link, resolved, fields, error).await;
                }
            }
            accept_invitation(&accept.store, acceptable, &profile.to_save(), now).await.map_err(refused)?;
        }
    }
    Ok(welcome(organisation, link.wants))
}

/// Whether the person who repeats the click is the member.
async fn is_same_person(accept: &Accept, resolved: &ResolvedLink, credential: &Credential) -> bool {
    match (credential, &accept.accounts) {
        (Credential::Token, _) => true,
        (Credential::Form(fields), Accounts::Pool(pool)) => match fields.password() {
            Ok(password) => pool.sign_in(&resolved.membership().email, &password).await.is_ok(),
            Err(_) => false,
        },
        (Credential::Form(_), Accounts::Elsewhere) => false,
    }
}

async fn not_authenticated(
    accept: &Accept,
    link: &LinkRequest,
    resolved: &ResolvedLink,
    fields: &Fields,
    error: AuthError,
) -> Result<Response, Refusal> {
    let (status, code, message) = match error {
        AuthError::PasswordRefused(reason) => (422, IssueCode::PasswordRefused, reason),
        AuthError::WrongPassword => {
            let message = "This is not the password of your account. Nothing was changed.".to_owned();
            (401, IssueCode::WrongPassword, message)
        }
        AuthError::TooManyAttempts => {
            let message = "Too many wrong passwords. Wait a few minutes, then try again.".to_owned();
            (429, IssueCode::TooManyAttempts, message)
        }
        AuthError::NotByPassword => {
            return Err(Refusal::link(link, &resolved.organisation, Reason::SignInElsewhere));
        }
        AuthError::Unavailable => return Err(Refusal::Busy),
    };
    form_again(accept, link, resolved, fields, status, &[Issue::plain("password", code, message)]).await
}

/// The form once more, with each issue beside its field and every entry except the password.
async fn form_again(
    accept: &Accept,
    link: &LinkRequest,
    resolved: &ResolvedLink,
    fields: &Fields,
    status: u16,
    issues: &[Issue],
) -> Result<Response, Refusal> {
    let link_status = resolved.status(accept.clock.now());
    let LinkStatus::Open { until } = link_status else {
        return Err(Refusal::of_status(link, &resolved.organisation, link_status).unwrap_or(Refusal::Internal));
    };
    let asks = view::asks(accept, resolved).await?;
    if asks == Asks::Nothing {
        return Err(Refusal::link(link, &resolved.organisation, Reason::SignInElsewhere));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    if link.wants == Wants::Json {
        return Ok(match issues.first().filter(|_| status != StatusCode::UNPROCESSABLE_ENTITY) {
            Some(issue) => Problem::new(status, issue.code.as_str(), &issue.message).into_response(),
            None => Problem::invalid(issues.to_vec()).into_response(),
        });
    }
    let inviter = usher_app::inviter_name(&accept.store, resolved).await?;
    let entered = Entered { first_name: &fields.first_name, last_name: &fields.last_name, phone: &fields.phone };
    Ok(view::open(resolved, inviter.as_deref(), asks, entered, until, status, issues))
}

/// The same answer to every member, however often they click.
fn welcome(organisation: &Organisation, wants: Wants) -> Response {
    let name = organisation.name.as_str();
    match (wants, dashboard(organisation)) {
        (Wants::Json, redirect) => {
            let inviting = json!({"id": organisation.id, "name": name});
            Json(json!({"status": "accepted", "organisation": inviting, "redirect": redirect})).into_response()
        }
        (Wants::Html, Some(dashboard)) => Redirect::to(dashboard).into_response(),
        (Wants::Html, None) => {
            let sign_in = format!("Sign in to {name} with your email address and password.");
            let notice = Notice::new("Welcome, you are in", format!("You have joined {name}."), sign_in);
            page::notice(StatusCode::OK, &notice.of(name))
        }
    }
}
