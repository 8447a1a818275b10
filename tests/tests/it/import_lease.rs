//! Deliveries of one part that meet: one at a time makes it, and what an admin does meanwhile counts from the next batch on.

use std::future::Future;
use std::pin::pin;

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Fault, Message};
use usher_tests::world::Acme;

use crate::import::{id, plan};
use crate::import_results::assert_every_row_is_there_once;

const ROWS: u32 = 1_100;

/// An import of one part that was sent, and its message.
async fn sent() -> (Acme, Value, Message) {
    let acme = World::new().acme(2_000).await;
    acme.world.settle().await;
    let rows = (0..ROWS).map(|row| format!("p{row}@x.example,sales_rep,SMB\n"));
    let file = format!("email,role,team\n{}", rows.collect::<String>());
    let import = plan(&acme, "people.csv", file.into_bytes(), json!({})).await;
    let _ = acme.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await.ok();
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    let [part] = parts.as_slice() else { panic!("one part: {parts:?}") };
    (acme, import, part.clone())
}

/// Lets a delivery get into its first batch, where some of the rows are there, and holds it up behind one of its calls.
async fn held_up(acme: &Acme, delivery: impl Future<Output = Vec<Message>> + Unpin) {
    // The lease and the watch are written before the first row.
    let rows = acme.world.cloud.writes() + 3;
    let some_rows = async {
        while acme.world.cloud.writes() < rows {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        again = delivery => panic!("it came to its end: {again:?}"),
        () = some_rows => {}
    }
}

/// One delivery, and, while it is held up, `meanwhile` and then the same message again. Says what came back of each.
async fn met(acme: &Acme, part: &Message, meanwhile: impl Future<Output = ()>) -> [Vec<Message>; 2] {
    let mut first = pin!(acme.world.apply(vec![part.clone()]));
    held_up(acme, first.as_mut()).await;
    meanwhile.await;
    let second = acme.world.apply(vec![part.clone()]).await;
    [first.await, second]
}

/// Every row has one outcome, and each person who is there has one place.
async fn assert_exact(acme: &Acme, import: &Value) -> Value {
    acme.world.settle().await;
    let done = acme.get(&format!("/imports/{}", id(import))).await.ok();
    let _ = assert_every_row_is_there_once(acme, &done).await;
    let people = acme.world.cloud.items();
    let people = people.iter().filter(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("MEMBER#")));
    let people = people.count() as u64;
    let created = done["counts"]["created"].as_u64().expect("a count");
    assert_eq!((created + 1, acme.seats().await), (people, (2_000, people, 2_000 - people)), "{done}");
    done
}

async fn cancel(acme: &Acme, import: &Value) {
    let _ = acme.post(&format!("/imports/{}/cancel", id(import)), json!({})).await.ok();
}

#[tokio::test]
async fn of_two_deliveries_at_once_one_makes_the_part_and_the_other_comes_again() {
    let (acme, import, part) = sent().await;
    let [first, second] = met(&acme, &part, async {}).await;
    assert_eq!((first, second.as_slice()), (Vec::new(), &[part][..]));
    assert_eq!(acme.world.apply(second).await, []);
    let done = assert_exact(&acme, &import).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(ROWS)));
}

#[tokio::test]
async fn a_cancel_between_two_deliveries_at_once_leaves_nobody_without_a_place() {
    let (acme, import, part) = sent().await;
    let [first, second] = met(&acme, &part, cancel(&acme, &import)).await;
    assert_eq!((first, second.as_slice()), (Vec::new(), &[part][..]));
    assert_eq!(acme.world.apply(second).await, []);
    let done = assert_exact(&acme, &import).await;
    // The batch that was begun is made to its end.
    assert_eq!((&done["counts"]["created"], &done["counts"]["cancelled"]), (&json!(500), &json!(600)), "{done}");
}

#[tokio::test]
async fn a_team_deleted_between_two_deliveries_at_once_leaves_nobody_without_a_place() {
    let (acme, import, part) = sent().await;
    let delete = async {
        let items = acme.world.cloud.items();
        let team = items.iter().find(|item| item["name"]["S"] == "SMB").expect("a team");
        acme.world.cloud.remove_item(team);
    };
    let [first, second] = met(&acme, &part, delete).await;
    assert_eq!((first, second.as_slice()), (Vec::new(), &[part][..]));
    assert_eq!(acme.world.apply(second).await, []);
    let _ = assert_exact(&acme, &import).await;
}

/// A delivery that is cut off leaves its lease behind, which runs out.
#[tokio::test]
async fn a_delivery_that_was_cut_off_keeps_others_away_until_its_lease_is_over() {
    let (acme, import, part) = sent().await;
    held_up(&acme, pin!(acme.world.apply_within(SignedDuration::from_mins(2), vec![part.clone()]))).await;
    cancel(&acme, &import).await;
    let again = acme.world.apply(vec![part.clone()]).await;
    assert_eq!(again, [part], "its last request may still be on its way");
    acme.world.advance(SignedDuration::from_mins(3));
    assert_eq!(acme.world.apply(again).await, []);
    let done = assert_exact(&acme, &import).await;
    let made = done["counts"]["created"].as_u64().expect("a count");
    assert!(0 < made && made <= 500, "{done}");
}

/// The table refuses the second batch: what is made is written down, and the rest comes later.
#[tokio::test]
async fn a_table_that_is_asked_for_too_much_does_not_cost_what_is_made() {
    let (acme, import, part) = sent().await;
    let mut puts = 0;
    // One for the lease, then one at the beginning of each batch.
    acme.world.cloud.fail(move |operation| {
        puts += usize::from(operation.ends_with(".PutItem"));
        (puts > 2 && operation.ends_with(".PutItem")).then_some(Fault::Throttled)
    });
    assert_eq!(acme.world.apply(vec![part]).await, []);
    acme.world.cloud.mend();
    let rest = acme.world.cloud.take_messages("apply");
    let [rest] = rest.as_slice() else { panic!("the rest: {rest:?}") };
    assert!(rest.body.contains("\"from\":500") && rest.delay > 0, "{rest:?}");
    assert_eq!(acme.world.apply(vec![rest.clone()]).await, []);
    let done = assert_exact(&acme, &import).await;
    assert_eq!(done["counts"]["created"], json!(ROWS));
}
