//! Resending an invitation.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::cloud::Fault;

use super::invitee::{FORM, invited, join, open};

#[tokio::test]
async fn a_resend_keeps_the_id_and_restarts_the_expiry() {
    let acme = World::new().acme(10).await;
    let first = acme.invite("a@x.example").await;
    acme.world.advance(SignedDuration::from_hours(24 * 5));
    let resent = acme.post(&format!("/invitations/{}/resend", first["id"].as_str().expect("id")), json!({})).await.ok();
    assert_eq!(resent["id"], first["id"]);
    assert_eq!(resent["generation"], 2);
    assert_eq!(resent["expires_at"], "2026-03-14T09:00:00Z");
    assert_eq!(resent["mail"]["state"], "queued");
    assert_eq!(acme.seats().await, (10, 2, 8));
}

#[tokio::test]
async fn a_resend_whose_answer_was_lost_is_one_resend() {
    let acme = World::new().acme(10).await;
    let first = acme.invite("a@x.example").await;
    let mut lost = false;
    acme.world.cloud.fail(move |operation| {
        let hit = !lost && operation.ends_with("UpdateItem");
        lost |= hit;
        hit.then_some(Fault::After)
    });
    let resent = acme.post(&format!("/invitations/{}/resend", first["id"].as_str().expect("id")), json!({})).await.ok();
    acme.world.cloud.stop_failing();
    assert_eq!(resent["generation"], 2);
    // Both generations are in one batch of the stream, under one id: one mail, with the newer link.
    acme.world.drain().await;
    assert_eq!(acme.world.cloud.mails().iter().filter(|mail| mail.to == "a@x.example").count(), 1);
}

#[tokio::test]
async fn an_accepted_invitation_cannot_be_revoked_resent_or_edited() {
    let acme = World::new().acme(10).await;
    let id = acme.invite_for_id("a@x.example").await;
    acme.world.join(acme.id, "a@x.example").await;
    for step in ["revoke", "resend"] {
        let reply = acme.post(&format!("/invitations/{id}/{step}"), json!({})).await;
        assert_eq!(reply.refusal(), (409, "already_accepted".into()));
    }
    let reply = acme.patch(&format!("/invitations/{id}"), json!({"role": "manager"})).await;
    assert_eq!(reply.refusal(), (409, "already_accepted".into()));
}

#[tokio::test]
async fn a_resend_replaces_the_link_and_the_old_link_says_so() {
    let (acme, id, old) = invited().await;
    let _ = acme.post(&format!("/invitations/{id}/resend"), json!({})).await.ok();
    acme.world.drain().await;
    let new = format!("/i/{}", acme.world.mail_to("jo@x.example").token());
    assert_ne!(old, new);
    let page = open(&acme, &old).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains("newer"), "{}", page.text);
    assert_eq!(join(&acme, &old, FORM).await.status, StatusCode::GONE);
    assert_eq!(join(&acme, &new, FORM).await.status, StatusCode::SEE_OTHER);
}
