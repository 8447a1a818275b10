//! Mails that got lost, and what looking for them costs.

use jiff::SignedDuration;
use serde_json::json;
use usher_domain::{MailState, MailStatus, Membership};
use usher_tests::World;
use usher_tests::cloud::{Fault, Killed, Message};
use usher_tests::world::{ADMIN, Acme};

/// More people than one round of a check looks at.
const CROWD: u32 = 8_800;

fn queries(acme: &Acme) -> usize {
    acme.world.cloud.take_calls().iter().filter(|call| call.ends_with(".Query")).count()
}

/// The queries of one tick.
async fn tick(acme: &Acme) -> usize {
    let _ = queries(acme);
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    queries(acme)
}

fn sent(person: Membership) -> Membership {
    let mail = person.mail.clone().map(|mail| MailStatus { state: MailState::Sent, ..mail });
    Membership { mail, ..person }
}

#[tokio::test]
async fn one_walk_serves_every_hour_in_which_an_organisation_queued_mails() {
    let mut walks = Vec::new();
    for hours in [1, 4] {
        let acme = World::new().acme(20).await;
        acme.world.drain().await;
        acme.world.advance(SignedDuration::from_hours(2));
        sweeper::handle(&acme.sweeper()).await.expect("a sweep");
        for hour in 0..hours {
            acme.invite(&format!("p{hour}@x.example")).await;
            acme.world.drain().await;
            acme.world.advance(SignedDuration::from_hours(1));
        }
        acme.world.advance(SignedDuration::from_hours(1));
        walks.push(tick(&acme).await);
        // Every check is over.
        assert!(acme.world.cloud.items().iter().all(|item| item["kind"]["S"] != "delivery_check"));
    }
    assert_eq!(walks[0], walks[1], "queries with one open hour, and with four");
}

/// The check of the mails that are queued now, due when their hour is over.
async fn schedule_check(acme: &Acme) {
    let now = acme.world.now();
    let (hour, due) = (now.as_second().div_euclid(3_600), now + SignedDuration::from_mins(75));
    acme.world.store.schedule_delivery_check(acme.id, hour, due, now).await.expect("the table");
}

#[tokio::test]
async fn a_walk_that_was_cut_off_goes_on_where_it_was() {
    let acme = World::new().acme(20).await;
    acme.world.drain().await;
    acme.world.advance(SignedDuration::from_hours(2));
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    let nothing_to_check = tick(&acme).await;
    acme.add_crowd(0..CROWD, |_, person| sent(person)).await;
    schedule_check(&acme).await;
    acme.world.advance(SignedDuration::from_hours(2));

    // Killed at the first query after the first record of how far it is.
    let mut recorded = false;
    acme.world.cloud.fail(move |operation| {
        recorded |= operation.ends_with(".UpdateItem");
        (recorded && operation.ends_with(".Query")).then_some(Fault::Killed)
    });
    let killed = acme.world.cloud.run(Box::pin(sweeper::handle(&acme.sweeper()))).await;
    assert_eq!(killed.map(|_| ()), Err(Killed), "the walk records how far it is");
    acme.world.cloud.stop_failing();
    let walked = tick(&acme).await - nothing_to_check;
    assert!((1..=8).contains(&walked), "{walked} queries");
    assert!(acme.world.cloud.items().iter().all(|item| item["kind"]["S"] != "delivery_check"));
}

fn somebody_elses_message() -> Message {
    Message { body: "{}".to_owned(), group: "another organisation".to_owned(), delay: 0 }
}

#[tokio::test]
async fn a_lost_mail_does_not_wait_for_the_backlog_of_somebody_else() {
    let world = World::new();
    let acme = world.acme(20).await;
    let other = world.organisation(json!({"name": "Other", "seats": 9, "admins": [{"email": ADMIN}]})).await;
    world.drain().await;
    acme.invite("lost@x.example").await;
    world.relay_changes().await;
    let _ = world.cloud.take_messages("mail");
    let _ = other.id;
    world.cloud.put_messages("mail", vec![somebody_elses_message()]);
    world.advance(SignedDuration::from_mins(80));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").requeued, 1);
}

#[tokio::test]
async fn the_mails_of_a_backlog_of_ones_own_keep_their_place_in_it() {
    let acme = World::new().acme(20).await;
    acme.world.drain().await;
    acme.add_crowd(0..1_200, |_, person| person).await;
    schedule_check(&acme).await;
    acme.world.cloud.put_messages("mail", vec![somebody_elses_message()]);
    acme.world.advance(SignedDuration::from_mins(80));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").requeued, 0);
    // Not for ever.
    acme.world.advance(SignedDuration::from_hours(6));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").requeued, 1_200);
}
