//! The link, the page behind it, and joining.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::world::{Acme, Reply};

const PASSWORD: &str = "correct+horse+battery+staple";
const FORM: &str = "password=correct%2Bhorse%2Bbattery%2Bstaple&first_name=Jo&last_name=Smith&phone=%2B441632960961";

async fn invited() -> (Acme, String, String) {
    let acme = World::new().acme(10).await;
    let id = acme.invite("jo@x.example").await["id"].as_str().expect("id").to_owned();
    acme.world.settle().await;
    let path = format!("/i/{}", acme.world.mail_to("jo@x.example").token());
    (acme, id, path)
}

async fn open(acme: &Acme, path: &str) -> Reply {
    acme.world.visit(Method::GET, path, "").await
}

async fn join(acme: &Acme, path: &str, form: &str) -> Reply {
    acme.world.visit(Method::POST, path, form).await
}

async fn status(acme: &Acme, id: &str) -> String {
    acme.get(&format!("/invitations/{id}")).await.ok()["status"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn the_page_says_who_invites_to_what_and_posting_it_joins() {
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

    // The same person again: the same success. Somebody else with the link: nothing.
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::SEE_OTHER);
    let stranger = join(&acme, &path, "password=another+password+altogether&first_name=E&last_name=V").await;
    assert!(stranger.status.is_client_error(), "{}", stranger.status);
    assert_eq!(acme.world.cloud.account("jo@x.example").expect("an account").password, PASSWORD);
    let page = open(&acme, &path).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains("accepted"), "{}", page.text);
}

#[tokio::test]
async fn reading_the_link_writes_nothing_however_often() {
    let (acme, _, path) = invited().await;
    let (items, writes) = (acme.world.cloud.items(), acme.world.cloud.writes());
    for _ in 0..500 {
        assert_eq!(acme.world.visit(Method::HEAD, &path, "").await.status, StatusCode::OK);
        assert_eq!(open(&acme, &path).await.status, StatusCode::OK);
    }
    assert_eq!(acme.world.cloud.items(), items);
    assert_eq!(acme.world.cloud.writes(), writes);
}

#[tokio::test]
async fn forged_links_are_one_and_the_same_page_and_cost_no_read() {
    let (acme, _, path) = invited().await;
    let mut forged = path.clone().into_bytes();
    forged[20] = if forged[20] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("text");
    let _ = acme.world.cloud.take_calls();
    let first = open(&acme, &forged).await;
    assert_eq!(first.status, StatusCode::NOT_FOUND);
    for path in [&path[..path.len() - 1], "/i/x", "/i/%ff", &format!("{path}A")] {
        let page = open(&acme, path).await;
        assert_eq!((page.status, &page.text), (first.status, &first.text), "{path}");
        assert_eq!(join(&acme, path, FORM).await.status, StatusCode::NOT_FOUND);
    }
    assert!(acme.world.cloud.take_calls().iter().all(|call| !call.contains("DynamoDB")));
}

#[tokio::test]
async fn what_mail_programs_append_is_tolerated() {
    let (acme, _, path) = invited().await;
    for tail in [")", ".", "%3E", "%3D", "?utm_source=x", ").?utm_source=x&utm_medium=mail"] {
        assert_eq!(open(&acme, &format!("{path}{tail}")).await.status, StatusCode::OK, "{tail}");
    }
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
    // The attempt that failed at the password does not stand in the way of the next.
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_has_an_account_signs_in_and_keeps_the_password() {
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
async fn an_expired_link_is_refused_by_the_clock_and_a_fresh_one_can_be_had() {
    let (acme, id, path) = invited().await;
    acme.world.advance(SignedDuration::from_hours(24 * 7));
    // No sweeper ever ran.
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
        acme.world.settle().await;
    }
    assert_eq!(acme.world.cloud.mails().len(), before + 1, "one fresh link, however often it is asked for");
    assert_eq!(acme.seats().await, (10, 2, 8));
    let fresh = format!("/i/{}", acme.world.mail_to("jo@x.example").token());
    assert_eq!(join(&acme, &fresh, FORM).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn only_the_newest_link_is_good_and_the_old_one_says_so() {
    let (acme, id, old) = invited().await;
    let _ = acme.post(&format!("/invitations/{id}/resend"), json!({})).await.ok();
    acme.world.settle().await;
    let new = format!("/i/{}", acme.world.mail_to("jo@x.example").token());
    assert_ne!(old, new);
    let page = open(&acme, &old).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains("newer"), "{}", page.text);
    assert_eq!(join(&acme, &old, FORM).await.status, StatusCode::GONE);
    assert_eq!(join(&acme, &new, FORM).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_revoked_link_is_dead() {
    let (acme, id, path) = invited().await;
    let _ = acme.post(&format!("/invitations/{id}/revoke"), json!({})).await.ok();
    let page = open(&acme, &path).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text.contains("taken back"), "{}", page.text);
    assert_eq!(join(&acme, &path, FORM).await.status, StatusCode::GONE);
    assert!(acme.world.cloud.account("jo@x.example").is_none());
}

#[tokio::test]
async fn an_inviter_who_was_shut_out_invites_nobody() {
    let acme = World::new().acme(10).await;
    let admin = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let bo = acme.post("/invitations", admin).await.ok()["results"][0]["id"].as_str().expect("id").to_owned();
    acme.world.join(acme.id, "bo@acme.example").await;
    let body = json!({"invitations": [{"email": "jo@x.example", "role": "sales_rep"}]});
    let _ = acme.world.post("bo@acme.example", &acme.path("/invitations"), body).await.ok();
    acme.world.settle().await;
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
