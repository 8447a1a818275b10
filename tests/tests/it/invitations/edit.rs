//! Editing an invitation before it is accepted.

use serde_json::json;
use usher_tests::World;

#[tokio::test]
async fn an_edit_exchanges_only_the_capacity_that_changed() {
    let acme = World::new().acme(10).await;
    let id = acme.invite_for_id("a@x.example").await;
    let path = format!("/invitations/{id}");
    let edited =
        acme.patch(&path, json!({"role": "manager", "team": "SMB", "products": ["mos_opportunity"]})).await.ok();
    assert_eq!((edited["role"].as_str(), edited["team"].as_str()), (Some("manager"), Some("SMB")));
    assert_eq!(edited["name"], "Some Body");
    assert_eq!(edited["generation"], 1);
    let used = async || acme.get("").await.ok()["capacity"]["products"].clone();
    assert_eq!(used().await["mos_opportunity"]["used"], 1);
    let edited = acme.patch(&path, json!({"products": ["mos_enable"], "team": null, "first_name": "Sam"})).await.ok();
    assert_eq!((edited["team"].as_str(), edited["first_name"].as_str()), (None, Some("Sam")));
    let products = used().await;
    assert_eq!((&products["mos_opportunity"]["used"], &products["mos_enable"]["used"]), (&json!(0), &json!(1)));
    for (body, code) in [
        (json!({"role": "superuser"}), "invalid_request"),
        (json!({"team": "Atlantis"}), "invalid_request"),
        (json!({"email": "b@x.example"}), "invalid_request"),
    ] {
        assert_eq!(acme.patch(&path, body).await.refusal(), (422, code.into()));
    }
    assert_eq!(acme.seats().await, (10, 2, 8));
}
