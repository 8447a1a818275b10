//! Reading, deactivating and reactivating members.

use http::Method;
use serde_json::{Value, json};
use usher_tests::world::ADMIN;

use super::admin::{checked_admin, text};
use super::contract::CheckedWorld;

pub(super) async fn members(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 10).await;
    let one = admin.invite("a@x.example").await;
    let member = one.replace("invitations", "members");
    assert_eq!(admin.get(&member).await.refusal().0, 404);
    assert_eq!(admin.post(&format!("{member}/deactivate"), Value::Null).await.refusal().0, 404);
    let link = admin.link("a@x.example").await;
    let form = json!({"password": "seven green kettles", "phone": "+44 20 7946 0123"});
    let _ = checked.visit(Method::POST, &link, form).await.ok();
    assert_eq!(admin.get(&member).await.ok()["phone"], "+44 20 7946 0123");
    for query in ["", "?status=active", "?status=deactivated", "?limit=1", "?email=a@x.example"] {
        let _ = admin.get(&format!("/members{query}")).await.ok();
    }
    assert_eq!(admin.get(&one).await.ok()["status"], "accepted");
    for step in ["resend", "revoke"] {
        assert_eq!(admin.post(&format!("{one}/{step}"), Value::Null).await.refusal().1, "already_accepted");
    }
    assert_eq!(admin.patch(&one, json!({"role": "admin"})).await.refusal().1, "already_accepted");
    assert_eq!(admin.post(&format!("{member}/deactivate"), Value::Null).await.ok()["status"], "deactivated");
    assert_eq!(admin.post(&format!("{one}/resend"), Value::Null).await.refusal().1, "deactivated_member");
    assert_eq!(admin.post(&format!("{member}/reactivate"), Value::Null).await.ok()["status"], "active");
    let own = text(&admin.get(&format!("/members?email={ADMIN}")).await.ok()["items"][0]["id"]);
    assert_eq!(admin.post(&format!("/members/{own}/deactivate"), Value::Null).await.refusal().1, "own_membership");
}
