//! Creating organisations.

use axum::body::Body;
use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, OPERATOR};
use usher_tests::{World, ids_hidden};

#[tokio::test]
async fn an_operator_creates_an_organisation_whose_admins_are_invited() {
    let world = World::new();
    let acme = world.acme(10).await;
    let created = acme.get("").await.ok();
    ids_hidden().bind(|| insta::assert_json_snapshot!(created));
    assert_eq!(world.get(OPERATOR, &acme.path("")).await.ok()["name"], "Acme");
    assert_eq!(world.get("eve@evil.example", &acme.path("")).await.refusal(), (404, "not_found".into()));
    assert_eq!(world.post(ADMIN, "/v1/orgs", json!({"name": "Mine"})).await.refusal(), (403, "not_an_operator".into()));
}

#[tokio::test]
async fn a_repeated_creation_makes_one_organisation() {
    let world = World::new();
    let send = async || {
        let body = json!({"name": "Once", "seats": 5, "admins": [{"email": ADMIN}]});
        let mut request = world.request(OPERATOR, Method::POST, "/v1/orgs", Body::from(body.to_string()));
        request.headers_mut().insert("idempotency-key", "create-once".parse().expect("a header"));
        world.send(request).await.ok()["id"].as_str().expect("an id").to_owned()
    };
    let first = send().await;
    assert_eq!(first, send().await);
    let organisations = world.cloud.items().iter().filter(|item| item["sk"]["S"] == "ORG").count();
    assert_eq!(organisations, 1);
}

/// The key is remembered for a day, the organisation for ever.
#[tokio::test]
async fn a_key_used_again_for_another_customer_does_not_join_the_two() {
    let world = World::new();
    let first = json!({"name": "First", "seats": 5, "admins": [{"email": ADMIN}]});
    let other = json!({"name": "Other", "seats": 5, "admins": [{"email": "eve@other.example"}]});
    let created = world.post_with_key(OPERATOR, "/v1/orgs", "key", &first).await.ok();
    let path = format!("/v1/orgs/{}", created["id"].as_str().expect("an id"));
    // A change of its settings does not make it forget which request it came from.
    let _ = world.patch(OPERATOR, &path, json!({"name": "Renamed"})).await.ok();
    for _ in 0..2 {
        world.advance(SignedDuration::from_hours(25));
        let refused = world.post_with_key(OPERATOR, "/v1/orgs", "key", &other).await;
        assert_eq!(refused.refusal(), (422, "idempotency_key_reused".into()));
        world.drain().await;
        assert!(world.cloud.mails().iter().all(|mail| mail.to == ADMIN), "{:?}", world.cloud.mails());
    }
    world.advance(SignedDuration::from_hours(25));
    let again = world.post_with_key(OPERATOR, "/v1/orgs", "key", &first).await.ok();
    assert_eq!(again["id"], created["id"]);
    assert_eq!(world.get(OPERATOR, &path).await.ok()["name"], "Renamed");
}

/// The organisation was created, but its admins could not be invited: the key is free again.
#[tokio::test]
async fn a_key_used_again_after_a_failure_does_not_join_two_customers() {
    let world = World::new();
    let first = json!({"name": "First", "seats": 5, "admins": [{"email": ADMIN}]});
    let other = json!({"name": "Other", "seats": 5, "admins": [{"email": "eve@other.example"}]});
    world.cloud.fail(|operation| operation.contains("BatchGetItem").then_some(Fault::Before));
    assert_eq!(world.post_with_key(OPERATOR, "/v1/orgs", "key", &first).await.refusal().0, 503);
    world.cloud.stop_failing();
    let refused = world.post_with_key(OPERATOR, "/v1/orgs", "key", &other).await;
    assert_eq!(refused.refusal(), (422, "idempotency_key_reused".into()));
    let created = world.post_with_key(OPERATOR, "/v1/orgs", "key", &first).await;
    assert_eq!(created.ok()["name"], "First");
    world.drain().await;
    let to: Vec<_> = world.cloud.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [ADMIN]);
}

#[tokio::test]
async fn everything_wrong_with_a_new_organisation_is_listed() {
    let body = json!({
        "name": "Visit evil.example", "roles": [{"name": "a b", "rank": 1}, {"name": "x", "rank": 2}, {"name": "X", "rank": 2}],
        "teams": ["One", "one"], "products": {"": {}}, "courses": [{"slug": "a/b"}], "invitation_seconds": 1,
        "dashboard_url": "javascript:alert(1)", "default_role": "nobody", "admins": [{"email": "x", "role": "x"}],
    });
    let reply = World::new().post(OPERATOR, "/v1/orgs", body).await;
    let problem = reply.json();
    let errors: Vec<_> = problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| format!("{}: {}", error["field"].as_str().unwrap_or("?"), error["code"].as_str().unwrap_or("?")))
        .collect();
    insta::assert_json_snapshot!(errors);
}

#[tokio::test]
async fn a_creation_repeated_after_days_invites_nobody_whose_invitation_has_ended() {
    let world = World::new();
    let request = json!({"name": "First", "seats": 5, "invitation_seconds": 3_600, "admins": [{"email": ADMIN}]});
    let created = world.post_with_key(OPERATOR, "/v1/orgs", "key", &request).await.ok();
    world.drain().await;
    world.advance(SignedDuration::from_hours(25));
    let again = world.post_with_key(OPERATOR, "/v1/orgs", "key", &request).await.ok();
    assert_eq!((&again["id"], &again["admins_invited"]), (&created["id"], &created["admins_invited"]));
    world.drain().await;
    assert_eq!(world.cloud.mails().len(), 1, "{:?}", world.cloud.mails());
}
