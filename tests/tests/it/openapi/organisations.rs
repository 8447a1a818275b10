//! Organisations: made, shown, changed.

use http::Method;
use serde_json::{Value, json};
use usher_tests::world::{ADMIN, OPERATOR};

use super::admin::{errors, text};
use super::contract::CheckedWorld;

pub(super) async fn create_and_change(checked: &CheckedWorld<'_>) {
    let request = checked.contract.request("createOrganisation", None);
    let create = async |who: &str, body: Value| checked.call(who, Method::POST, "/v1/orgs", body).await;
    let created = create(OPERATOR, request.clone()).await;
    assert_eq!((created.status.as_u16(), &created.json()["admins_invited"]), (201, &json!(1)));
    assert_eq!(create(ADMIN, request).await.refusal().1, "not_an_operator");
    let crowded = json!({"name": "Crowded", "seats": 0, "admins": [{"email": ADMIN}]});
    assert_eq!(errors(&create(OPERATOR, crowded).await), ["capacity_exceeded".to_owned()].into());
    let wrong = json!({
        "name": "Visit evil.example", "roles": [{"name": "a b", "rank": 1}, {"name": "x", "rank": 2}, {"name": "X", "rank": 2}],
        "teams": (0..120).map(|n| format!("Team {n}")).collect::<Vec<_>>(), "products": {"": {}},
        "courses": [{"slug": "a/b"}], "invitation_seconds": 1, "dashboard_url": "javascript:alert(1)",
        "default_role": "nobody", "admins": [{"email": "x", "role": "x"}, {"email": "a@x.example", "role": "x"}],
    });
    let codes = errors(&create(OPERATOR, wrong).await);
    for code in
        ["text_invalid", "name_twice", "no_admin_role", "role_not_admin", "too_many", "duration_invalid", "url_invalid"]
    {
        assert!(codes.contains(code), "{code} in {codes:?}");
    }
    let colourful = json!({"name": "Acme", "teams": [{"name": "One", "colour": "red"}]});
    assert_eq!(create(OPERATOR, colourful).await.refusal(), (422, "invalid_request".into()));

    let id = text(&created.json()["id"]);
    checked.world.join(id.parse().expect("an id"), ADMIN).await;
    let path = format!("/v1/orgs/{id}");
    for who in [ADMIN, OPERATOR] {
        let _ = checked.call(who, Method::GET, &path, Value::Null).await.ok();
    }
    let change = async |who: &str, body: Value| checked.call(who, Method::PATCH, &path, body).await;
    let _ = change(ADMIN, checked.contract.request("changeOrganisation", Some("settings"))).await.ok();
    let limits = checked.contract.request("changeOrganisation", Some("limits"));
    assert_eq!(change(ADMIN, limits.clone()).await.refusal().1, "not_an_operator");
    assert_eq!(change(OPERATOR, limits).await.ok()["capacity"]["seats"]["limit"], 300);
    let unknown = json!({"product_limits": {"none": 1}, "course_limits": {"none": null}});
    assert_eq!(errors(&change(OPERATOR, unknown).await).len(), 2);
    assert_eq!(change(ADMIN, json!({"nmae": "x"})).await.refusal().0, 422);
}
