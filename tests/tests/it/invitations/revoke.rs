//! Revoking an invitation.

use http::StatusCode;
use serde_json::json;
use usher_tests::World;

use super::invitee::{FORM, invited, join, open};

#[tokio::test]
async fn a_revoke_releases_the_seat_once_and_a_resend_reserves_it_again() {
    let acme = World::new().acme(2).await;
    let id = acme.invite_for_id("a@x.example").await;
    for _ in 0..3 {
        let revoked = acme.post(&format!("/invitations/{id}/revoke"), json!({})).await.ok();
        assert_eq!(revoked["status"], "revoked");
        assert_eq!(acme.seats().await, (2, 1, 1));
    }
    acme.invite("b@x.example").await;
    let reply = acme.post(&format!("/invitations/{id}/resend"), json!({})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    let other =
        acme.get("/invitations?email=B@x.example").await.ok()["items"][0]["id"].as_str().expect("id").to_owned();
    let _ = acme.post(&format!("/invitations/{other}/revoke"), json!({})).await.ok();
    assert_eq!(acme.post(&format!("/invitations/{id}/resend"), json!({})).await.ok()["status"], "pending");
    assert_eq!(acme.seats().await, (2, 2, 0));
}

#[tokio::test]
async fn a_revoked_link_is_refused() {
    let (acme, id, path) = invited().await;
    let _ = acme.post(&format!("/invitations/{id}/revoke"), json!({})).await.ok();
    let page = open(&acme, &path).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains("was withdrawn"), "{}", page.text);
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::GONE);
    assert!(acme.world.cloud.account("jo@x.example").is_none());
}
