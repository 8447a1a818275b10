//! Many rows at once: the same file again, files that overlap, parts that are cut off, throttled and delivered twice.

use std::collections::HashMap;

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Fault, Message};
use usher_tests::world::Acme;

use crate::import::{id, plan};
use crate::import_results::assert_every_row_is_there_once;

const ROWS: u32 = 10_000;

fn address(person: u32) -> String {
    format!("person{person}@company.example")
}

/// A file of these people.
fn file(people: std::ops::Range<u32>) -> Vec<u8> {
    let rows = people.map(|person| format!("{},Person {person},sales_rep\n", address(person)));
    std::iter::once("email,name,role\n".to_owned()).chain(rows).collect::<String>().into_bytes()
}

async fn start(acme: &Acme, import: &Value) {
    let started = acme.post(&format!("/imports/{}/send", id(import)), json!({"digest": import["digest"]})).await.ok();
    assert_eq!(started["status"], "applying", "{started}");
}

/// The import at its end, every row of it accounted for by name; how many people it made.
async fn created(acme: &Acme, import: &Value) -> u64 {
    let done = acme.get(&format!("/imports/{}", id(import))).await.ok();
    assert_eq!((&done["status"], &done["rows"]), (&json!("completed"), &json!(ROWS)), "{done}");
    let _ = assert_every_row_is_there_once(acme, &done).await;
    done["counts"]["created"].as_u64().expect("a number")
}

/// Each of these people is there once, was mailed once, and nobody else was.
async fn assert_each_once(acme: &Acme, people: u32, seats: u32) {
    let mut mails: HashMap<String, u32> = HashMap::new();
    for mail in acme.world.cloud.mails() {
        *mails.entry(mail.to).or_default() += 1;
    }
    for person in 0..people {
        assert_eq!(mails.remove(&address(person)), Some(1), "mails to person {person}");
    }
    assert!(mails.values().sum::<u32>() <= 1, "others were mailed than these and the admin");
    let items = acme.world.cloud.items();
    let members = items.iter().filter(|item| item["kind"]["S"] == "member").count();
    assert_eq!(members, people as usize + 1, "the people, and the admin");
    let (limit, used) = (u64::from(seats), u64::from(people) + 1);
    assert_eq!(acme.seats().await, (limit, used, limit - used));
}

/// Hands parts to two workers at a time, who take turns at every call. Those that failed are returned.
async fn apply_in_pairs(world: &World, parts: Vec<Message>) -> Vec<Message> {
    let mut again = Vec::new();
    let mut parts = parts.into_iter();
    while let Some(one) = parts.next() {
        let (first, second) = tokio::join!(world.apply(vec![one]), world.apply(parts.next().into_iter().collect()));
        again.extend(first);
        again.extend(second);
    }
    again
}

#[tokio::test]
async fn a_large_file_uploaded_three_times_invites_and_mails_each_person_once() {
    let seats = 2 * ROWS + 1;
    let acme = World::new().acme(seats).await;
    // Two of them are read before either is sent, so both plans mean to invite everybody.
    let first = plan(&acme, "a.csv", file(0..ROWS), json!({})).await;
    let second = plan(&acme, "b.csv", file(0..ROWS), json!({})).await;
    for import in [&first, &second] {
        assert_eq!(import["counts"]["valid"], ROWS, "{import}");
        start(&acme, import).await;
    }
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(apply_in_pairs(&acme.world, parts).await, []);
    acme.world.settle().await;
    assert_eq!(created(&acme, &first).await + created(&acme, &second).await, u64::from(ROWS));

    let third = plan(&acme, "c.csv", file(0..ROWS), json!({})).await;
    assert_eq!((&third["counts"]["valid"], &third["counts"]["already_invited"]), (&json!(0), &json!(ROWS)), "{third}");
    start(&acme, &third).await;
    acme.world.settle().await;
    assert_eq!(created(&acme, &third).await, 0);
    assert_each_once(&acme, ROWS, seats).await;
}

/// Every so many calls something goes wrong: one is throttled, one takes effect and its answer is lost, and now and then
/// so many in a row fail that the SDK gives up all that are under way, which cuts the parts off where they are.
fn trouble() -> impl FnMut(&str) -> Option<Fault> {
    let mut calls = 0;
    move |_| {
        calls += 1;
        match (calls % 97, calls % 400) {
            (_, 300..360) => Some(Fault::Before),
            (13 | 57, _) => Some(Fault::Throttled),
            (29, _) => Some(Fault::After),
            _ => None,
        }
    }
}

#[tokio::test]
async fn two_large_files_that_overlap_make_each_person_once_through_all_kinds_of_trouble() {
    let seats = 2 * ROWS + 1;
    let people = ROWS + ROWS / 2;
    let acme = World::new().acme(seats).await;
    let first = plan(&acme, "a.csv", file(0..ROWS), json!({})).await;
    let second = plan(&acme, "b.csv", file(ROWS / 2..people), json!({})).await;
    for import in [&first, &second] {
        start(&acme, import).await;
    }
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(parts.len(), 4, "two parts each");
    // In turns, every part twice, the second file's last part first.
    let mut parts: Vec<Message> = [3, 0, 2, 1, 0, 3, 1, 2].map(|part| parts[part].clone()).to_vec();
    let mut cut_off = 0;
    acme.world.cloud.fail(trouble());
    for round in 0.. {
        assert!(round < 50, "it never comes to an end");
        if round == 8 {
            // Trouble ends some day, and what is left then comes to its end.
            acme.world.cloud.mend();
        }
        parts = apply_in_pairs(&acme.world, parts).await;
        cut_off += parts.len();
        // What was handed on comes as well, and what comes again does so when the delivery before it is over.
        parts.extend(acme.world.cloud.take_messages("apply"));
        acme.world.advance(jiff::SignedDuration::from_mins(10));
        if parts.is_empty() {
            break;
        }
    }
    acme.world.cloud.mend();
    assert!(cut_off >= 4, "only {cut_off} parts were cut off");
    acme.world.settle().await;
    assert_eq!(created(&acme, &first).await + created(&acme, &second).await, u64::from(people));
    assert_each_once(&acme, people, seats).await;
}
