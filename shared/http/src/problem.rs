//! Problems: answers that say why a request was not carried out, as RFC 9457 `application/problem+json` with a stable `code`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};
use usher_domain::{CapacityExceeded, Issue, IssueCode};

use crate::capacity::by_resource;
use crate::unkept::Unkept;

/// Why a request was not carried out.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    more: Map<String, Value>,
    is_kept: bool,
}

impl Problem {
    /// A problem with a code for programs and a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), more: Map::new(), is_kept: true }
    }

    /// Adds a member of its own to the document.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.more.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// 404: it does not exist, or belongs to somebody else. The answer does not say which.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here that you may see.")
    }

    /// 422: the idempotency key belongs to another request, whose answer this one must not replace.
    #[must_use]
    pub fn key_reused() -> Self {
        let detail = "This Idempotency-Key was used for a different request. Use a new key.";
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail);
        Self { is_kept: false, ..problem }
    }

    /// 422: fields of the request are wrong. All of them are listed.
    #[must_use]
    pub fn invalid(issues: Vec<Issue>) -> Self {
        let detail = match issues.as_slice() {
            [only] => format!("{} {}", only.field, only.message),
            _ => format!("{} fields are wrong; see errors.", issues.len()),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail).with("errors", issues)
    }

    /// 422 for one field.
    #[must_use]
    pub fn invalid_field(field: &'static str, code: IssueCode, message: impl Into<String>) -> Self {
        Self::invalid(vec![Issue::plain(field, code, message)])
    }

    /// 409: too little capacity is free. Nothing was reserved.
    #[must_use]
    pub fn capacity_exceeded(exceeded: &CapacityExceeded) -> Self {
        let detail = format!("There is too little capacity, so nobody was invited. {exceeded}.");
        Self::new(StatusCode::CONFLICT, "capacity_exceeded", detail).with("capacity", by_resource(exceeded.0.iter()))
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.document().to_string()).into_response();
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        if !self.is_kept {
            response.extensions_mut().insert(Unkept);
        }
        response
    }
}
