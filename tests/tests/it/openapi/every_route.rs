//! Refusals that all operations share.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, OPERATOR};

use super::admin::{checked_admin, text};
use super::contract::CheckedWorld;

/// Every operation on an organisation refuses unverified people, strangers, members who are no admins, and deactivated
/// members.
pub(super) async fn permissions(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 10).await;
    let invitation = admin.invite("rep@acme.example").await;
    checked.world.join(admin.acme.id, "rep@acme.example").await;
    let second = admin.add_admin("bo@acme.example").await;
    let _ = admin.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let id = invitation.rsplit('/').next().expect("an id");
    for (method, path) in checked.contract.operations() {
        let method: Method = method.parse().expect("a method");
        if !path.starts_with("/v1/") {
            continue;
        }
        let path = path.replace("{org}", &admin.acme.id.to_string()).replace("{id}", id);
        let nobody = json!({"email": ADMIN, "email_verified": "false"});
        let nobody = checked.world.request_with(&nobody, method.clone(), &path, Body::empty());
        assert_eq!(checked.send(nobody, None).await.refusal(), (401, "unauthenticated".into()));
        if path == "/v1/orgs" {
            continue;
        }
        for (who, refusal) in [
            ("eve@evil.example", (404, "not_found")),
            ("rep@acme.example", (403, "not_an_admin")),
            ("bo@acme.example", (403, "deactivated")),
        ] {
            let reply = checked.call(who, method.clone(), &path, Value::Null).await;
            assert_eq!(reply.refusal(), (refusal.0, refusal.1.to_owned()), "{who} {method} {path}");
        }
    }
}

/// Every operation that reads a body or an `Idempotency-Key` refuses malformed ones in the same way.
pub(super) async fn malformed_requests(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 10).await;
    let invitation = admin.invite("a@x.example").await;
    let id = invitation.rsplit('/').next().expect("an id");
    let import = text(&admin.post("/imports", json!({"filename": "people.csv"})).await.ok()["id"]);
    for (method, path) in checked.contract.operations() {
        let described = checked.contract.operation(&(method.clone(), path.clone())).clone();
        if !path.starts_with("/v1/") || method == "GET" {
            continue;
        }
        let method: Method = method.parse().expect("a method");
        let who = if path == "/v1/orgs" { OPERATOR } else { ADMIN };
        let id = if path.contains("/imports/") { import.as_str() } else { id };
        let path = path.replace("{org}", &admin.acme.id.to_string()).replace("{id}", id);
        let raw = async |header: (&'static str, &str), body: &str| {
            checked.raw(who, method.clone(), &path, header, body.to_owned()).await.refusal()
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
            let first = checked.raw(who, method.clone(), &path, key(&name), "[]").await;
            assert!(!first.headers.contains_key("idempotency-replayed"));
            let again = checked.raw(who, method.clone(), &path, key(&name), "[]").await;
            assert_eq!((again.headers["idempotency-replayed"].as_bytes(), &again.text), (&b"true"[..], &first.text));
            assert_eq!(raw(key(&name), "[1]").await, (422, "idempotency_key_reused".into()), "{path}");
        }
    }
    checked.world.cloud.fail(|_| Some(Fault::Before));
    assert_eq!(admin.get("/invitations").await.refusal(), (503, "busy".into()));
    checked.world.cloud.stop_failing();
}
