//! What every operation refuses alike.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, OPERATOR};

use super::contract::Watched;
use super::desk::{desk, text};

/// Every operation on an organisation refuses who is nobody, a stranger, no admin, or shut out.
pub(super) async fn who_may(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let invitation = desk.invite("rep@acme.example").await;
    watched.world.join(desk.acme.id, "rep@acme.example").await;
    let second = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let second = text(&desk.post("/invitations", second).await.ok()["results"][0]["id"]);
    watched.world.join(desk.acme.id, "bo@acme.example").await;
    let _ = desk.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let id = invitation.rsplit('/').next().expect("an id");
    for (method, path) in watched.contract.operations() {
        let method: Method = method.parse().expect("a method");
        if !path.starts_with("/v1/") {
            continue;
        }
        let path = path.replace("{org}", &desk.acme.id.to_string()).replace("{id}", id);
        let nobody = json!({"email": ADMIN, "email_verified": "false"});
        let nobody = watched.world.request_with(&nobody, method.clone(), &path, Body::empty());
        assert_eq!(watched.send(nobody, None).await.refusal(), (401, "unauthenticated".into()));
        if path == "/v1/orgs" {
            continue;
        }
        for (who, refusal) in [
            ("eve@evil.example", (404, "not_found")),
            ("rep@acme.example", (403, "not_an_admin")),
            ("bo@acme.example", (403, "deactivated")),
        ] {
            let reply = watched.call(who, method.clone(), &path, Value::Null).await;
            assert_eq!(reply.refusal(), (refusal.0, refusal.1.to_owned()), "{who} {method} {path}");
        }
    }
}

/// Every operation that reads a body, or takes a key, refuses odd ones in the same way.
pub(super) async fn odd_requests(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let invitation = desk.invite("a@x.example").await;
    let id = invitation.rsplit('/').next().expect("an id");
    let import = text(&desk.post("/imports", json!({"filename": "people.csv"})).await.ok()["id"]);
    for (method, path) in watched.contract.operations() {
        let described = watched.contract.operation(&(method.clone(), path.clone())).clone();
        if !path.starts_with("/v1/") || method == "GET" {
            continue;
        }
        let method: Method = method.parse().expect("a method");
        let who = if path == "/v1/orgs" { OPERATOR } else { ADMIN };
        let id = if path.contains("/imports/") { import.as_str() } else { id };
        let path = path.replace("{org}", &desk.acme.id.to_string()).replace("{id}", id);
        let raw = async |header: (&'static str, &str), body: &str| {
            watched.raw(who, method.clone(), &path, header, body.to_owned()).await.refusal()
        };
        let json = ("content-type", "application/json");
        if described.get("requestBody").is_some() {
            assert_eq!(raw(json, "").await, (400, "body_missing".into()), "{path}");
            assert_eq!(raw(json, "{").await, (400, "malformed_json".into()), "{path}");
            assert_eq!(raw(json, "{\"colour\": 1}").await, (422, "invalid_request".into()), "{path}");
            assert_eq!(raw(("content-type", "text/csv"), "{}").await, (415, "unsupported_media_type".into()), "{path}");
            assert_eq!(raw(json, &" ".repeat(7_000_000)).await, (413, "body_too_large".into()), "{path}");
        }
        if method == Method::POST {
            let key = |key| ("idempotency-key", key);
            assert_eq!(raw(key(""), "{}").await, (400, "idempotency_key_invalid".into()), "{path}");
            let name = path.clone();
            let first = watched.raw(who, method.clone(), &path, key(&name), "[]").await;
            assert!(!first.headers.contains_key("idempotency-replayed"));
            let again = watched.raw(who, method.clone(), &path, key(&name), "[]").await;
            assert_eq!((again.headers["idempotency-replayed"].as_bytes(), &again.text), (&b"true"[..], &first.text));
            assert_eq!(raw(key(&name), "[1]").await, (422, "idempotency_key_reused".into()), "{path}");
        }
    }
    watched.world.cloud.fail(|_| Some(Fault::Before));
    assert_eq!(desk.get("/invitations").await.refusal(), (503, "busy".into()));
    watched.world.cloud.mend();
}
