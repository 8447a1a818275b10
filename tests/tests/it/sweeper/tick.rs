//! A tick that has more to do than it has time for.

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_domain::id::ReservationId;
use usher_domain::{CapacityRequest, Resource};
use usher_store::Reservation;
use usher_tests::World;
use usher_tests::cloud::{Fault, Killed};
use usher_tests::template;
use usher_tests::world::{ADMIN, Acme, people, people_csv};

const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);
const WAVE: u32 = 6_000;

async fn other(world: &World) -> Acme {
    world.organisation(json!({"name": "Other", "seats": 100, "admins": [{"email": ADMIN}]})).await
}

/// Runs one tick in which each transaction takes 5 seconds. It is killed when its time is over, as Lambda does it.
async fn tick(acme: &Acme) -> Result<sweeper::Swept, Killed> {
    let world = &acme.world;
    let (clock, end) = (world.clock.clone(), world.now() + template::timeout("Sweeper"));
    world.cloud.fail(move |operation| {
        if operation.ends_with(".TransactWriteItems") {
            clock.advance(SignedDuration::from_secs(5));
        }
        (clock.now() >= end).then_some(Fault::Killed)
    });
    let swept = world.cloud.run(Box::pin(sweeper::handle(&acme.sweeper()))).await;
    world.cloud.stop_failing();
    swept.map(|swept| swept.expect("a sweep"))
}

/// Leaves an organisation with a reservation that nobody committed, a mail and an import whose messages were lost, and
/// people who did not accept.
async fn neglect(other: &Acme) {
    let world = &other.world;
    let _ = other.post("/invitations", people(20, "admin")).await.ok();
    world.drain().await;
    world.advance(WEEK - SignedDuration::from_mins(90));
    let planned = other.plan_import("people.csv", b"email,role\nq1@x.example,admin\n".to_vec(), Value::Null).await;
    let _ = other.send_import_for_parts(&planned).await;
    let _ = other.post("/invitations", json!({"emails": "lost@x.example", "role": "admin"})).await.ok();
    world.relay_changes().await;
    let _ = world.cloud.take_messages("mail");
    let needed: CapacityRequest = [(Resource::Seat, 7)].into_iter().collect();
    let reservation = Reservation { id: ReservationId::derived(&[b"cut off"]), needed, members: Vec::new() };
    world.store.reserve(other.id, &reservation, world.now()).await.expect("free");
    world.advance(SignedDuration::from_mins(90));
}

#[tokio::test]
async fn a_wave_of_one_organisation_keeps_no_other_waiting_and_ends() {
    let world = World::new();
    // The wave's organisation is the older one, and would come first.
    let acme = world.acme(WAVE + 1).await;
    let other = other(&world).await;
    acme.add_crowd(0..WAVE, |_, person| person).await;
    acme.take_seats(WAVE).await;
    let _ = world.cloud.stream();
    neglect(&other).await;
    assert_eq!(other.seats().await, (100, 1 + 20 + 1 + 1 + 7, 70));

    let first = tick(&acme).await.expect("an end before its time is over");
    assert_eq!((first.committed, first.parts, first.requeued), (1, 1, 1), "{first:?}");
    assert_eq!(other.seats().await, (100, 1 + 1 + 1, 97), "what was not used is free at once");
    let (_, used, _) = acme.seats().await;
    assert!(first.left == 1 && used > 1, "{first:?}, {used} used");

    let mut ticks = 1;
    while acme.seats().await.1 > 1 {
        world.advance(SignedDuration::from_mins(1));
        let before = acme.seats().await.1;
        let _ = tick(&acme).await.expect("an end before its time is over");
        assert!(acme.seats().await.1 < before, "each tick goes on");
        ticks += 1;
    }
    assert!(ticks <= 2, "{ticks} ticks");
    assert_eq!(acme.seats().await, (u64::from(WAVE) + 1, 1, u64::from(WAVE)));
}

#[tokio::test]
async fn a_damaged_person_keeps_nobody_else_from_expiring() {
    let acme = World::new().acme(100).await;
    let _ = acme.post("/invitations", people(30, "manager")).await.ok();
    acme.world.drain().await;
    let items = acme.world.cloud.items();
    let mut damaged = items.into_iter().find(|item| item["email"]["S"] == "p7@x.example").expect("invited");
    damaged.as_object_mut().expect("an item").remove("role");
    acme.world.cloud.put_item(&damaged);
    acme.world.advance(WEEK);
    sweeper::handle(&acme.sweeper()).await.expect_err("one that failed");
    assert_eq!(acme.seats().await, (100, 2, 98));

    // It is looked at again each time, and makes no sweep dearer than the one before.
    let mut queries = Vec::new();
    for _ in 0..4 {
        acme.world.advance(WEEK);
        let _ = acme.world.cloud.take_calls();
        sweeper::handle(&acme.sweeper()).await.expect_err("one that failed");
        queries.push(acme.world.cloud.take_calls().iter().filter(|call| call.ends_with(".Query")).count());
    }
    assert_eq!(queries[1..3], queries[2..4], "{queries:?}");
}

#[tokio::test]
async fn an_import_that_nobody_applies_is_handed_out_in_a_tick_that_cannot_read_who_expires() {
    let acme = World::new().acme(100).await;
    let planned = acme.plan_import("people.csv", people_csv(5), Value::Null).await;
    let _ = acme.send_import_for_parts(&planned).await;
    acme.world.advance(SignedDuration::from_mins(30));
    // The first queries of a tick are those of its cheap duties, of yesterday and today.
    let (mut queries, mut is_over) = (0, false);
    acme.world.cloud.fail(move |operation| {
        let is_query = operation.ends_with(".Query");
        queries += usize::from(is_query);
        is_over |= queries > 8 && !is_query;
        (queries > 8 && !is_over).then_some(Fault::Throttled)
    });
    let _ = sweeper::handle(&acme.sweeper()).await;
    assert_eq!(acme.world.cloud.take_messages("apply").len(), 1);
}
