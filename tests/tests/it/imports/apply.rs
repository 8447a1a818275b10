//! Applying the parts of an import while calls fail.

use serde_json::json;
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::{assert_accounted_for, assert_each_row_has_one_result, people_csv};

/// Each call of a part fails once, in every way. The part is delivered twice more, and the result is the same as without
/// the failure.
#[tokio::test]
async fn a_part_that_is_interrupted_anywhere_still_completes() {
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 0..14 {
            let acme = World::new().acme(100).await;
            acme.world.drain().await;
            let file = people_csv(60);
            let import = acme.plan_import("people.csv", file, json!({})).await;
            let parts = acme.send_import_for_parts(&import).await;
            let mut seen = 0;
            acme.world.cloud.fail(move |_| {
                seen += 1;
                (failing < seen && seen <= failing + 3).then_some(fault)
            });
            acme.world.apply(parts.clone()).await;
            acme.world.cloud.stop_failing();
            for _ in 0..2 {
                acme.world.apply(parts.clone()).await;
            }
            acme.world.drain().await;
            let done = acme.import(&import).await;
            assert_eq!(
                (&done["status"], &done["counts"]["created"]),
                (&json!("completed"), &json!(60)),
                "{fault:?} {failing}: {done}"
            );
            assert_accounted_for(&done);
            assert_eq!(acme.seats().await, (100, 61, 39), "{fault:?} {failing}");
            assert_eq!(acme.world.cloud.mails().len(), 60, "{fault:?} {failing}");
        }
    }
}

/// Half of every batch is throttled until all rows are written.
#[tokio::test]
async fn a_table_that_throttles_half_of_each_batch_gets_every_row() {
    let acme = World::new().acme(700).await;
    acme.world.drain().await;
    let import = acme.plan_import("people.csv", people_csv(300), json!({})).await;
    let again = acme.plan_import("again.csv", people_csv(310), json!({})).await;
    for import in [&import, &again] {
        let parts = acme.send_import_for_parts(import).await;
        let mut calls = 0;
        acme.world.cloud.fail(move |operation| {
            calls += 1;
            // Not always, because a batch of one row would never succeed.
            let fault = if calls % 7 == 0 { Fault::Throttled } else { Fault::Partly };
            (operation.contains("Batch") && calls % 4 != 0).then_some(fault)
        });
        assert_eq!(acme.world.apply(parts).await, []);
        acme.world.cloud.stop_failing();
        acme.world.drain().await;
        let done = acme.import(import).await;
        assert_eq!(done["status"], "completed", "{done}");
        let _ = assert_each_row_has_one_result(&acme, &done).await;
    }
    assert_eq!(acme.seats().await, (700, 311, 389));
    assert_eq!(acme.world.cloud.mails().len(), 310);
}

/// Each call of a part and of the end fails once, in every way: every row still has its outcome.
#[tokio::test]
async fn an_import_interrupted_anywhere_accounts_for_every_row() {
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 4..24 {
            let acme = World::new().acme(100).await;
            let mut file = people_csv(12);
            file.extend_from_slice(b"p3@x.example,sales_rep\nnobody,sales_rep\n");
            let import = acme.plan_import("people.csv", file, json!({})).await;
            let parts = acme.send_import_for_parts(&import).await;
            let mut seen = 0;
            acme.world.cloud.fail(move |_| {
                seen += 1;
                (failing < seen && seen <= failing + 3).then_some(fault)
            });
            let _ = acme.world.apply(parts.clone()).await;
            acme.world.cloud.stop_failing();
            for _ in 0..2 {
                assert_eq!(acme.world.apply(parts.clone()).await, []);
            }
            let done = acme.import(&import).await;
            assert_eq!(
                (&done["status"], &done["counts"]["created"]),
                (&json!("completed"), &json!(12)),
                "{fault:?} {failing}"
            );
            let _ = assert_each_row_has_one_result(&acme, &done).await;
        }
    }
}

/// A duplicate costs as much as a row, so a part that is delivered again looks its rows up.
#[tokio::test]
async fn a_part_that_is_delivered_again_does_not_insert_its_rows_again() {
    let acme = World::new().acme(3_000).await;
    acme.world.drain().await;
    let import = acme.plan_import("people.csv", people_csv(2_000), json!({})).await;
    let parts = acme.send_import_for_parts(&import).await;
    acme.world.cloud.fail(|operation| operation.ends_with("TransactWriteItems").then_some(Fault::Before));
    assert_eq!(acme.world.apply(parts.clone()).await, parts, "created, and not completed");
    acme.world.cloud.stop_failing();
    let _ = acme.world.cloud.take_calls();
    assert_eq!(acme.world.apply(parts).await, []);
    let calls = acme.world.cloud.take_calls();
    assert!(!calls.iter().any(|call| call.ends_with("BatchExecuteStatement")), "it inserted rows again");
    acme.world.drain().await;
    let done = acme.import(&import).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(2_000)), "{done}");
    assert_eq!(acme.seats().await, (3_000, 2_001, 999));
}
