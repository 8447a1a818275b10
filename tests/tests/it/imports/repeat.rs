//! The same file again, and the same people in two files.

use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::world::{assert_accounted_for, assert_each_row_has_one_result, sample};

#[tokio::test]
async fn a_file_uploaded_three_times_invites_and_mails_each_person_once() {
    let acme = World::new().acme(20).await;
    acme.world.drain().await;
    let before = acme.world.cloud.mails().len();
    for round in 0..3 {
        let import = acme.plan_import("standard.csv", sample("standard.csv"), json!({})).await;
        assert_eq!(import["counts"]["valid"], if round == 0 { 3 } else { 0 }, "{import}");
        let done = acme.complete_import(&import).await;
        assert_eq!(done["status"], "completed", "{done}");
        assert_accounted_for(&done);
        acme.world.advance(SignedDuration::from_mins(1));
    }
    assert_eq!(acme.seats().await, (20, 4, 16));
    assert_eq!(acme.world.cloud.mails().len(), before + 3);
}

#[tokio::test]
async fn two_files_of_the_same_people_at_once_invite_each_person_once() {
    let acme = World::new().acme(20).await;
    acme.world.drain().await;
    let first = acme.plan_import("a.csv", sample("standard.csv"), json!({})).await;
    let second = acme.plan_import("b.csv", sample("standard.csv"), json!({})).await;
    assert_eq!(first["counts"]["valid"], second["counts"]["valid"]);
    for import in [&first, &second] {
        let _ = acme.send_import(import).await;
    }
    assert_eq!(acme.seats().await, (20, 7, 13));
    acme.world.drain().await;
    for import in [&first, &second] {
        let done = acme.import(import).await;
        assert_eq!(done["status"], "completed");
        assert_accounted_for(&done);
    }
    assert_eq!(acme.seats().await, (20, 4, 16));
    assert_eq!(acme.world.cloud.mails().len(), 3);
}

#[tokio::test]
async fn an_unchanged_failed_csv_invites_and_mails_nobody() {
    let acme = World::new().acme(20).await;
    let import = acme.plan_import("messy.csv", sample("messy-windows1252.csv"), json!({})).await;
    let done = acme.complete_import(&import).await;
    let _ = assert_each_row_has_one_result(&acme, &done).await;
    let (mails, seats) = (acme.world.cloud.mails().len(), acme.seats().await);
    let folder = acme.import_folder(&import).await;
    let failed = acme.world.cloud.file(&format!("{folder}/failed.csv")).expect("the file as it is stored");
    let again = acme.plan_import("failed.csv", failed, json!({})).await;
    // One of them contradicted a valid row, whose person is invited now.
    let left = again["counts"]["rejected"].as_u64().expect("a count") + 1;
    assert_eq!((&again["counts"]["valid"], &json!(left)), (&json!(0), &import["counts"]["rejected"]), "{again}");
    assert_eq!(again["counts"]["already_invited"], 1, "{again}");
    let done = acme.complete_import(&again).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(0)), "{done}");
    let _ = assert_each_row_has_one_result(&acme, &done).await;
    assert_eq!((acme.world.cloud.mails().len(), acme.seats().await), (mails, seats));
}
