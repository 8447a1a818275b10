//! Creating invitations: one person, many, a pasted list.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use usher_tests::world::{ADMIN, Invitation, invitations};
use usher_tests::{World, ids_hidden};

pub(super) fn outcomes(results: &Value) -> Vec<&str> {
    results["results"].as_array().expect("results").iter().map(|one| one["outcome"].as_str().expect("text")).collect()
}

#[tokio::test]
async fn one_person_is_invited_and_can_be_read() {
    let acme = World::new().acme(10).await;
    let invitation = acme
        .post(
            "/invitations",
            json!({"invitations": [{
                "email": "John@Company.com", "name": "John Smith", "role": "sales_rep", "team": "enterprise",
                "job_title": "Engineer II", "products": ["mos_enable"], "courses": ["meddicc-go-live-plan"],
            }]}),
        )
        .await
        .ok();
    ids_hidden().bind(|| insta::assert_json_snapshot!(invitation));
    let id = invitation["results"][0]["id"].as_str().expect("an id");
    let read = acme.get(&format!("/invitations/{id}")).await.ok();
    assert_eq!(read, invitation["results"][0]["invitation"]);
    assert_eq!(acme.seats().await, (10, 2, 8));
}

#[tokio::test]
async fn each_entry_has_its_own_outcome() {
    let acme = World::new().acme(10).await;
    acme.invite("known@company.com").await;
    let results = acme
        .post("/invitations", json!({"invitations": [
            {"email": "new@company.com", "role": "manager"},
            {"email": "KNOWN@company.com", "role": "manager"},
            {"email": ADMIN, "role": "manager"},
            {"email": "held@company.com", "role": "manager", "send": false},
            {"email": "not-an-address", "name": "Visit http://evil.example now", "role": "superuser", "team": "Atlantis"},
            {"email": "new@COMPANY.com", "role": "manager"},
        ]}))
        .await
        .ok();
    assert_eq!(
        outcomes(&results),
        ["invited", "already_invited", "already_member", "held", "rejected", "already_invited"]
    );
    insta::assert_json_snapshot!(results["results"][4]);
    assert_eq!(acme.seats().await, (10, 4, 6));
}

#[tokio::test]
async fn a_pasted_list_keeps_every_piece() {
    let acme = World::new().acme(10).await;
    let emails = "ada.b@x.example, Bo Berg <bo@x.example>; \"Duval, Chloe\" <chloe@x.example>; Tan, Mei-Ling <mei@x.example>\nnobody";
    let results = acme.post("/invitations", json!({"emails": emails, "role": "sales_rep"})).await.ok();
    assert_eq!(outcomes(&results), ["invited", "invited", "invited", "invited", "rejected"]);
    assert_eq!(results["results"][3]["invitation"]["first_name"], "Mei-Ling");
    assert_eq!(results["results"][4]["problem"]["errors"][0]["found"], "nobody");
}

#[tokio::test]
async fn an_invalid_request_is_refused_as_a_whole() {
    let acme = World::new().acme(10).await;
    let person = json!({"email": "a@x.example", "role": "manager"});
    let refusals: Vec<(Value, u16, &str)> = vec![
        (json!({"invitations": []}), 422, "invalid_request"),
        (json!({"emails": " ; ", "role": "manager"}), 422, "invalid_request"),
        (json!({}), 422, "invalid_request"),
        (json!({"invitations": [person], "emails": "a@x.example"}), 422, "invalid_request"),
        (json!({"invitations": [person], "role": "manager"}), 422, "invalid_request"),
        (json!({"invitations": vec![person.clone(); 501]}), 422, "invalid_request"),
        (json!({"invitations": [{"email": "a@x.example", "roel": "manager"}]}), 422, "invalid_request"),
        (json!([]), 422, "invalid_request"),
    ];
    for (body, status, code) in refusals {
        let reply = acme.post("/invitations", body.clone()).await;
        assert_eq!(reply.refusal(), (status, code.to_owned()), "{body}");
    }
    for (body, code) in [("{\"invitations\": [", "malformed_json"), ("", "body_missing"), ("\u{0}", "malformed_json")] {
        let request = acme.world.request(ADMIN, Method::POST, &acme.path("/invitations"), Body::from(body));
        assert_eq!(acme.world.send(request).await.refusal(), (400, code.to_owned()));
    }
    assert_eq!(acme.seats().await, (10, 1, 9));
}

#[tokio::test]
async fn every_kind_of_bad_address_has_its_reason() {
    let acme = World::new().acme(100).await;
    let cases = [
        ("", "email_missing"),
        ("ada", "email_without_domain"),
        ("ada lovelace@x.example", "email_with_space"),
        ("ada\u{200b}@x.example", "email_with_invisible_character"),
        ("ådå@x.example", "email_local_part_not_ascii"),
        ("ada@x", "email_invalid"),
        ("ada@-x.example", "email_invalid"),
    ];
    let people: Vec<Value> = cases.iter().map(|(email, _)| json!({"email": email, "role": "manager"})).collect();
    let results = acme.post("/invitations", json!({"invitations": people})).await.ok();
    for (index, (email, code)) in cases.iter().enumerate() {
        assert_eq!(results["results"][index]["problem"]["code"], *code, "{email:?}");
    }
    let results = acme.post("/invitations", json!({"invitations": [
        {"email": "ada@bücher.example", "role": "manager"}, {"email": "ada@xn--bcher-kva.example", "role": "manager"},
        {"email": "b@x.example", "role": "manager", "name": "Ada\nBcc: everybody"},
    ]})).await.ok();
    assert_eq!(outcomes(&results), ["invited", "already_invited", "rejected"]);
    assert_eq!(results["results"][2]["problem"]["code"], "text_with_invisible_character");
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_reply_and_invites_once() {
    let acme = World::new().acme(10).await;
    let body = invitations([Invitation::of("a@x.example", "manager")]);
    let send = async |key: &str, body: &Value| {
        let mut request =
            acme.world.request(ADMIN, Method::POST, &acme.path("/invitations"), Body::from(body.to_string()));
        request.headers_mut().insert("idempotency-key", key.parse().expect("a header"));
        acme.world.send(request).await
    };
    let first = send("k1", &body).await;
    let again = send("k1", &body).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(outcomes(&again.json()), ["invited"]);
    assert!(again.headers.contains_key("idempotency-replayed"));
    assert_eq!(outcomes(&send("k2", &body).await.ok()), ["already_invited"]);
    let other = invitations([Invitation::of("b@x.example", "manager")]);
    assert_eq!(send("k1", &other).await.refusal(), (422, "idempotency_key_reused".into()));
    assert_eq!(send("", &other).await.refusal(), (400, "idempotency_key_invalid".into()));
}
