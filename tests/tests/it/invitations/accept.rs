//! Accepting an invitation.

use http::StatusCode;
use serde_json::json;
use usher_tests::World;
use usher_tests::world::{Invitation, invitations};

use super::invitee::{FORM, PASSWORD, invited, join, open, status};

#[tokio::test]
async fn the_page_names_inviter_and_organisation_and_its_form_accepts() {
    let (acme, id, path) = invited().await;
    let page = open(&acme, &path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Acme") && page.text.contains("Ada Admin"), "{}", page.text);
    let header =
        |name: &str| page.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!((header("referrer-policy").as_str(), header("cache-control").as_str()), ("no-referrer", "no-store"));
    assert!(header("content-security-policy").contains("default-src 'none'"));

    let joined = join(&acme, &path, FORM).await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER, "{}", joined.text);
    assert_eq!(joined.headers["location"], "https://app.example.com/acme");
    let account = acme.world.cloud.account("jo@x.example").expect("an account");
    assert!(account.confirmed && account.password == PASSWORD);
    let member = acme.get(&format!("/members/{id}")).await.ok();
    assert_eq!((&member["first_name"], &member["phone"]), (&json!("Jo"), &json!("+441632960961")));
    assert_eq!((&member["status"], &member["joined_at"]), (&json!("active"), &json!("2026-03-02T09:00:00Z")));

    // Repeating it succeeds again. Another person cannot use the link.
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::SEE_OTHER);
    let stranger = join(&acme, &path, "password=another+password+altogether&first_name=E&last_name=V").await;
    assert!(stranger.status.is_client_error(), "{}", stranger.status);
    assert_eq!(acme.world.cloud.account("jo@x.example").expect("an account").password, PASSWORD);
    let page = open(&acme, &path).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains("accepted"), "{}", page.text);
}

#[tokio::test]
async fn a_weak_password_is_explained_and_nothing_happens() {
    let (acme, id, path) = invited().await;
    for form in
        ["password=short&first_name=Jo&last_name=Smith", "password=&first_name=Jo&last_name=Smith", "first_name=Jo", ""]
    {
        let page = join(&acme, &path, form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}: {}", page.text);
        assert!(page.text.contains("aria-invalid"), "{}", page.text);
    }
    assert_eq!(status(&acme, &id).await, "pending");
    // The failed attempt does not block the next one.
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_person_with_an_account_signs_in_and_keeps_the_password() {
    let (acme, id, path) = invited().await;
    acme.world.cloud.add_account("jo@x.example", "the-password-they-have");
    assert!(open(&acme, &path).await.text.contains("already"));
    let wrong = join(&acme, &path, FORM).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&acme, &id).await, "pending");
    let right = join(&acme, &path, "password=the-password-they-have").await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text);
    assert_eq!(acme.world.cloud.account("jo@x.example").expect("an account").password, "the-password-they-have");
}

#[tokio::test]
async fn an_invitation_of_a_deactivated_inviter_cannot_be_accepted() {
    let acme = World::new().acme(10).await;
    let bo = acme.add_admin("bo@acme.example").await;
    let body = invitations([Invitation::of("jo@x.example", "sales_rep")]);
    let _ = acme.world.post("bo@acme.example", &acme.path("/invitations"), body).await.ok();
    acme.world.drain().await;
    let path = format!("/i/{}", acme.world.mail_to("jo@x.example").token());
    let _ = acme.post(&format!("/members/{bo}/deactivate"), json!({})).await.ok();
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::CONFLICT);
    assert!(acme.world.cloud.account("jo@x.example").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_accepts_at_once_make_one_member() {
    let (acme, _, path) = invited().await;
    let accepts = (0..50).map(|_| {
        let (acme, path) = (acme.clone(), path.clone());
        tokio::spawn(async move { join(&acme, &path, FORM).await.status })
    });
    for accept in accepts.collect::<Vec<_>>() {
        assert_eq!(accept.await.expect("no panic"), StatusCode::SEE_OTHER);
    }
    assert_eq!(acme.get("/members").await.ok()["items"].as_array().expect("a list").len(), 2);
    assert_eq!(acme.seats().await, (10, 2, 8));
}
