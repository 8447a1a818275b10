//! A reply of the API or of a page.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// A reply, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body, which must be JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.text))
    }

    /// The body of a success.
    #[must_use]
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        self.json()
    }

    /// The status and the code of a problem.
    #[must_use]
    #[track_caller]
    pub fn refusal(&self) -> (u16, String) {
        let content_type = self.headers.get("content-type").and_then(|value| value.to_str().ok());
        assert_eq!(content_type, Some("application/problem+json"), "{} {}", self.status, self.text);
        (self.status.as_u16(), self.json()["code"].as_str().expect("a code").to_owned())
    }
}
