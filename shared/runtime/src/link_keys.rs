//! Reads the link keys from their secret.

use std::sync::{Arc, Mutex};

use crate::describe;
use jiff::{SignedDuration, Timestamp};
use usher_domain::LinkKeys;

/// How long keys are cached. After that they are read again, so running functions pick up a rotation.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// The keys could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the link keys could not be read: {0}")]
pub struct LinkKeysUnavailable(String);

/// The keys and when they were read.
type Read = (Timestamp, Arc<LinkKeys>);

/// Reads and caches the link keys.
#[derive(Debug, Clone)]
pub struct LinkKeySource {
    client: aws_sdk_secretsmanager::Client,
    secret: String,
    cached: Arc<Mutex<Option<Read>>>,
}

impl LinkKeySource {
    /// Reads the keys from the secret with this ARN.
    #[must_use]
    pub fn new(client: aws_sdk_secretsmanager::Client, secret: String) -> Self {
        Self { client, secret, cached: Arc::default() }
    }

    /// The keys, at most five minutes old. If they cannot be read again, the cached keys stay in use.
    pub async fn keys(&self, now: Timestamp) -> Result<Arc<LinkKeys>, LinkKeysUnavailable> {
        let known = self.cached.lock().map(|cached| cached.clone()).unwrap_or_default();
        if let Some((read_at, keys)) = &known
            && now.duration_since(*read_at) < FRESH
        {
            return Ok(Arc::clone(keys));
        }
        match self.read().await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                if let Ok(mut cached) = self.cached.lock() {
                    *cached = Some((now, Arc::clone(&keys)));
                }
                Ok(keys)
            }
            Err(error) => {
                let Some((_, keys)) = known else { return Err(error) };
                tracing::warn!(%error, "using the cached link keys");
                Ok(keys)
            }
        }
    }

    async fn read(&self) -> Result<LinkKeys, LinkKeysUnavailable> {
        let answer = self.client.get_secret_value().secret_id(&self.secret).send().await;
        let answer = answer.map_err(|error| LinkKeysUnavailable(describe(&error)))?;
        let text = answer.secret_string().unwrap_or_default();
        LinkKeys::parse(text).map_err(|error| LinkKeysUnavailable(error.to_string()))
    }
}
