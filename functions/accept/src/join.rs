//! The click: proves who it is, and lets them in, once.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use usher_domain::invitation::is_acceptable;
use usher_http::{FieldError, Problem};

use crate::account::NotProved;
use crate::form::{Fields, Profile};
use crate::page::{self, Asks, Issue, Notice};
use crate::refusal::{Refusal, Why};
use crate::standing::Standing;
use crate::token::TokenError;
use crate::view::{self, Entered};
use crate::visit::{Found, Visit, Wants};
use crate::{Accept, Accounts};

/// How often a decision is made anew when others write in between.
const ATTEMPTS: u8 = 5;

/// POST of a link.
pub(crate) async fn accept(State(accept): State<Accept>, visit: Visit, request: Request) -> Response {
    join(&accept, &visit, request).await.unwrap_or_else(|refusal| refusal.answer(visit.wants))
}

/// What makes somebody believable: a token, or what they entered.
enum Claim {
    Token,
    Form(Fields),
}

async fn join(accept: &Accept, visit: &Visit, request: Request) -> Result<Response, Refusal> {
    let now = accept.clock.now();
    let found = visit.find(accept, now).await?;
    let bearer = bearer(request.headers()).map(str::to_owned);
    let fields = Fields::read(request).await?;
    if let Some(token) = bearer {
        let person = accept.tokens.verify(&token, now).await?;
        if person != found.membership().email {
            return Err(Refusal::dead(&found, Why::WrongAccount));
        }
        let profile = match fields.profile() {
            Ok(profile) => profile,
            Err(issues) => return again(accept, visit, &found, &fields, 422, &issues).await,
        };
        return let_in(accept, visit, found, &profile, Claim::Token).await;
    }
    let profile = match (fields.password(), fields.profile()) {
        (Ok(_), Ok(profile)) => profile,
        (password, profile) => {
            let issues: Vec<_> = profile.err().into_iter().flatten().chain(password.err()).collect();
            return again(accept, visit, &found, &fields, 422, &issues).await;
        }
    };
    let_in(accept, visit, found, &profile, Claim::Form(fields)).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Decides, proves, saves; and decides anew when somebody else wrote in between. What was proved once stays proved: of
/// many clicks of the same person one writes, and the others find themselves in.
async fn let_in(
    accept: &Accept,
    visit: &Visit,
    mut found: Found,
    profile: &Profile,
    claim: Claim,
) -> Result<Response, Refusal> {
    let now = accept.clock.now();
    let mut proved = matches!(claim, Claim::Token);
    for _ in 0..ATTEMPTS {
        let standing = Standing::of(found.link, found.membership(), now);
        match standing {
            Standing::Open { .. } => {}
            Standing::Accepted if proved || recognised(accept, &found, &claim).await => {
                return Ok(welcome(&found, visit.wants));
            }
            _ => return Err(Refusal::of(&found, standing).unwrap_or(Refusal::Internal)),
        }
        if !still_current(accept, &found).await? {
            return Err(Refusal::dead(&found, Why::OutOfDate));
        }
        if let Claim::Form(fields) = &claim
            && !proved
        {
            let Accounts::Pool(pool) = &accept.accounts else {
                return Err(Refusal::dead(&found, Why::SignInElsewhere));
            };
            let Ok(password) = fields.password() else { return Err(Refusal::Internal) };
            if let Err(why) = pool.prove(&found.membership().email, &password, profile).await {
                return not_proved(accept, visit, &found, fields, why).await;
            }
            proved = true;
        }
        let phone = profile.phone.as_ref().map(|phone| phone.written.clone());
        let Ok(member) = found.membership().clone().accept(now) else { return Err(Refusal::Internal) };
        let member = member.with_profile(profile.first.clone(), profile.last.clone(), phone);
        if accept.store.update_membership(&found.stored, &member).await? {
            tracing::info!("joined");
            return Ok(welcome(&found, visit.wants));
        }
        let stored = accept.store.membership(found.link.organisation, found.link.membership).await?;
        found.stored = stored.ok_or(Refusal::NotFound)?;
    }
    Err(Refusal::Busy)
}

/// Whether who clicks again is the person who joined.
async fn recognised(accept: &Accept, found: &Found, claim: &Claim) -> bool {
    match (claim, &accept.accounts) {
        (Claim::Token, _) => true,
        (Claim::Form(fields), Accounts::Pool(pool)) => match fields.password() {
            Ok(password) => pool.sign_in(&found.membership().email, &password).await.is_ok(),
            Err(_) => false,
        },
        (Claim::Form(_), Accounts::Elsewhere) => false,
    }
}

/// Whether what the invitation offers can still be given.
pub(crate) async fn still_current(accept: &Accept, found: &Found) -> Result<bool, Refusal> {
    let (id, invitation) = (found.organisation.id, found.membership());
    let team = match &invitation.entitlements.team {
        Some(team) => accept.store.has_team(id, team).await?,
        None => true,
    };
    let inviter = match invitation.invited_by {
        Some(inviter) => accept.store.membership(id, inviter).await?,
        None => None,
    };
    let inviter = inviter.as_ref().map(|stored| &stored.membership);
    Ok(is_acceptable(invitation, &found.organisation.catalogue, team, inviter))
}

async fn not_proved(
    accept: &Accept,
    visit: &Visit,
    found: &Found,
    fields: &Fields,
    why: NotProved,
) -> Result<Response, Refusal> {
    let (status, code, message) = match why {
        NotProved::PasswordRefused(reason) => (422, "password_refused", reason),
        NotProved::WrongPassword => {
            (401, "wrong_password", "This is not the password of your account. Nothing was changed.".to_owned())
        }
        NotProved::TooManyAttempts => {
            (429, "too_many_attempts", "Too many wrong passwords. Wait a few minutes, then try again.".to_owned())
        }
        NotProved::NotByPassword => return Err(Refusal::dead(found, Why::SignInElsewhere)),
        NotProved::Unavailable => return Err(Refusal::Busy),
    };
    again(accept, visit, found, fields, status, &[Issue { field: "password", code, message }]).await
}

/// The form once more, with what is wrong beside each field and everything in it but the password.
async fn again(
    accept: &Accept,
    visit: &Visit,
    found: &Found,
    fields: &Fields,
    status: u16,
    issues: &[Issue],
) -> Result<Response, Refusal> {
    let standing = Standing::of(found.link, found.membership(), accept.clock.now());
    let Standing::Open { until } = standing else {
        return Err(Refusal::of(found, standing).unwrap_or(Refusal::Internal));
    };
    let asks = view::asks(accept, found).await?;
    if asks == Asks::Nothing {
        return Err(Refusal::dead(found, Why::SignInElsewhere));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    if visit.wants == Wants::Json {
        let errors = issues.iter().map(|issue| FieldError::new(issue.field, issue.code, &issue.message)).collect();
        return Ok(match issues.first().filter(|_| status != StatusCode::UNPROCESSABLE_ENTITY) {
            Some(issue) => Problem::new(status, issue.code, &issue.message).into_response(),
            None => Problem::invalid(errors).into_response(),
        });
    }
    let inviter = view::inviter(accept, found).await?;
    let entered = Entered { first_name: &fields.first_name, last_name: &fields.last_name, phone: &fields.phone };
    Ok(view::open(found, inviter.as_deref(), asks, entered, until, status, issues))
}

/// The same for everybody who is in, however often they come.
fn welcome(found: &Found, wants: Wants) -> Response {
    let name = found.organisation.name.as_str();
    match (wants, found.dashboard()) {
        (Wants::Json, redirect) => {
            let organisation = json!({"id": found.organisation.id, "name": name});
            Json(json!({"status": "accepted", "organisation": organisation, "redirect": redirect})).into_response()
        }
        (Wants::Html, Some(dashboard)) => Redirect::to(dashboard).into_response(),
        (Wants::Html, None) => {
            let sign_in = format!("Sign in to {name} with your address and your password.");
            let notice = Notice::new("Welcome, you are in", format!("You have joined {name}."), sign_in);
            page::notice(StatusCode::OK, &notice.of(name))
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
