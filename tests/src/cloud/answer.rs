//! A call of the SDK and the answer to it.

use http::Uri;
use serde_json::{Value, json};

/// An answer of the cloud.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(value: &Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: value.to_string().into_bytes() }
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"__type": code, "message": message});
        Self { status, headers: vec![("x-amzn-errortype", code.to_owned())], body: body.to_string().into_bytes() }
    }
}

/// A call.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) operation: String,
    pub(super) range: String,
    /// Who signed it.
    pub(super) authorization: String,
    pub(super) body: Vec<u8>,
}

impl Call {
    pub(super) fn new(method: &str, uri: &Uri, header: impl Fn(&str) -> String, body: Vec<u8>) -> Self {
        let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
        let target = header("x-amz-target");
        let operation = if target.is_empty() { format!("{method} {path}") } else { target };
        let (range, authorization) = (header("range"), header("authorization"));
        Self { method: method.to_owned(), path, query, operation, range, authorization, body }
    }
}
