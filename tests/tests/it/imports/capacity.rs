//! Seats that change hands between two deliveries of a part.

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::{assert_each_row_has_one_result, people_csv};

/// Between two deliveries of a part, a person it created is revoked and invited by hand: they hold one seat.
#[tokio::test]
async fn a_seat_that_changes_hands_between_two_deliveries_is_released_once() {
    let acme = World::new().acme(50).await;
    let import = acme.plan_import("people.csv", people_csv(10), json!({})).await;
    let parts = acme.send_import_for_parts(&import).await;
    acme.world.cloud.fail(|operation| operation.ends_with("TransactWriteItems").then_some(Fault::Before));
    assert_eq!(acme.world.apply(parts.clone()).await, parts, "created, and not completed");
    acme.world.cloud.stop_failing();
    let made = acme.get("/invitations?email=p3@x.example").await.ok()["items"][0]["id"].clone();
    let _ = acme.post(&format!("/invitations/{}/revoke", made.as_str().expect("an id")), json!({})).await.ok();
    assert_eq!(acme.seats().await, (50, 10, 40));
    let _ = acme.invite("p3@x.example").await;
    assert_eq!(acme.seats().await, (50, 11, 39));
    for _ in 0..2 {
        assert_eq!(acme.world.apply(parts.clone()).await, []);
    }
    acme.world.drain().await;
    let done = acme.import(&import).await;
    let _ = assert_each_row_has_one_result(&acme, &done).await;
    assert_eq!((&done["counts"]["created"], acme.seats().await), (&json!(10), (50, 11, 39)));
}

/// The same, but another import invites them again: neither import releases the seat of the other.
#[tokio::test]
async fn a_seat_that_moves_to_another_import_is_released_once() {
    let acme = World::new().acme(50).await;
    let send = async |import: &Value| {
        let _ = acme.send_import(import).await;
        acme.world.relay_changes().await;
        acme.world.cloud.take_messages("apply")
    };
    let import = acme.plan_import("people.csv", people_csv(10), json!({})).await;
    let parts = send(&import).await;
    acme.world.cloud.fail(|operation| operation.ends_with("TransactWriteItems").then_some(Fault::Before));
    assert_eq!(acme.world.apply(parts.clone()).await, parts, "created, and not completed");
    acme.world.cloud.stop_failing();
    let made = acme.get("/invitations?email=p3@x.example").await.ok()["items"][0]["id"].clone();
    let _ = acme.post(&format!("/invitations/{}/revoke", made.as_str().expect("an id")), json!({})).await.ok();
    let other = acme.plan_import("other.csv", b"email,role\np3@x.example,sales_rep\n".to_vec(), json!({})).await;
    let others = send(&other).await;
    assert_eq!(acme.world.apply(others).await, []);
    assert_eq!(acme.seats().await, (50, 11, 39));
    for _ in 0..2 {
        assert_eq!(acme.world.apply(parts.clone()).await, []);
    }
    acme.world.drain().await;
    for (import, created) in [(&import, 10), (&other, 1)] {
        let done = acme.import(import).await;
        let _ = assert_each_row_has_one_result(&acme, &done).await;
        assert_eq!(done["counts"]["created"], json!(created));
    }
    assert_eq!(acme.seats().await, (50, 11, 39));
}
