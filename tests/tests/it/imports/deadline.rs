//! Parts that take longer than a function may run.

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Fault, Killed, Message};
use usher_tests::world::{Acme, assert_each_row_has_one_result, id, people_csv};

const ROWS: u32 = 1_100;

/// An import of one part that was sent, and its message. From here on every request that inserts 25 rows takes a second, and
/// one that looks up to a hundred takes four.
async fn sent() -> (Acme, Value, Message) {
    let acme = World::new().acme(2_000).await;
    acme.world.drain().await;
    let import = acme.plan_import("people.csv", people_csv(ROWS), json!({})).await;
    let parts = acme.send_import_for_parts(&import).await;
    let [part] = parts.as_slice() else { panic!("one part: {parts:?}") };
    let clock = acme.world.clock.clone();
    acme.world.cloud.fail(move |operation| {
        if operation.ends_with("BatchExecuteStatement") {
            clock.advance(SignedDuration::from_secs(1));
        } else if operation.ends_with("BatchGetItem") {
            clock.advance(SignedDuration::from_secs(4));
        }
        None
    });
    (acme, import, part.clone())
}

fn from(message: &Message) -> u64 {
    let job: Value = serde_json::from_str(&message.body).expect("a job");
    job["from"].as_u64().unwrap_or_default()
}

fn part_of(message: &Message) -> u64 {
    let job: Value = serde_json::from_str(&message.body).expect("a job");
    job["part"].as_u64().expect("a number")
}

/// Time for so many batches of 500 rows. Each takes one lookup, then twenty insertions or, if its rows exist, five lookups.
fn batches(count: i64) -> SignedDuration {
    SignedDuration::from_secs(10 + 24 * (count - 1) + 1)
}

async fn assert_done_once(acme: &Acme, import: &Value) {
    acme.world.cloud.stop_failing();
    acme.world.drain().await;
    let done = acme.import(import).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(ROWS)), "{done}");
    let _ = assert_each_row_has_one_result(acme, &done).await;
    assert_eq!(acme.seats().await, (2_000, u64::from(ROWS) + 1, 899));
    assert_eq!(acme.world.cloud.mails().len(), ROWS as usize);
}

#[tokio::test]
async fn a_part_that_runs_out_of_time_continues_where_it_stopped() {
    for time in [1, 2] {
        let (acme, import, part) = sent().await;
        let mut jobs = Vec::new();
        let mut messages = vec![part];
        while let Some(message) = messages.pop() {
            jobs.push((part_of(&message), from(&message)));
            assert_eq!(acme.world.apply_within(batches(time), vec![message]).await, []);
            messages.extend(acme.world.cloud.take_messages("apply"));
        }
        // The last job finishes the import, which takes more time than was left.
        let expected: &[_] =
            if time == 1 { &[(1, 0), (1, 500), (1, 1_000), (0, 0)] } else { &[(1, 0), (1, 1_000), (0, 0)] };
        assert_eq!(jobs, expected, "time for {time} batches");
        assert_done_once(&acme, &import).await;
    }
}

/// Repeated and reordered deliveries create no row twice.
#[tokio::test]
async fn a_continued_part_may_be_delivered_in_any_order() {
    let (acme, import, part) = sent().await;
    for message in [&part, &part] {
        assert_eq!(acme.world.apply_within(batches(1), vec![message.clone()]).await, []);
    }
    let second = acme.world.cloud.take_messages("apply");
    assert_eq!(second.iter().map(from).collect::<Vec<_>>(), [500, 500]);
    assert_eq!(acme.world.apply_within(batches(1), second.clone()).await, []);
    let third = acme.world.cloud.take_messages("apply");
    assert_eq!(third.iter().map(from).collect::<Vec<_>>(), [1_000, 1_000]);
    for message in third.iter().chain(&second).chain([&part]) {
        assert_eq!(acme.world.apply(vec![message.clone()]).await, []);
    }
    assert_done_once(&acme, &import).await;
}

/// A delivery finds a person invited by hand and hands the rest on. Their invitation is revoked, another delivery of the part
/// invites them, and then the first one's continuation completes the part: their seat is used.
#[tokio::test]
async fn a_stale_checkpoint_does_not_give_away_a_seat_that_is_used() {
    let (acme, import, part) = sent().await;
    let by_hand = acme.invite_for_id("p3@x.example").await;
    assert_eq!(acme.world.apply_within(batches(1), vec![part.clone()]).await, []);
    let stale = acme.world.cloud.take_messages("apply");
    assert_eq!(stale.iter().map(from).collect::<Vec<_>>(), [500]);
    let _ = acme.act("invitations", &by_hand, "revoke").await.ok();
    assert_eq!(acme.world.apply_within(batches(2), vec![part]).await, []);
    let newer = acme.world.cloud.take_messages("apply");
    assert_eq!(newer.iter().map(from).collect::<Vec<_>>(), [1_000]);
    let pending = acme.get("/invitations?email=p3@x.example").await.ok()["items"][0]["status"].clone();
    assert_eq!(pending, json!("pending"));
    for message in [stale, newer] {
        assert_eq!(acme.world.apply(message).await, []);
    }
    acme.world.cloud.stop_failing();
    acme.world.drain().await;
    let done = acme.import(&import).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(ROWS)), "{done}");
    let rows = assert_each_row_has_one_result(&acme, &done).await;
    assert_eq!(rows[3].outcome, "created", "{:?}", rows[3]);
    assert_eq!(acme.seats().await, (2_000, u64::from(ROWS) + 1, 899));
}

#[tokio::test]
async fn a_lost_or_damaged_checkpoint_restarts_the_part() {
    for damage in [None, Some(&b"{\"rows\":500}\n"[..]), Some(b"not JSON")] {
        let (acme, import, part) = sent().await;
        let _ = acme.world.apply_within(batches(1), vec![part]).await;
        let rest = acme.world.cloud.take_messages("apply");
        let stored = acme.world.store.import(acme.id, id(&import).parse().expect("an id")).await;
        let folder = stored.expect("the table").expect("the import").plan.expect("a plan").folder;
        let key = format!("{folder}/checkpoint-000001-00500.jsonl");
        assert!(acme.world.cloud.file(&key).is_some(), "{key}");
        match damage {
            Some(bytes) => acme.world.cloud.put_file(&key, bytes),
            None => acme.world.cloud.remove_file(&key),
        }
        assert_eq!(acme.world.apply(rest).await, []);
        assert_done_once(&acme, &import).await;
    }
}

/// A part without time for a single batch is delivered again.
#[tokio::test]
async fn a_part_without_progress_is_not_continued() {
    let (acme, import, part) = sent().await;
    let again = acme.world.apply_within(SignedDuration::from_secs(5), vec![part.clone()]).await;
    assert_eq!(again, [part]);
    assert_eq!(acme.world.cloud.take_messages("apply"), []);
    assert_eq!(acme.world.apply(again).await, []);
    assert_done_once(&acme, &import).await;
}

/// Cancelled between two deliveries: the rows of the first stay, and the rest is not created.
#[tokio::test]
async fn a_continued_part_can_be_cancelled() {
    let (acme, import, part) = sent().await;
    let _ = acme.world.apply_within(batches(1), vec![part]).await;
    let _ = acme.cancel_import(&import).await;
    acme.world.cloud.stop_failing();
    acme.world.drain().await;
    let done = acme.import(&import).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["cancelled"]), (&json!(500), &json!(600)), "{done}");
    let _ = assert_each_row_has_one_result(&acme, &done).await;
    assert_eq!(acme.seats().await, (2_000, 501, 1_499));
}

/// `results.csv` of an import with long rows is written by several deliveries, each of which has too little time for all.
/// A cancelled import whose results take more than one piece, and the message that writes them.
async fn large_results() -> (Acme, Value, Vec<Message>) {
    let acme = World::new().acme(20).await;
    let row = |n: u32| format!("{n:05}{},nobody\n", "x".repeat(995));
    let file = std::iter::once("email,role\n".to_owned()).chain((0..9_500).map(row)).collect::<String>();
    let import = acme.plan_import("people.csv", file.into_bytes(), json!({})).await;
    assert_eq!(import["counts"]["rejected"], 9_500, "{import}");
    let _ = acme.cancel_import(&import).await;
    acme.world.relay_changes().await;
    let messages = acme.world.cloud.take_messages("apply");
    (acme, import, messages)
}

/// The import has finished, and its results have every row once.
async fn assert_results_are_whole(acme: &Acme, import: &Value) {
    let done = acme.import(import).await;
    assert!(done["finished_at"].is_string(), "{done}");
    let folder = acme.import_folder(import).await;
    let results = acme.world.cloud.file(&format!("{folder}/results.csv")).expect("the results");
    let mut reader = csv::Reader::from_reader(results.as_slice());
    let lines: Vec<u64> =
        reader.records().map(|record| record.expect("a record")[0].parse().expect("a line")).collect();
    assert_eq!(lines, (2..9_502).collect::<Vec<u64>>());
}

#[tokio::test]
async fn results_that_take_longer_than_a_delivery_are_continued() {
    let (acme, import, mut messages) = large_results().await;
    // Every piece takes longer than a delivery has.
    let clock = acme.world.clock.clone();
    acme.world.cloud.fail(move |operation| {
        if operation.contains("results.csv") {
            clock.advance(SignedDuration::from_secs(100));
        }
        None
    });
    let mut jobs = Vec::new();
    while let Some(message) = messages.pop() {
        jobs.push((part_of(&message), from(&message)));
        let time = SignedDuration::from_mins(2);
        assert_eq!(acme.world.apply_within(time, vec![message]).await, []);
        messages.extend(acme.world.cloud.take_messages("apply"));
    }
    assert_eq!(jobs, [(0, 0), (0, 1)]);
    assert_results_are_whole(&acme, &import).await;
}

/// The file is whole then, and what it was uploaded with is gone.
#[tokio::test]
async fn a_delivery_killed_right_after_it_completed_the_results_is_made_up_for_by_the_next() {
    let (acme, import, first) = large_results().await;
    let clock = acme.world.clock.clone();
    acme.world.cloud.fail(move |operation| {
        if operation.contains("results.csv") {
            clock.advance(SignedDuration::from_secs(100));
        }
        None
    });
    assert_eq!(acme.world.apply_within(SignedDuration::from_mins(2), first).await, []);
    let rest = acme.world.cloud.take_messages("apply");
    let mut is_complete = false;
    acme.world.cloud.fail(move |operation| {
        let dies = is_complete.then_some(Fault::Killed);
        is_complete |= operation.starts_with("POST ");
        dies
    });
    let time = SignedDuration::from_mins(10);
    let killed = acme.world.cloud.run(Box::pin(acme.world.apply_within(time, rest.clone()))).await;
    assert_eq!(killed, Err(Killed));
    acme.world.cloud.stop_failing();
    assert!(acme.import(&import).await["finished_at"].is_null());
    assert_eq!(acme.world.apply_within(time, rest).await, []);
    assert_results_are_whole(&acme, &import).await;
}
