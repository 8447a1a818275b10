//! The public side of an invitation: the page of its link, and the click that accepts it.
//!
//! GET and HEAD write nothing, since mail scanners follow links. The link proves the mailbox and nothing more: an existing
//! account is proved by its own password or token, and its password is never set here. Nobody is signed in.

mod accept;
mod account;
mod dashboard;
mod form;
mod link_request;
mod middleware;
mod page;
mod refusal;
mod renew;
mod resolve;
mod state;
mod token;
mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};

pub use account::{Accounts, Pool};
pub use state::Accept;
pub use token::{Published, TokenKeys, Tokens};

/// The largest body of a form, in bytes.
const LARGEST_BODY: usize = 16 * 1024;

/// The two public pages.
pub fn router(state: Accept) -> Router {
    Router::new()
        .route("/i/{token}", get(view::show).post(accept::accept))
        .route("/i/{token}/fresh-link", post(renew::renew))
        .fallback(refusal::not_found)
        .method_not_allowed_fallback(refusal::not_found)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(middleware::headers))
        .layer(from_fn(middleware::log))
        .with_state(state)
}
