//! Creating organisations.

use axum::body::Body;
use http::Method;
use serde_json::json;
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
