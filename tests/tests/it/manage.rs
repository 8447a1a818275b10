//! Resend, revoke, edit, list.

use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::ADMIN;

#[tokio::test]
async fn a_resend_starts_the_clock_anew_under_the_same_id() {
    let acme = World::new().acme(10).await;
    let first = acme.invite("a@x.example").await;
    acme.world.advance(SignedDuration::from_hours(24 * 5));
    let resent = acme.post(&format!("/invitations/{}/resend", first["id"].as_str().expect("id")), json!({})).await.ok();
    assert_eq!(resent["id"], first["id"]);
    assert_eq!(resent["generation"], 2);
    assert_eq!(resent["expires_at"], "2026-03-14T09:00:00Z");
    assert_eq!(resent["mail"]["state"], "queued");
    assert_eq!(acme.seats().await, (10, 2, 8));
}

#[tokio::test]
async fn a_resend_whose_answer_was_lost_is_one_resend() {
    let acme = World::new().acme(10).await;
    let first = acme.invite("a@x.example").await;
    let mut lost = false;
    acme.world.cloud.fail(move |operation| {
        let hit = !lost && operation.ends_with("UpdateItem");
        lost |= hit;
        hit.then_some(Fault::After)
    });
    let resent = acme.post(&format!("/invitations/{}/resend", first["id"].as_str().expect("id")), json!({})).await.ok();
    acme.world.cloud.mend();
    assert_eq!(resent["generation"], 2);
    // Both generations are in one batch of the stream, under one id: one mail, with the newer link.
    acme.world.settle().await;
    assert_eq!(acme.world.cloud.mails().iter().filter(|mail| mail.to == "a@x.example").count(), 1);
}

#[tokio::test]
async fn a_revoked_invitation_gives_its_place_back_once_and_a_resend_takes_it_again() {
    let acme = World::new().acme(2).await;
    let id = acme.invite("a@x.example").await["id"].as_str().expect("id").to_owned();
    for _ in 0..3 {
        let revoked = acme.post(&format!("/invitations/{id}/revoke"), json!({})).await.ok();
        assert_eq!(revoked["status"], "revoked");
        assert_eq!(acme.seats().await, (2, 1, 1));
    }
    acme.invite("b@x.example").await;
    let reply = acme.post(&format!("/invitations/{id}/resend"), json!({})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    let other =
        acme.get("/invitations?email=B@x.example").await.ok()["items"][0]["id"].as_str().expect("id").to_owned();
    let _ = acme.post(&format!("/invitations/{other}/revoke"), json!({})).await.ok();
    assert_eq!(acme.post(&format!("/invitations/{id}/resend"), json!({})).await.ok()["status"], "pending");
    assert_eq!(acme.seats().await, (2, 2, 0));
}

#[tokio::test]
async fn who_accepted_can_neither_be_revoked_nor_resent() {
    let acme = World::new().acme(10).await;
    let id = acme.invite("a@x.example").await["id"].as_str().expect("id").to_owned();
    acme.world.join(acme.id, "a@x.example").await;
    for step in ["revoke", "resend"] {
        let reply = acme.post(&format!("/invitations/{id}/{step}"), json!({})).await;
        assert_eq!(reply.refusal(), (409, "already_accepted".into()));
    }
    let reply = acme.patch(&format!("/invitations/{id}"), json!({"role": "manager"})).await;
    assert_eq!(reply.refusal(), (409, "already_accepted".into()));
}

#[tokio::test]
async fn an_edit_moves_only_the_places_that_changed() {
    let acme = World::new().acme(10).await;
    let id = acme.invite("a@x.example").await["id"].as_str().expect("id").to_owned();
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

#[tokio::test]
async fn lists_are_filtered_and_paged_without_gap_or_repetition() {
    let acme = World::new().acme(200).await;
    let people: Vec<_> = (0..120)
        .map(|n| {
            json!({"email": format!("p{n}@x.example"), "role": "sales_rep",
            "team": if n % 3 == 0 { "SMB" } else { "Enterprise" }, "send": n % 10 != 0})
        })
        .collect();
    let _ = acme.post("/invitations", json!({"invitations": people})).await.ok();
    let mut ids = std::collections::BTreeSet::new();
    let mut next = String::new();
    let mut pages = 0;
    loop {
        let page = acme.get(&format!("/invitations?status=pending&limit=7{next}")).await.ok();
        for item in page["items"].as_array().expect("a list") {
            assert!(ids.insert(item["id"].as_str().expect("id").to_owned()), "a repetition");
        }
        pages += 1;
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&next={cursor}");
    }
    assert_eq!(ids.len(), 108);
    assert!(pages >= 16, "{pages}");
    let count = async |query: &str| {
        acme.get(&format!("/invitations?limit=500&{query}")).await.ok()["items"].as_array().expect("list").len()
    };
    assert_eq!(count("status=held").await, 12);
    assert_eq!(count("team=smb").await, 40);
    assert_eq!(count("email=P5@x.example").await, 1);
    assert_eq!(count("email=nobody@x.example").await, 0);
    assert_eq!(count("status=accepted").await, 1);
    acme.world.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(count("status=expired").await, 108);
    assert_eq!(count("status=pending").await, 0);
    for query in [
        "status=nope",
        "limit=0",
        "limit=501",
        "limit=x",
        "next=%25",
        "next=eA",
        "next=MCNmb28",
        "team=Atlantis",
        "colour=red",
        "import=x",
        "email=x",
    ] {
        assert_eq!(
            acme.get(&format!("/invitations?{query}")).await.refusal(),
            (422, "invalid_request".into()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn members_are_listed_shut_out_and_let_in_again() {
    let acme = World::new().acme(10).await;
    let id = acme.invite("a@x.example").await["id"].as_str().expect("id").to_owned();
    assert_eq!(acme.get(&format!("/members/{id}")).await.refusal(), (404, "not_found".into()));
    let reply = acme.post(&format!("/members/{id}/deactivate"), json!({})).await;
    assert_eq!(reply.refusal(), (404, "not_found".into()));
    acme.world.join(acme.id, "a@x.example").await;
    assert_eq!(acme.get("/members").await.ok()["items"].as_array().expect("list").len(), 2);
    let shut_out = acme.post(&format!("/members/{id}/deactivate"), json!({})).await.ok();
    assert_eq!(shut_out["status"], "deactivated");
    assert_eq!(acme.get("/members?status=deactivated").await.ok()["items"][0]["id"], id.as_str());
    let again =
        acme.post("/invitations", json!({"invitations": [{"email": "a@x.example", "role": "manager"}]})).await.ok();
    assert_eq!(again["results"][0]["outcome"], "deactivated_member");
    assert_eq!(acme.post(&format!("/members/{id}/reactivate"), json!({})).await.ok()["status"], "active");
    let own =
        acme.get(&format!("/members?email={ADMIN}")).await.ok()["items"][0]["id"].as_str().expect("id").to_owned();
    let reply = acme.post(&format!("/members/{own}/deactivate"), json!({})).await;
    assert_eq!(reply.refusal(), (409, "own_membership".into()));
}
