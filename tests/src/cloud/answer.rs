//! A call of the SDK and the answer to it.

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
    pub(super) body: Vec<u8>,
}
