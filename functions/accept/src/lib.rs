//! The public side of an invitation: the page behind its link, and the click that lets the person in.
//!
//! GET and HEAD write nothing, since mail scanners follow links. The link proves the mailbox and nothing more: an
//! account that exists is proved by its own password or token, and its password is never set here. Nobody is signed in.

mod account;
mod edge;
mod form;
mod fresh;
mod join;
mod page;
mod refusal;
mod standing;
mod token;
mod view;
mod visit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use usher_runtime::{Aws, Clock, ConfigError, LinkKeySource, config};
use usher_store::Store;

pub use account::{Accounts, Pool};
pub use token::{Published, TokenKeys, Tokens};

/// The largest body of a form, in bytes.
const LARGEST_BODY: usize = 16 * 1024;

/// What the public side needs.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The table.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// What links are signed with.
    pub keys: LinkKeySource,
    /// Where people's accounts are.
    pub accounts: Accounts,
    /// Whose tokens are believed.
    pub tokens: Tokens,
}

impl Accept {
    /// Reads what it needs from the environment.
    pub fn from_environment(aws: &Aws) -> Result<Self, ConfigError> {
        let accounts = match config::optional("USER_POOL_ID") {
            None => Accounts::Elsewhere,
            Some(pool) => {
                Accounts::Pool(Pool { client: aws.cognito(), pool, app: config::required("USER_POOL_CLIENT_ID")? })
            }
        };
        Ok(Self {
            store: Store::new(aws.dynamodb(), config::required("TABLE_NAME")?),
            clock: Clock::System,
            keys: LinkKeySource::new(aws.secrets(), config::required("LINK_KEYS_SECRET_ARN")?),
            accounts,
            tokens: Tokens {
                issuer: config::required("TOKEN_ISSUER")?,
                audience: config::required("TOKEN_AUDIENCE")?,
                keys: TokenKeys::Published(Published::at(config::required("TOKEN_JWKS_URL")?)),
            },
        })
    }
}

/// The two public pages.
pub fn router(accept: Accept) -> Router {
    Router::new()
        .route("/i/{token}", get(view::show).post(join::accept))
        .route("/i/{token}/fresh-link", post(fresh::send))
        .fallback(refusal::nothing_here)
        .method_not_allowed_fallback(refusal::nothing_here)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(edge::headers))
        .layer(middleware::from_fn(edge::log))
        .with_state(accept)
}
