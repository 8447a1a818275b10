//! Follows a link: verifies its token, and loads what it leads to.

use jiff::Timestamp;
use usher_app::{ResolvedLink, resolve_link};

use crate::link_request::LinkRequest;
use crate::refusal::Refusal;
use crate::state::Accept;

/// Follows the link. A forged one costs no read of the table, and gets the same answer as that of a deleted person.
pub(crate) async fn resolve(accept: &Accept, request: &LinkRequest, now: Timestamp) -> Result<ResolvedLink, Refusal> {
    let link = accept.keys.keys(now).await?.verify(&request.token).map_err(|_| Refusal::NotFound)?;
    let span = tracing::Span::current();
    span.record("organisation", tracing::field::display(link.organisation));
    span.record("member", tracing::field::display(link.membership));
    resolve_link(&accept.store, link).await?.ok_or(Refusal::NotFound)
}
