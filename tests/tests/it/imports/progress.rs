//! The progress of planning, and cancelling it.

use serde_json::json;
use usher_domain::ImportId;
use usher_store::{Import, ImportStatus};
use usher_tests::World;
use usher_tests::world::{Acme, people_csv};

/// The import while it is being planned and shows progress in bytes.
async fn progress(acme: &Acme, import: ImportId) -> Option<Import> {
    let found = acme.world.store.import(acme.id, import).await.expect("the table").expect("the import");
    (found.status == ImportStatus::Planning && found.reading.is_some_and(|reading| reading.bytes > 0)).then_some(found)
}

#[tokio::test]
async fn planning_shows_its_progress_and_stops_when_cancelled() {
    let acme = World::new().acme(20).await;
    let announced = acme.announce_import("people.csv", json!({})).await;
    let file = people_csv(20_000);
    let bytes = file.len();
    let key = format!("uploads/{}/{announced}/people.csv", acme.id);
    acme.world.cloud.put_file(&key, file);
    let bulk = usher_app::import::ImportPlanning { progress_bytes: 1, ..acme.world.bulk_import() };
    let import: ImportId = announced.parse().expect("an id");
    let reader = acme.world.file_arrived_at(&bulk, &key, "v1");
    let admin = async {
        loop {
            if let Some(found) = progress(&acme, import).await {
                let shown = acme.get(&format!("/imports/{announced}")).await.ok();
                assert!(acme.world.store.cancel_import(&found, acme.world.now()).await.expect("the table"), "too late");
                return shown;
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), shown) = tokio::join!(reader, admin);
    let progress = &shown["progress"];
    assert_eq!((&progress["unit"], &progress["total"]), (&json!("bytes"), &json!(bytes)), "{shown}");
    assert!(progress["done"].as_u64().is_some_and(|done| done > 0 && done < bytes as u64), "{shown}");
    assert!(progress["eta"].is_string() && progress["bytes_per_second"].is_u64(), "{shown}");
    let after = acme.get(&format!("/imports/{announced}")).await.ok();
    assert_eq!(
        (&after["status"], &after["counts"], &after["progress"]),
        (&json!("cancelled"), &json!(null), &json!(null))
    );
    let calls = acme.world.cloud.take_calls();
    let written = calls.iter().filter(|call| call.starts_with("PUT ") && call.contains("/part-")).count();
    assert!(written < 4, "{written} parts of 4 were written after all");
    assert!(!calls.iter().any(|call| call.contains("failed.csv")), "it went on to the end");
}
