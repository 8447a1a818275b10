//! What has to be true at the end of a walk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use serde_json::Value;
use usher_domain::{CapacityRequest, MembershipId, Resource, State};
use usher_store::{Versioned, keys};
use usher_tests::world::{ADMIN, assert_accounted_for, assert_each_row_has_one_result};

use super::faults::Menu;
use super::walk::Walk;

pub(super) async fn assert_told(walk: &Walk) {
    nothing_is_left(walk);
    let people = people(walk).await;
    counters_equal_a_recount(walk, &people).await;
    imports_have_ended(walk).await;
    mails_are_as_promised(walk, &people);
}

/// Whether nothing waits for the clock any more.
pub(super) fn is_settled(walk: &Walk) -> bool {
    let items = walk.acme.world.cloud.items();
    let is_over = |item: &Value| match item["kind"]["S"].as_str() {
        Some("import") => ENDED.contains(&item["status"]["S"].as_str().unwrap_or_default()),
        Some("member") => item["status"]["S"] != "pending" || !has_mail_to_come(item),
        _ => !is_unfinished(walk, item),
    };
    walk.changes.is_empty() && items.iter().all(is_over)
}

/// Without a sweep: whoever is invited was mailed, and what was sent of imports is applied.
pub(super) fn assert_worked_off(walk: &Walk) {
    let now = walk.acme.world.now().as_second();
    for item in walk.acme.world.cloud.items() {
        let is_open =
            item["expires_at"]["N"].as_str().is_some_and(|until| until.parse::<i64>().is_ok_and(|until| until > now));
        let waits = match item["kind"]["S"].as_str() {
            Some("import") => item["status"]["S"] == "applying",
            Some("member") => item["status"]["S"] == "pending" && item["mail_state"]["S"] == "queued" && is_open,
            _ => false,
        };
        assert!(!waits, "its message was lost: {item}");
    }
}

const ENDED: [&str; 3] = ["completed", "cancelled", "failed"];

/// Whether a mail is still to be sent: for the first time, or once more after one doubt.
fn has_mail_to_come(item: &Value) -> bool {
    match item["mail_state"]["S"].as_str() {
        Some("queued") => true,
        Some("unknown") => item["mail_unconfirmed_sends"]["N"] == "1",
        _ => false,
    }
}

/// A reservation, or a lease that somebody holds. The table removes the lease of who was killed by itself.
fn is_unfinished(walk: &Walk, item: &Value) -> bool {
    let sk = item["sk"]["S"].as_str().unwrap_or_default();
    let until = item["lease_until"]["N"].as_str().and_then(|until| until.parse::<i64>().ok());
    sk.starts_with(keys::RESERVATION_PREFIX)
        || until.is_some_and(|until| until > walk.acme.world.now().as_second() || item["ttl"].is_null())
}

async fn people(walk: &Walk) -> Vec<Versioned> {
    let items = walk.acme.world.cloud.items();
    let ids: Vec<MembershipId> =
        items.iter().filter_map(|item| keys::membership_of(item["sk"]["S"].as_str().unwrap_or_default())).collect();
    let found = walk.acme.world.store.memberships(walk.acme.id, &ids).await.expect("the table");
    found.into_values().collect()
}

fn nothing_is_left(walk: &Walk) {
    let items = walk.acme.world.cloud.items();
    assert_eq!(items.iter().find(|item| is_unfinished(walk, item)), None, "a reservation or a lease");
    for queue in ["mail", "apply"] {
        assert_eq!(walk.acme.world.cloud.take_messages(queue), [], "messages for {queue}");
    }
    assert!(walk.changes.is_empty(), "changes that the relay did not see");
}

async fn counters_equal_a_recount(walk: &Walk, people: &[Versioned]) {
    let loaded = walk.acme.world.store.load_organisation(walk.acme.id, None).await.expect("the table").expect("Acme");
    let mut held = CapacityRequest::default();
    for person in people.iter().map(|person| &person.membership).filter(|person| person.holds_capacity()) {
        held.add(&person.entitlements);
    }
    let held: BTreeMap<_, u32> = held.iter().map(|(resource, count)| (resource.clone(), count)).collect();
    for (resource, allowance) in &loaded.capacity.0 {
        let counted = held.get(resource).copied().unwrap_or_default();
        assert_eq!(allowance.used, counted, "{resource:?} in use");
        // A limit may be lowered below what is used: nobody loses a seat.
        let most = if *resource == Resource::Seat { Some(walk.most_seats) } else { allowance.limit };
        assert!(most.is_some_and(|most| allowance.used <= most), "{resource:?} is oversold: {allowance:?}");
    }
    assert!(held.keys().all(|resource| loaded.capacity.0.contains_key(resource)), "{held:?} uncounted");
}

async fn imports_have_ended(walk: &Walk) {
    for id in &walk.imports {
        let import = walk.acme.get(&format!("/imports/{id}")).await.ok();
        match import["status"].as_str() {
            Some("completed") => {
                let _ = assert_each_row_has_one_result(&walk.acme, &import).await;
            }
            // Cancelled after it was sent.
            Some("cancelled") if import["counts"]["cancelled"].as_u64().is_some_and(|rows| rows > 0) => {
                assert_accounted_for(&import);
            }
            Some("cancelled" | "failed") => {}
            _ => panic!("an import has not ended: {import}"),
        }
    }
}

/// Each open invitation was mailed, and no link more often than promised: twice after a doubt, and once without.
fn mails_are_as_promised(walk: &Walk, people: &[Versioned]) {
    let mut sent: BTreeMap<String, u32> = BTreeMap::new();
    let mut mailed = BTreeSet::new();
    for mail in walk.acme.world.cloud.mails() {
        *sent.entry(mail.token()).or_default() += 1;
        mailed.insert(mail.to);
    }
    let doubts = walk.doubts.load(Ordering::SeqCst);
    let most = if walk.menu == Menu::Gentle || doubts == 0 { 1 } else { 2 };
    assert!(sent.values().all(|&times| times <= most), "the same link {:?} times", sent.values().max());
    for person in people.iter().map(|person| &person.membership) {
        let State::Pending { .. } = person.state else { continue };
        let Some(mail) = &person.mail else { continue };
        let state = mail.state.as_str();
        // After two doubts it is not sent again: the person may have both copies.
        let is_given_up = state == "unknown" && mail.unconfirmed_sends == 2;
        assert!(state == "sent" || (is_given_up && doubts >= 2), "a mail is {state}: {mail:?}");
        assert!(state != "sent" || mailed.contains(person.email.as_typed()), "sent, to nobody");
        assert_ne!(person.email.as_typed(), ADMIN);
    }
}
