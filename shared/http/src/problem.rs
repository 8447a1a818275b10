//! Refusals, as RFC 9457 `application/problem+json` with a stable `code`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};
use usher_domain::{CapacityExceeded, Issue};
use usher_store::{ReserveError, StoreError};

/// A field that is wrong, and where in the request it stands.
#[derive(Debug, Clone, Serialize)]
pub struct FieldError {
    /// The place, as in `invitations[3].email`.
    pub field: String,
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What is allowed, where that is a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// What was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl FieldError {
    /// A field that is wrong in a way that needs no list.
    #[must_use]
    pub fn new(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        let (field, code, message) = (field.into(), code.to_owned(), message.into());
        Self { field, code, message, found: None, allowed: Vec::new(), suggestion: None }
    }

    /// A problem of the domain, at a place of the request.
    #[must_use]
    pub fn at(prefix: &str, problem: Issue) -> Self {
        Self {
            field: format!("{prefix}{}", problem.field),
            code: problem.code.to_string(),
            message: problem.message,
            found: problem.found,
            allowed: problem.allowed,
            suggestion: problem.suggestion,
        }
    }
}

/// A refusal.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    more: Map<String, Value>,
}

impl Problem {
    /// A refusal with a code for programs and a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), more: Map::new() }
    }

    /// Adds a member of its own to the document.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.more.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// 404: absent, or somebody else's, which is the same.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here that you may see.")
    }

    /// 422: the request is well formed, but fields of it are wrong. All of them are listed.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{} {}", only.field, only.message),
            _ => format!("{} fields are wrong; see errors.", errors.len()),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail).with("errors", errors)
    }

    /// 422 for one field.
    #[must_use]
    pub fn invalid_field(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, code, message)])
    }

    /// 409: places are short; nothing was taken.
    #[must_use]
    pub fn capacity_exceeded(exceeded: &CapacityExceeded) -> Self {
        let detail = format!("There are too few places, so nobody was invited. {exceeded}.");
        Self::new(StatusCode::CONFLICT, "capacity_exceeded", detail)
            .with("capacity", crate::server::places(exceeded.0.iter()))
    }

    /// 409: somebody else changed the same thing at the same time.
    #[must_use]
    pub fn changed_meanwhile() -> Self {
        let detail = "Somebody changed this at the same moment. Read it again and repeat what you want.";
        Self::new(StatusCode::CONFLICT, "changed_meanwhile", detail)
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Some(document) = document.as_object_mut() {
            document.extend(self.more.clone());
        }
        document
    }
}

/// Failures of a call to the table that pass by themselves.
const PASSING: [&str; 6] = [
    "timeout",
    "unreachable",
    "no answer",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
];

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            // Too much at once, here or on the way to the table: the same request may well succeed in a moment.
            StoreError::Call { ref code, .. } if PASSING.contains(&code.as_str()) => {
                tracing::warn!(%error, "the table did not answer");
                let detail = "The table did not answer in time. Repeat the request with the same Idempotency-Key.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            }
            StoreError::Contention => {
                tracing::warn!(%error, "gave up");
                let detail = "Too many changes met at once. Some of it may be done; repeat the request with the same Idempotency-Key.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            }
            StoreError::Call { .. } | StoreError::Damaged { .. } => {
                // Logged here and nowhere else; what it says is not for the caller.
                tracing::error!(%error, "the table failed");
                let detail = "Something failed on our side. Repeat the request with the same Idempotency-Key.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
            }
        }
    }
}

impl From<ReserveError> for Problem {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::CapacityExceeded(exceeded) => Self::capacity_exceeded(&exceeded),
            ReserveError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.document().to_string()).into_response();
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    }
}
