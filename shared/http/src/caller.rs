//! Who calls: the person that the token names. Who may invite is decided by `usher_app::Admin` and the role's `can_invite`.

use axum::extract::{FromRef, FromRequestParts};
use http::StatusCode;
use http::request::Parts;
use lambda_http::request::RequestContext;
use usher_domain::EmailAddress;

use crate::Problem;

/// The group of the operators, in the token's claims.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Its name in the `cognito:groups` (or `groups`) claim.
    pub operators: String,
}

/// A person with a verified address.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Their address, which identifies them.
    pub email: EmailAddress,
    /// Whether they operate Usher.
    pub operator: bool,
}

impl Caller {
    /// Reads the claims of the token. The address must be verified: an unverified one could be anybody's.
    fn read(parts: &Parts, operators: &str) -> Result<Self, Problem> {
        let unauthenticated = || {
            let detail = "The token names no person with a verified address. Sign in again; use the ID token.";
            Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
        };
        let Some(RequestContext::ApiGatewayV2(context)) = parts.extensions.get::<RequestContext>() else {
            return Err(unauthenticated());
        };
        let jwt = context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
        let claims = &jwt.ok_or_else(unauthenticated)?.claims;
        if claims.get("email_verified").is_none_or(|verified| verified != "true") {
            return Err(unauthenticated());
        }
        let email = claims.get("email").and_then(|email| email.parse().ok()).ok_or_else(unauthenticated)?;
        // The gateway writes a list as `[one two]`.
        let groups = claims.get("cognito:groups").or_else(|| claims.get("groups"));
        let operator =
            groups.is_some_and(|groups| groups.trim_matches(['[', ']']).split(' ').any(|group| group == operators));
        Ok(Self { email, operator })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Groups: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Self::read(parts, &Groups::from_ref(state).operators)
    }
}
