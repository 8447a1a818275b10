//! Opening the link of an invitation.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use tower::ServiceExt;
use usher_tests::cloud::Fault;

use super::invitee::{FORM, invited, join, open};

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
async fn a_function_that_cannot_connect_while_it_starts_answers_all_the_same() {
    let (acme, _, path) = invited().await;
    let accept = acme.world.accept();
    acme.world.cloud.fail(|_| Some(Fault::Before));
    accept.connect().await;
    acme.world.cloud.stop_failing();
    let request = Request::get(&path).body(Body::empty()).expect("a request");
    assert_eq!(accept::router(accept).oneshot(request).await.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_function_that_connected_reads_the_keys_no_more() {
    let (acme, _, path) = invited().await;
    let accept = acme.world.accept();
    accept.connect().await;
    let _ = acme.world.cloud.take_calls();
    let request = Request::get(&path).body(Body::empty()).expect("a request");
    assert_eq!(accept::router(accept).oneshot(request).await.expect("an answer").status(), StatusCode::OK);
    let calls = acme.world.cloud.take_calls();
    assert!(!calls.is_empty() && calls.iter().all(|call| !call.contains("secretsmanager")), "{calls:?}");
}

#[tokio::test]
async fn forged_links_all_show_the_same_page_and_cost_no_read() {
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
