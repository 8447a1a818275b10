//! Many requests at once: no seat is given twice.

use usher_tests::World;
use usher_tests::world::{Invitation, invitations};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_at_once_on_fifty_seats_invite_exactly_fifty() {
    let acme = World::new().acme(51).await;
    let requests = (0..200).map(|n| {
        let acme = acme.clone();
        tokio::spawn(async move {
            let body = invitations([Invitation::of(format!("p{n}@x.example"), "manager")]);
            acme.post("/invitations", body).await
        })
    });
    let mut invited = 0;
    for request in requests.collect::<Vec<_>>() {
        let reply = request.await.expect("no panic");
        if reply.status.is_success() {
            assert_eq!(reply.json()["results"][0]["outcome"], "invited");
            invited += 1;
        } else {
            assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
        }
    }
    assert_eq!(invited, 50);
    assert_eq!(acme.seats().await, (51, 51, 0));
    let items = acme.get("/invitations?status=pending&limit=500").await.ok()["items"].as_array().expect("a list").len();
    assert_eq!(items, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_person_invited_many_times_at_once_takes_one_seat() {
    let acme = World::new().acme(100).await;
    let requests = (0..40).map(|_| {
        let acme = acme.clone();
        tokio::spawn(async move {
            let body = invitations([Invitation::of("one@x.example", "manager")]);
            acme.post("/invitations", body).await.ok()["results"][0]["outcome"].as_str().expect("text").to_owned()
        })
    });
    let mut invited = 0;
    for request in requests.collect::<Vec<_>>() {
        invited += usize::from(request.await.expect("no panic") == "invited");
    }
    assert_eq!(invited, 1);
    assert_eq!(acme.seats().await, (100, 2, 98));
}
