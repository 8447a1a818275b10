//! Reservations that stay open because their owner could not commit them.

use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, Acme};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// An organisation with one invitation that expired before its reservation was committed, and no sweep since.
async fn expired_under_an_open_reservation() -> Acme {
    let request = json!({"name": "Acme", "seats": 10, "invitation_seconds": 3600, "admins": [{"email": ADMIN}]});
    let acme = World::new().organisation(request).await;
    acme.world.drain().await;
    let mut transactions = 0;
    acme.world.cloud.fail(move |operation| {
        transactions += usize::from(operation.contains("Transact"));
        // The first reserves; the others would commit.
        (operation.contains("Transact") && transactions > 1).then_some(Fault::Before)
    });
    acme.invite("a@x.example").await;
    acme.world.cloud.stop_failing();
    assert_eq!(open_reservations(&acme), 1);
    acme.world.advance(HOUR);
    acme
}

fn open_reservations(acme: &Acme) -> usize {
    let is_reservation = |sk: &str| sk.starts_with("RESERVATION#");
    acme.world.cloud.items().iter().filter(|item| item["sk"]["S"].as_str().is_some_and(is_reservation)).count()
}

#[tokio::test]
async fn a_person_invited_again_under_an_open_reservation_keeps_their_seat() {
    let acme = expired_under_an_open_reservation().await;
    acme.invite("a@x.example").await;
    assert_eq!(acme.seats().await, (10, 2, 8));
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    assert_eq!(acme.seats().await, (10, 2, 8));
    assert_eq!(open_reservations(&acme), 0);
}

#[tokio::test]
async fn a_person_imported_again_under_an_open_reservation_keeps_their_seat() {
    let acme = expired_under_an_open_reservation().await;
    let import = acme.plan_import("people.csv", b"email,role\na@x.example,sales_rep\n".to_vec(), json!({})).await;
    assert_eq!(acme.complete_import(&import).await["counts"]["created"], 1);
    assert_eq!(acme.seats().await, (10, 2, 8));
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    assert_eq!(acme.seats().await, (10, 2, 8));
    assert_eq!(open_reservations(&acme), 0);
}

#[tokio::test]
async fn an_invitation_that_expires_under_an_open_reservation_frees_its_seat_once() {
    let acme = expired_under_an_open_reservation().await;
    for _ in 0..2 {
        sweeper::handle(&acme.sweeper()).await.expect("a sweep");
        assert_eq!(acme.seats().await, (10, 1, 9));
    }
    assert_eq!(open_reservations(&acme), 0);
    acme.invite("a@x.example").await;
    assert_eq!(acme.seats().await, (10, 2, 8));
}
