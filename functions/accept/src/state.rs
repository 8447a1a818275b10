//! What the public side works with.

use usher_runtime::{Aws, Clock, ConfigError, LinkKeySource, config};
use usher_store::Store;

use crate::account::{Accounts, Pool};
use crate::token::{Published, TokenKeys, Tokens};

/// What the public side needs.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The table.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// What links are signed with.
    pub keys: LinkKeySource,
    /// Where people have their accounts.
    pub accounts: Accounts,
    /// Which identity tokens are accepted.
    pub tokens: Tokens,
}

impl Accept {
    /// Reads the link keys and opens the connections to the table and the user pool before the first request comes.
    pub async fn connect(&self) {
        // What fails here is tried again by the first request, which reports it.
        let keys = tokio::time::timeout(usher_store::STARTING, self.keys.keys(self.clock.now()));
        let accounts = tokio::time::timeout(usher_store::STARTING, self.accounts.connect());
        drop(tokio::join!(keys, accounts, self.store.connect(1)));
    }

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
