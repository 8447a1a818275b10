//! Asking for a fresh link.

use http::{Method, StatusCode};
use jiff::SignedDuration;

use super::invitee::{FORM, invited, join, open, status};

#[tokio::test]
async fn an_expired_link_is_refused_and_can_be_renewed_once() {
    let (acme, id, path) = invited().await;
    acme.world.advance(SignedDuration::from_hours(24 * 7));
    // The sweeper has not run.
    let page = open(&acme, &path).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains("expired"), "{}", page.text);
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::GONE);
    assert!(acme.world.cloud.account("jo@x.example").is_none());
    assert_eq!(acme.seats().await, (10, 2, 8));
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    assert_eq!(acme.seats().await, (10, 1, 9));
    assert_eq!(status(&acme, &id).await, "expired");

    let before = acme.world.cloud.mails().len();
    for _ in 0..5 {
        let answer = acme.world.visit(Method::POST, &format!("{path}/fresh-link"), "").await;
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
        acme.world.drain().await;
    }
    assert_eq!(acme.world.cloud.mails().len(), before + 1, "one fresh link, however often it is requested");
    assert_eq!(acme.seats().await, (10, 2, 8));
    let fresh = format!("/i/{}", acme.world.mail_to("jo@x.example").token());
    assert_eq!(join(&acme, &fresh, FORM).await.status, StatusCode::SEE_OTHER);
}
