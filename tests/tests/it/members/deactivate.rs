//! Listing, deactivating and reactivating members.

use serde_json::json;
use usher_tests::World;
use usher_tests::world::{ADMIN, Invitation, invitations};

#[tokio::test]
async fn a_member_is_listed_deactivated_and_reactivated() {
    let acme = World::new().acme(10).await;
    let id = acme.invite_for_id("a@x.example").await;
    assert_eq!(acme.get(&format!("/members/{id}")).await.refusal(), (404, "not_found".into()));
    let reply = acme.post(&format!("/members/{id}/deactivate"), json!({})).await;
    assert_eq!(reply.refusal(), (404, "not_found".into()));
    acme.world.join(acme.id, "a@x.example").await;
    assert_eq!(acme.get("/members").await.ok()["items"].as_array().expect("list").len(), 2);
    let shut_out = acme.post(&format!("/members/{id}/deactivate"), json!({})).await.ok();
    assert_eq!(shut_out["status"], "deactivated");
    assert_eq!(acme.get("/members?status=deactivated").await.ok()["items"][0]["id"], id.as_str());
    let again = acme.post("/invitations", invitations([Invitation::of("a@x.example", "manager")])).await.ok();
    assert_eq!(again["results"][0]["outcome"], "deactivated_member");
    assert_eq!(acme.post(&format!("/members/{id}/reactivate"), json!({})).await.ok()["status"], "active");
    let own =
        acme.get(&format!("/members?email={ADMIN}")).await.ok()["items"][0]["id"].as_str().expect("id").to_owned();
    let reply = acme.post(&format!("/members/{own}/deactivate"), json!({})).await;
    assert_eq!(reply.refusal(), (409, "own_membership".into()));
}
