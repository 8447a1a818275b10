//! Invitations that expire, and the sweeper that releases their seats.

use jiff::SignedDuration;
use usher_tests::World;
use usher_tests::world::people;

const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);

#[tokio::test]
async fn an_expired_invitation_frees_its_seat_once_swept() {
    let acme = World::new().acme(300).await;
    let _ = acme.post("/invitations", people(250, "manager")).await.ok();
    assert_eq!(acme.seats().await, (300, 251, 49));
    acme.world.advance(WEEK - SignedDuration::from_secs(1));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").expired, 0);
    acme.world.advance(SignedDuration::from_secs(1));
    // They are expired by the clock, before the sweeper records it.
    assert_eq!(
        acme.get("/invitations?status=expired&limit=500").await.ok()["items"].as_array().expect("list").len(),
        250
    );
    assert_eq!(acme.seats().await, (300, 251, 49));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").expired, 250);
    assert_eq!(acme.seats().await, (300, 1, 299));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").expired, 0);
    assert_eq!(acme.seats().await, (300, 1, 299));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_sweepers_release_a_seat_once() {
    let acme = World::new().acme(300).await;
    let _ = acme.post("/invitations", people(200, "manager")).await.ok();
    acme.world.advance(WEEK);
    let sweeps = (0..5).map(|_| {
        let sweeper = acme.sweeper();
        tokio::spawn(async move { sweeper::handle(&sweeper).await.expect("a sweep").expired })
    });
    for sweep in sweeps.collect::<Vec<_>>() {
        sweep.await.expect("no panic");
    }
    assert_eq!(acme.seats().await, (300, 1, 299));
}

#[tokio::test]
async fn an_expired_invitation_never_blocks_a_new_one_swept_or_not() {
    let acme = World::new().acme(2).await;
    acme.invite("a@x.example").await;
    acme.world.advance(WEEK);
    let again = acme.invite("a@x.example").await;
    assert_eq!((again["generation"].as_u64(), again["status"].as_str()), (Some(2), Some("pending")));
    assert_eq!(acme.seats().await, (2, 2, 0));
    acme.world.advance(WEEK);
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    assert_eq!(acme.seats().await, (2, 1, 1));
    assert_eq!(acme.invite("a@x.example").await["generation"], 3);
    assert_eq!(acme.seats().await, (2, 2, 0));
}

#[tokio::test]
async fn a_sweeper_that_did_not_run_for_weeks_catches_up() {
    let acme = World::new().acme(10).await;
    acme.invite("a@x.example").await;
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    acme.world.advance(SignedDuration::from_hours(24 * 80));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").expired, 1);
    assert_eq!(acme.seats().await, (10, 1, 9));
}
