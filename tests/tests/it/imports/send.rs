//! Sending an import, by hand or at once.

use axum::body::Body;
use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::cloud::{Fault, Killed};
use usher_tests::world::{ADMIN, id, people_csv, sample};

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

/// The function that planned the file dies before it starts the import, and its event does not come again.
#[tokio::test]
async fn send_mode_cut_off_before_the_start_is_sent_by_the_sweeper() {
    let acme = World::new().acme(20).await;
    let announced = acme.announce_import("standard.csv", json!({"mode": "send"})).await;
    let key = format!("uploads/{}/{announced}/standard.csv", acme.id);
    acme.world.cloud.put_file(&key, sample("standard.csv"));
    acme.world.cloud.fail(|operation| operation.ends_with("TransactWriteItems").then_some(Fault::Killed));
    let planning = Box::pin(acme.world.cloud.run(acme.world.file_arrived(&key, "v1")));
    assert_eq!(planning.await, Err(Killed));
    acme.world.cloud.stop_failing();
    let import = acme.get(&format!("/imports/{announced}")).await.ok();
    assert_eq!((&import["status"], &import["problem"]), (&json!("ready"), &json!(null)), "{import}");
    acme.world.advance(SignedDuration::from_mins(20));
    let _ = sweeper::handle(&acme.sweeper()).await.expect("swept");
    acme.world.drain().await;
    let done = acme.import(&import).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(3)), "{done}");
}

/// An admin has until then to cancel; and an import that waits for a review is never sent without one.
#[tokio::test]
async fn the_sweeper_sends_no_import_that_an_admin_reviews_or_cancelled() {
    let acme = World::new().acme(20).await;
    let reviewed = acme.plan_import("standard.csv", sample("standard.csv"), json!({})).await;
    let guessed = b"ada@x.example,Ada Lovelace,sales_rep\n".to_vec();
    let guessed = acme.plan_import("guessed.csv", guessed, json!({"mode": "send"})).await;
    acme.world.advance(SignedDuration::from_mins(20));
    let _ = sweeper::handle(&acme.sweeper()).await.expect("swept");
    acme.world.drain().await;
    for import in [&reviewed, &guessed] {
        assert_eq!(acme.import(import).await["status"], "ready");
    }
    assert_eq!(acme.seats().await, (20, 1, 19));
}

/// Three identical files at once, with seats for one of them.
#[tokio::test]
async fn a_plan_whose_people_were_invited_meanwhile_needs_no_capacity_for_them() {
    let acme = World::new().acme(5).await;
    let mut imports = Vec::new();
    for name in ["a.csv", "b.csv", "c.csv"] {
        imports.push(acme.plan_import(name, sample("standard.csv"), json!({})).await);
    }
    let first = acme.complete_import(&imports[0]).await;
    assert_eq!((&first["counts"]["created"], acme.seats().await), (&json!(3), (5, 4, 1)), "{first}");
    for import in &imports[1..] {
        let shown = acme.import(import).await;
        let seats = json!({"limit": 5, "used": 4, "free": 1, "needed": 0, "missing": 0});
        assert_eq!((&shown["status"], &shown["capacity"]["seats"]), (&json!("ready"), &seats), "{shown}");
        let done = acme.complete_import(import).await;
        assert_eq!((&done["status"], &done["counts"]["already_exists"]), (&json!("completed"), &json!(3)), "{done}");
        assert_eq!(acme.seats().await, (5, 4, 1));
    }
}

/// The same with `mode: send`: the two that found too few seats say so until everybody is invited, and can then be sent.
#[tokio::test]
async fn identical_files_that_are_sent_at_once_do_not_stay_short_of_capacity() {
    let acme = World::new().acme(5).await;
    let mut keys = Vec::new();
    for name in ["a.csv", "b.csv", "c.csv"] {
        let announced = acme.announce_import(name, json!({"mode": "send"})).await;
        let key = format!("uploads/{}/{announced}/{name}", acme.id);
        acme.world.cloud.put_file(&key, sample("standard.csv"));
        keys.push((announced, key));
    }
    let [a, b, c] = keys.as_slice() else { panic!("three files") };
    let arrive = |key: String| {
        let world = acme.world.clone();
        async move { world.file_arrived(&key, "v1").await }
    };
    tokio::join!(Box::pin(arrive(a.1.clone())), Box::pin(arrive(b.1.clone())), Box::pin(arrive(c.1.clone())));
    acme.world.drain().await;
    let mut created = 0;
    for (announced, _) in [a, b, c] {
        let import = acme.get(&format!("/imports/{announced}")).await.ok();
        if import["status"] == "ready" {
            assert_eq!(
                (&import["capacity"]["seats"]["missing"], &import["problem"]),
                (&json!(0), &json!(null)),
                "{import}"
            );
        }
        let done = acme.complete_import(&import).await;
        assert_eq!(done["status"], "completed", "{done}");
        created += done["counts"]["created"].as_u64().expect("a count");
    }
    assert_eq!((created, acme.seats().await), (3, (5, 4, 1)));
}

/// A person who needed no seat when the import was sent is not invited when they are gone before their row is applied.
#[tokio::test]
async fn nobody_is_invited_for_whom_no_seat_was_reserved() {
    let acme = World::new().acme(5).await;
    let import = acme.plan_import("people.csv", people_csv(4), json!({})).await;
    let by_hand = acme.invite_for_id("p1@x.example").await;
    let _ = acme.invite("p2@x.example").await;
    assert_eq!(acme.seats().await, (5, 3, 2));
    let parts = acme.send_import_for_parts(&import).await;
    assert_eq!(acme.seats().await, (5, 5, 0));
    let _ = acme.act("invitations", &by_hand, "revoke").await.ok();
    let _ = acme.invite("other@x.example").await;
    assert_eq!(acme.seats().await, (5, 5, 0));
    assert_eq!(acme.world.apply(parts).await, []);
    acme.world.drain().await;
    let done = acme.import(&import).await;
    let counts = ["created", "already_exists", "drifted"].map(|name| done["counts"][name].clone());
    assert_eq!(counts, [json!(2), json!(1), json!(1)], "{done}");
    let rows = usher_tests::world::assert_each_row_has_one_result(&acme, &done).await;
    assert_eq!(rows[1].codes, "changed_since_plan");
    assert_eq!(acme.seats().await, (5, 5, 0));
}

/// The second finds the places taken, by the first.
#[tokio::test]
async fn two_admins_who_send_the_same_plan_at_once_are_told_the_same() {
    let acme = World::new().acme(4).await;
    let import = acme.plan_import("standard.csv", sample("standard.csv"), json!({})).await;
    let path = format!("/imports/{}/send", id(&import));
    let send = || acme.post(&path, json!({"digest": import["digest"]}));
    let (one, other) = tokio::join!(send(), send());
    assert_eq!((one.ok()["status"].clone(), other.ok()["status"].clone()), (json!("applying"), json!("applying")));
    assert_eq!(acme.seats().await, (4, 4, 0));
}
