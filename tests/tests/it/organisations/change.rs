//! Changing the settings and limits of an organisation.

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::world::OPERATOR;

#[tokio::test]
async fn limits_are_changed_by_operators_only() {
    let world = World::new();
    let acme = world.acme(1).await;
    let limits =
        json!({"seats": 3, "product_limits": {"mos_opportunity": null}, "course_limits": {"value-pyramid-program": 1}});
    assert_eq!(acme.patch("", limits.clone()).await.refusal(), (403, "not_an_operator".into()));
    let changed = world.patch(OPERATOR, &acme.path(""), limits).await.ok();
    assert_eq!(changed["capacity"]["seats"], json!({"limit": 3, "used": 1, "free": 2}));
    assert_eq!(changed["capacity"]["products"]["mos_opportunity"], json!({"limit": null, "used": 0, "free": null}));
    acme.invite("a@x.example").await;
    acme.invite("b@x.example").await;
    let lowered = world.patch(OPERATOR, &acme.path(""), json!({"seats": 1})).await.ok();
    assert_eq!(lowered["capacity"]["seats"], json!({"limit": 1, "used": 3, "free": 0}));
    let settings =
        json!({"name": "Acme Two", "invitation_seconds": 3600, "default_role": "sales_rep", "dashboard_url": null});
    let changed = acme.patch("", settings).await.ok();
    assert_eq!((&changed["name"], &changed["dashboard_url"]), (&json!("Acme Two"), &Value::Null));
    let reply = acme.patch("", json!({"nmae": "x"})).await;
    assert_eq!(reply.refusal(), (422, "invalid_request".into()));
}
