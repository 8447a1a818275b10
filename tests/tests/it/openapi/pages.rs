//! The pages behind a link.

use axum::body::Body;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::cloud::Fault;

use super::contract::Watched;
use super::desk::{desk, errors, text};

pub(super) async fn pages(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
    let _ = desk.invite("a@x.example").await;
    let link = desk.link("a@x.example").await;
    assert_eq!(watched.visit(Method::GET, &link, Value::Null).await.ok()["account"], "new");
    assert_eq!(watched.browse(Method::GET, &link, "").await.status, 200);
    assert_eq!(watched.visit(Method::HEAD, &link, Value::Null).await.status, 200);
    let forged = link.replace("/i/", "/i/A");
    for method in [Method::GET, Method::POST] {
        assert_eq!(watched.visit(method.clone(), &forged, Value::Null).await.refusal(), (404, "not_found".into()));
        assert_eq!(watched.browse(method, &forged, "").await.status, 404);
    }
    let fresh = format!("{forged}/fresh-link");
    assert_eq!(watched.visit(Method::POST, &fresh, Value::Null).await.refusal().0, 404);

    let post = async |body: Value| watched.visit(Method::POST, &link, body).await;
    assert_eq!(post(json!({"pasword": "x"})).await.refusal(), (400, "body_unreadable".into()));
    let wrong = json!({"first_name": "evil.example", "phone": "x"});
    assert_eq!(
        errors(&post(wrong).await),
        ["password_missing", "phone_invalid", "text_with_link"].map(str::to_owned).into()
    );
    assert_eq!(errors(&post(json!({"password": "short"})).await), ["password_refused".to_owned()].into());
    assert_eq!(watched.browse(Method::POST, &link, "password=short").await.status, 422);
    let token = Request::post(&link).header("accept", "application/json").header("authorization", "Bearer x.y.z");
    let reply = watched.send(token.body(Body::empty()).expect("a request"), None).await;
    assert_eq!(reply.refusal(), (401, "unauthenticated".into()));
    let accepted = post(watched.contract.request("acceptInvitation", None)).await.ok();
    assert_eq!(accepted["redirect"], "https://app.example.com/acme");
    assert_eq!(watched.browse(Method::POST, &link, "password=seven+green+kettles").await.status, 303);

    let _ = desk.invite("b@x.example").await;
    let link = desk.link("b@x.example").await;
    watched.world.cloud.add_account("b@x.example", "nine yellow bicycles");
    assert_eq!(watched.visit(Method::GET, &link, Value::Null).await.ok()["account"], "existing");
    let reply = watched.visit(Method::POST, &link, json!({"password": "seven green kettles"})).await;
    assert_eq!(reply.refusal(), (401, "wrong_password".into()));
    assert_eq!(watched.browse(Method::POST, &link, "password=x").await.status, 401);
    watched.world.cloud.fail(|operation| operation.starts_with("DynamoDB").then_some(Fault::Before));
    assert_eq!(watched.visit(Method::GET, &link, Value::Null).await.refusal(), (500, "internal_error".into()));
    watched.world.cloud.fail(|_| Some(Fault::Before));
    for method in [Method::GET, Method::POST] {
        assert_eq!(watched.visit(method.clone(), &link, Value::Null).await.refusal(), (503, "busy".into()));
        assert_eq!(watched.browse(method, &link, "").await.status, 503);
    }
    watched.world.cloud.mend();
    // An organisation without a dashboard says so on a page of its own.
    let _ = desk.patch("", json!({"dashboard_url": null})).await.ok();
    assert_eq!(watched.browse(Method::POST, &link, "password=nine+yellow+bicycles").await.status, 200);
    assert_eq!(
        watched.visit(Method::POST, &link, json!({"password": "nine yellow bicycles"})).await.ok()["redirect"],
        Value::Null
    );
}

pub(super) async fn dead_links(watched: &Watched<'_>) {
    let desk = desk(watched, 20).await;
    let refused = async |method: Method, link: &str| watched.visit(method, link, Value::Null).await.refusal();
    let one = desk.invite("a@x.example").await;
    let first = desk.link("a@x.example").await;
    let _ = desk.post(&format!("{one}/resend"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &first).await, (410, "link_superseded".into()));
    let newest = desk.link("a@x.example").await;
    assert_eq!(refused(Method::GET, &first).await, (410, "link_superseded".into()));
    assert_eq!(watched.browse(Method::GET, &first, "").await.status, 410);
    assert_eq!(
        watched.visit(Method::POST, &format!("{first}/fresh-link"), Value::Null).await.ok()["status"],
        "requested"
    );
    assert_eq!(watched.browse(Method::POST, &format!("{first}/fresh-link"), "").await.status, 202);
    watched.world.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(refused(Method::GET, &newest).await, (410, "link_expired".into()));
    let _ = desk.post(&format!("{one}/revoke"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &newest).await, (410, "link_revoked".into()));

    let other = desk.invite("b@x.example").await;
    let link = desk.link("b@x.example").await;
    watched.world.join(desk.acme.id, "b@x.example").await;
    assert_eq!(refused(Method::GET, &link).await, (410, "already_accepted".into()));
    let member = other.replace("invitations", "members");
    let _ = desk.post(&format!("{member}/deactivate"), Value::Null).await.ok();
    assert_eq!(refused(Method::GET, &link).await, (410, "already_accepted".into()));

    let second = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let second = text(&desk.post("/invitations", second).await.ok()["results"][0]["id"]);
    watched.world.join(desk.acme.id, "bo@acme.example").await;
    let body = json!({"emails": "c@x.example", "role": "manager"});
    let _ = watched.call("bo@acme.example", Method::POST, &desk.acme.path("/invitations"), body).await.ok();
    let link = desk.link("c@x.example").await;
    let _ = desk.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let reply = watched.visit(Method::POST, &link, json!({"password": "seven green kettles"})).await;
    assert_eq!(reply.refusal(), (409, "invitation_no_longer_valid".into()));
    assert_eq!(watched.browse(Method::POST, &link, "password=seven+green+kettles").await.status, 409);
}
