//! Calls that fail: no seat is lost.

use jiff::SignedDuration;
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::{Invitation, invitations};

/// Every call of an invitation fails once, in every way. Whatever the caller was reports, after a repetition the person is
/// invited once, and after the sweeper no place is lost.
#[tokio::test]
async fn no_single_failure_loses_a_person_or_a_seat() {
    let calls = {
        let acme = World::new().acme(10).await;
        let _ = acme.world.cloud.take_calls();
        acme.invite("a@x.example").await;
        acme.world.cloud.take_calls().len()
    };
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 0..calls {
            let acme = World::new().acme(10).await;
            let mut seen = 0;
            acme.world.cloud.fail(move |_| {
                seen += 1;
                // Three in a row, so that the SDK's own retries do not help.
                (failing < seen && seen <= failing + 3).then_some(fault)
            });
            let body = invitations([Invitation::of("a@x.example", "manager")]);
            let first = acme.post("/invitations", body.clone()).await;
            acme.world.cloud.stop_failing();
            let again = acme.post("/invitations", body).await.ok();
            let outcome = again["results"][0]["outcome"].as_str().expect("text").to_owned();
            let known = ["invited", "already_invited"].contains(&outcome.as_str());
            assert!(known, "{fault:?} {failing}: {outcome}, after {}", first.text);
            acme.world.advance(SignedDuration::from_mins(10));
            sweeper::handle(&acme.sweeper()).await.expect("a sweep");
            assert_eq!(acme.seats().await, (10, 2, 8), "{fault:?} at call {failing}");
        }
    }
}
