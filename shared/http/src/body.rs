//! JSON bodies, with errors that name the line and column.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::Problem;

/// A JSON body of a type. The types refuse unknown members: a misspelt option that is ignored silently does nothing.
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = request.headers().get(header::CONTENT_TYPE).is_none_or(|value| {
            value.to_str().is_ok_and(|value| value.starts_with("application/json") || value.contains("+json"))
        });
        if !json {
            let detail = "Send the body as JSON, with Content-Type: application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let body = Bytes::from_request(request, state).await.map_err(|_| {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is larger than 6 MB.")
        })?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "body_missing", "The request needs a JSON body."));
        }
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let (status, code) = if error.is_data() {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request")
            } else {
                (StatusCode::BAD_REQUEST, "malformed_json")
            };
            let (line, column) = (error.line(), error.column());
            Problem::new(status, code, format!("The body is not what is expected: {error}."))
                .with("line", line)
                .with("column", column)
        })
    }
}
