//! Cancelling an import.

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::world::{assert_accounted_for, id, people_csv};

#[tokio::test]
async fn a_cancelled_import_keeps_what_is_done_and_frees_the_rest() {
    let acme = World::new().acme(20_000).await;
    let file = people_csv(12_000);
    let import = acme.plan_import("big.csv", file, json!({})).await;
    assert_eq!(import["counts"]["valid"], 12_000, "{import}");
    let _ = acme.send_import(&import).await;
    assert_eq!(acme.seats().await, (20_000, 12_001, 7_999));
    acme.world.relay_changes().await;
    let mut parts = acme.world.cloud.take_messages("apply");
    assert_eq!(parts.len(), 3);
    let rest = parts.split_off(1);
    acme.world.apply(parts).await;
    let _ = acme.cancel_import(&import).await;
    acme.world.apply(rest).await;
    let done = acme.import(&import).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("cancelled"), &json!(5_000)), "{done}");
    assert_accounted_for(&done);
    assert_eq!(acme.seats().await, (20_000, 5_001, 14_999));
}

#[tokio::test]
async fn an_import_that_is_cancelled_has_a_result_for_every_row_and_ends_once() {
    let acme = World::new().acme(20).await;
    let file = b"email,role\na@x.example,sales_rep\nb@x.example,nobody\nc@x.example,sales_rep\n".to_vec();
    let unsent = acme.plan_import("unsent.csv", file.clone(), json!({})).await;
    let path = |import: &Value, rest: &str| format!("/imports/{}{rest}", id(import));
    let cancelled = acme.post(&path(&unsent, "/cancel"), json!({})).await.ok();
    assert_eq!((&cancelled["status"], &cancelled["finished_at"]), (&json!("cancelled"), &Value::Null));
    acme.world.drain().await;
    let done = acme.get(&path(&unsent, "")).await.ok();
    // Nothing was reserved, so nothing is released.
    assert_eq!(acme.seats().await, (20, 1, 19));
    assert!(done["finished_at"].is_string(), "{done}");
    let lines = acme.results(&done).await;
    let outcomes: Vec<_> = lines.iter().map(|line| line.outcome.as_str()).collect();
    assert_eq!(outcomes, ["cancelled", "rejected", "cancelled"]);
    // If the message is lost, the sweeper finishes the import.
    let lost = acme.plan_import("lost.csv", file, json!({})).await;
    let _ = acme.post(&path(&lost, "/cancel"), json!({})).await.ok();
    acme.world.relay_changes().await;
    let _ = acme.world.cloud.take_messages("apply");
    acme.world.advance(SignedDuration::from_mins(20));
    let _ = sweeper::handle(&acme.sweeper()).await.expect("swept");
    acme.world.drain().await;
    assert!(acme.get(&path(&lost, "")).await.ok()["finished_at"].is_string());
    assert_eq!((acme.seats().await, acme.results(&lost).await.len()), ((20, 1, 19), 3));
}

/// Files expire before their imports.
#[tokio::test]
async fn an_import_that_is_cancelled_when_its_files_are_gone_ends_without_them() {
    let acme = World::new().acme(20).await;
    let import = acme.plan_import("people.csv", people_csv(3), json!({})).await;
    let folder = acme.import_folder(&import).await;
    for file in ["issues.jsonl", "skipped.jsonl", "part-000001.jsonl"] {
        acme.world.cloud.remove_file(&format!("{folder}/{file}"));
    }
    let _ = acme.cancel_import(&import).await;
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(acme.world.apply(parts.clone()).await, parts, "the files may still arrive on the first day");
    acme.world.advance(SignedDuration::from_hours(31 * 24));
    assert_eq!(acme.world.apply(parts).await, []);
    let done = acme.import(&import).await;
    assert!(done["status"] == "cancelled" && done["finished_at"].is_string(), "{done}");
    let reply = acme.get(&format!("/imports/{}/results.csv", id(&import))).await;
    assert_eq!(reply.refusal().1, "import_files_gone");
}
