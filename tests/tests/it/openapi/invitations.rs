//! Creating, listing, editing, resending and revoking invitations.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::world::{ADMIN, OPERATOR};

use super::admin::{CheckedAdmin, checked_admin, errors, ranks, text};
use super::contract::CheckedWorld;

pub(super) async fn create_and_list(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 100).await;
    for name in ["people", "pasted"] {
        let request = checked.contract.request("invite", Some(name));
        let results = admin.post("/invitations", request).await.ok();
        let rejected = |result: &Value| result["outcome"] == "rejected";
        assert!(!results["results"].as_array().expect("results").iter().any(rejected), "{results}");
    }
    let long = "x".repeat(65);
    let people = json!([
        {"email": ADMIN, "role": "admin"}, {"email": "john@company.com", "role": "admin"},
        {"email": "", "role": "admin"}, {"email": "x", "role": "admin"}, {"email": "a b@x.example", "role": "admin"},
        {"email": "a\u{200b}@x.example", "role": "admin"}, {"email": "å@x.example", "role": "admin"},
        {"email": "a@x", "role": "admin"}, {"email": format!("{long}@x.example"), "role": "admin"},
        {"email": "a@x.example", "role": "admin", "name": long}, {"email": "a@x.example", "name": "<b>"},
        {"email": "a@x.example", "role": "none", "team": "Entreprise", "name": "a\u{0}b", "first_name": "evil.example"},
        {"email": "a@x.example", "products": ["none"], "courses": ["none"], "role": "admin"},
    ]);
    let results = admin.post("/invitations", json!({"invitations": people})).await.ok();
    let outcomes: Vec<_> =
        results["results"].as_array().expect("results").iter().map(|one| text(&one["outcome"])).collect();
    assert_eq!((outcomes[0].as_str(), outcomes[1].as_str()), ("already_member", "already_invited"));
    assert!(outcomes[2..].iter().all(|outcome| outcome == "rejected"), "{results}");
    let pasted = admin.post("/invitations", json!({"emails": "John; x@x.example", "role": "manager"})).await.ok();
    assert_eq!(
        (&pasted["results"][0]["outcome"], &pasted["results"][1]["outcome"]),
        (&json!("rejected"), &json!("invited"))
    );

    let person =
        |n: usize| json!({"email": format!("p{n}@x.example"), "role": "manager", "products": ["mos_opportunity"]});
    let many = |count: usize| json!({"invitations": (0..count).map(person).collect::<Vec<_>>()});
    assert_eq!(admin.post("/invitations", many(4)).await.refusal(), (409, "capacity_exceeded".into()));
    for (body, code) in [
        (json!({"invitations": []}), "empty_list"),
        (many(501), "too_many"),
        (json!({}), "one_of"),
        (json!({"invitations": [{"email": "a@x.example"}], "role": "manager"}), "misplaced_field"),
    ] {
        assert_eq!(errors(&admin.post("/invitations", body).await), [code.to_owned()].into());
    }

    for query in [
        "",
        "?status=held",
        "?limit=1",
        "?email=JOHN@company.com",
        "?team=enterprise&status=pending",
        "?email=no@x.example",
    ] {
        let _ = admin.get(&format!("/invitations{query}")).await.ok();
    }
    let next = text(&admin.get("/invitations?limit=2").await.ok()["next"]);
    assert_eq!(
        admin.get(&format!("/invitations?limit=2&next={next}")).await.ok()["items"].as_array().map(Vec::len),
        Some(2)
    );
    for list in ["/invitations", "/members"] {
        for (query, code) in [
            ("limit=0", "limit_invalid"),
            ("next=%25", "next_invalid"),
            ("colour=red", "query_invalid"),
            ("status=nope", "status_unknown"),
            ("team=Atlantis", "team_unknown"),
            ("import=x", "import_invalid"),
            ("email=x", "email_without_domain"),
        ] {
            assert_eq!(errors(&admin.get(&format!("{list}?{query}")).await), [code.to_owned()].into());
        }
    }
}

pub(super) async fn edit_resend_and_revoke(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 3).await;
    let one = admin.invite("a@x.example").await;
    let _ = admin.get(&one).await.ok();
    checked.world.drain().await;
    assert_eq!(admin.get(&one).await.ok()["mail"]["state"], "sent");
    let _ = admin.patch(&one, checked.contract.request("editInvitation", None)).await.ok();
    let _ = admin.patch(&one, json!({"name": null, "first_name": "Ann", "team": null, "job_title": null})).await.ok();
    assert_eq!(errors(&admin.patch(&one, json!({"role": "none", "courses": ["none"]})).await).len(), 2);
    assert_eq!(admin.patch(&one, json!({"email": "b@x.example"})).await.refusal().0, 422);
    assert_eq!(admin.post(&format!("{one}/resend"), Value::Null).await.ok()["generation"], 2);
    assert_eq!(admin.post(&format!("{one}/revoke"), Value::Null).await.ok()["status"], "revoked");
    assert_eq!(admin.patch(&one, json!({"role": "admin"})).await.refusal(), (409, "revoked".into()));
    let other = admin.invite("b@x.example").await;
    let _ = admin.invite("c@x.example").await;
    assert_eq!(admin.post(&format!("{one}/resend"), Value::Null).await.refusal(), (409, "capacity_exceeded".into()));
    let crowd = json!({"courses": ["Meddicc-go-live-plan"], "products": ["mos_opportunity"]});
    let limits = json!({"course_limits": {"Meddicc-go-live-plan": 0}});
    let _ = checked.call(OPERATOR, Method::PATCH, &admin.acme.path(""), limits).await.ok();
    // Only what is given in addition is in the arithmetic: no seat.
    let refused = admin.patch(&other, crowd).await;
    assert_eq!((refused.refusal().1.as_str(), refused.json()["capacity"].get("seats")), ("capacity_exceeded", None));
    checked.world.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(admin.get(&other).await.ok()["status"], "expired");
    assert_eq!(admin.patch(&other, json!({"role": "admin"})).await.refusal(), (409, "expired".into()));

    let ranks = CheckedAdmin { acme: ranks(checked).await, checked };
    let owner = text(&ranks.get("/invitations?email=olga@x.example").await.ok()["items"][0]["id"]);
    let refused = json!({"invitations": [{"email": "a@x.example", "role": "owner"}, {"email": "b@x.example"}]});
    let results = ranks.post("/invitations", refused).await.ok();
    assert_eq!(results["results"][0]["problem"]["code"], "role_above_own");
    assert_eq!(results["results"][1]["problem"]["code"], "role_missing");
    for step in ["resend", "revoke"] {
        let reply = ranks.post(&format!("/invitations/{owner}/{step}"), Value::Null).await;
        assert_eq!(reply.refusal(), (403, "role_above_own".into()));
    }
    assert_eq!(ranks.patch(&format!("/invitations/{owner}"), json!({"role": "member"})).await.refusal().0, 403);
    checked.world.join(ranks.acme.id, "olga@x.example").await;
    for step in ["deactivate", "reactivate"] {
        let reply = ranks.post(&format!("/members/{owner}/{step}"), Value::Null).await;
        assert_eq!(reply.refusal(), (403, "role_above_own".into()));
    }
}
