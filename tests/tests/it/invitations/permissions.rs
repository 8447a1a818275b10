//! Who may invite, and to which roles.

use axum::body::Body;
use http::Method;
use serde_json::json;
use usher_tests::World;
use usher_tests::world::{ADMIN, Acme, Invitation, OPERATOR, invitations};

use super::create::outcomes;

#[tokio::test]
async fn only_active_admins_of_the_organisation_invite() {
    let world = World::new();
    let acme = world.acme(10).await;
    let other = world.acme(10).await;
    let body = invitations([Invitation::of("a@x.example", "sales_rep")]);
    let path = acme.path("/invitations");

    acme.invite("rep@acme.example").await;
    // An invited person is not a member yet.
    assert_eq!(world.post("rep@acme.example", &path, body.clone()).await.refusal(), (404, "not_found".into()));
    world.join(acme.id, "rep@acme.example").await;
    assert_eq!(world.post("rep@acme.example", &path, body.clone()).await.refusal(), (403, "not_an_admin".into()));
    assert_eq!(world.post("eve@evil.example", &path, body.clone()).await.refusal(), (404, "not_found".into()));
    assert_eq!(world.post(OPERATOR, &path, body.clone()).await.refusal(), (404, "not_found".into()));
    for organisation in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "nonsense", "%2e%2e"] {
        let path = format!("/v1/orgs/{organisation}/invitations");
        assert_eq!(world.post(ADMIN, &path, body.clone()).await.refusal(), (404, "not_found".into()));
    }

    // A second admin joins and is deactivated.
    let id = acme.add_admin("bo@acme.example").await;
    assert!(world.post("bo@acme.example", &path, body.clone()).await.status.is_success());
    let _ = acme.post(&format!("/members/{id}/deactivate"), json!({})).await.ok();
    assert_eq!(world.post("bo@acme.example", &path, body.clone()).await.refusal(), (403, "deactivated".into()));
    assert_eq!(other.get(&format!("/invitations/{id}")).await.refusal(), (404, "not_found".into()));
}

#[tokio::test]
async fn an_unverified_address_is_unauthenticated() {
    let world = World::new();
    let acme = world.acme(10).await;
    for claims in [
        json!({"email": ADMIN, "email_verified": "false"}),
        json!({"email": ADMIN}),
        json!({"sub": "1", "email_verified": "true"}),
        json!({"email": "not an address", "email_verified": "true"}),
    ] {
        let request = world.request_with(&claims, Method::GET, &acme.path("/invitations"), Body::empty());
        assert_eq!(world.send(request).await.refusal(), (401, "unauthenticated".into()), "{claims}");
    }
}

#[tokio::test]
async fn nobody_gives_a_role_above_their_own() {
    let world = World::new();
    let roles = json!([
        {"name": "owner", "rank": 40, "can_invite": true}, {"name": "lead", "rank": 20, "can_invite": true},
        {"name": "member", "rank": 10}]);
    let body = json!({"name": "Ranks", "seats": 9, "roles": roles, "admins": [{"email": ADMIN, "role": "lead"}]});
    let created = world.post(OPERATOR, "/v1/orgs", body).await.ok();
    let id = created["id"].as_str().expect("an id").parse().expect("an id");
    world.join(id, ADMIN).await;
    let acme = Acme { world, id };
    let body = json!({"invitations": [{"email": "a@x.example", "role": "owner"}, {"email": "b@x.example", "role": "lead"},
        {"email": "c@x.example"}]});
    let results = acme.post("/invitations", body).await.ok();
    assert_eq!(outcomes(&results), ["rejected", "invited", "rejected"]);
    assert_eq!(results["results"][0]["problem"]["code"], "role_above_own");
    assert_eq!(results["results"][2]["problem"]["code"], "role_missing");
}
