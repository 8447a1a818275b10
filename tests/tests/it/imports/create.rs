//! Creating imports: announced files, and files dropped into the inbox.

use axum::body::Body;
use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::world::{ADMIN, sample};

#[tokio::test]
async fn an_announcement_is_made_once_and_its_form_is_not_kept() {
    let acme = World::new().acme(20).await;
    let send = async |filename: &str| {
        let body = Body::from(json!({"filename": filename}).to_string());
        let mut request = acme.world.request(ADMIN, Method::POST, &acme.path("/imports"), body);
        request.headers_mut().insert("idempotency-key", "announce".parse().expect("a header"));
        acme.world.send(request).await
    };
    let first = send("a.csv").await.ok();
    acme.world.advance(SignedDuration::from_mins(20));
    let again = send("a.csv").await.ok();
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["expires_at"], again["expires_at"], "a form that still works");
    let signature = again["upload"]["fields"]["x-amz-signature"].as_str().expect("a signature");
    assert!(!format!("{:?}", acme.world.cloud.items()).contains(signature));
    assert_eq!(send("b.csv").await.refusal(), (422, "idempotency_key_reused".into()));
    assert_eq!(acme.get("/imports").await.ok()["items"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_file_dropped_into_the_inbox_becomes_a_plan_once() {
    let acme = World::new().acme(20).await;
    let key = format!("inbox/{}/people.csv", acme.id);
    acme.world.cloud.put_file(&key, sample("standard.csv"));
    for _ in 0..3 {
        acme.world.file_arrived(&key, "v1").await;
    }
    let imports = acme.get("/imports").await.ok()["items"].as_array().expect("a list").clone();
    assert_eq!(imports.len(), 1);
    assert_eq!(imports[0]["status"], "ready");
    acme.world.file_arrived(&key, "v2").await;
    assert_eq!(acme.get("/imports").await.ok()["items"].as_array().expect("a list").len(), 2);
}
