//! Two deliveries of one part: only one of them works on it.

use std::future::Future;
use std::pin::pin;

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Fault, Message};
use usher_tests::world::{Acme, assert_each_row_has_one_result};

const ROWS: u32 = 1_100;

/// An import of one part that was sent, and its message.
async fn sent() -> (Acme, Value, Message) {
    let acme = World::new().acme(2_000).await;
    acme.world.drain().await;
    let rows = (0..ROWS).map(|row| format!("p{row}@x.example,sales_rep,SMB\n"));
    let file = format!("email,role,team\n{}", rows.collect::<String>());
    let import = acme.plan_import("people.csv", file.into_bytes(), json!({})).await;
    let parts = acme.send_import_for_parts(&import).await;
    let [part] = parts.as_slice() else { panic!("one part: {parts:?}") };
    (acme, import, part.clone())
}

/// Runs a delivery until some rows of its first batch are written, and pauses it behind one of its calls.
async fn pause_in_first_batch(acme: &Acme, delivery: impl Future<Output = Vec<Message>> + Unpin) {
    // The lease and the reservation come before the first row.
    let rows = acme.world.cloud.writes() + 3;
    let some_rows = async {
        while acme.world.cloud.writes() < rows {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        again = delivery => panic!("it completed: {again:?}"),
        () = some_rows => {}
    }
}

/// Pauses one delivery, runs `meanwhile`, and delivers the same message again. Returns what failed of each.
async fn deliver_twice(acme: &Acme, part: &Message, meanwhile: impl Future<Output = ()>) -> [Vec<Message>; 2] {
    let mut first = pin!(acme.world.apply(vec![part.clone()]));
    pause_in_first_batch(acme, first.as_mut()).await;
    meanwhile.await;
    let second = acme.world.apply(vec![part.clone()]).await;
    [first.await, second]
}

/// Every row has one outcome, and each person has one seat.
async fn assert_consistent(acme: &Acme, import: &Value) -> Value {
    acme.world.drain().await;
    let done = acme.import(import).await;
    let _ = assert_each_row_has_one_result(acme, &done).await;
    let people = acme.world.cloud.items();
    let people = people.iter().filter(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("MEMBER#")));
    let people = people.count() as u64;
    let created = done["counts"]["created"].as_u64().expect("a count");
    assert_eq!((created + 1, acme.seats().await), (people, (2_000, people, 2_000 - people)), "{done}");
    done
}

async fn cancel(acme: &Acme, import: &Value) {
    let _ = acme.cancel_import(import).await;
}

#[tokio::test]
async fn of_two_concurrent_deliveries_one_applies_the_part_and_one_is_retried() {
    let (acme, import, part) = sent().await;
    let [first, second] = deliver_twice(&acme, &part, async {}).await;
    assert_eq!((first, second.as_slice()), (Vec::new(), &[part][..]));
    assert_eq!(acme.world.apply(second).await, []);
    let done = assert_consistent(&acme, &import).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(ROWS)));
}

#[tokio::test]
async fn a_cancel_between_two_deliveries_leaves_nobody_without_a_seat() {
    let (acme, import, part) = sent().await;
    let [first, second] = deliver_twice(&acme, &part, cancel(&acme, &import)).await;
    assert_eq!((first, second.as_slice()), (Vec::new(), &[part][..]));
    assert_eq!(acme.world.apply(second).await, []);
    let done = assert_consistent(&acme, &import).await;
    // The batch that was started is completed.
    assert_eq!((&done["counts"]["created"], &done["counts"]["cancelled"]), (&json!(500), &json!(600)), "{done}");
}

#[tokio::test]
async fn a_team_deleted_between_two_deliveries_leaves_nobody_without_a_seat() {
    let (acme, import, part) = sent().await;
    let delete = async {
        let items = acme.world.cloud.items();
        let team = items.iter().find(|item| item["name"]["S"] == "SMB").expect("a team");
        acme.world.cloud.remove_item(team);
    };
    let [first, second] = deliver_twice(&acme, &part, delete).await;
    assert_eq!((first, second.as_slice()), (Vec::new(), &[part][..]));
    assert_eq!(acme.world.apply(second).await, []);
    let _ = assert_consistent(&acme, &import).await;
}

/// An interrupted delivery leaves its lease behind, which runs out.
#[tokio::test]
async fn an_interrupted_delivery_blocks_others_until_its_lease_ends() {
    let (acme, import, part) = sent().await;
    pause_in_first_batch(&acme, pin!(acme.world.apply_within(SignedDuration::from_mins(2), vec![part.clone()]))).await;
    {
        let _ = acme.cancel_import(&import).await;
    };
    let again = acme.world.apply(vec![part.clone()]).await;
    assert_eq!(again, [part], "its last request may still be on its way");
    acme.world.advance(SignedDuration::from_mins(3));
    assert_eq!(acme.world.apply(again).await, []);
    let done = assert_consistent(&acme, &import).await;
    let made = done["counts"]["created"].as_u64().expect("a count");
    assert!(0 < made && made <= 500, "{done}");
}

/// The table throttles the second batch: the created rows are recorded, and the rest follows later.
#[tokio::test]
async fn a_throttled_table_does_not_lose_the_rows_already_created() {
    let (acme, import, part) = sent().await;
    let mut puts = 0;
    // One put for the lease, then one at the start of each batch.
    acme.world.cloud.fail(move |operation| {
        puts += usize::from(operation.ends_with(".PutItem"));
        (puts > 2 && operation.ends_with(".PutItem")).then_some(Fault::Throttled)
    });
    assert_eq!(acme.world.apply(vec![part]).await, []);
    acme.world.cloud.stop_failing();
    let rest = acme.world.cloud.take_messages("apply");
    let [rest] = rest.as_slice() else { panic!("the rest: {rest:?}") };
    assert!(rest.body.contains("\"from\":500") && rest.delay > 0, "{rest:?}");
    assert_eq!(acme.world.apply(vec![rest.clone()]).await, []);
    let done = assert_consistent(&acme, &import).await;
    assert_eq!(done["counts"]["created"], json!(ROWS));
}
