//! Identity tokens of people who are signed in already. The gateway does not check tokens for these pages, so they are
//! verified here, signature included.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use usher_domain::EmailAddress;
use usher_runtime::fetch::fetch;

/// How long the issuer's keys are used before they are fetched again.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How long an unknown key waits for the next fetch, so that made-up key ids do not cause fetches.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);
/// How far the issuer's clock may be off, in seconds.
const LEEWAY: i64 = 60;

/// Only signatures that the issuer alone can make: no shared secrets, no `none`.
const SIGNATURES: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Which tokens are accepted.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Their issuer.
    pub issuer: String,
    /// Their audience.
    pub audience: String,
    /// The keys that sign them.
    pub keys: TokenKeys,
}

/// The keys that tokens are signed with.
#[derive(Debug, Clone)]
pub enum TokenKeys {
    /// These keys only.
    Fixed(Arc<JwkSet>),
    /// The keys that the issuer publishes.
    Published(Published),
}

/// Keys at a URL.
#[derive(Debug, Clone)]
pub struct Published {
    url: Arc<str>,
    cached: Arc<Mutex<Option<Fetched>>>,
}

/// When keys were fetched, and which.
type Fetched = (Timestamp, Arc<JwkSet>);

/// A token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// It is forged, expired, from another issuer, or without a verified address.
    Refused,
    /// The issuer's keys cannot be fetched.
    Unavailable,
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    token_use: Option<String>,
}

impl Published {
    /// The keys at this address.
    #[must_use]
    pub fn at(url: String) -> Self {
        Self { url: url.into(), cached: Arc::default() }
    }

    async fn keys(&self, wanted: &str, now: Timestamp) -> Result<Arc<JwkSet>, TokenError> {
        let known = self.cached.lock().map(|cached| cached.clone()).unwrap_or_default();
        if let Some((at, keys)) = &known {
            let age = now.duration_since(*at);
            if age < PATIENCE || (age < FRESH && keys.find(wanted).is_some()) {
                return Ok(Arc::clone(keys));
            }
        }
        let fetched = fetch(&self.url).await;
        let fetched = fetched.map_err(|error| error.to_string()).and_then(|body| {
            serde_json::from_slice::<JwkSet>(&body).map_err(|error| format!("the keys cannot be read: {error}"))
        });
        match fetched {
            Ok(keys) => {
                let keys = Arc::new(keys);
                if let Ok(mut cached) = self.cached.lock() {
                    *cached = Some((now, Arc::clone(&keys)));
                }
                Ok(keys)
            }
            Err(error) => {
                tracing::error!(error, "could not fetch the issuer's keys");
                known.map(|(_, keys)| keys).ok_or(TokenError::Unavailable)
            }
        }
    }
}

impl Tokens {
    /// The verified address in this token.
    pub(crate) async fn verify(&self, token: &str, now: Timestamp) -> Result<EmailAddress, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Refused)?;
        let kid = header.kid.ok_or(TokenError::Refused)?;
        if !SIGNATURES.contains(&header.alg) {
            return Err(TokenError::Refused);
        }
        let keys = match &self.keys {
            TokenKeys::Fixed(keys) => Arc::clone(keys),
            TokenKeys::Published(published) => published.keys(&kid, now).await?,
        };
        let key = keys.find(&kid).and_then(|key| DecodingKey::from_jwk(key).ok()).ok_or(TokenError::Refused)?;
        let mut expected = Validation::new(header.alg);
        expected.set_audience(&[&self.audience]);
        expected.set_issuer(&[&self.issuer]);
        expected.set_required_spec_claims(&["exp", "iss", "aud"]);
        // By our clock, below.
        expected.validate_exp = false;
        let claims = decode::<Claims>(token, &key, &expected).map_err(|_| TokenError::Refused)?.claims;
        #[expect(clippy::cast_precision_loss, reason = "seconds since the epoch are far below 2^53")]
        let (earliest, latest) = ((now.as_second() - LEEWAY) as f64, (now.as_second() + LEEWAY) as f64);
        let current = claims.exp > earliest && claims.nbf.is_none_or(|from| from <= latest);
        // Cognito's access tokens have no address. Other issuers' may, but only ID tokens identify a person.
        let identifies = claims.token_use.is_none_or(|what| what == "id");
        let verified = claims.email_verified == Value::Bool(true) || claims.email_verified == "true";
        if !(current && identifies && verified) {
            return Err(TokenError::Refused);
        }
        claims.email.and_then(|email| email.parse().ok()).ok_or(TokenError::Refused)
    }
}

#[cfg(test)]
mod tests;
