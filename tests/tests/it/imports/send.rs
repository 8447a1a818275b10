//! Sending an import, by hand or at once.

use axum::body::Body;
use http::Method;
use serde_json::json;
use usher_tests::World;
use usher_tests::world::{ADMIN, id, sample};

#[tokio::test]
async fn send_mode_sends_what_fits_and_says_why_not_otherwise() {
    let acme = World::new().acme(20).await;
    let import = acme.plan_import("standard.csv", sample("standard.csv"), json!({"mode": "send"})).await;
    assert_eq!(import["status"], "applying", "{import}");
    acme.world.drain().await;
    assert_eq!(acme.import(&import).await["counts"]["created"], 3);

    let small = World::new().acme(3).await;
    let import = small.plan_import("standard.csv", sample("standard.csv"), json!({"mode": "send"})).await;
    assert_eq!(
        (&import["status"], &import["problem"]["code"]),
        (&json!("ready"), &json!("capacity_exceeded")),
        "{import}"
    );
    assert_eq!(import["capacity"]["seats"]["missing"], 1, "{import}");
    let reply = small.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    assert_eq!(small.seats().await, (3, 1, 2));
}

#[tokio::test]
async fn inferred_columns_are_not_sent_without_a_review() {
    let acme = World::new().acme(20).await;
    let file = b"ada@x.example,Ada Lovelace,sales_rep\ngrace@x.example,Grace Hopper,manager\n".to_vec();
    let import = acme.plan_import("people.csv", file, json!({"mode": "send"})).await;
    assert_eq!(
        (&import["status"], &import["problem"]["code"], &import["counts"]["valid"]),
        (&json!("ready"), &json!("columns_inferred"), &json!(2)),
        "{import}"
    );
    assert_eq!(acme.complete_import(&import).await["counts"]["created"], 2);
}

#[tokio::test]
async fn invalid_actions_are_refused() {
    let acme = World::new().acme(20).await;
    let import = acme.plan_import("standard.csv", sample("standard.csv"), json!({})).await;
    let path = |step: &str| format!("/imports/{}/{step}", id(&import));
    let reply = acme.post(&path("send"), json!({"digest": "something else"})).await;
    assert_eq!(reply.refusal(), (409, "digest_mismatch".into()));
    assert_eq!(acme.post(&path("send"), json!({})).await.refusal(), (422, "invalid_request".into()));
    let other = acme.world.acme(5).await;
    assert_eq!(other.get(&format!("/imports/{}", id(&import))).await.refusal(), (404, "not_found".into()));
    assert_eq!(other.post(&path("cancel"), json!({})).await.refusal(), (404, "not_found".into()));
    let cancelled = acme.post(&path("cancel"), json!({})).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    let reply = acme.post(&path("send"), json!({"digest": import["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
    for body in [
        json!({}),
        json!({"filename": ""}),
        json!({"filename": "a/b.csv"}),
        json!({"filename": "a.csv", "mode": "now"}),
        json!({"filename": "a.csv", "defaults": {"role": "nobody"}}),
        json!({"filename": "a.csv", "extra": 1}),
    ] {
        assert_eq!(acme.post("/imports", body.clone()).await.refusal(), (422, "invalid_request".into()), "{body}");
    }
    let request = acme.world.request(ADMIN, Method::GET, &acme.path("/imports/template?format=nope"), Body::empty());
    assert_eq!(acme.world.send(request).await.refusal(), (422, "invalid_request".into()));
}
