//! Listing the members of a large organisation.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;
use usher_domain::Membership;
use usher_tests::World;
use usher_tests::world::Acme;

/// Many more than one request may read. `make bench` measures with 200,000.
const CROWD: u32 = 5_000;

/// Every tenth is pending, one in a thousand is deactivated, and the others are active.
fn member(acme: &Acme, n: u32, person: Membership) -> Membership {
    let now = acme.world.now();
    match n % 1_000 {
        n if n.is_multiple_of(10) => person,
        7 => person.accept(now).expect("open").deactivate(now).expect("active"),
        _ => person.accept(now).expect("open"),
    }
}

async fn crowd(people: u32) -> Acme {
    let acme = World::new().acme(10).await;
    acme.add_crowd(0..people, |n, person| member(&acme, n, person)).await;
    acme.world.cloud.meter();
    acme
}

fn queries(acme: &Acme) -> usize {
    acme.world.cloud.take_calls().iter().filter(|call| call.ends_with(".Query")).count()
}

async fn page(acme: &Acme, list: &str, next: &Value) -> Value {
    let next = next.as_str().map_or_else(String::new, |next| format!("&next={next}"));
    acme.get(&format!("{list}{next}")).await.ok()
}

#[tokio::test]
async fn a_page_costs_little_and_whoever_is_asked_for_is_found_once() {
    let acme = crowd(CROWD).await;
    a_page_costs_little(&acme).await;
    each_is_found_once(&acme).await;
}

async fn a_page_costs_little(acme: &Acme) {
    let cloud = &acme.world.cloud;
    for list in [
        "/members?limit=50",
        "/members?limit=500",
        "/members?status=deactivated",
        "/members?status=deactivated&limit=500",
        "/invitations?status=revoked",
        "/invitations?status=pending&limit=500",
        "/invitations?team=smb&status=held",
    ] {
        let mut next = Value::Null;
        for _ in 0..3 {
            let (before, _) = (cloud.read_units(), (cloud.take_calls(), cloud.take_most_at_once()));
            let answer = page(acme, list, &next).await;
            let units = cloud.read_units() - before;
            assert!(units <= 200.0, "{list}: {units} read units");
            // One more reads the organisation and the admin.
            let queries = queries(acme);
            assert!(queries <= 1 + 2 * 8, "{list}: {queries} queries");
            assert_eq!(cloud.take_most_at_once(), 8, "{list}: at the same time");
            next = answer["next"].clone();
            if next.is_null() {
                break;
            }
        }
    }
}

async fn each_is_found_once(acme: &Acme) {
    for (list, wanted, most_pages) in [
        ("/members?status=deactivated&limit=50", CROWD / 1_000, 3),
        ("/invitations?status=pending&limit=500", CROWD / 10, 4),
        // The admin is one of them.
        ("/members?limit=500", CROWD - CROWD / 10 + 1, 12),
    ] {
        let (mut found, mut pages, mut next) = (BTreeSet::new(), 0, Value::Null);
        loop {
            let answer = page(acme, list, &next).await;
            for item in answer["items"].as_array().expect("a list") {
                assert!(found.insert(item["id"].as_str().expect("an id").to_owned()), "{list}: twice");
            }
            pages += 1;
            next = answer["next"].clone();
            if next.is_null() {
                break;
            }
        }
        assert_eq!(u32::try_from(found.len()).ok(), Some(wanted), "{list}");
        assert!(pages <= most_pages, "{list}: {pages} pages");
    }
}

/// The gateway gives up after 30 seconds, and the function before it.
#[tokio::test]
async fn a_slow_table_gives_a_short_page_in_time() {
    let acme = crowd(1_000).await;
    let clock = acme.world.clock.clone();
    let mut queries_seen = 0;
    acme.world.cloud.fail(move |operation| {
        queries_seen += usize::from(operation.ends_with(".Query"));
        if queries_seen == 2 {
            clock.advance(SignedDuration::from_secs(6));
        }
        None
    });
    let _ = queries(&acme);
    let answer = page(&acme, "/members?status=deactivated", &Value::Null).await;
    assert!(answer["next"].is_string(), "{answer}");
    assert_eq!(queries(&acme), 1 + 8);
}
