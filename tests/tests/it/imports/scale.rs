//! Many rows: the same file again, overlapping files, parts that are interrupted, throttled and delivered twice.

use std::collections::HashMap;

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Fault, Message};
use usher_tests::world::{Acme, assert_each_row_has_one_result};

/// Two parts.
const ROWS: u32 = 6_000;

fn address(person: u32) -> String {
    format!("person{person}@company.example")
}

/// A file of these people.
fn file(people: std::ops::Range<u32>) -> Vec<u8> {
    let rows = people.map(|person| format!("{},Person {person},sales_rep\n", address(person)));
    std::iter::once("email,name,role\n".to_owned()).chain(rows).collect::<String>().into_bytes()
}

async fn start(acme: &Acme, import: &Value) {
    let started = acme.send_import(import).await;
    assert_eq!(started["status"], "applying", "{started}");
}

/// Checks that the import is completed and accounts for every row; returns how many people it created.
async fn created(acme: &Acme, import: &Value) -> u64 {
    let done = acme.import(import).await;
    assert_eq!((&done["status"], &done["rows"]), (&json!("completed"), &json!(ROWS)), "{done}");
    let _ = assert_each_row_has_one_result(acme, &done).await;
    done["counts"]["created"].as_u64().expect("a number")
}

/// Each of these people is stored once and mailed once, and nobody else is.
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

/// Passes parts to two workers at a time, which take turns at every call. Returns those that failed.
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
    // Both are planned before either is sent, so both plans contain everybody.
    let first = acme.plan_import("a.csv", file(0..ROWS), json!({})).await;
    let second = acme.plan_import("b.csv", file(0..ROWS), json!({})).await;
    for import in [&first, &second] {
        assert_eq!(import["counts"]["valid"], ROWS, "{import}");
        start(&acme, import).await;
    }
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(apply_in_pairs(&acme.world, parts).await, []);
    acme.world.drain().await;
    assert_eq!(created(&acme, &first).await + created(&acme, &second).await, u64::from(ROWS));

    let third = acme.plan_import("c.csv", file(0..ROWS), json!({})).await;
    assert_eq!((&third["counts"]["valid"], &third["counts"]["already_invited"]), (&json!(0), &json!(ROWS)), "{third}");
    start(&acme, &third).await;
    acme.world.drain().await;
    assert_eq!(created(&acme, &third).await, 0);
    assert_each_once(&acme, ROWS, seats).await;
}

/// Failures at regular intervals: some calls are throttled, some lose their answer, and sometimes so many fail in a row
/// that the SDK gives up and the parts are interrupted.
fn failures() -> impl FnMut(&str) -> Option<Fault> {
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
async fn two_large_overlapping_files_invite_each_person_once_despite_failures() {
    let seats = 2 * ROWS + 1;
    let people = ROWS + ROWS / 2;
    let acme = World::new().acme(seats).await;
    let first = acme.plan_import("a.csv", file(0..ROWS), json!({})).await;
    let second = acme.plan_import("b.csv", file(ROWS / 2..people), json!({})).await;
    for import in [&first, &second] {
        start(&acme, import).await;
    }
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(parts.len(), 4, "two parts each");
    // Interleaved, every part twice, the last part of the second file first.
    let mut parts: Vec<Message> = [3, 0, 2, 1, 0, 3, 1, 2].map(|part| parts[part].clone()).to_vec();
    let mut interrupted = 0;
    acme.world.cloud.fail(failures());
    for round in 0.. {
        assert!(round < 50, "it does not end after 50 rounds");
        if round == 8 {
            // The failures stop, and the rest completes.
            acme.world.cloud.stop_failing();
        }
        parts = apply_in_pairs(&acme.world, parts).await;
        interrupted += parts.len();
        // Continued parts follow, and retries start after the previous delivery ends.
        parts.extend(acme.world.cloud.take_messages("apply"));
        acme.world.advance(SignedDuration::from_mins(10));
        if parts.is_empty() {
            break;
        }
    }
    acme.world.cloud.stop_failing();
    assert!(interrupted >= 4, "only {interrupted} parts were interrupted");
    acme.world.drain().await;
    assert_eq!(created(&acme, &first).await + created(&acme, &second).await, u64::from(people));
    assert_each_once(&acme, people, seats).await;
}
