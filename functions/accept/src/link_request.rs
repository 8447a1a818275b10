//! A request to a link: its token, and the form of the answer.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use http::header;
use http::request::Parts;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Html,
    Json,
}

/// One request to a link. Its token is not verified yet.
pub(crate) struct LinkRequest {
    /// The token, without what a mail program appended to it. Relative links on the page begin with it.
    pub(crate) token: String,
    pub(crate) wants: Wants,
}

impl<S: Send + Sync> FromRequestParts<S> for LinkRequest {
    type Rejection = Infallible;

    /// Never fails: a path that cannot be decoded has no token, and gets the page of every invalid token.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let text = |name| parts.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let accept = text(header::ACCEPT).unwrap_or_default();
        let json_body = text(header::CONTENT_TYPE).is_some_and(|kind| kind.contains("json"));
        let json = !accept.contains("text/html") && (accept.contains("json") || json_body);
        let wants = if json { Wants::Json } else { Wants::Html };
        let parameters = RawPathParams::from_request_parts(parts, state).await.ok();
        let token = parameters.as_ref().and_then(|all| all.iter().find(|(name, _)| *name == "token"));
        let token = token.map(|(_, token)| token).unwrap_or_default();
        let end = token.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        Ok(Self { token: token[..end.unwrap_or(token.len())].to_owned(), wants })
    }
}
