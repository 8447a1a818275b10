//! Who comes to a page: the link they followed, and how they want to be answered.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use http::header;
use http::request::Parts;
use jiff::Timestamp;
use usher_domain::link::Link;
use usher_domain::{Membership, Organisation};
use usher_store::Versioned;

use crate::Accept;
use crate::refusal::Refusal;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Html,
    Json,
}

/// One request to a link. Nothing about it is believed yet.
pub(crate) struct Visit {
    token: String,
    pub(crate) wants: Wants,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    /// Never refuses: what cannot be decoded is no token, and gets the page that every other non-token gets.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let text = |name| parts.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let accept = text(header::ACCEPT).unwrap_or_default();
        let json_body = text(header::CONTENT_TYPE).is_some_and(|kind| kind.contains("json"));
        let json = !accept.contains("text/html") && (accept.contains("json") || json_body);
        let wants = if json { Wants::Json } else { Wants::Html };
        let parameters = RawPathParams::from_request_parts(parts, state).await.ok();
        let token = parameters.as_ref().and_then(|all| all.iter().find(|(name, _)| *name == "token"));
        Ok(Self { token: token.map(|(_, token)| token.to_owned()).unwrap_or_default(), wants })
    }
}

/// What a genuine link leads to.
pub(crate) struct Found {
    pub(crate) link: Link,
    /// The token alone, without what a mail program hung on it. For relative links on the page.
    pub(crate) token: String,
    pub(crate) organisation: Organisation,
    pub(crate) stored: Versioned,
}

impl Found {
    pub(crate) fn membership(&self) -> &Membership {
        &self.stored.membership
    }

    /// Where members go, if it is a web address that a header can carry.
    pub(crate) fn dashboard(&self) -> Option<&str> {
        let url = self.organisation.dashboard_url.as_deref()?;
        let web = url.starts_with("https://") || url.starts_with("http://");
        (web && url.bytes().all(|byte| byte.is_ascii_graphic())).then_some(url)
    }
}

impl Visit {
    /// Follows the link. A forged one costs no read of the table, and is told nothing that a deleted one is not.
    pub(crate) async fn find(&self, accept: &Accept, now: Timestamp) -> Result<Found, Refusal> {
        let link = accept.keys.keys(now).await?.verify(&self.token).map_err(|_| Refusal::NotFound)?;
        let span = tracing::Span::current();
        span.record("organisation", tracing::field::display(link.organisation));
        span.record("member", tracing::field::display(link.membership));
        let (organisation, stored) = tokio::try_join!(
            accept.store.settings(link.organisation),
            accept.store.membership(link.organisation, link.membership),
        )?;
        let (Some(organisation), Some(stored)) = (organisation, stored) else { return Err(Refusal::NotFound) };
        let end = self.token.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        let token = self.token[..end.unwrap_or(self.token.len())].to_owned();
        Ok(Found { link, token, organisation, stored })
    }
}
