//! The index of what is due, which all organisations write to.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;
use usher_domain::id::ReservationId;
use usher_domain::{CapacityRequest, Resource};
use usher_store::Reservation;
use usher_tests::World;

/// How many entries each partition of the index holds, of the items that are chosen.
fn partitions(world: &World, chosen: impl Fn(&Value) -> bool) -> BTreeMap<String, usize> {
    let mut partitions = BTreeMap::new();
    for item in world.cloud.items().iter().filter(|item| chosen(item)) {
        if let Some(partition) = item["due_pk"]["S"].as_str() {
            *partitions.entry(partition.to_owned()).or_default() += 1;
        }
    }
    partitions
}

fn is_member(item: &Value) -> bool {
    item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("MEMBER#"))
}

/// The table takes 1,000 writes a second of one partition, and 8,000 of one organisation, whose people are in eight.
#[tokio::test]
async fn an_import_at_full_speed_leaves_others_most_of_each_partition() {
    let acme = World::new().acme(20).await;
    acme.add_crowd(0..1_000, |_, person| person).await;
    let (most, all) =
        partitions(&acme.world, is_member).into_values().fold((0, 0), |(most, all), n| (n.max(most), all + n));
    let writes_a_second = 8_000 * most / all;
    assert!(writes_a_second < 500, "{writes_a_second} of 1,000 writes a second");
}

/// Otherwise a reservation is found only behind everybody who expires.
#[tokio::test]
async fn what_is_cheap_is_due_in_partitions_of_its_own() {
    let acme = World::new().acme(20).await;
    acme.add_crowd(0..200, |_, person| person).await;
    let needed: CapacityRequest = [(Resource::Seat, 1)].into_iter().collect();
    let reservation = Reservation { id: ReservationId::derived(&[b"cut off"]), needed, members: Vec::new() };
    acme.world.store.reserve(acme.id, &reservation, acme.world.now()).await.expect("free");
    let day_and_kind = |partitions: BTreeMap<String, usize>| -> Vec<String> {
        let mut kinds: Vec<_> =
            partitions.into_keys().map(|key| key.split('#').next().unwrap_or("").to_owned()).collect();
        kinds.dedup();
        kinds
    };
    let expiries = day_and_kind(partitions(&acme.world, is_member));
    let duties = day_and_kind(partitions(&acme.world, |item| !is_member(item)));
    assert_eq!((expiries.len(), duties.len()), (1, 1));
    assert_ne!(expiries, duties);
}

#[tokio::test]
async fn a_first_sweep_looks_back() {
    let acme = World::new().acme(20).await;
    let items = acme.world.cloud.items();
    acme.world.cloud.remove_item(items.iter().find(|item| item["pk"]["S"] == "SWEEP").expect("a record"));
    acme.invite("a@x.example").await;
    acme.world.advance(SignedDuration::from_hours(24 * 27));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").expired, 1);
}
