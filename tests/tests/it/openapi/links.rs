//! The pages behind the link of an invitation.

use axum::body::Body;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::cloud::Fault;

use super::admin::{checked_admin, errors};
use super::contract::CheckedWorld;

pub(super) async fn open_and_accept(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 10).await;
    let _ = admin.invite("a@x.example").await;
    let link = admin.link("a@x.example").await;
    assert_eq!(checked.visit(Method::GET, &link, Value::Null).await.ok()["account"], "new");
    assert_eq!(checked.browse(Method::GET, &link, "").await.status, 200);
    assert_eq!(checked.visit(Method::HEAD, &link, Value::Null).await.status, 200);
    let forged = link.replace("/i/", "/i/A");
    for method in [Method::GET, Method::POST] {
        assert_eq!(checked.visit(method.clone(), &forged, Value::Null).await.refusal(), (404, "not_found".into()));
        assert_eq!(checked.browse(method, &forged, "").await.status, 404);
    }
    let fresh = format!("{forged}/fresh-link");
    assert_eq!(checked.visit(Method::POST, &fresh, Value::Null).await.refusal().0, 404);

    let post = async |body: Value| checked.visit(Method::POST, &link, body).await;
    assert_eq!(post(json!({"pasword": "x"})).await.refusal(), (400, "body_unreadable".into()));
    let wrong = json!({"first_name": "evil.example", "phone": "x"});
    assert_eq!(
        errors(&post(wrong).await),
        ["password_missing", "phone_invalid", "text_with_link"].map(str::to_owned).into()
    );
    assert_eq!(errors(&post(json!({"password": "short"})).await), ["password_refused".to_owned()].into());
    assert_eq!(checked.browse(Method::POST, &link, "password=short").await.status, 422);
    let token = Request::post(&link).header("accept", "application/json").header("authorization", "Bearer x.y.z");
    let reply = checked.send(token.body(Body::empty()).expect("a request"), None).await;
    assert_eq!(reply.refusal(), (401, "unauthenticated".into()));
    let accepted = post(checked.contract.request("acceptInvitation", None)).await.ok();
    assert_eq!(accepted["redirect"], "https://app.example.com/acme");
    assert_eq!(checked.browse(Method::POST, &link, "password=seven+green+kettles").await.status, 303);

    let _ = admin.invite("b@x.example").await;
    let link = admin.link("b@x.example").await;
    checked.world.cloud.add_account("b@x.example", "nine yellow bicycles");
    assert_eq!(checked.visit(Method::GET, &link, Value::Null).await.ok()["account"], "existing");
    let reply = checked.visit(Method::POST, &link, json!({"password": "seven green kettles"})).await;
    assert_eq!(reply.refusal(), (401, "wrong_password".into()));
    assert_eq!(checked.browse(Method::POST, &link, "password=x").await.status, 401);
    checked.world.cloud.fail(|operation| operation.starts_with("DynamoDB").then_some(Fault::Before));
    assert_eq!(checked.visit(Method::GET, &link, Value::Null).await.refusal(), (500, "internal_error".into()));
    checked.world.cloud.fail(|_| Some(Fault::Before));
    for method in [Method::GET, Method::POST] {
        assert_eq!(checked.visit(method.clone(), &link, Value::Null).await.refusal(), (503, "busy".into()));
        assert_eq!(checked.browse(method, &link, "").await.status, 503);
    }
    checked.world.cloud.stop_failing();
    // An organisation without a dashboard says so on a page of its own.
    let _ = admin.patch("", json!({"dashboard_url": null})).await.ok();
    assert_eq!(checked.browse(Method::POST, &link, "password=nine+yellow+bicycles").await.status, 200);
    assert_eq!(
        checked.visit(Method::POST, &link, json!({"password": "nine yellow bicycles"})).await.ok()["redirect"],
        Value::Null
    );
}

pub(super) async fn refused_links(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 20).await;
    let refused = async |method: Method, link: &str| checked.visit(method, link, Value::Null).await.refusal();
    let one = admin.invite("a@x.example").await;
    let first = admin.link("a@x.example").await;
    let _ = admin.post(&format!("{one}/resend"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &first).await, (410, "link_superseded".into()));
    let newest = admin.link("a@x.example").await;
    assert_eq!(refused(Method::GET, &first).await, (410, "link_superseded".into()));
    assert_eq!(checked.browse(Method::GET, &first, "").await.status, 410);
    assert_eq!(
        checked.visit(Method::POST, &format!("{first}/fresh-link"), Value::Null).await.ok()["status"],
        "requested"
    );
    assert_eq!(checked.browse(Method::POST, &format!("{first}/fresh-link"), "").await.status, 202);
    checked.world.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(refused(Method::GET, &newest).await, (410, "link_expired".into()));
    let _ = admin.post(&format!("{one}/revoke"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &newest).await, (410, "link_revoked".into()));

    let other = admin.invite("b@x.example").await;
    let link = admin.link("b@x.example").await;
    checked.world.join(admin.acme.id, "b@x.example").await;
    assert_eq!(refused(Method::GET, &link).await, (410, "already_accepted".into()));
    let member = other.replace("invitations", "members");
    let _ = admin.post(&format!("{member}/deactivate"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &link).await, (410, "already_accepted".into()));

    let second = admin.add_admin("bo@acme.example").await;
    let body = json!({"emails": "c@x.example", "role": "manager"});
    let _ = checked.call("bo@acme.example", Method::POST, &admin.acme.path("/invitations"), body).await.ok();
    let link = admin.link("c@x.example").await;
    let _ = admin.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let reply = checked.visit(Method::POST, &link, json!({"password": "seven green kettles"})).await;
    assert_eq!(reply.refusal(), (409, "invitation_no_longer_valid".into()));
    assert_eq!(checked.browse(Method::POST, &link, "password=seven+green+kettles").await.status, 409);
}
