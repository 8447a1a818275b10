//! `Idempotency-Key`: a repeated POST gets the answer of the first one.

use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use usher_runtime::Clock;
use usher_store::{IdempotencyClaim, LARGEST_ANSWER, Store, StoredResponse};

use crate::api::Api;
use crate::unkept::Unkept;
use crate::{Caller, Problem};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Tells the request with an idempotency key from others. The function finds it among the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(pub String);

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    HEXLOWER.encode(&hash.finalize()[..20])
}

fn read_key(request: &Request) -> Result<Option<String>, Problem> {
    let Some(key) = request.headers().get(KEY).filter(|_| request.method() == Method::POST) else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let detail = "The Idempotency-Key is 1 to 255 visible ASCII characters, for example a UUID.";
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_invalid", detail))
}

/// Carries out a POST with a key once. The key belongs to the caller: nobody gets another caller's answer.
pub(crate) async fn layer(State(api): State<Api>, request: Request, next: Next) -> Response {
    match guarded(&api, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn guarded(api: &Api, request: Request, next: Next) -> Result<Response, Problem> {
    let Some(key) = read_key(&request)? else { return Ok(next.run(request).await) };
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, api).await?;
    let body = body
        .collect()
        .await
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", "The body could not be read."))?;
    let body = body.to_bytes();
    let record = hash(&[caller.email.canonical().as_bytes(), key.as_bytes()]);
    let fingerprint = hash(&[parts.uri.path().as_bytes(), &body]);
    let (store, clock) = (Store::from_ref(api), Clock::from_ref(api));
    match store.claim_idempotency(&record, &fingerprint, clock.now()).await? {
        IdempotencyClaim::Mine => {}
        IdempotencyClaim::Answered(answer) => return Ok(replay(answer)),
        IdempotencyClaim::InProgress => {
            let detail = "The first request with this Idempotency-Key is still in progress. Repeat it in a moment.";
            return Err(Problem::new(StatusCode::CONFLICT, "request_in_progress", detail));
        }
        IdempotencyClaim::OtherRequest => return Err(Problem::key_reused()),
    }
    parts.extensions.insert(Fingerprint(fingerprint.clone()));
    let (parts, body) = next.run(Request::from_parts(parts, body.into())).await.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = std::str::from_utf8(&body).ok().filter(|text| text.len() <= LARGEST_ANSWER);
    let kept = parts.extensions.get::<Unkept>().is_none();
    match text.filter(|_| kept) {
        // A failure on our side may not happen again, so it is not stored.
        Some(text) if !parts.status.is_server_error() => {
            let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let answer = StoredResponse {
                status: parts.status.as_u16(),
                content_type: content_type.unwrap_or("application/json").to_owned(),
                body: text.to_owned(),
            };
            // The work is done. Without a stored answer it must still not look undone.
            if let Err(error) = store.complete_idempotency(&record, &fingerprint, &answer, clock.now()).await {
                tracing::warn!(%error, "an answer could not be kept for repetitions");
            }
        }
        _ => {
            if let Err(error) = store.release_idempotency(&record).await {
                tracing::warn!(%error, "a claim could not be given up");
            }
        }
    }
    Ok(Response::from_parts(parts, body.into()))
}

fn replay(answer: StoredResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    if let Ok(content_type) = HeaderValue::from_str(&answer.content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
